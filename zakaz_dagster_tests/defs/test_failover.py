"""The failover sensor without a mailbox or a warehouse."""

from __future__ import annotations

from types import SimpleNamespace

import dagster as dg
import pytest

from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.qtickets.assets import REFRESH, RELOAD
from zakaz_dagster.defs.shared.errors import RETRY
from zakaz_dagster.resources import watch
from zakaz_dagster.settings import Settings


@pytest.fixture
def tick(tmp_path, monkeypatch):
    """Evaluate a sensor of the definitions in the given environment."""
    for name in ("GMAIL_CREDENTIALS_FILE", "GMAIL_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZAKAZ_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CLICKHOUSE_PORT", "9")

    def evaluate(name: str, instance: dg.DagsterInstance, cursor: str | None = None):
        settings = Settings()
        sensor = build_definitions(settings).resolve_sensor_def(name)
        made = {"watch": watch.subjects, "alerts": watch.alerts}
        resources = {key: made[key](settings) for key in sensor.required_resource_keys}
        with dg.build_sensor_context(instance, cursor, resources=resources) as context:
            return sensor.evaluate_tick(context)

    return evaluate


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def test_without_a_mailbox_the_failover_names_every_missing_setting(tick, instance):
    assert "GMAIL_CREDENTIALS_FILE is not set" in tick("gmail_failover", instance).skip_message


def test_without_clickhouse_the_failover_waits(tick, instance, monkeypatch, tmp_path):
    monkeypatch.setenv("GMAIL_TOKEN_FILE", str(tmp_path / "token.json"))
    done = tick("gmail_failover", instance, "{}")
    assert done.skip_message.startswith("clickhouse")
    assert not done.run_requests


def test_the_running_days_run_gives_up_soon_so_that_facts_can_be_built_from_mails(monkeypatch):
    """While QTickets is away its run holds the pool of the facts: three attempts must end well before the next tick."""
    monkeypatch.setenv("QTICKETS_TOKEN", "t")
    monkeypatch.setenv("ZAKAZ_PRIVACY_SALT", "s")
    make = build_definitions().resources["qtickets"].create_resource
    given = {job: make(SimpleNamespace(run=SimpleNamespace(job_name=job))) for job in (REFRESH, RELOAD)}
    seconds = {job: source.api.http._deadline for job, source in given.items()}
    assert seconds[RELOAD] == Settings().qtickets.deadline_seconds
    attempts = RETRY.max_retries + 1
    assert attempts * seconds[REFRESH] + sum(RETRY.delay * 2**n for n in range(RETRY.max_retries)) < 5 * 60
