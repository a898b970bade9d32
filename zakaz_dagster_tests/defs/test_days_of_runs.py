"""Which days a run, a schedule or a button asks for: one calendar, and a wrong range is one clear failure."""

from __future__ import annotations

from datetime import date, datetime

import dagster as dg
import pytest

from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.shared.day_assets import available
from zakaz_dagster.defs.shared.partitions import RANGE_END, RANGE_START, Days, daily, days_of, trailing
from zakaz_dagster.defs.shared.schedules import MAKES_UP_FOR, SCHEDULE
from zakaz_dagster.sources.qtickets.description import DESCRIPTION as QTICKETS
from zakaz_dagster.sources.vk_ads.description import DESCRIPTION as VK
from zakaz_dagster.sources.yandex_direct.description import DESCRIPTION as DIRECT
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster_tests._private import create_run_for_test, schedule_context

START, TODAY = date(2026, 1, 1), date(2026, 11, 22)
SOURCES = {"QTICKETS_TOKEN": "t", "VK_ADS_CLIENT_ID": "c", "VK_ADS_CLIENT_SECRET": "s", "DIRECT_TOKEN": "t",
           "DIRECT_LOGINS": "a", "ZAKAZ_PRIVACY_SALT": "salt"}  # fmt: skip
ASKED: list[object] = []


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr("zakaz_dagster.timezone.now", lambda: datetime(2026, 11, 22, 9, 1, tzinfo=MOSCOW))
    ASKED.clear()


@dg.multi_asset(
    specs=[dg.AssetSpec("loaded", partitions_def=daily(START))],
    backfill_policy=dg.BackfillPolicy.single_run(),
    retry_policy=dg.RetryPolicy(max_retries=2),
)
def load_step(context):
    from zakaz_dagster.defs.shared.errors import explained

    with explained():
        ASKED.append(days_of(context))
    yield dg.MaterializeResult("loaded")


def ran(**tags):
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize([load_step], instance=instance, tags=tags, raise_on_error=False)


@pytest.mark.parametrize(("first", "last", "says"), [
    ("2026-11-07", "2026-11-01", "ends before it begins"),
    ("2026-11-22", "2026-01-01", "ends before it begins"),
    ("2026-11-22", "2026-11-23", "2026-11-23 has not begun in Moscow"),
    ("2025-12-31", "2026-01-02", "2025-12-31 lies before the start of the data"),
])  # fmt: skip
def test_a_wrong_range_is_one_clear_failure_and_nothing_is_asked(first, last, says):
    result = ran(**{RANGE_START: first, RANGE_END: last})
    assert not result.success
    assert not ASKED
    attempts = result.filter_events(lambda each: each.event_type_value in ("STEP_START", "STEP_RESTARTED"))
    assert len(attempts) <= 1
    [failure] = result.filter_events(lambda each: each.is_failure and each.step_key is not None)
    assert says in str(failure.event_specific_data)


def test_a_right_range_is_read_whole_and_a_run_without_days_says_what_to_choose():
    assert ran(**{RANGE_START: "2026-11-20", RANGE_END: "2026-11-22"}).success
    assert [Days(date(2026, 11, 20), TODAY)] == ASKED
    without = ran()
    assert not without.success
    assert "choose the days" in " ".join(str(each.event_specific_data) for each in without.all_events)


@pytest.mark.parametrize(("about", "days", "skip_old", "asked"), [
    (VK, (date(2026, 11, 20), TODAY), False, (date(2026, 11, 20), date(2026, 11, 21))),  # the running day is for later
    (VK, (TODAY, TODAY), False, None),
    (QTICKETS, (TODAY, TODAY), False, (TODAY, TODAY)),
    (VK, (date(2025, 11, 1), date(2025, 11, 30)), True, (date(2025, 11, 22), date(2025, 11, 30))),
    (VK, (date(2025, 11, 1), date(2025, 11, 30)), False, (date(2025, 11, 1), date(2025, 11, 30))),  # it will refuse
    (DIRECT, (date(2023, 10, 1), date(2023, 10, 31)), True, None),
    (QTICKETS, (date(2020, 1, 1), date(2020, 1, 2)), True, (date(2020, 1, 1), date(2020, 1, 2))),
])  # fmt: skip
def test_a_source_is_asked_only_for_days_that_it_can_answer(about, days, skip_old, asked):
    found = available(about, Days(*days), TODAY, skip_old=skip_old)
    assert found == (Days(*asked) if asked else None)


def tick(schedule, at, monkeypatch, **settings):
    for name in SOURCES:
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    definition = build_definitions().resolve_schedule_def(schedule)
    with dg.DagsterInstance.ephemeral() as instance:
        moment = datetime.fromisoformat(at)
        return definition.evaluate_tick(schedule_context(instance, moment))


def spans(tick_result):
    return [(each.tags[RANGE_START], each.tags[RANGE_END]) for each in tick_result.run_requests or []]


@pytest.mark.parametrize("schedule", ["vk_ads_daily", "yandex_direct_weekly", "qtickets_every_15_minutes"])
@pytest.mark.parametrize("start", ["2026-11-23", "2030-01-01"])
def test_data_that_begins_later_asks_for_nothing(schedule, start, monkeypatch):
    found = tick(schedule, "2026-11-22T09:00:00+03:00", monkeypatch, **SOURCES, ZAKAZ_START_DATE=start)
    assert spans(found) == []
    assert "ZAKAZ_START_DATE" in found.skip_message


def test_data_that_begins_today_asks_whole_day_sources_for_nothing_yet(monkeypatch):
    begins = {**SOURCES, "ZAKAZ_START_DATE": "2026-11-22"}
    assert spans(tick("vk_ads_daily", "2026-11-22T00:00:00+03:00", monkeypatch, **begins)) == []
    assert spans(tick("qtickets_every_15_minutes", "2026-11-22T00:15:00+03:00", monkeypatch, **begins)) == [
        ("2026-11-22", "2026-11-22")
    ]


def test_schedules_end_with_the_running_day_so_that_every_table_has_the_same_days():
    at = datetime(2026, 11, 22, tzinfo=MOSCOW)
    assert trailing(at, 8, START, includes_today=False) == Days(
        date(2026, 11, 14), TODAY
    )  # the eight before it, and it
    assert trailing(at, 7, START, includes_today=True) == Days(date(2026, 11, 16), TODAY)
    assert trailing(at, 30, date(2026, 11, 20), includes_today=False) == Days(date(2026, 11, 20), TODAY)


@pytest.mark.parametrize(
    ("often", "seldom"), [("vk_ads_daily", "vk_ads_weekly"), ("qtickets_nightly", "qtickets_weekly")]
)
def test_nightly_runs_ask_for_what_a_weekly_run_lost_until_one_succeeds(often, seldom, monkeypatch):
    for name, value in {**SOURCES, "ZAKAZ_START_DATE": "2026-11-03"}.items():
        monkeypatch.setenv(name, value)
    schedule = build_definitions().resolve_schedule_def(often)
    at = datetime.fromisoformat("2026-11-25T01:00:00+03:00")
    with dg.DagsterInstance.ephemeral() as instance:

        def asked():
            (request,) = schedule.evaluate_tick(schedule_context(instance, at)).run_requests
            return request.tags[RANGE_START], request.tags.get(MAKES_UP_FOR)

        def ended(status, first, **tags):
            days = {RANGE_START: first, RANGE_END: "2026-11-23"}
            create_run_for_test(instance, job_name="load", status=status, tags={**days, **tags})

        usual = asked()
        assert usual[1] is None
        ended(dg.DagsterRunStatus.SUCCESS, "2026-10-18", **{SCHEDULE: seldom})
        ended(dg.DagsterRunStatus.FAILURE, "2026-10-20", **{SCHEDULE: often})
        assert asked() == usual
        ended(dg.DagsterRunStatus.FAILURE, "2026-10-25", **{SCHEDULE: seldom})
        assert asked() == ("2026-11-03", seldom)  # not before the data begins
        ended(dg.DagsterRunStatus.CANCELED, "2026-11-05", **{SCHEDULE: often, MAKES_UP_FOR: seldom})
        assert asked() == ("2026-11-05", seldom)
        ended(dg.DagsterRunStatus.SUCCESS, "2026-11-05", **{SCHEDULE: often, MAKES_UP_FOR: seldom})
        assert asked() == usual


@pytest.mark.parametrize(("schedule", "missing"), [
    ("qtickets_every_15_minutes", "QTICKETS_TOKEN"), ("qtickets_nightly", "QTICKETS_TOKEN"),
    ("vk_ads_daily", "VK_ADS_CLIENT_ID"), ("vk_ads_weekly", "VK_ADS_CLIENT_SECRET"),
    ("yandex_direct_daily", "DIRECT_TOKEN"), ("gmail_every_4_hours", "GMAIL_CREDENTIALS_FILE"),
])  # fmt: skip
def test_schedules_of_a_source_that_is_not_configured_skip_and_name_the_setting(schedule, missing, monkeypatch):
    found = tick(schedule, "2026-11-22T00:00:00+03:00", monkeypatch)
    assert not found.run_requests
    assert f"{missing} is not set" in found.skip_message
    with_all = tick("qtickets_nightly", "2026-11-22T03:20:00+03:00", monkeypatch, **SOURCES)
    assert len(with_all.run_requests) == 1


def test_every_daily_asset_has_the_same_days(monkeypatch):
    monkeypatch.setenv("ZAKAZ_START_DATE", "2026-09-01")
    graph = build_definitions().resolve_asset_graph()
    calendars = {node.partitions_def for node in graph.asset_nodes if node.partitions_def is not None}
    assert calendars == {daily(date(2026, 9, 1))}
    assert "reload_days" in [job.name for job in build_definitions().resolve_all_job_defs()]
