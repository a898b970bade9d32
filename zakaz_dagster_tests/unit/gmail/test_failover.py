"""The mail takes over when QTickets is older than its limit, says so once, and steps back with what it had covered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.sources.gmail.failover import BETWEEN_LOADS, Covered, Facts, State, decide

NOON = datetime(2026, 11, 22, 9, tzinfo=UTC)
LIMIT = timedelta(minutes=120)
DAY = date(2026, 11, 22)
HELD = {DAY: Covered(138, Decimal("39185.00"), NOON)}


def facts(minutes_old: float, at: datetime = NOON, **more) -> Facts:
    return Facts(at, at - timedelta(minutes=minutes_old), LIMIT, **more)


def test_a_fresh_api_is_left_alone():
    decision = decide(facts(119), State())
    assert (decision.start, decision.message, decision.state) == (False, None, State())


def test_a_stale_api_engages_the_mail_and_tells_people_once():
    first = decide(facts(121), State())
    assert first.start
    assert first.message.subject == "Продажи временно берутся из почты: QTickets не отвечает"
    assert "22.11.2026 09:59 (Москва)" in first.message.text
    later = decide(facts(130, NOON + BETWEEN_LOADS), first.state)
    assert (later.start, later.message) == (True, None)


def test_loads_do_not_pile_up():
    engaged = decide(facts(121), State()).state
    assert not decide(facts(122, NOON + timedelta(minutes=1)), engaged).start
    assert not decide(facts(200, NOON + BETWEEN_LOADS, is_loading=True), engaged).start


def test_the_way_back_says_what_the_mails_had_covered():
    engaged = decide(facts(121), State()).state
    engaged = decide(facts(150, NOON + timedelta(minutes=5), covered=HELD), engaged).state
    decision = decide(facts(1, NOON + timedelta(hours=3)), State.of(engaged.text()))
    assert not decision.start
    assert decision.state == State()
    assert (
        "— 22.11.2026: билетов 138, выручка 39\u00a0185,00 руб., последнее письмо 22.11.2026 12:00"
        in decision.message.text
    )
    assert "с 22.11.2026 12:00" in decision.message.text


def test_without_any_mail_the_way_back_says_so():
    engaged = decide(facts(121), State()).state
    assert "Писем с отчётами за это время не было" in decide(facts(1), engaged).message.text


def test_a_mailbox_that_cannot_be_read_is_told_with_what_to_run():
    decision = decide(facts(121, unready="the token was refused"), State())
    assert not decision.start
    assert "zakaz gmail authorize" in decision.message.text
    assert "the token was refused" in decision.message.text
    again = decide(facts(130, NOON + BETWEEN_LOADS), decision.state)
    assert (again.start, again.message) == (True, None)


def test_before_the_first_load_nothing_is_taken_over():
    assert not decide(Facts(NOON, None, LIMIT), State()).start


def test_an_unreadable_state_is_a_fresh_start():
    assert State.of("{broken") == State.of(None) == State.of("") == State()


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 40)), max_size=60))
def test_messages_alternate_and_loads_start_only_while_the_api_is_away(steps):
    """However the API comes and goes: away, back, away, back; no two of a kind in a row."""
    state, now, told = State(), NOON, []
    for fresh, loading, minutes in steps:
        now += timedelta(minutes=minutes)
        decision = decide(facts(10 if fresh else 500, now, is_loading=loading), state)
        state = State.of(decision.state.text())
        assert not (decision.start and (fresh or loading))
        if decision.message:
            told.append("снова" in decision.message.subject)
        assert (state.engaged_since is None) == fresh
    assert told == [number % 2 == 1 for number in range(len(told))]
