"""A vendor that sends the whole request back, and a buyer with it, leaves nothing of either in failure, cause or log."""

from __future__ import annotations

import io
import json
import logging
import re
import traceback
from datetime import timedelta

import pytest

from zakaz_dagster import resources, timezone
from zakaz_dagster.errors import Failure
from zakaz_dagster.logs import as_json
from zakaz_dagster.redaction import scrubbed
from zakaz_dagster.resources import probes
from zakaz_dagster.settings import Settings
from zakaz_dagster_tests.plugins.echo import HIDDEN_PEOPLE, SHAPES, echo
from zakaz_dagster_tests.plugins.scripted import ScriptedServer

CANARY = "canary-8f3a/Vk+secret"
HIDDEN = ("canary-8f3a", *HIDDEN_PEOPLE)


@pytest.fixture
def vendors(monkeypatch, tmp_path):
    """Sources whose every secret is the canary, at one server."""
    for name in ("QTICKETS_TOKEN", "VK_ADS_CLIENT_SECRET", "DIRECT_TOKEN", "ZAKAZ_PRIVACY_SALT"):
        monkeypatch.setenv(name, CANARY)
    token = {
        "token": CANARY,
        "refresh_token": CANARY,
        "client_id": "c",
        "client_secret": CANARY,
        "expiry": "2999-01-01T00:00:00Z",
    }
    (tmp_path / "gmail.json").write_text(json.dumps(token))
    others = {
        "VK_ADS_CLIENT_ID": "c", "DIRECT_LOGINS": "login", "GMAIL_TOKEN_FILE": str(tmp_path / "gmail.json"),
        "ZAKAZ_DATA_DIR": str(tmp_path), "ZAKAZ_SECRETS_DIR": "/dev/null",
    }  # fmt: skip
    for name in ("QTICKETS", "VK_ADS", "DIRECT", "GMAIL"):
        others |= {f"{name}_DEADLINE_SECONDS": "0.05", f"{name}_TIMEOUT_SECONDS": "2"}
    for name, value in others.items():
        monkeypatch.setenv(name, value)

    def at(port):
        url = f"http://127.0.0.1:{port}"
        for name in ("QTICKETS_BASE_URL", "VK_ADS_BASE_URL", "DIRECT_BASE_URL", "GMAIL_API_ENDPOINT"):
            monkeypatch.setenv(name, url)
        monkeypatch.setenv("GMAIL_TOKEN_URI", f"{url}/token")
        return Settings()

    return at


def ask(vendor, settings):
    day = timezone.today() - timedelta(days=2)
    if vendor == "gmail":
        return list(probes.gmail(settings))
    return list(getattr(resources, vendor)(settings).read(day, day))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("vendor", ["qtickets", "vk_ads", "yandex_direct", "gmail"])
def test_nothing_of_an_echo_survives(vendors, vendor, shape):
    log = io.StringIO()
    as_json(logging.getLogger("zakaz_dagster"), log, logging.DEBUG)
    others = logging.StreamHandler(log)  # libraries' own lines, as they stand
    logging.getLogger().addHandler(others)
    try:
        for status in (400, 401, 403, 407, 500, 302, 200):
            with ScriptedServer(echo(status, shape, CANARY)) as server:
                settings = vendors(server.port)
                try:
                    outcome = str(ask(vendor, settings))
                except Failure as failure:
                    parts = (failure, failure.what, failure.expected, failure.next_step)
                    causes = "".join(traceback.format_exception(scrubbed(failure)))
                    outcome = f"{parts} {re.sub('(?m)^    .*', '', causes)}"
            for hidden in HIDDEN:
                assert hidden.lower() not in outcome.lower(), (status, outcome)
    finally:
        logging.getLogger().removeHandler(others)
        logger = logging.getLogger("zakaz_dagster")
        logger.handlers, logger.propagate = [], True
        logger.setLevel(logging.NOTSET)
    for hidden in HIDDEN:
        assert hidden.lower() not in log.getvalue().lower()
