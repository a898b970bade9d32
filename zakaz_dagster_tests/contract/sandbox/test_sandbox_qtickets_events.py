"""QTickets' events, seats and barcodes as the contract describes them, over a socket."""

from __future__ import annotations

import pytest

PAID_THAT_DAY = [
    {"column": "payed_at", "operator": ">=", "value": "2026-11-20T00:00:00+03:00"},
    {"column": "payed_at", "operator": "<", "value": "2026-11-21T00:00:00+03:00"},
]


def test_events_are_heavy_unless_selected(qtickets):
    heavy = qtickets.get("/events", {"orderBy": {"id": "desc"}})
    light = qtickets.get(
        "/events", {"orderBy": {"id": "desc"}, "select": ["id", "city.name", "shows.id", "shows.start_date"]}
    )
    assert heavy.json()["paging"] == light.json()["paging"]
    assert heavy.json()["paging"]["perPage"] == 10
    assert len(heavy.content) > 50 * len(light.content)
    assert set(light.json()["data"][0]) == {"id", "city", "shows"}
    assert set(light.json()["data"][0]["shows"][0]) == {"id", "start_date"}


def test_events_include_deleted_ones_unless_filtered(qtickets):
    select = ["id", "name", "deleted_at", "is_active"]
    every = qtickets.all("/events", select=select, perPage=100)
    live = qtickets.all("/events", select=select, perPage=100, where=[{"column": "deleted_at", "operator": "null"}])
    gone = [row for row in every if row["deleted_at"]]
    assert gone
    assert all(row["name"].startswith("Удалить - ") for row in gone)
    assert len(every) == len(live) + len(gone)
    assert {row["is_active"] for row in every} == {0, 1}


def test_every_order_belongs_to_a_listed_event_and_show(qtickets):
    events = {row["id"]: row for row in qtickets.all("/events", select=["id", "shows.id", "city"], perPage=100)}
    for order in qtickets.all("/orders", where=PAID_THAT_DAY, perPage=200):
        shows = {show["id"] for show in events[order["event_id"]]["shows"]}
        assert {basket["show_id"] for basket in order["baskets"]} <= shows
        assert events[order["event_id"]]["city"]["timezone"].startswith("Asia/")


def a_show(sandbox, *, standing):
    for order in sandbox.orders("2026-11-20"):
        for ticket in order["tickets"]:
            if ticket["live"] and (order["event_id"] % 4 < 2) is standing:
                return ticket["show_id"]
    raise AssertionError("no such ticket that day")


@pytest.mark.parametrize("standing", [True, False])
def test_flat_seats_are_an_object_whose_sums_are_the_inventory(sandbox, qtickets, standing):
    show = a_show(sandbox, standing=standing)
    seats = qtickets.rows(f"/shows/{show}/seats", {"flat": True})
    truth = sandbox.get(f"/world/inventory?show={show}")
    opened = [seat for seat in seats.values() if not seat["disabled"]]
    assert sum(seat["max_quantity"] for seat in opened) == truth["total"]
    assert sum(seat["payed_quantity"] for seat in opened) == truth["sold"] > 0
    assert sum(seat["free_quantity"] for seat in opened) == truth["free"]
    assert sum(seat["ordered_quantity"] - seat["payed_quantity"] for seat in opened) == truth["held"]
    assert any(seat["admission"] and seat["max_quantity"] > 100 for seat in opened)
    assert all(key == seat["id"] for key, seat in seats.items())


def test_seats_that_are_not_flat_stand_in_zones(sandbox, qtickets):
    zones = qtickets.rows(f"/shows/{a_show(sandbox, standing=True)}/seats")
    assert len(zones) == 4
    assert all(zone["seats"] for zone in zones.values())


def test_the_seats_of_a_deleted_show_are_an_empty_list(qtickets):
    twin = next(
        row
        for row in qtickets.all("/events", select=["id", "deleted_at", "shows.id"], perPage=100)
        if row["deleted_at"]
    )
    assert qtickets.get(f"/shows/{twin['shows'][0]['id']}/seats", {"flat": True}).json() == {"data": []}


def test_barcodes_are_a_bare_array_of_live_tickets(sandbox, qtickets):
    show = a_show(sandbox, standing=False)
    rows = qtickets.get(f"/shows/{show}/barcodes", {"select": ["barcode", "seat_name"]}).json()
    assert isinstance(rows, list)
    assert len(rows) == sandbox.get(f"/world/inventory?show={show}")["sold"]
    assert set(rows[0]) == {"barcode", "seat_name"}
