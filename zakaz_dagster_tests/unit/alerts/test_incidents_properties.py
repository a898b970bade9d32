"""Whatever happens, in whatever order, with restarts at any moment: these hold."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.alerts.incidents import Incident, Kind, QuietHours, Rules, plan
from zakaz_dagster.alerts.outbox import DAY, HOUR, Limits, batches
from zakaz_dagster.verdicts import Status, Verdict

START = datetime(2026, 11, 22, 9, tzinfo=UTC)
NAMES = ("a", "b", "c")
RULES = st.builds(
    Rules,
    settle=st.sampled_from([timedelta(0), timedelta(minutes=10), timedelta(hours=1)]),
    grace=st.sampled_from([timedelta(0), timedelta(minutes=30), timedelta(hours=5)]),
    reminder=st.just(timedelta(hours=24)),
    quiet=st.sampled_from([QuietHours(), QuietHours(22, 8)]),
)
VERDICTS = st.fixed_dictionaries(
    {}, optional={name: st.tuples(st.sampled_from(list(Status)), st.sampled_from(["", *NAMES])) for name in NAMES}
)
ROUNDS = st.lists(st.tuples(st.integers(0, 600), VERDICTS), max_size=40)


def played(rounds, rules, *, restarts=False):
    """Every round's (time, verdicts, incidents afterwards, notices)."""
    now, incidents, seen = START, {}, []
    for minutes, states in rounds:
        now += timedelta(minutes=minutes)
        verdicts = [Verdict(name, "data", status, "x", because=because) for name, (status, because) in states.items()]
        if restarts:
            incidents = msgspec.json.decode(msgspec.json.encode(incidents), type=dict[str, Incident])
        planned = plan(incidents, verdicts, now, rules)
        incidents = dict(planned.incidents)
        seen.append((now, verdicts, incidents, planned.notices))
    return seen


@given(ROUNDS, RULES)
def test_messages_of_a_name_are_opened_then_reminders_then_resolved(rounds, rules):
    state: dict[str, bool] = {}
    for _, _, _, notices in played(rounds, rules):
        for notice in notices:
            name = notice.incident.name
            assert state.get(name, False) is (notice.kind is not Kind.OPENED)
            state[name] = notice.kind is not Kind.RESOLVED


@given(ROUNDS, RULES)
def test_an_incident_is_reminded_of_once_a_day_and_once_when_it_gets_worse(rounds, rules):
    told = defaultdict(list)
    for now, _, _, notices in played(rounds, rules):
        for notice in notices:
            told[notice.incident.id].append((now, notice.kind))
    for messages in told.values():
        times = [now for now, kind in messages if kind is not Kind.RESOLVED]
        early = sum(1 for first, second in zip(times, times[1:], strict=False) if second - first < rules.reminder)
        assert early <= 1


@given(ROUNDS, RULES)
def test_ids_are_never_used_twice(rounds, rules):
    ids = [
        notice.id
        for _, _, _, notices in played([(minutes + 1, states) for minutes, states in rounds], rules)
        for notice in notices
    ]
    assert len(ids) == len(set(ids))


@given(ROUNDS, RULES)
def test_whatever_is_bad_is_told_or_told_with_its_cause_or_waits_for_the_morning(rounds, rules):
    before: dict[str, Incident] = {}
    for now, verdicts, incidents, _ in played(rounds, rules):
        told = {name for name, incident in incidents.items() if incident.messages}
        along = {name for incident in incidents.values() if incident.messages for name in incident.along}
        quiet = {v.name for v in verdicts if v.status is Status.WARNING and rules.quiet.covers(now)}
        # a cause that has healed is given its settling time and its grace to heal what it explained, too
        well = {v.name for v in verdicts if v.status is Status.OK} & before.keys()
        well |= {name for name, each in before.items() if each.resolved and now - each.resolved < rules.grace}
        for verdict in verdicts:
            if verdict.status is not Status.OK:
                assert verdict.name in told | along | quiet or causes_of(verdict.name, verdicts, before) & well
        before = incidents


def causes_of(name, verdicts, incidents):
    """Every name on the way from a verdict to its first cause."""
    because = {n: i.verdict.because for n, i in incidents.items()} | {
        v.name: v.because for v in verdicts if v.status is not Status.OK
    }
    way = set()
    while (name := because.get(name, "")) and name not in way:
        way.add(name)
    return way


@given(ROUNDS, RULES)
def test_warnings_are_not_told_in_quiet_hours(rounds, rules):
    for now, _, _, notices in played(rounds, rules):
        if rules.quiet.covers(now):
            assert all(
                notice.incident.verdict.status is Status.ERROR or notice.kind is Kind.RESOLVED for notice in notices
            )


@given(ROUNDS, RULES)
def test_a_restart_before_every_round_changes_nothing(rounds, rules):
    assert [row[3] for row in played(rounds, rules)] == [row[3] for row in played(rounds, rules, restarts=True)]


LIMITS = st.builds(Limits, per_hour=st.integers(1, 12), per_day=st.integers(1, 40))


@given(ROUNDS, RULES, LIMITS, st.lists(st.booleans(), min_size=40, max_size=40))
def test_a_channel_gets_every_notice_once_in_order_and_never_a_storm(rounds, rules, limits, up):
    pending, mailed, delivered, produced = [], [], [], []
    seen = played(rounds, rules)
    ends = [(seen[-1][0] + DAY * (n + 1), (), (), ()) for n in range(2)] if seen else []
    for (now, _, _, notices), reachable in zip([*seen, *ends], [*up[: len(seen)], True, True], strict=False):
        pending += notices
        produced += notices
        for batch in batches(pending, mailed, now, limits) if reachable else []:
            mailed.append(now)
            delivered += batch
            pending = [notice for notice in pending if notice not in batch]
    assert sorted(notice.id for notice in delivered) == sorted(notice.id for notice in produced)
    for at in mailed:
        assert sum(at - HOUR < other <= at for other in mailed) <= limits.per_hour
        assert sum(at - DAY < other <= at for other in mailed) <= limits.per_day
    order = [notice.at for notice in delivered]
    assert order == sorted(order)
