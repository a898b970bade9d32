"""The rules of telling: one open incident per cause, few messages, nothing forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from zakaz_dagster.alerts.incidents import Kind, QuietHours, Rules, plan
from zakaz_dagster.verdicts import Status, Verdict

NOON = datetime(2026, 11, 22, 9, tzinfo=UTC)  # 12:00 in Moscow
NIGHT = datetime(2026, 11, 22, 21, tzinfo=UTC)  # 00:00 in Moscow
AT_ONCE = Rules(settle=timedelta(0), grace=timedelta(0))


def verdict(name="a", status=Status.ERROR, **about):
    return Verdict(name, "data", Status(status), f"{name} is {status}", **about)


class Watch:
    """Runs rounds one after another; `told` has every message as (minute, name, kind)."""

    def __init__(self, rules=AT_ONCE, start=NOON):
        self.rules, self.start, self.incidents, self.told = rules, start, {}, []

    def at(self, minute, *verdicts, existing=None):
        now = self.start + timedelta(minutes=minute)
        planned = plan(self.incidents, verdicts, now, self.rules, existing)
        self.incidents = planned.incidents
        self.told += [(minute, notice.incident.name, notice.kind.value) for notice in planned.notices]
        return planned.notices


def test_one_message_when_it_breaks_and_one_when_it_is_well():
    watch = Watch()
    for minute in range(5):
        watch.at(minute, verdict())
    watch.at(5, verdict(status="ok"))
    watch.at(6, verdict(status="ok"))
    assert watch.told == [(0, "a", "opened"), (5, "a", "resolved")]
    assert not any(incident.resolved is None for incident in watch.incidents.values())
    watch.at(7)
    assert not watch.incidents


def test_what_is_well_from_the_start_is_never_mentioned():
    watch = Watch()
    watch.at(0, verdict(status="ok"))
    assert not watch.told


def test_one_reminder_a_day():
    watch = Watch()
    for hour in range(72):
        watch.at(hour * 60, verdict())
    assert [(minute // 60, kind) for minute, _, kind in watch.told] == [
        (0, "opened"),
        (24, "reminder"),
        (48, "reminder"),
    ]


def test_a_warning_that_becomes_an_error_is_told_at_once_but_only_once():
    watch = Watch()
    for minute, status in enumerate(("warning", "error", "warning", "error", "warning", "error")):
        watch.at(minute, verdict(status=status))
    assert watch.told == [(0, "a", "opened"), (1, "a", "reminder")]


def test_flapping_inside_the_settling_time_is_one_incident():
    watch = Watch(Rules(settle=timedelta(minutes=10)))
    for minute in range(60):
        watch.at(minute, verdict(status="error" if minute % 5 else "ok"))
    for minute in range(60, 80):
        watch.at(minute, verdict(status="ok"))
    assert watch.told == [(1, "a", "opened"), (70, "a", "resolved")]


def test_warnings_wait_for_the_morning_and_errors_do_not():
    watch = Watch(Rules(settle=timedelta(0), quiet=QuietHours.parse("22-8")), NIGHT)
    for hour in range(10):
        watch.at(hour * 60, verdict("mild", "warning"), verdict("grave", "error"))
    assert watch.told == [(0, "grave", "opened"), (8 * 60, "mild", "opened")]


def test_a_warning_that_came_and_went_in_the_night_is_not_told():
    watch = Watch(Rules(settle=timedelta(0), quiet=QuietHours.parse("22-8")), NIGHT)
    watch.at(0, verdict(status="warning"))
    watch.at(60, verdict(status="ok"))
    watch.at(9 * 60, verdict(status="ok"))
    assert not watch.told


def test_the_end_of_a_warning_waits_for_the_morning_too():
    watch = Watch(Rules(settle=timedelta(0), quiet=QuietHours.parse("22-8")), NIGHT - timedelta(hours=4))
    watch.at(0, verdict(status="warning"))
    for hour in range(3, 14):
        watch.at(hour * 60, verdict(status="ok"))
    assert watch.told == [(0, "a", "opened"), (12 * 60, "a", "resolved")]


def test_what_another_failure_explains_is_told_with_it():
    watch = Watch()
    (notice,) = watch.at(
        0, verdict("clickhouse"), verdict("run", because="clickhouse"), verdict("fresh", because="run")
    )
    assert notice.incident.name == "clickhouse"
    assert notice.incident.along == ("fresh", "run")
    watch.at(1, verdict("clickhouse", "ok"), verdict("run", because="clickhouse"), verdict("fresh", because="run"))
    watch.at(2, verdict("clickhouse", "ok"), verdict("run", because="clickhouse"), verdict("fresh", because="run"))
    assert watch.told[1:] == [(1, "clickhouse", "resolved"), (2, "run", "opened")]


def test_what_a_resolved_cause_broke_has_its_grace_to_be_made_good():
    for healed, told in ((20, []), (60, [(31, "run", "opened"), (60, "run", "resolved")])):
        watch = Watch(Rules(settle=timedelta(0), grace=timedelta(minutes=30)))
        watch.at(0, verdict("clickhouse"))
        for minute in range(1, 70):
            watch.at(
                minute,
                verdict("clickhouse", "ok"),
                verdict("run", "ok" if minute >= healed else "error", because="clickhouse"),
            )
        assert watch.told[2:] == told


def test_a_cause_that_comes_back_within_its_grace_is_a_new_incident():
    watch = Watch(Rules(settle=timedelta(0), grace=timedelta(minutes=30)))
    for minute, status in enumerate(("error", "ok", "error", "ok")):
        watch.at(minute, verdict(status=status))
    assert [kind for _, _, kind in watch.told] == ["opened", "resolved", "opened", "resolved"]


def test_what_was_told_before_its_cause_stays_its_own_incident():
    watch = Watch()
    watch.at(0, verdict("fresh"))
    watch.at(1, verdict("fresh", because="run"), verdict("run"))
    watch.at(2, verdict("fresh", "ok"), verdict("run", "ok"))
    assert [told[1:] for told in watch.told] == [
        ("fresh", "opened"), ("run", "opened"), ("fresh", "resolved"), ("run", "resolved")
    ]  # fmt: skip


def test_two_verdicts_that_explain_each_other_are_still_told():
    watch = Watch()
    watch.at(0, verdict("a", because="b"), verdict("b", because="a"))
    assert watch.told


def test_what_could_not_be_looked_at_stays_open():
    watch = Watch()
    watch.at(0, verdict())
    watch.at(1)
    watch.at(2, existing={"a"})
    assert watch.told == [(0, "a", "opened")]
    assert "a" in watch.incidents


def test_what_cannot_be_judged_yet_opens_nothing_and_closes_nothing():
    watch = Watch()
    watch.at(0, verdict(status="error", pending=True))
    watch.at(1, verdict())
    watch.at(2, verdict(status="ok", pending=True), existing={"a"})
    watch.at(3, verdict(status="ok"))
    assert watch.told == [(1, "a", "opened"), (3, "a", "resolved")]


def test_an_incident_whose_check_no_longer_exists_is_closed_and_says_so():
    watch = Watch()
    watch.at(0, verdict())
    (notice,) = watch.at(1, existing={"b"})
    assert notice.kind is Kind.RESOLVED
    assert notice.now == "nothing checks this any more"


def test_a_clock_that_goes_back_neither_repeats_nor_loses():
    watch = Watch()
    watch.at(0, verdict())
    watch.at(-600, verdict())
    watch.at(-500, verdict(status="ok"))
    assert [kind for _, _, kind in watch.told] == ["opened", "resolved"]


def test_every_message_of_an_incident_has_its_own_lasting_id():
    first = plan({}, [verdict()], NOON, AT_ONCE)
    assert [notice.id for notice in first.notices] == ["a.20261122T090000+0000.opened.1"]
    second = plan(first.incidents, [verdict(status="ok")], NOON + timedelta(hours=1), AT_ONCE)
    assert [notice.id for notice in second.notices] == ["a.20261122T090000+0000.resolved.2"]


@pytest.mark.parametrize(
    ("text", "hours"),
    [("22-8", [*range(8), 22, 23]), ("", []), ("0-7", list(range(7))), ("9 - 9", []), ("23-24", [23])],
)
def test_quiet_hours(text, hours):
    quiet = QuietHours.parse(text)
    assert [
        hour for hour in range(24) if quiet.covers(datetime(2026, 11, 22, hour, 30, tzinfo=UTC) - timedelta(hours=3))
    ] == hours


@pytest.mark.parametrize("text", ["night", "22", "22-25", "-", "22-8-3"])
def test_quiet_hours_that_cannot_be_read_are_refused(text):
    with pytest.raises(ValueError, match="write them like 22-8"):
        QuietHours.parse(text)
