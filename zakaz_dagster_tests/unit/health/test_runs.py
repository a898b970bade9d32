"""Which failed run is still open, and what Dagster's own state means."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from zakaz_dagster.health.facts import CheckFact, DaemonFact, DagsterFacts, PolicyFact, RunFact, ScheduleFact, TickFact
from zakaz_dagster.health.processes import dagster_verdicts
from zakaz_dagster.verdicts import Status, Verdict

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
DAY = date(2026, 11, 20)


def run(minutes_ago, status="failure", family="vk_ads_daily", days=(DAY, DAY), **about):
    about = {"assets": ("fact_vk",), "error": "boom", **about}
    return RunFact(f"{family}-{minutes_ago}", family, status, NOW - timedelta(minutes=minutes_ago), days=days, **about)


def verdicts(**facts):
    return {
        verdict.name: verdict
        for verdict in dagster_verdicts(DagsterFacts(**{"families": ["vk_ads_daily"], **facts}), NOW)
    }


def open_failure(failed, *succeeded):
    return verdicts(failed=[failed], succeeded=succeeded)[f"run__{failed.family}"].status is Status.ERROR


def test_a_failure_is_open_until_it_is_made_good():
    assert open_failure(run(60))
    assert not open_failure(run(60), run(30, "success"))
    assert open_failure(run(60), run(90, "success"))


def test_a_scheduled_failure_is_made_good_by_the_next_run_of_its_job():
    week = (DAY - timedelta(days=6), DAY)
    assert not open_failure(run(60, days=week, scheduled=True), run(30, "success", days=(DAY, DAY)))


def test_what_somebody_asked_for_must_be_done_for_all_its_days_and_assets():
    week = (DAY - timedelta(days=6), DAY)
    assert open_failure(run(60, days=week), run(30, "success"))
    assert not open_failure(run(60, days=week), run(30, "success", days=(DAY - timedelta(days=9), DAY)))
    assert not open_failure(run(60), run(30, "success", "a_backfill", assets=("fact_vk", "fact_other")))
    assert open_failure(run(60), run(30, "success", "a_backfill", assets=("fact_other",)))
    assert open_failure(run(60), run(30, "success", days=None))


def test_what_a_sensor_found_missing_is_made_good_by_the_next_success_that_was_asked_for_after_the_failure():
    """It asks for other days and facts each time; what is left has a check of its own."""
    ended = NOW - timedelta(minutes=50)
    failed = run(60, family="marts_refresh", missing=True, ended=ended, assets=("fact_vk", "fact_other"))
    other = {"family": "marts_refresh", "days": (DAY + timedelta(days=1), DAY + timedelta(days=1))}
    assert open_failure(failed, run(55, "success", **other)), "asked for beside it, for another month"
    assert not open_failure(failed, run(45, "success", **other))
    assert open_failure(failed, run(45, "success", "reload_days", days=other["days"])), "another job"
    assert open_failure(run(60, family="marts_refresh", ended=ended), run(45, "success", **other)), "asked for by hand"


def test_several_failures_are_one_verdict_with_the_newest_error():
    found = verdicts(failed=[run(10, error="new", next_step="renew the token"), run(70, error="old")])[
        "run__vk_ads_daily"
    ]
    assert found.figure == 2.0
    assert "new" in found.detail
    assert "old" not in found.detail
    assert found.action == "renew the token"
    assert found.since == NOW - timedelta(minutes=70)


def test_a_failed_run_names_what_caused_it():
    assert verdicts(failed=[run(5, error_source="clickhouse")])["run__vk_ads_daily"].because == "platform__clickhouse"
    blocked = verdicts(failed=[run(5, failed_checks=("fact_vk__agrees",))])["run__vk_ads_daily"]
    assert blocked.because == "fact_vk__agrees"


@pytest.mark.parametrize(("status", "minutes", "limit", "stuck"), [
    ("queued", 59, None, False), ("queued", 61, None, True), ("started", 200, None, False), ("started", 250, None, True),
    ("started", 61, 60.0, True), ("starting", 61, None, True),
])  # fmt: skip
def test_a_run_that_waits_or_works_for_too_long_hangs(status, minutes, limit, stuck):
    found = verdicts(unfinished=[run(minutes, status, longest_minutes=limit)])["platform__queue"]
    assert (found.status is Status.ERROR) is stuck


def test_daemons_without_a_heartbeat_are_an_error_since_the_last_one():
    beat = NOW - timedelta(hours=2)
    dead = verdicts(
        daemons=[DaemonFact("SENSOR", healthy=False, heartbeat=beat), DaemonFact("SCHEDULER", healthy=True)]
    )
    assert dead["platform__daemons"].status is Status.ERROR
    assert dead["platform__daemons"].since == beat
    assert "sensor" in dead["platform__daemons"].detail
    assert verdicts(daemons=[DaemonFact("SENSOR", healthy=True)])["platform__daemons"].status is Status.OK
    assert verdicts(daemons=[])["platform__daemons"].status is Status.ERROR


def test_schedules_that_differ_from_the_code_are_listed_and_stopped_ones_warn():
    found = verdicts(
        schedules=[
            ScheduleFact("a", running=False, runs_by_default=True),
            ScheduleFact("b", running=True, runs_by_default=False),
            ScheduleFact("c", running=True, runs_by_default=True),
        ]
    )["platform__schedules"]
    assert (found.status, found.detail) == (Status.WARNING, "stopped by hand: a; started by hand: b")
    fine = verdicts(schedules=[ScheduleFact("gmail", running=True, runs_by_default=False)])["platform__schedules"]
    assert fine.status is Status.OK


def test_a_sensor_that_fails_when_it_looks_is_told_with_the_failed_run_that_explains_it():
    tick = TickFact("qtickets_changed_orders", 2, NOW - timedelta(hours=1), "Fatal: qtickets: the token was refused")
    found = verdicts(ticks=[tick])["platform__ticks"]
    assert (found.status, found.since, found.because) == (Status.ERROR, tick.since, "")
    assert "the token was refused" in found.detail
    failed = run(5, family="qtickets_refresh", error_source="qtickets")
    assert verdicts(ticks=[tick], failed=[failed])["platform__ticks"].because == "run__qtickets_refresh"
    assert verdicts()["platform__ticks"].status is Status.OK


@pytest.mark.parametrize(("minutes", "expected"), [(120.0, "warning"), (2880.0, "error")])
def test_at_night_a_policy_of_minutes_only_warns_as_the_freshness_of_its_data_does(minutes, expected):
    facts = DagsterFacts(policies=[PolicyFact("dim_events", "fail", minutes)])
    found = {each.name: each for each in dagster_verdicts(facts, NOW, working=False)}
    assert found["dim_events__loaded_in_time"].status == expected


@pytest.mark.parametrize(("state", "installed_minutes", "expected"), [
    ("pass", 9999, "ok"), ("warn", 9999, "warning"), ("fail", 9999, "error"), ("unknown", 119, "ok"), ("unknown", 121, "error"),
    ("not_applicable", 9999, "ok"),
])  # fmt: skip
def test_a_policy_that_never_saw_a_load_is_late_once_it_could_have(state, installed_minutes, expected):
    facts = verdicts(
        policies=[PolicyFact("dim_events", state, 120.0)], installed=NOW - timedelta(minutes=installed_minutes)
    )
    assert facts["dim_events__loaded_in_time"].status == expected


@pytest.mark.parametrize(
    ("limit", "minutes", "pending"),
    [(120.0, 119, True), (120.0, 120, False), (2880.0, 600, True), (2880.0, 1261, False)],
)
def test_a_policy_waits_for_the_first_load_after_the_start(limit, minutes, pending):
    facts = DagsterFacts(policies=[PolicyFact("dim_events", "fail", limit)])
    started = NOW - timedelta(minutes=minutes)  # the next morning's six is 18 to 30 hours after a start
    found = {each.name: each for each in dagster_verdicts(facts, NOW, started=started)}["dim_events__loaded_in_time"]
    assert (found.pending, found.status is Status.OK) == (pending, pending)


def test_a_look_that_a_limit_has_cut_says_so():
    cut = "only the newest 200 failed runs of 14 days were read"
    found = verdicts(cut=[cut])["platform__history"]
    assert (found.status, found.detail) == (Status.WARNING, cut)
    assert verdicts()["platform__history"].status is Status.OK


def test_a_check_its_run_left_behind_is_an_error_unless_the_runs_failure_says_so():
    left = CheckFact("fact_vk__agrees", "fact_vk", "r1", None, run_ended=True)
    assert verdicts(checks=[left])["fact_vk__agrees"].status is Status.ERROR
    assert "fact_vk__agrees" not in verdicts(
        checks=[CheckFact("fact_vk__agrees", "fact_vk", "vk_ads_daily-5", None, run_ended=True)], failed=[run(5)]
    )
    assert "fact_vk__agrees" not in verdicts(
        checks=[CheckFact("fact_vk__agrees", "fact_vk", "r1", None, run_ended=False)]
    )


def test_what_is_seen_now_wins_over_what_a_check_remembers():
    remembered = CheckFact(
        "platform__daemons", "platform", "r1", Verdict("platform__daemons", "data", Status.OK, "were fine")
    )
    assert verdicts(checks=[remembered], daemons=[])["platform__daemons"].status is Status.ERROR
