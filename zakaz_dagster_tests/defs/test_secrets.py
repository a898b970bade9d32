"""No secret and no person reaches what Dagster keeps, also through the cause of a failure."""

from __future__ import annotations

import re
import traceback

import dagster as dg
import pytest

from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.errors import Fatal
from zakaz_dagster.redaction import scrub
from zakaz_dagster.settings import GROUPS, Settings
from zakaz_dagster.sources.vk_ads.errors import words
from zakaz_dagster.transport.answer import Response

CANARY = "canary-8f3a/Vk+secret"
ECHO = (
    f'{{"error": {{"code": "invalid_request", "message": "client Иван Петров, ivan@example.org, +7 913 555-12-34 sent'
    f' client_secret={CANARY} and {CANARY.replace("/", "%2F").replace("+", "%2B")}"}}}}'
)
HIDDEN = ("canary-8f3a", "Петров", "ivan@example.org", "913 555")


def stored(body) -> str:
    """Everything Dagster has kept of a run whose op runs `body`, and what it wrote to the console."""

    @dg.op
    def step():
        with explained():
            body()

    @dg.job
    def job():
        step()

    with dg.DagsterInstance.ephemeral() as instance:
        run = job.execute_in_process(instance=instance, raise_on_error=False)
        assert not run.success
        return "".join(entry.to_json() for entry in instance.all_logs(run.run_id))


@pytest.fixture
def secrets(monkeypatch):
    """Every secret setting has a value of its own; the values."""
    names = {
        group.variable(name): f"https://{CANARY}-{name}" if "url" in name else f"{CANARY}-{name}"
        for group in GROUPS.values()
        for name, field in group.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    Settings()
    return list(names.values())


def test_loading_the_settings_makes_every_secret_of_them_known(secrets):
    assert len(secrets) > 8
    for value in secrets:
        assert CANARY not in scrub(f"an echo: {value}!")


def test_a_vendor_that_echoes_the_request_leaves_nothing_of_it_in_the_event_log(secrets):
    def refused():
        try:
            int(ECHO)  # the error says what it could not read, as many do
        except ValueError as error:
            raise Fatal(words(Response(400, content=ECHO.encode())), source="vk_ads") from error

    told = stored(refused)
    assert "HTTP 400 invalid_request" in told
    for hidden in HIDDEN:
        assert hidden not in told


def test_an_error_nobody_expected_leaves_nothing_either(secrets):
    def broken():
        try:
            {}[f"https://x.example/?key={CANARY}"]
        except KeyError as error:
            raise RuntimeError(f"while writing for {ECHO}") from error

    told = stored(broken)
    assert "RuntimeError" in told
    assert "KeyError" in told
    for hidden in HIDDEN:
        assert hidden not in told


def test_a_sensor_that_fails_leaves_no_secret_in_its_tick(secrets):
    @dg.sensor(job_name="any")
    @explained()
    def tick(context):
        raise ConnectionError(f"GET https://x.example/?token={CANARY} for Иван Петров")

    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(dg.Failure) as caught:
        tick(dg.build_sensor_context(instance=instance))
    told = "".join(traceback.format_exception(caught.value))
    assert "ConnectionError" in told
    for hidden in HIDDEN:
        assert hidden not in re.sub(r"(?m)^    .*", "", told)
