"""Alerts with a mail server of their own and a memory in the test's folder."""

from __future__ import annotations

from datetime import timedelta

import pytest

from zakaz_dagster.alerts import store
from zakaz_dagster.alerts.incidents import Rules
from zakaz_dagster.alerts.send import Smtp
from zakaz_dagster.alerts.service import Alerts
from zakaz_dagster_tests.plugins.mailbox import Mailbox


@pytest.fixture
def mailbox():
    with Mailbox() as running:
        yield running


@pytest.fixture(autouse=True)
def own_spare(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "SHARED_MEMORY", tmp_path)


@pytest.fixture
def alerts(tmp_path, mailbox):
    channel = Smtp("127.0.0.1", mailbox.port, "z@example.org", ["a@example.org"], security="none", timeout=2)
    return Alerts(tmp_path / "data" / "alerts.sqlite3", [channel], Rules(settle=timedelta(0)))
