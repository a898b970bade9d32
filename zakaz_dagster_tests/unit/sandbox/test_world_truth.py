"""The truth: equals an independent recount, keeps its identities, and moves on the right day when something happens."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest

from zakaz_dagster.dev.sandbox.qtickets.bodies import order_body
from zakaz_dagster.dev.sandbox.world import World, WorldParams
from zakaz_dagster.dev.sandbox.world.ads import Scale
from zakaz_dagster.dev.sandbox.world.lifecycle import Change, Order, Ticket, Utm
from zakaz_dagster.dev.sandbox.world.moments import DAY, day_of, days, midnight, parse, shift
from zakaz_dagster.dev.sandbox.world.truth import money, sales, summed

START, TODAY = date(2026, 6, 25), date(2026, 11, 22)
NOW = parse("2026-11-22T12:00:00+03:00")
SALE = midnight(date(2026, 6, 1)) + 3600


@pytest.fixture
def world():
    return World(WorldParams(seed=7, start=START))


@pytest.fixture(scope="module")
def bodies():
    fixed = World(WorldParams(seed=7, start=START))
    return [order_body(order, NOW) for day in days(START, TODAY) for order in fixed.visible(day, NOW)]


def recount(bodies, day):
    """Totals of a day from the vendor's answers alone, by the rules of the contract."""
    total = defaultdict(Decimal)
    for order in bodies:
        sold = 0
        for ticket in order["baskets"] if order["payed_at"] else ():
            gone = ticket["deleted_at"] or order["deleted_at"]
            counts = ticket["refunded_at"] or not gone
            if counts and order["payed_at"][:10] == day:
                sold += 1
                total["tickets_sold"] += 1
                total["tickets_free"] += ticket["price"] == 0
                total["revenue"] += Decimal(str(ticket["price"]))
            if (ticket["refunded_at"] or "")[:10] == day:
                total["tickets_refunded"] += 1
                total["refunds"] += Decimal(str(ticket["refunded_amount"]))
                total["deduction"] += Decimal(str(ticket["refunded_deduction_amount"]))
            if gone and not ticket["refunded_at"] and gone[:10] == day:
                total["tickets_removed"] += 1
        total["orders"] += sold > 0
    return total


@pytest.mark.parametrize("back", [0, 1, 2, 5, 9, 14, 30, 60, 100])
def test_the_truth_of_a_day_equals_a_recount_of_what_the_vendor_says(world, bodies, back):
    day = shift(TODAY, -back)
    told, counted = world.truth(day, NOW)["sales"], recount(bodies, day.isoformat())
    assert counted["tickets_sold"] > 10
    for name in ("orders", "tickets_sold", "tickets_free", "tickets_refunded", "tickets_removed"):
        assert told[name] == counted[name], name
    for name in ("revenue", "refunds", "deduction"):
        assert Decimal(told[name]) == counted[name], name
    assert Decimal(told["net"]) == counted["revenue"] - counted["refunds"]


def test_cities_and_shows_add_up_to_the_day(world):
    for truth in world.truths(shift(TODAY, -6), TODAY, NOW):
        day = truth["sales"]
        for parts in (day["cities"], day["shows"]):
            for name in ("orders", "tickets_sold", "tickets_free", "tickets_refunded", "tickets_removed"):
                assert sum(part[name] for part in parts) == day[name]
            assert sum(Decimal(part["net"]) for part in parts) == Decimal(day["net"])


def test_a_range_is_the_sum_of_its_days(world):
    first = shift(TODAY, -29)
    total = summed(world.sales(first, TODAY, NOW), first, TODAY)
    by_day = [world.truth(day, NOW)["sales"] for day in days(first, TODAY)]
    assert Decimal(total["revenue"]) == sum(Decimal(day["revenue"]) for day in by_day)
    assert total["tickets_sold"] == sum(day["tickets_sold"] for day in by_day)
    assert Decimal(total["refunds"]) == sum(Decimal(day["refunds"]) for day in by_day) > 0


def figures(changes, prices=(29_400, 29_400, 23_400, 23_400)):
    tickets = tuple(Ticket(10 + n, 155_000, "a", "a", 49_000, price) for n, price in enumerate(prices))
    order = Order(1, 1, SALE, SALE + DAY, False, 1, Utm(), tickets, tuple(changes))
    return {day.isoformat(): cell for (day, _), cell in sales([order], NOW).items()}


def test_a_partial_refund_and_a_removal_by_hand():
    """The worked example of the contract: 4 tickets; one refunded with a deduction, one removed, one refunded in full."""
    second, tenth = parse("2026-06-02T10:15:00"), parse("2026-06-10T09:00:00")
    days_ = figures([
        Change(SALE, "pay"),
        Change(second, "refund", 1, 25_000, 4_400),
        Change(second + 300, "remove", 2),
        Change(tenth, "refund", 3, 23_400, 0),
    ])  # fmt: skip
    sale, after, later = days_["2026-06-01"], days_["2026-06-02"], days_["2026-06-10"]
    assert (sale.orders, sale.tickets_sold, sale.revenue) == (1, 3, 82_200)
    assert (after.tickets_refunded, after.refunds, after.deduction, after.tickets_removed) == (1, 25_000, 4_400, 1)
    assert (later.tickets_refunded, later.refunds, later.tickets_removed) == (1, 23_400, 0)
    assert sale.revenue - after.refunds - later.refunds == 33_800


def test_an_order_deleted_without_refund_leaves_nothing_on_its_sale_day():
    days_ = figures([Change(SALE, "pay"), Change(SALE + DAY, "delete")])
    assert set(days_) == {"2026-06-02"}
    assert (days_["2026-06-02"].tickets_removed, days_["2026-06-02"].refunds) == (4, 0)


def test_a_restored_order_is_as_if_nothing_had_happened():
    assert figures([Change(SALE, "pay"), Change(SALE + DAY, "delete"), Change(SALE + 2 * DAY, "restore")]) == figures(
        [Change(SALE, "pay")]
    )


def test_a_fully_refunded_and_deleted_order_stays_sold_and_is_not_removed():
    changes = [Change(SALE, "pay"), *(Change(SALE + DAY, "refund", n, 20_000, 9_400) for n in range(4))]
    days_ = figures([*changes, Change(SALE + DAY, "delete")])
    assert (days_["2026-06-01"].tickets_sold, days_["2026-06-02"].tickets_removed) == (4, 0)


def test_a_free_ticket_counts_as_sold_and_free():
    sale = figures([Change(SALE, "pay")], prices=(0, 29_400))["2026-06-01"]
    assert (sale.orders, sale.tickets_sold, sale.tickets_free, sale.revenue) == (1, 2, 1, 29_400)


def test_an_unpaid_order_never_counts():
    assert figures([Change(SALE + DAY, "delete")]) == {}


def one_sold(world, day):
    """An order made and paid on that day, for money, to which nothing else happens."""
    return next(
        order
        for order in world.made(day)
        if [change.kind for change in order.changes] == ["pay"] and order.price and day_of(order.changes[0].at) == day
    )


def test_a_refund_by_hand_moves_its_own_day_and_not_the_sale_day(world):
    sale_day = shift(TODAY, -90)
    order = one_sold(world, sale_day)
    before, today = world.truth(sale_day, NOW)["sales"], world.truth(TODAY, NOW)["sales"]
    world.edits.refund(order.id, NOW, kept_pct=10)
    assert world.truth(sale_day, NOW)["sales"] == before
    after = world.truth(TODAY, NOW)["sales"]
    paid_back = sum(ticket.price - ticket.price * 10 // 100 for ticket in order.tickets)
    assert Decimal(after["refunds"]) - Decimal(today["refunds"]) == Decimal(money(paid_back))
    assert after["tickets_refunded"] - today["tickets_refunded"] == len(order.tickets)


def test_a_removal_by_hand_takes_from_the_sale_day_and_a_restore_gives_back(world):
    day = shift(TODAY, -3)
    ticket = one_sold(world, day).tickets[0]
    before = world.truth(day, NOW)["sales"]
    world.edits.remove(ticket.id, NOW)
    after = world.truth(day, NOW)["sales"]
    assert before["tickets_sold"] - after["tickets_sold"] == 1
    assert Decimal(before["revenue"]) - Decimal(after["revenue"]) == Decimal(money(ticket.price))
    assert world.truth(TODAY, NOW)["sales"]["tickets_removed"] >= 1
    world.edits.restore(ticket.id, NOW)
    assert world.truth(day, NOW)["sales"] == before


def test_an_exchange_by_hand_moves_the_sale_to_the_day_of_the_exchange(world):
    day = shift(TODAY, -3)
    order = one_sold(world, day)
    before, today = (world.truth(each, NOW)["sales"] for each in (day, TODAY))
    new = world.edits.exchange(order.id, NOW)
    assert new.id != order.id
    gone = Decimal(before["revenue"]) - Decimal(world.truth(day, NOW)["sales"]["revenue"])
    came = Decimal(world.truth(TODAY, NOW)["sales"]["revenue"]) - Decimal(today["revenue"])
    assert gone == came == Decimal(money(order.price))


def test_a_reset_forgets_what_was_done_by_hand(world):
    before = world.truth(TODAY, NOW)
    world.edits.exchange(one_sold(world, shift(TODAY, -3)).id, NOW)
    world.correct_late(NOW)
    world.reset()
    assert world.truth(TODAY, NOW) == before


def test_the_clock_decides_what_has_happened(world):
    morning, evening = parse("2026-11-22T09:00:00"), parse("2026-11-22T21:00:00")
    assert world.truth(TODAY, morning)["sales"]["orders"] < world.truth(TODAY, evening)["sales"]["orders"]
    assert world.truth(shift(TODAY, 1), evening)["sales"]["orders"] == 0
    assert Decimal(world.truth(TODAY, morning)["vk"]["spend"]) < Decimal(world.truth(TODAY, evening)["vk"]["spend"])


def test_inventory_counts_what_is_sold_held_and_closed(world):
    show = one_sold(world, shift(TODAY, -1)).tickets[0].show_id
    places = world.inventory(show, NOW)
    assert places["sold"] > 0
    assert places["total"] == places["sold"] + places["held"] + places["free"]


@pytest.mark.parametrize("orders_per_day", [5, 40, 200])
def test_no_show_is_oversold_and_the_best_are_well_filled(orders_per_day):
    world = World(WorldParams(seed=5, start=date(2026, 8, 1), scale=Scale(orders_per_day)))
    places = [
        world.inventory(show.id, NOW) for event in world.tours.events(date(2026, 10, 1), TODAY) for show in event.shows
    ]
    filled = [place["sold"] / place["total"] for place in places]
    assert min(place["free"] for place in places) >= 0
    assert 0.2 < max(filled) < 1
