"""The mail takes over when QTickets is older than its limit, says so once, and steps back with what it had covered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.alerts.incidents import Kind, Rules, plan
from zakaz_dagster.health.failover import (
    BETWEEN_LOADS,
    FROM_MAIL,
    NO_BACKUP,
    Covered,
    Facts,
    State,
    decide,
)
from zakaz_dagster.settings import Gmail
from zakaz_dagster.sources.qtickets.description import DESCRIPTION
from zakaz_dagster.verdicts import Status

NOON = datetime(2026, 11, 22, 9, tzinfo=UTC)
LIMIT = timedelta(minutes=120)
DAY = date(2026, 11, 22)
HELD = {DAY: Covered(138, Decimal("39185.00"), NOON)}
WATCHING = State(looked_at=NOON - timedelta(minutes=1), watching_since=NOON - timedelta(days=1))
MINUTE = timedelta(minutes=1)


def facts(minutes_old: float, at: datetime = NOON, **more) -> Facts:
    return Facts(at, at - timedelta(minutes=minutes_old), LIMIT, **more)


def statuses(decision) -> dict[str, Status]:
    return {verdict.name: verdict.status for verdict in decision.verdicts}


def test_the_limit_is_the_policy_of_qtickets():
    assert Gmail().failover_minutes == DESCRIPTION.fail_minutes


def test_a_fresh_api_is_left_alone():
    decision = decide(facts(119), WATCHING)
    assert (decision.start, decision.reload, decision.state.engaged_since) == (False, (), None)
    assert set(statuses(decision).values()) == {Status.OK}


def test_a_stale_api_engages_the_mail_at_the_first_look():
    first = decide(facts(121, covered=HELD), WATCHING)
    assert first.start
    assert statuses(first) == {FROM_MAIL: Status.ERROR, NO_BACKUP: Status.OK}
    assert "22.11.2026 09:59 (Москва)" in first.verdicts[0].detail
    assert "Дней из писем: 1, с 22.11.2026 по 22.11.2026." in first.verdicts[0].detail
    later = decide(facts(136, NOON + BETWEEN_LOADS), first.state)
    assert later.start


def test_after_a_start_over_existing_data_qtickets_gets_time_to_be_loaded_first():
    state, started = State.of(None), []
    for minute in range(25):
        decision = decide(facts(600 + minute, NOON + minute * MINUTE), state)
        state = decision.state
        started += [minute] if decision.start else []
        assert minute < 20 or state.engaged_since
    assert started == [20], "one quarter-hourly load and its run have had their time"
    loaded = decide(facts(1, NOON + 19 * MINUTE), decide(facts(600), State.of(None)).state)
    assert (loaded.start, loaded.state.engaged_since) == (False, None)
    failed = decide(facts(600, api_failed=True), State.of(None))
    assert failed.start, "a load that has failed since the start is no pause"


def test_loads_do_not_pile_up():
    engaged = decide(facts(121), WATCHING).state
    assert not decide(facts(122, NOON + MINUTE), engaged).start
    assert not decide(facts(200, NOON + BETWEEN_LOADS, is_loading=True), engaged).start


def test_the_way_back_says_what_the_mails_had_covered_and_loads_the_missed_days():
    engaged = decide(facts(121), WATCHING).state
    engaged = decide(facts(150, NOON + 5 * MINUTE, covered=HELD), engaged).state
    decision = decide(facts(1, NOON + timedelta(days=2)), State.of(engaged.text()))
    assert not decision.start
    assert decision.state.engaged_since is None
    assert decision.reload == (DAY, date(2026, 11, 23))
    said = decision.verdicts[0]
    assert said.status is Status.OK
    assert "— 22.11.2026: билетов 138, выручка 39\u00a0185,00 руб., последнее письмо 22.11.2026 12:00" in said.detail
    assert "с 22.11.2026 12:00" in said.detail
    again = decide(facts(2, NOON + timedelta(days=2) + MINUTE), State.of(decision.state.text()))
    assert (again.reload, again.verdicts) == ((), decision.verdicts)


def test_a_day_the_api_never_had_is_loaded_from_it_as_well():
    older = {date(2026, 11, 20): HELD[DAY], DAY: HELD[DAY]}
    engaged = decide(facts(121, covered=older), WATCHING).state
    assert decide(facts(1, NOON + timedelta(hours=3)), engaged).reload == (date(2026, 11, 20),)


def test_without_any_mail_the_way_back_says_so():
    engaged = decide(facts(121), WATCHING).state
    assert "Писем с отчётами за это время не было" in decide(facts(1), engaged).verdicts[0].detail


def test_a_mailbox_that_cannot_be_read_is_told_with_what_to_run():
    decision = decide(facts(121, unready="there is no token file"), WATCHING)
    assert not decision.start
    (verdict,) = decision.verdicts
    assert (verdict.name, verdict.status) == (NO_BACKUP, Status.ERROR)
    assert "zakaz gmail authorize" in verdict.action
    assert "there is no token file" in verdict.detail
    again = decide(facts(122, NOON + MINUTE), decision.state)
    assert again.start
    assert statuses(again) == {FROM_MAIL: Status.ERROR, NO_BACKUP: Status.OK}
    lost = decide(facts(123, NOON + 2 * MINUTE, unready="there is no token file"), again.state)
    assert statuses(lost) == {FROM_MAIL: Status.ERROR, NO_BACKUP: Status.ERROR}


def test_before_the_first_load_nothing_is_taken_over():
    assert not decide(Facts(NOON, None, LIMIT), WATCHING).start


def test_an_unreadable_state_is_a_fresh_start():
    assert State.of("{broken") == State.of(None) == State.of("") == State()


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 40)), max_size=60))
def test_each_absence_is_one_alert_and_one_all_clear(steps):
    """However the API comes and goes: away, back, away, back; loads start only while it is away."""
    state, incidents, now, told, absences, was_fresh = State(), {}, NOON, [], 0, True
    for fresh, loading, minutes in steps:
        now += timedelta(minutes=minutes)
        decision = decide(facts(10 if fresh else 500, now, api_failed=True, is_loading=loading), state)
        state = State.of(decision.state.text())
        assert not (decision.start and (fresh or loading))
        assert (state.engaged_since is None) == fresh
        planned = plan(incidents, decision.verdicts, now, Rules(settle=timedelta(0), reminder=timedelta(days=99)))
        incidents = planned.incidents
        told += [notice.kind for notice in planned.notices]
        absences += decision.start and was_fresh
        was_fresh = state.started_at is None
    assert told == [Kind.OPENED if number % 2 == 0 else Kind.RESOLVED for number in range(len(told))]
    assert told.count(Kind.OPENED) == absences
