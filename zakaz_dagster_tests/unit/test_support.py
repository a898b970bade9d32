"""The support bundle says what somebody who helps has to know, and keeps to itself what nobody has to."""

from __future__ import annotations

import os
import stat
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from zakaz_dagster import resources
from zakaz_dagster.cli import main, watch_options
from zakaz_dagster.health.facts import CheckFact, DagsterFacts, RunFact
from zakaz_dagster.verdicts import Status, Verdict

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
TOKEN = "y0_AgAAplanted-Token1234"
DAY = date(2026, 11, 21)
FAILED = RunFact(
    "3f2a9c1d-0000", "qtickets_reload", "failure", NOW, days=(DAY, DAY), error="the token was\nrefused",
    next_step="correct QTICKETS_TOKEN",
)  # fmt: skip
RED = Verdict("stg_rejects__few_put_aside", "data", Status.ERROR, "9 of 10\nwere put aside", "read stg_rejects")
FACTS = DagsterFacts(
    failed=[FAILED],
    checks=[
        CheckFact(RED.name, "stg_rejects", "r", RED, at=NOW),
        CheckFact("dim_ads__complete", "dim_ads", "r", None),
        CheckFact(
            "dim_events__fine", "dim_events", "r", Verdict("dim_events__fine", "data", Status.OK, "fine"), at=NOW
        ),
    ],
    cut=["only the newest 2000 failed runs of 14 days were read"],
)


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The file's text with these variables set, and Dagster's facts (an exception: its storage does not answer)."""

    def write(facts: DagsterFacts | Exception = FACTS, **variables: str) -> str:
        monkeypatch.setattr(resources, "AT_A_TERMINAL", 0.1)
        monkeypatch.setattr(watch_options, "_reader", lambda _: lambda: told(facts))
        own = {"DAGSTER_HOME": str(tmp_path), "ZAKAZ_DATA_DIR": str(tmp_path), "CLICKHOUSE_PORT": "9"}
        for name, value in {**own, "ZAKAZ_SECRETS_DIR": "/dev/null", **variables}.items():
            monkeypatch.setenv(name, value)
        kept = os.umask(0)
        try:
            done = CliRunner().invoke(main, ["support", "bundle", str(tmp_path / "sub" / "bundle.txt")])
        finally:
            os.umask(kept)
        assert done.exit_code == 0, done.output
        assert stat.S_IMODE((tmp_path / "sub" / "bundle.txt").stat().st_mode) == 0o600
        return (tmp_path / "sub" / "bundle.txt").read_text("utf-8")

    return write


def told(facts: DagsterFacts | Exception) -> DagsterFacts:
    if isinstance(facts, Exception):
        raise facts
    return facts


def test_failed_runs_and_red_checks_stand_in_a_line_each_with_their_next_step(bundle) -> None:
    lines = bundle().splitlines()
    assert (
        "22.11.2026 12:00 МСК qtickets_reload (3f2a9c1d, days 2026-11-21 to 2026-11-21): the token was refused Next step: correct QTICKETS_TOKEN"
        in lines
    )
    assert "22.11.2026 12:00 МСК stg_rejects__few_put_aside: error, 9 of 10 were put aside read stg_rejects" in lines
    assert "never dim_ads__complete: not evaluated" in lines
    assert FACTS.cut[0] in lines
    assert not any("dim_events__fine" in line for line in lines)


def test_versions_settings_and_what_doctor_says_are_in_it(bundle) -> None:
    text = bundle(QTICKETS_TOKEN=TOKEN, QTICKETS_PAGE_SIZE="77")
    for words in (
        "zakaz-dagster 0.",
        "Python 3.",
        "dagster 1.",
        "chdb-core 26.",
        "QTICKETS_TOKEN",
        "77",
        "ClickHouse at 127.0.0.1:9 refuses connections",
    ):
        assert words in text


def test_secrets_addresses_and_the_home_folder_are_masked(bundle, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    failed = RunFact("r", "vk_ads_daily", "failure", NOW, error=f"sent {TOKEN} to ivan@example.org, +7 913 555-12-34")
    text = bundle(DagsterFacts(failed=[failed]), DIRECT_TOKEN=TOKEN, DIRECT_LOGINS="a-login", ALERT_EMAIL_TO="boss@example.org", ALERT_SMTP_HOST="mail.example.org")  # fmt: skip
    assert "sent *** to [e-mail], [phone]" in text
    for hidden in (TOKEN, "example.org\n", "boss@", str(tmp_path)):
        assert hidden not in text


def test_what_cannot_be_read_says_why_in_its_place_and_the_rest_is_told(bundle) -> None:
    text = bundle(RuntimeError("database is locked by ivan@example.org"))
    assert text.count("cannot be read: RuntimeError: database is locked by [e-mail]") == 2
    assert "cannot be read: ConfigFault: alerts: there is no memory of alerts" in text
    assert "zakaz-dagster 0." in text
