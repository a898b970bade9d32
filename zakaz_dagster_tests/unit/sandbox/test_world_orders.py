"""The order book: repeatable, complete in its kinds, and faithful to the identities of real orders."""

from __future__ import annotations

import time
from collections import Counter
from datetime import date

import pytest

from zakaz_dagster.dev.sandbox.world import World, WorldParams
from zakaz_dagster.dev.sandbox.world.ads import Scale
from zakaz_dagster.dev.sandbox.world.fates import FAR, NEAR
from zakaz_dagster.dev.sandbox.world.lifecycle import NO_UTM
from zakaz_dagster.dev.sandbox.world.moments import day_of, days, midnight, parse, shift
from zakaz_dagster.dev.sandbox.world.orders import day_of_id
from zakaz_dagster.dev.sandbox.world.people import PEOPLE, Person, markers

START, TODAY = date(2026, 6, 25), date(2026, 11, 22)
NOW = parse("2026-11-22T12:00:00+03:00")
LATER = midnight(date(2027, 6, 1))


@pytest.fixture(scope="module")
def world():
    return World(WorldParams(seed=7, start=START))


@pytest.fixture(scope="module")
def book(world):
    return [order for day in days(START, TODAY) for order in world.made(day)]


def test_the_same_seed_gives_the_same_orders_in_any_order_of_asking(world):
    other = World(WorldParams(seed=7, start=START))
    for day in (date(2026, 11, 20), date(2026, 8, 1), date(2026, 11, 2)):
        assert other.made(day) == world.made(day)


def test_another_seed_is_another_organiser(world):
    assert World(WorldParams(seed=8, start=START)).made(TODAY) != world.made(TODAY)


def test_a_day_is_the_same_whatever_the_first_day_of_the_world_is(world):
    assert World(WorldParams(seed=7, start=date(2021, 1, 1))).made(TODAY) == world.made(TODAY)


def test_an_id_leads_to_its_day(world):
    for day in days(shift(TODAY, -20), TODAY):
        assert {day_of_id(order.id) for order in world.made(day)} == {day}
        assert {day_of(order.created) for order in world.made(day)} == {day}


def test_the_number_of_orders_is_known_without_making_them(world):
    for day in days(shift(TODAY, -40), TODAY):
        assert world.orders.count(day) == len(world.orders.of(day))


def test_ids_of_orders_and_tickets_are_unique(book):
    assert len({order.id for order in book}) == len(book)
    tickets = [ticket.id for order in book for ticket in order.tickets]
    assert len(set(tickets)) == len(tickets)


def test_prices_obey_the_identities_of_real_orders(book):
    for order in book:
        assert order.price == sum(ticket.price for ticket in order.tickets)
        for ticket in order.tickets:
            assert 0 <= ticket.price <= ticket.original
            assert ticket.price % 100 == ticket.original % 100 == 0


def test_about_half_of_the_paid_orders_are_free(book):
    paid = [order for order in book if order.state(LATER).payed_at]
    assert 0.4 < sum(order.price == 0 for order in paid) / len(paid) < 0.6


def test_mixed_orders_have_a_free_ticket_beside_paid_ones(book):
    assert any({ticket.price == 0 for ticket in order.tickets} == {True, False} for order in book)


def test_an_expired_order_keeps_its_price_and_dies_fifteen_minutes_after_its_reservation(book):
    expired = [
        (order, state)
        for order in book
        if not (state := order.state(LATER)).payed_at and state.deleted_at > order.reserved_to
    ]
    assert len(expired) > 20
    for order, state in expired:
        assert 15 * 60 <= state.deleted_at - order.reserved_to < 16 * 60
        assert order.price >= 0
        assert not any(state.sold(n) or state.removed(n) for n in range(len(order.tickets)))


def test_every_kind_of_fate_occurs(book):
    kinds = Counter()
    for order in book:
        state = order.state(LATER)
        refunds = [ticket for ticket in state.tickets if ticket.refunded_at]
        kinds["full refund"] += len(refunds) == len(order.tickets)
        kinds["part refund"] += 0 < len(refunds) < len(order.tickets)
        kinds["kept deduction"] += any(ticket.kept for ticket in refunds)
        kinds["refund of a deleted order"] += bool(refunds) and state.deleted_at is not None
        kinds["refund after three months"] += any(t.refunded_at - state.payed_at > 80 * 86_400 for t in refunds)
        kinds["removed"] += any(state.removed(n) for n in range(len(order.tickets)))
        kinds["restored"] += any(ticket.issue for ticket in state.tickets)
        kinds["exchanged"] += order.replaces is not None
        kinds["paid on another day"] += state.payed_at is not None and day_of(state.payed_at) != day_of(order.created)
        kinds["touched in bulk"] += any(change.kind == "touch" for change in order.changes)
        kinds["extended"] += order.extended
    assert min(kinds.values()) >= 3, kinds


def test_changes_fall_only_on_days_where_the_world_looks_for_them(book):
    allowed = {*NEAR, *FAR}
    for order in book:
        made = day_of(order.created)
        assert {(day_of(change.at) - made).days for change in order.changes} <= allowed


def test_an_exchange_deletes_the_old_order_when_the_new_one_is_paid(world, book):
    exchanges = [order for order in book if order.replaces]
    for new in exchanges:
        old, _ = world.edits.find(new.replaces)
        assert old.state(LATER).deleted_at == new.state(LATER).payed_at == new.created
        assert new.price == old.price
        assert old.state(LATER).payed_at < new.created


def test_no_numbered_seat_is_sold_twice(book):
    taken = Counter((ticket.show_id, ticket.seat_id) for order in book for ticket in order.tickets)
    zones = {seat for (_, seat), count in taken.items() if count > 1}
    assert zones, "admission zones share one seat id"
    assert all(seat.startswith(("FAN", "detskij", "vzroslyj")) for seat in zones)


def test_the_future_is_hidden(world):
    order = next(order for order in world.made(TODAY) if order.changes and order.created > NOW)
    assert order not in world.visible(TODAY, NOW)
    assert not world.visible(shift(TODAY, 1), NOW)
    paid = next(order for order in world.made(shift(TODAY, -1)) if order.changes[0].kind == "pay")
    assert paid.state(paid.changes[0].at - 1).payed_at is None
    assert paid.state(paid.changes[0].at).payed_at == paid.changes[0].at


def test_every_trace_of_a_person_carries_a_marker(book):
    found = markers()
    for person in (Person(order.person) for order in book[::50]):
        assert any(person.email.endswith(mark) for mark in found["emails"])
        assert any(person.phone.startswith(mark) for mark in found["phones"])
        assert {person.first_name, person.surname} <= set(found["names"])
        assert any(str(person.client_id).startswith(mark) for mark in found["client_ids"])
    assert str(Person(PEOPLE).client_id).startswith(found["client_ids"][0])


def test_every_rung_of_the_attribution_ladder_has_orders(world, book):
    banners = {str(banner.id) for _, _, banner in world.vk.banners(NOW)}
    ads = {str(ad.id) for _, _, ad in world.direct.ads(NOW)}
    utms = [order.utm for order in book]
    assert sum(utm == NO_UTM for utm in utms) / len(utms) > 0.4
    assert any(utm.content in banners for utm in utms)
    assert any(utm.content in ads for utm in utms)
    assert any(utm.campaign == "afisha_family" and utm.medium == "tomsk" for utm in utms)
    assert any(utm.source == "posev" and "." in utm.medium for utm in utms)
    assert any(utm.campaign == "crea01_family" for utm in utms)
    assert any(utm.content.startswith("komsomolsk-na-amure_") for utm in utms)
    assert any("ё" in utm.content.lower() for utm in utms)


def test_thirty_days_of_forty_orders_take_less_than_a_second():
    fresh = World(WorldParams(seed=3, start=START))
    begun = time.process_time()
    count = sum(len(fresh.made(day)) for day in days(shift(TODAY, -29), TODAY))
    assert count > 800
    assert time.process_time() - begun < 1


def test_a_day_of_seven_hundred_orders_takes_less_than_a_tenth_of_a_second():
    fresh = World(WorldParams(seed=3, start=START, scale=Scale(orders_per_day=700)))
    taken = []
    for back in (3, 2, 1, 0):
        begun = time.process_time()
        assert len(fresh.made(shift(TODAY, -back))) > 400
        taken.append(time.process_time() - begun)
    assert min(taken) < 0.1  # the best of four: a collection of garbage is not the world's cost
