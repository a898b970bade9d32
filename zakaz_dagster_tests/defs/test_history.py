"""The first load of a history: by months, the newest first, restartable, and nothing is red for what is not asked yet."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import dagster as dg
import pytest
from click.testing import CliRunner

from zakaz_dagster import timezone
from zakaz_dagster.cli.load import load as verb
from zakaz_dagster.definitions import LOADS
from zakaz_dagster.defs.operations import history as histories
from zakaz_dagster.defs.operations.history import History, estimated, first_day, months
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.dev.reconcile import compare
from zakaz_dagster.dev.stack import dagster_home, environment, gmail_consent
from zakaz_dagster.errors import ConfigFault, Fatal
from zakaz_dagster.health.freshness import missing_days
from zakaz_dagster.health.reading import seen
from zakaz_dagster.resources import watch
from zakaz_dagster.settings import Settings
from zakaz_dagster.verdicts import Status
from zakaz_dagster_tests.defs.conftest import Platform, add_run, day
from zakaz_dagster_tests.plugins.sandbox import NOW, Sandbox, running

FIRST = day("2026-10-28")  # of the world: whatever is refunded was sold after it


class Killed(BaseException):
    """As if the process had ended there."""


def history(platform: Platform, first: date, tell=lambda _: None) -> History:
    settings = Settings()
    limits = histories.limits([each.about for each in LOADS])
    made = (platform.definitions, platform.instance, platform.warehouse, list(watch.watched(settings)), limits)
    return History(*made, first, tell)


def reds(platform: Platform) -> list[str]:
    """What a mail would say of days that are not there."""
    now = timezone.now()
    verdicts = [missing_days(each, seen(platform.warehouse, each, now), now) for each in watch.watched(Settings())]
    return [f"{each.name}: {each.detail}" for each in verdicts if each and each.status is Status.ERROR]


@pytest.fixture(scope="module")
def small_world() -> Iterator[Sandbox]:
    with running(days=25) as made:
        assert made.get("/world")["start"] == str(FIRST)
        yield made


@pytest.fixture
def sandbox(small_world: Sandbox) -> Sandbox:
    small_world.reset()
    return small_world


@pytest.fixture
def at_noon(platform: Platform, tmp_path) -> Platform:
    platform.at(NOW)
    gmail_consent(tmp_path)
    return platform


def test_a_load_that_was_killed_goes_on_where_it_stopped_and_ends_with_the_vendors_books(at_noon: Platform) -> None:
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        if "month 2 of 2" in text:
            raise Killed

    with pytest.raises(Killed):
        history(at_noon, FIRST, tell).load()
    assert told[0] == "month 1 of 2: 2026-11-01..2026-11-22"
    assert "min left" in told[1]
    assert reds(at_noon) == []
    held = at_noon.warehouse.rows("SELECT day, source, _ver FROM meta_day_loads FINAL ORDER BY day, source")
    killed = add_run(at_noon.instance, "reload_days", dg.DagsterRunStatus.STARTED, **{histories.OWNER: dead()})

    done = at_noon.definitions.resolve_job_def(histories.JOB).execute_in_process(
        instance=at_noon.instance,
        run_config={"ops": {"load_months": {"config": {"first_day": str(FIRST)}}}},
        raise_on_error=False,
    )
    assert done.success
    assert at_noon.instance.get_run_by_id(killed.run_id).status is dg.DagsterRunStatus.CANCELED
    after = at_noon.warehouse.rows("SELECT day, source, _ver FROM meta_day_loads FINAL ORDER BY day, source")
    assert [row for row in after if row in held and row["day"] >= day("2026-11-01")] == [
        row for row in held if row["day"] >= day("2026-11-01") and row["source"] in {each.about.name for each in LOADS}
    ]
    last = day("2026-11-21")
    for name, cells, differences in compare(at_noon.warehouse, at_noon.sandbox.url, FIRST, last):
        assert (cells > 0, differences) == (True, []), name
    assert at_noon.warehouse.scalar("SELECT count() FROM v_utm_unmapped WHERE reason = 'campaign_unknown'") == 0
    assert history(at_noon, FIRST).load() == 0
    assert at_noon.follow() == []


@pytest.mark.slow
def test_the_command_is_killed_in_a_month_and_the_next_one_ends_equal(at_noon: Platform, tmp_path, monkeypatch) -> None:
    """kill -9 of `zakaz load history` while the first month is loading, twice, then once to its end."""
    with running(now=None, days=12) as live:  # a process of its own has the real time, so the vendors have it, too
        first, wh = live.get("/world")["start"], at_noon.warehouse
        for name, value in environment(str(wh.config.port), live.url, tmp_path).items():
            monkeypatch.setenv(name, value)
        dagster_home(tmp_path)
        command = [sys.executable, "-W", "ignore", "-m", "zakaz_dagster", "load", "history", "--from", first]
        for seconds in (1.0, 4.0):
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                assert process.stdout is not None
                assert process.stdout.readline().startswith("month 1 of ")
                time.sleep(seconds)
                process.kill()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        last = datetime.now(timezone.MOSCOW).date() - timedelta(days=1)
        for name, cells, differences in compare(wh, live.url, day(first), last):
            assert (cells > 0, differences) == (True, []), name


def dead() -> str:
    return f"{socket.gethostname()}:{2**22 + 1}"  # above the kernel's largest process id


def test_two_history_loads_do_not_run_at_once(at_noon: Platform) -> None:
    add_run(at_noon.instance, "reload_days", dg.DagsterRunStatus.STARTED, **{histories.OWNER: f"{socket.gethostname()}:{os.getppid()}"})  # fmt: skip
    with pytest.raises(ConfigFault, match="is at work"):
        history(at_noon, FIRST).load()


def test_a_vendor_that_fails_ends_it_with_its_words_and_what_to_do(at_noon: Platform) -> None:
    at_noon.sandbox.fault("vk", http=403)
    with pytest.raises(Fatal, match="failed: .*vk_ads") as caught:
        history(at_noon, day("2026-11-21")).load()
    assert "what is loaded stays loaded" in caught.value.next_step


@pytest.mark.parametrize("text", ["2026-13-01", "tomorrow", "2022-12-31", "2026-11-23"])
def test_a_day_that_cannot_be_loaded_is_refused_before_anything_is_asked(text: str, monkeypatch) -> None:
    monkeypatch.setattr("zakaz_dagster.timezone.now", lambda: datetime.fromisoformat(NOW))
    with pytest.raises(ConfigFault, match="nothing was loaded"):
        first_day(text, day("2023-01-01"))
    assert first_day("", day("2023-01-01")) == day("2023-01-01")


def test_the_command_refuses_such_a_day_with_the_same_sentence(monkeypatch) -> None:
    monkeypatch.setenv("ZAKAZ_SECRETS_DIR", "/dev/null")
    monkeypatch.setenv("ZAKAZ_PRIVACY_SALT", "a salt")
    done = CliRunner().invoke(verb, ["history", "--from", "2199-01-01"])
    assert "2199-01-01 cannot be loaded" in str(done.exception)


def test_months_are_ranges_of_what_is_missing_the_newest_first() -> None:
    found = months(map(day, ("2026-01-30", "2026-03-02", "2026-01-28", "2026-03-01", "2025-12-31")))
    assert [str(each) for each in found] == [
        "2026-03-01..2026-03-02",
        "2026-01-28..2026-01-30",
        "2025-12-31..2025-12-31",
    ]


def test_the_estimate_counts_days_not_months() -> None:
    ticks = iter([0.0, 60.0])  # a day took a minute
    spans = [Days(day("2026-03-01"), day("2026-03-01")), Days(day("2026-02-01"), day("2026-02-28"))]
    texts = [text for text, _ in estimated(spans, lambda: next(ticks))]
    assert texts == [
        "month 1 of 2: 2026-03-01..2026-03-01",
        "month 2 of 2: 2026-02-01..2026-02-28, about 28 min left",
    ]
