"""When a source is fresh, and which of its days are missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from zakaz_dagster.health.freshness import Load, Seen, Watched, end_of, follows, freshness, missing_days
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse.build_ledger import Owed

QTICKETS = Watched("qtickets", "QTickets", "stg_sales", "sale_date", 45, 120, includes_today=True)
ADS = Watched("vk_ads", "VK", "fact_vk", "date", 30 * 60, 48 * 60, includes_today=False)
TODAY = date(2026, 11, 22)


def at(text: str, day: date = TODAY) -> datetime:
    return datetime.combine(day, datetime.strptime(text, "%H:%M").time(), MOSCOW).astimezone(UTC)


def seen(last: date, loaded: datetime, *, newest: date | None = None, days: int = 20, busy: int = 28) -> Seen:
    """Days up to `last` in the ledger, the newest loaded at `loaded`, each read after it was over."""
    span = [last - timedelta(days=n) for n in range(days)]
    loads = {day: Load(end_of(day) + timedelta(hours=1), end_of(day)) for day in span}
    loads[last] = Load(loaded, loaded)
    return Seen(loads, span[-1], newest or last, busy)


def status(source, held, now, *, working=True):
    found = freshness(source, held, now, working=working)
    return found and found.verdict.status.value


@pytest.mark.parametrize(("minutes", "working", "expected"), [
    (44, True, "ok"), (46, True, "warning"), (121, True, "error"), (121, False, "warning"), (46, False, "warning"),
])  # fmt: skip
def test_a_source_of_the_running_day_is_late_by_minutes_and_at_night_only_warns(minutes, working, expected):
    now = at("15:00")
    assert status(QTICKETS, seen(TODAY, now - timedelta(minutes=minutes)), now, working=working) == expected


@pytest.mark.parametrize(
    ("clock", "expected"), [("00:20", "ok"), ("00:40", "ok"), ("00:50", "warning"), ("03:00", "error")]
)
def test_the_first_minutes_of_a_day_are_still_yesterdays(clock, expected):
    held = seen(TODAY - timedelta(days=1), at("23:58", TODAY - timedelta(days=1)))
    assert status(QTICKETS, held, at(clock)) == expected


@pytest.mark.parametrize(("clock", "last", "expected"), [
    ("00:30", 1, "ok"), ("05:59", 2, "ok"), ("06:01", 2, "warning"), ("23:59", 2, "warning"), ("00:01", 3, "error"),
    ("12:00", 1, "ok"),
])  # fmt: skip
def test_ads_of_yesterday_are_expected_by_six_and_two_days_late_is_an_error(clock, last, expected):
    day = TODAY - timedelta(days=last)
    assert status(ADS, seen(day, end_of(day) + timedelta(minutes=5)), at(clock)) == expected


def test_loading_an_old_day_again_makes_nothing_fresh():
    now = at("15:00")
    held = seen(TODAY, now - timedelta(hours=3))
    old = TODAY - timedelta(days=10)
    again = replace(held, loads={**held.loads, old: Load(now, now)})
    assert status(QTICKETS, again, now) == "error"


@pytest.mark.parametrize(
    ("behind", "busy", "expected"),
    [(1, 28, "ok"), (2, 28, "warning"), (3, 28, "error"), (3, 9, "warning"), (9, 9, "warning")],
)
def test_loads_that_bring_nothing_newer_are_stale_all_the_same(behind, busy, expected):
    now = at("15:00")
    held = seen(TODAY, now - timedelta(minutes=5), newest=TODAY - timedelta(days=behind), busy=busy)
    found = freshness(QTICKETS, held, now, working=True)
    assert (found.verdict.status.value, found.days_behind) == (expected, behind)
    if expected != "ok":
        assert "bring nothing newer" in found.verdict.action


def test_ads_whose_newest_day_is_the_day_before_yesterday_warn_after_six():
    day = TODAY - timedelta(days=1)
    held = seen(day, at("00:05"), newest=TODAY - timedelta(days=2))
    assert status(ADS, held, at("05:00")) == "ok"
    assert status(ADS, held, at("07:00")) == "warning"
    assert status(ADS, replace(held, newest_day=TODAY - timedelta(days=3)), at("07:00")) == "error"


def test_a_source_that_was_never_loaded_is_an_error_unless_it_is_switched_off():
    assert status(QTICKETS, Seen(), at("15:00")) == "error"
    assert status(replace(QTICKETS, enabled=False), Seen(), at("15:00")) is None
    assert missing_days(QTICKETS, Seen(), at("15:00")) is None


def test_a_source_whose_ledger_ended_long_ago_is_late_since_then():
    found = freshness(QTICKETS, Seen({}, date(2026, 1, 1), date(2026, 1, 5), 5), at("15:00"), working=True)
    assert found.verdict.status.value == "error"
    assert found.minutes_since_load > 300 * 24 * 60


def test_since_is_when_it_began_to_be_late():
    now = at("15:00")
    found = freshness(QTICKETS, seen(TODAY, now - timedelta(minutes=100)), now, working=True)
    assert found.verdict.since == now - timedelta(minutes=55)


def test_every_past_day_of_the_window_must_be_in_the_ledger():
    now = at("15:00")
    held = seen(TODAY, now)
    gap = TODAY - timedelta(days=4)
    found = missing_days(QTICKETS, replace(held, loads={d: v for d, v in held.loads.items() if d != gap}), now)
    assert (found.status.value, found.figure, found.since) == ("error", 1.0, end_of(gap))
    assert f"never loaded: {gap}" in found.detail
    assert missing_days(QTICKETS, held, now).status.value == "ok"


def test_days_before_the_first_load_are_not_missing():
    now = at("15:00")
    assert missing_days(QTICKETS, seen(TODAY, now, days=3), now).status.value == "ok"


def test_a_day_that_was_read_before_it_ended_is_half_a_day_once_the_night_is_over():
    day = TODAY - timedelta(days=1)
    noon = at("12:00", day)
    held = seen(TODAY, at("15:00"))
    half = replace(held, loads={**held.loads, day: Load(noon, noon)})
    assert missing_days(QTICKETS, half, at("05:00")).status.value == "ok"
    found = missing_days(QTICKETS, half, at("15:00"))
    assert found.status.value == "error"
    assert f"read before it ended: {day}" in found.detail


def test_long_lists_of_days_are_ranges_and_their_number():
    now = at("15:00")
    held = seen(TODAY, now)
    found = missing_days(QTICKETS, replace(held, loads={TODAY: held.loads[TODAY]}), now)
    assert found.figure == 19.0
    assert "never loaded: 2026-11-03..2026-11-21 (19 days)" in found.detail
    odd = {day: load for day, load in held.loads.items() if day.day % 2}
    assert "and 3 more ranges up to 2026-11-20 (9 days)" in missing_days(QTICKETS, replace(held, loads=odd), now).detail


@pytest.mark.parametrize("age", [5, 40, 400, 900])
def test_a_hole_is_seen_however_old_it_is(age):
    now, hole = at("15:00"), TODAY - timedelta(days=age)
    held = seen(TODAY, now, days=1000)
    found = missing_days(QTICKETS, replace(held, loads={d: v for d, v in held.loads.items() if d != hole}), now)
    assert (found.status.value, found.since) == ("error", end_of(hole))
    assert str(hole) in found.detail
    assert "reload_days" in found.action


def test_days_before_the_start_date_are_nobodys_holes_and_history_never_asked_for_is_said():
    now = at("15:00")
    held = seen(TODAY, now, days=100)
    gone = replace(held, loads={d: v for d, v in held.loads.items() if d != TODAY - timedelta(days=50)})
    late = replace(QTICKETS, start=TODAY - timedelta(days=30))
    assert missing_days(late, gone, now).status.value == "ok"
    early = replace(QTICKETS, start=date(2024, 1, 1))
    found = missing_days(early, held, now)
    assert found.status.value == "ok"
    assert "nothing before it, from 2024-01-01 on, has ever been loaded" in found.detail


def test_freshness_says_two_facts_apart():
    now = at("15:00")
    held = seen(TODAY - timedelta(days=2), now - timedelta(days=2), newest=TODAY - timedelta(days=3))
    again = replace(held, loads={**held.loads, TODAY - timedelta(days=9): Load(now - timedelta(minutes=2), now)})
    detail = freshness(QTICKETS, again, now, working=True).verdict.detail
    assert detail == (
        "last loaded 2 min ago, days up to 2026-11-20 are loaded; data up to day 2026-11-19, 3 days behind today"
    )


def test_never_loaded_waits_for_the_first_scheduled_load():
    started = at("10:00")
    for source, due in ((QTICKETS, at("10:45")), (ADS, at("06:00", TODAY + timedelta(days=1)))):
        for now, expected in ((started, "ok"), (due - timedelta(minutes=1), "ok"), (due, "error")):
            found = freshness(source, Seen(), now, working=True, started=started).verdict
            assert (found.status.value, found.pending) == (expected, expected == "ok")
            assert "never loaded" in found.detail


def test_a_start_over_existing_data_is_no_outage():
    started = at("10:00")
    held = seen(TODAY - timedelta(days=20), at("10:00", TODAY - timedelta(days=20)))
    minute = started + timedelta(minutes=1)
    assert freshness(QTICKETS, held, minute, working=True, started=started).verdict.pending
    assert missing_days(QTICKETS, held, minute, started).pending
    assert freshness(QTICKETS, held, at("10:46"), working=True, started=started).verdict.status.value == "error"
    assert missing_days(QTICKETS, held, at("05:59", TODAY + timedelta(days=1)), started).pending
    assert missing_days(QTICKETS, held, at("06:00", TODAY + timedelta(days=1)), started).status.value == "error"


def owed(day, *, minutes=None, because="stg_sales"):
    return Owed("fact", day, because, None if minutes is None else at("12:00") - timedelta(minutes=minutes))


@pytest.mark.parametrize(("days", "status", "says"), [
    ([], Status.OK, "0 days are being built"),
    ([owed(TODAY, minutes=19)], Status.OK, "1 days are being built"),
    ([owed(TODAY, minutes=21)], Status.ERROR, "not built since this changed: stg_sales; days: 2026-11-22"),
    ([owed(TODAY, because="its SQL or the settings")], Status.WARNING, "its SQL or the settings"),
    ([owed(TODAY), owed(TODAY - timedelta(days=9), minutes=600, because="a show was moved")], Status.ERROR, "a show"),
])  # fmt: skip
def test_a_fact_that_is_older_than_what_it_reads_is_an_error_after_twenty_minutes(days, status, says):
    verdict = follows("fact", days, at("12:00"))
    assert (verdict.name, verdict.status) == ("fact__follows", status)
    assert says in verdict.detail
    assert bool(verdict.action) == (status is not Status.OK)


def test_a_start_gives_the_facts_their_twenty_minutes():
    late = [owed(TODAY, minutes=3000)]
    assert follows("fact", late, at("12:00"), started=at("12:00") - timedelta(minutes=5)).pending
    assert follows("fact", late, at("12:00"), started=at("12:00") - timedelta(minutes=25)).status is Status.ERROR
