"""The stress world: hard to foretell, repeatable, never oversold, and it knows its own ends and costs."""

from __future__ import annotations

from datetime import date

import pytest

from zakaz_dagster.dev.sandbox.world import World, WorldParams
from zakaz_dagster.dev.sandbox.world.demand import Demand
from zakaz_dagster.dev.sandbox.world.moments import day_of, days, midnight, shift

FIRST, LAST = date(2026, 1, 1), date(2026, 6, 30)
LATER = midnight(date(2027, 6, 1))


@pytest.fixture(scope="module")
def world():
    return World(WorldParams(seed=5, start=FIRST, stress=True))


@pytest.fixture(scope="module")
def past(world):
    return [each for each in world.histories(shift(FIRST, 100), LAST) if each.event.opens >= FIRST]


def test_a_day_is_the_same_in_any_order_of_asking_and_its_orders_have_ids_of_their_own(world):
    day = date(2026, 4, 10)
    other = World(WorldParams(seed=5, start=date(2025, 6, 1), stress=True))
    assert other.made(day) == world.made(day)
    assert len({order.id for order in world.made(day)}) == len(world.made(day)) == world.orders.count(day)


def test_shows_are_tiny_and_huge_and_some_sell_out_and_none_is_oversold(past):
    finals = sorted(each.final() for each in past)
    assert finals[0] < 20
    assert finals[-1] > 30 * max(1, finals[len(finals) // 10])
    assert 0.05 < sum(each.sold_out() is not None for each in past) / len(past) < 0.4
    assert all(each.left(day) >= 0 for each in past for day in each.taken)


def test_the_inventory_a_vendor_gives_is_never_below_zero(world, past):
    full = next(each for each in past if each.sold_out())
    show = next(show for show in full.event.shows if show.local_date == full.show_date and show.deleted is None)
    seats = world.inventory(show.id, midnight(shift(full.finish, 1)))
    assert seats["free"] >= 0
    assert seats["sold"] + seats["held"] + seats["free"] == seats["total"]


def test_presales_spike_and_the_last_days_swell(past):
    long = [
        each for each in past if (each.finish - each.opened).days > 40 and each.final() > 100 and not each.sold_out()
    ]
    early = sum(each.sold(shift(each.opened, 1)) for each in long) / sum(each.final() for each in long)
    late = 1 - sum(each.sold(shift(each.finish, -7)) for each in long) / sum(each.final() for each in long)
    assert early > 2 * 2 / 45
    assert late > 1.5 * 7 / 45


def test_advertising_moves_sales_with_diminishing_returns(world):
    event = next(
        event for event in world.tours.on_sale(date(2026, 4, 10)) if world._planned_cost(event, date(2026, 4, 10))
    )
    day = date(2026, 4, 10)
    costs = []
    for times in (0, 1, 2, 4):
        demand = Demand(5, 40, lambda _event, _day, times=times: 100_000 * times)
        costs.append((demand.expected(event, day), demand.marginal_rub(event, day, 1.0)))
    moved = [brought for (_, brought), _ in costs]
    assert moved == sorted(moved)
    assert moved[0] == 0
    assert moved[2] < 2 * moved[1]
    assert costs[0][1] is None
    assert costs[1][1] < costs[2][1] < costs[3][1]
    assert len({organic for (organic, _), _ in costs}) == 1


def test_the_true_cost_of_one_more_ticket_is_the_slope_of_what_advertising_brings(world):
    event, day = world.tours.on_sale(date(2026, 4, 10))[0], date(2026, 4, 10)
    roubles, more = 2000.0, 1.0
    at = [Demand(5, 40, lambda _e, _d, x=x: int(x * 100)).expected(event, day)[1] for x in (roubles, roubles + more)]
    told = Demand(5, 40, lambda _e, _d: int(roubles * 100)).marginal_rub(event, day, 1.0)
    assert told == pytest.approx(more / (at[1] - at[0]), rel=0.001)


def test_a_postponed_show_has_its_old_date_until_it_is_moved_and_keeps_its_sales(world):
    moved = [event for event in world.tours.events(FIRST, LAST) if event.shows[0].moved]
    assert moved
    for event in moved:
        show = event.shows[0]
        assert show.begins(show.moved - 1) == show.announced < show.starts == show.begins(show.moved)
        assert show.ends(show.moved - 1) - show.begins(show.moved - 1) == show.finishes - show.starts
        assert event.opens < day_of(show.moved) < event.first_date


def test_the_truth_of_a_day_knows_every_end(world, past):
    day = date(2026, 5, 1)
    told = {(each["event_id"], each["show_date"]): each for each in world.truth(day, LATER)["finals"]}
    known = [each for each in past if each.event.opens <= day <= each.finish and each.event.last_date <= LAST]
    assert len(known) > 10
    for each in known:
        truth = told[each.event.id, each.show_date.isoformat()]
        assert (truth["final"], truth["paid"], truth["places"]) == (each.final(), each.sold(day), each.places)
    assert any(each["next_ticket"] for each in told.values())


def test_curves_and_sales_of_the_books_are_the_same_tickets(world):
    first, last = date(2026, 3, 1), date(2026, 3, 10)
    paid = sum(
        cell.tickets_sold - cell.tickets_free
        for (day, _), cell in world.sales(first, last, LATER).items()
        if first <= day
    )
    ordered = 0
    for day in days(shift(first, -130), last):
        for order in world.made(day) if day >= FIRST else []:
            state = order.state(LATER)
            if state.payed_at is not None and first <= day_of(state.payed_at) <= last:
                ordered += sum(ticket.price > 0 and state.sold(n) for n, ticket in enumerate(order.tickets))
    assert paid == ordered > 0


def test_the_usual_world_says_nothing_of_ends():
    assert "finals" not in World(WorldParams(seed=5, start=FIRST)).truth(date(2026, 1, 5), LATER)


@pytest.mark.parametrize("seed", [5, 7])
def test_an_event_whose_every_show_was_called_off_has_places_and_sells_none(seed):
    stressed = World(WorldParams(seed=seed, start=FIRST, stress=True))
    listed = [event for event in stressed.tours.events(FIRST, LAST, twins=True) if event.shows[-1].deleted]
    listed = [event for event in listed if all(show.deleted for show in event.shows)]
    assert listed
    for event in listed[:20]:
        seats = stressed.inventory(event.shows[0].id, LATER)
        assert (seats["total"] > 0, seats["sold"]) == (True, 0)
