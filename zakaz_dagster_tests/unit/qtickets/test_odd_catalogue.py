"""Events, shows and seats that cannot be read are put aside with their place and reason, and cost no other."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.sources.qtickets.answers import EVENT, page_of, seats_of
from zakaz_dagster.sources.qtickets.api import NotFound
from zakaz_dagster.sources.qtickets.catalogue import Catalogue, catalogue_of
from zakaz_dagster.sources.qtickets.inspect import barcodes, events, orders, seats
from zakaz_dagster.sources.qtickets.inventory import Hall, inventory_of, read_hall
from zakaz_dagster_tests.bodies_qtickets import PLANTED, order, page, ticket
from zakaz_dagster_tests.unit.qtickets.test_odd_records import NOW, changed


def event(**over: Any) -> dict[str, Any]:
    return {
        "id": 40,
        "name": "Цирк",
        "is_active": 1,
        "place_name": "ДК",
        "city": {"name": "г. Томск", "timezone": "Asia/Tomsk"},
        "shows": [show(501)],
        "deleted_at": None,
        **over,
    }


def show(number: int, **over: Any) -> dict[str, Any]:
    return {
        "id": number,
        "is_active": 1,
        "start_date": "2026-03-20T20:00:00+03:00",
        "finish_date": None,
        "deleted_at": None,
        **over,
    }


def catalogue(*bodies: dict[str, Any]) -> Catalogue:
    found = page_of(page(*bodies), EVENT, "GET /events")
    made = catalogue_of(found.data, found.odd)
    assert made.received == made.events.num_rows + made.shows.num_rows + len(made.rejects)
    return made


CATALOGUES = {
    # body, events, shows, the reason of what was put aside
    "no shows": (event(shows=None), 1, 0, None),
    "no name": (event(name=None), 1, 1, None),
    "names by language": (event(name={"en": "Circus", "ru": None}), 1, 1, None),
    "no city": (event(city=None), 1, 1, None),
    "an empty city": (event(city=[]), 1, 1, None),
    "no time zone": (event(city={"name": "Томск", "timezone": None}), 1, 0, "unknown time zone None"),
    "a made-up time zone": (event(city={"name": "Томск", "timezone": "../../etc"}), 1, 0, "unknown time zone"),
    "a show without a start": (event(shows=[show(501), show(502, start_date=None)]), 1, 1, "without a start date"),
    "a show of another shape": (event(shows=[show(501), show("x")]), 1, 1, "$.id"),
    "a show in another age": (event(shows=[show(501, start_date="3026-03-20T20:00:00+03:00")]), 1, 0, "the year 3026"),
    "a show said twice": (event(shows=[show(501), show(501)]), 1, 1, "came before"),
    "an event of another shape": (event(id=None), 0, 0, "$.id"),
}


@pytest.mark.parametrize(("body", "known", "shows", "reason"), CATALOGUES.values(), ids=CATALOGUES)
def test_an_odd_event_costs_itself_and_no_sale(
    body: dict[str, Any], known: int, shows: int, reason: str | None
) -> None:
    found = catalogue(event(id=1, shows=[show(1)]), body)
    assert (found.events.num_rows, found.shows.num_rows) == (1 + known, 1 + shows)
    assert (
        [reason in each.reason for each in found.rejects] == ([True] if reason else []) if reason else not found.rejects
    )


def test_the_catalogue_says_what_the_vendor_said_beside_its_normal_form() -> None:
    (row,) = catalogue(event(name="«Цирк» на Воде!")).events.to_pylist()
    assert (row["event_name"], row["event_key"]) == ("«Цирк» на Воде!", "цирк на воде")
    assert (row["city_raw"], row["city_key"]) == ("г. Томск", "томск")
    (shown,) = catalogue(event()).shows.to_pylist()
    assert (shown["show_date"], shown["show_time"]) == (date(2026, 3, 21), "00:00")


def seat(most: Any = 1, **over: Any) -> dict[str, Any]:
    return {
        "max_quantity": most,
        "free_quantity": 0,
        "ordered_quantity": 0,
        "payed_quantity": 0,
        "in_basket_quantity": 0,
        "disabled": False,
        **over,
    }


def hall(*found: dict[str, Any]) -> Any:
    read_seats, odd = seats_of(
        json.dumps({"data": {f"P-1;{n}": each for n, each in enumerate(found)}}).encode(), "test"
    )
    return inventory_of([Hall(1, 2, read_seats, odd)], NOW)


def test_sold_and_held_count_every_seat_and_only_total_and_free_leave_out_the_closed_ones() -> None:
    found = hall(
        seat(payed_quantity=1, ordered_quantity=1),
        seat(payed_quantity=1, ordered_quantity=1, disabled=True),
        seat(ordered_quantity=1, disabled=1),
        seat(in_basket_quantity=1),
        seat(free_quantity=1),
        seat(free_quantity=1, disabled=True),
        seat(200, free_quantity=150, payed_quantity=50, ordered_quantity=50),
    )
    (row,) = found.rows.to_pylist()
    counted = {name.removeprefix("seats_"): row[name] for name in row if name.startswith("seats_")}
    # Of the closed seats two are somebody's and count in the capacity, one is nobody's and does not.
    assert counted == {"capacity": 205, "total": 203, "free": 151, "sold": 52, "held": 2, "disabled": 3}


@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1), st.floats(0, 1), st.booleans()), max_size=30))
def test_no_hall_is_ever_more_than_full(zones: list[tuple[int, float, float, bool]]) -> None:
    bodies = []
    for most, paid, held, closed in zones:
        sold = round(most * paid)
        ordered = sold + round((most - sold) * held)
        bodies.append(
            seat(most, payed_quantity=sold, ordered_quantity=ordered, free_quantity=most - ordered, disabled=closed)
        )
    (row,) = hall(*bodies).rows.to_pylist()
    assert row["seats_sold"] + row["seats_held"] <= row["seats_capacity"]
    assert row["seats_sold"] + row["seats_held"] + row["seats_free"] == row["seats_capacity"]


def test_an_odd_seat_is_put_aside_and_its_hall_stays() -> None:
    found = hall(seat(), seat(payed_quantity=None), seat("many"), seat(payed_quantity=-1), seat(5_000_000))
    assert found.rows["seats_total"].to_pylist() == [1]
    assert (found.received, len(found.rejects)) == (5, 4)
    assert {reject.where for reject in found.rejects} == {f"show 1, seat P-1;{n}" for n in (1, 2, 3, 4)}


class Shows:
    """A show that is gone, one that answers in another form, and one that is fine."""

    def seats(self, show_id: int) -> Any:
        if show_id == 1:
            raise NotFound("HTTP 404: not found (RESOURCE_NOT_FOUND)", source="qtickets")
        return seats_of(b'{"zones": []}' if show_id == 2 else json.dumps({"data": [seat(7)]}).encode(), "GET seats")


def test_a_show_whose_seats_cannot_be_read_does_not_cost_the_others() -> None:
    found = inventory_of([read_hall(Shows(), number, 9) for number in (1, 2, 3)], NOW)  # type: ignore[arg-type]
    assert [(row["show_id"], row["seats_total"]) for row in found.rows.to_pylist()] == [(3, 7)]
    assert [reject.where for reject in found.rejects] == ["show 1, show 1", "show 2, show 2"]


def test_inspect_says_what_the_loader_puts_aside() -> None:
    shown = orders(page(order(ticket(100)), changed(deleted_at="")), {})
    assert (len(shown.rows), len(shown.rejects), shown.totals["gross_rub"]) == (1, 1, "100.00")
    listed = events(json.dumps({"data": [event(), event(id=None)]}).encode(), {})
    assert (len(listed.rows), len(listed.rejects)) == (1, 1)
    assert (listed.rows[0]["event_name"], listed.rows[0]["city_key"]) == ("Цирк", "томск")
    placed = seats(json.dumps({"data": {"a": seat(), "b": seat(None)}}).encode(), {})
    assert (placed.totals["seats_total"], len(placed.rejects)) == (1, 1)


def test_inspect_counts_barcodes_without_codes_and_names() -> None:
    codes = [
        {"barcode": "870000000001", "price": 500, "zone_name": "Партер", "admission": False, "client_name": PLANTED[0]},
        {"barcode": "870000000002", "price": 500, "zone_name": "Партер", "admission": False},
        {"barcode": "870000000003", "price": 300.5, "zone_name": "Танцпол", "admission": True},
    ]
    shown = barcodes(json.dumps(codes).encode(), {})
    assert shown.totals == {"received": 3, "tickets": 3, "price_rub": "1300.50"}
    assert [(row["zone"], row["tickets"]) for row in shown.rows] == [("Партер", 2), ("Танцпол", 1)]
    assert PLANTED[0] not in str(shown)
    assert "8700000" not in str(shown)
