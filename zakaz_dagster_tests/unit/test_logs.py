"""Log lines as JSON: one object each, correlated, without secrets."""

from __future__ import annotations

import io
import json
import logging

import dagster as dg
import pytest

from zakaz_dagster.defs.shared import execution
from zakaz_dagster.logs import as_json, as_text
from zakaz_dagster.transport.log import correlated, log_request
from zakaz_dagster_tests._private import context_creation_job


@pytest.fixture
def lines():
    """A logger and what it has written so far."""
    stream = io.StringIO()
    logger = as_json(logging.getLogger("zakaz_dagster.test"), stream)
    return logger, lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_object_with_its_extras(lines):
    logger, written = lines
    logger.info("%d rows\nof %s", 7, "Тында", extra={"rows": 7, "thing": object()})
    (line,) = written()
    assert line["message"] == "7 rows\nof Тында"
    assert (line["level"], line["logger"], line["rows"]) == ("INFO", "zakaz_dagster.test", 7)
    assert line["time"].endswith("+03:00")
    assert "thing" not in line


def test_secrets_and_contacts_are_masked_wherever_they_stand(lines):
    logger, written = lines
    try:
        int("Authorization: Bearer abcdef123456")
    except ValueError:
        logger.exception("token=verysecret1 of a@b.example", extra={"about": "password=hunter2222"})
    text = json.dumps(written(), ensure_ascii=False)
    for secret in ("verysecret1", "hunter2222", "abcdef123456", "a@b.example"):
        assert secret not in text
    assert "ValueError" in written()[0]["error"]


HOSTILE = [
    "two\nlines",
    "\r\nERROR zakaz_dagster: forged",
    "\x1b[2Jcleared",
    "a\u2028b\x85c",
    "\u202ertl",
    "\x00",
    "{template}",
    "%s",
    "token=verysecret1",
]


@pytest.mark.parametrize("dress", [as_json, as_text])
@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_text_holds_an_event_is_one_line(dress, text):
    stream = io.StringIO()
    logger = dress(logging.getLogger(f"zakaz_dagster.test.{dress.__name__}"), stream)
    logger.warning("an event named %s", text)
    logger.warning(text.replace("%", "%%"))
    written = stream.getvalue()
    assert len(written.splitlines()) == 2
    assert not set(written) & {"\x1b", "\x00", "\u202e", "\x85", "\u2028"}
    assert "verysecret1" not in written


def test_no_line_of_a_traceback_can_be_taken_for_an_event():
    stream = io.StringIO()
    logger = as_text(logging.getLogger("zakaz_dagster.test.trace"), stream)
    try:
        int("password=hunter2222\nERROR forged")
    except ValueError:
        logger.exception("it failed")
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("it failed")
    assert all(line.startswith("    ") for line in rest)
    assert "hunter2222" not in stream.getvalue()


def test_a_request_carries_the_run_it_was_made_for(lines, monkeypatch):
    logger, written = lines
    monkeypatch.setattr("zakaz_dagster.transport.log.logger", logger)
    with correlated(run="r1", asset="load_vk_ads"):
        log_request("vk_ads", "GET", "/api/v2/ads.json", outcome=200, ms=12.4, size=100, attempt=1)
    (line,) = written()
    assert {"run": "r1", "asset": "load_vk_ads", "source": "vk_ads", "status": 200, "ms": 12}.items() <= line.items()


@dg.op
def step(context):
    context.log.info("строка работы")


@dg.job
def work():
    step()


@pytest.mark.parametrize("wanted", [True, False])
def test_every_event_of_a_run_is_a_line_that_names_the_run(capfd, monkeypatch, wanted):
    monkeypatch.setattr(context_creation_job, "default_system_loggers", context_creation_job.default_system_loggers)
    execution.runs_as_json(json_lines=wanted)
    run = work.execute_in_process()
    written = capfd.readouterr().err.splitlines()
    found = [json.loads(line) for line in written if line.startswith("{")]
    if not wanted:
        assert written
        assert not found
        return
    assert len(found) == len(written)
    assert {line["run"] for line in found} == {run.run_id}
    said = next(line for line in found if line["message"] == "строка работы")
    assert (said["job"], said["step"]) == ("work", "step")
    assert {"STEP_START", "STEP_SUCCESS", "RUN_SUCCESS"} <= {line.get("event") for line in found}
