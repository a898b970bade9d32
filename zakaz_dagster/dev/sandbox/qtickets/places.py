"""Places of a show: the seat inventory (flat, or by zones) and the barcodes of its live tickets."""

from __future__ import annotations

from collections import Counter
from typing import Any

from zakaz_dagster.dev.sandbox.qtickets.bodies import barcode, roubles
from zakaz_dagster.dev.sandbox.qtickets.dirt import is_closed
from zakaz_dagster.dev.sandbox.world import World
from zakaz_dagster.dev.sandbox.world.halls import Seat
from zakaz_dagster.dev.sandbox.world.people import Person
from zakaz_dagster.dev.sandbox.world.tours import Event, Show

Json = dict[str, Any]


def seat_rows(world: World, show_id: int, now: int) -> list[Json]:
    """One row per seat id; an admission zone is one row with many places. A deleted show has none."""
    event, show = _find(world, show_id)
    if show.deleted is not None and show.deleted <= now:
        return []
    ordered, payed = Counter[str](), Counter[str]()
    for order, state, index in world.tickets(show.id, now):
        seat_id = order.tickets[index].seat_id
        ordered[seat_id] += 1
        payed[seat_id] += state.payed_at is not None
    hall = world.orders.halls.of(event)
    kinds, closed = world.params.dirt, {seat.id for seat in hall.closed}
    closed |= {seat.id for seat in hall.numbered if is_closed(seat.id, payed[seat.id], kinds)}
    return [_seat(seat, ordered[seat.id], payed[seat.id], disabled=seat.id in closed) for seat in hall.seats]


def by_zone(rows: list[Json]) -> Json:
    """Zones with their seats, which is what the vendor gives unless it is asked for a flat list."""
    zones: Json = {}
    for row in rows:
        zone = zones.setdefault(row["zone_id"], {"id": row["zone_id"], "name": row["zone_id"], "seats": []})
        zone["seats"].append(row)
    return zones


def barcode_rows(world: World, show_id: int, now: int) -> list[Json]:
    """One row per valid ticket: paid for and neither refunded nor removed."""
    event, show = _find(world, show_id)
    seats = {seat.id: seat for seat in world.orders.halls.of(event).seats}
    return [
        _barcode(seats[order.tickets[index].seat_id], order.tickets[index].price, Person(order.person))
        | {"barcode": barcode(order.tickets[index], state.tickets[index])}
        for order, state, index in world.tickets(show.id, now)
        if state.payed_at is not None
    ]


def _find(world: World, show_id: int) -> tuple[Event, Show]:
    event, show = world.tours.event_of_show(show_id), world.tours.show(show_id)
    if event is None or show is None:
        raise LookupError(f"no show {show_id}")
    return event, show


def _seat(seat: Seat, ordered: int, payed: int, *, disabled: bool) -> Json:
    free = 0 if disabled else max(0, seat.quantity - ordered)
    return {
        "id": seat.id, "root_id": seat.id, "name": seat.name, "zone_id": seat.zone, "zone_root_id": seat.zone,
        "short_seat_id": f"{seat.row};{seat.place}", "admission": seat.admission, "row": seat.row, "place": seat.place,
        "max_quantity": seat.quantity, "free_quantity": free, "ordered_quantity": ordered, "payed_quantity": payed,
        "in_basket_quantity": 0, "available": free > 0, "disabled": disabled, "ordered": ordered > 0,
        "price": roubles(seat.price), "currency_id": "RUB", "related_seats": [], "spread": {"agents": []},
        "color_theme_id": 1, "coords": [int(seat.place) * 10, int(seat.row) * 10],
    }  # fmt: skip


def _barcode(seat: Seat, price: int, person: Person) -> Json:
    return {
        "admission": seat.admission, "price": roubles(price), "seat_name": seat.name, "zone_name": seat.zone,
        "row": seat.row, "place": seat.place, "client_name": person.first_name, "client_surname": person.surname,
        "client_middlename": None,
    }  # fmt: skip
