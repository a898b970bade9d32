"""Seats of shows as snapshots: how many places a hall has, and how many of them are free, sold and held.

A standing zone is one record with many places, so quantities are summed, never counted. Places that the organiser
closed leave the total and the free ones; what was sold or is held counts wherever it is, and so does its place in the
capacity: a seat closed after its sale is still somebody's seat.
Belongs here: snapshot rows, and records that cannot be part of one. Does not: which shows are on sale (`catalogue`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import pyarrow as pa

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.sources.base import Reject
from zakaz_dagster.sources.qtickets.api import NotFound, QTicketsApi
from zakaz_dagster.sources.qtickets.odd import Odd
from zakaz_dagster.sources.qtickets.records import Seat
from zakaz_dagster.table_schemas import schema_of
from zakaz_dagster.timezone import MOSCOW

MOST_PLACES = 1_000_000  # of one record; no zone of any hall holds so many
QUANTITIES = ("max_quantity", "free_quantity", "ordered_quantity", "payed_quantity", "in_basket_quantity")
INVENTORY = schema_of("stg_qtickets_inventory_raw")


@dataclass(frozen=True)
class Hall:
    """The seats of one show by the vendor's key; `unread` when the show as a whole could not be read."""

    show_id: int
    event_id: int
    seats: Mapping[str, Seat]
    odd: Sequence[Odd] = ()
    unread: bool = False

    @property
    def received(self) -> int:
        """Records that came; a show that could not be read counts as one."""
        return len(self.seats) + len(self.odd)


@dataclass(frozen=True)
class Inventory:
    """One snapshot of every show that is on sale; `received` counts seat records."""

    rows: pa.Table
    received: int
    rejects: Sequence[Reject]


def read_hall(api: QTicketsApi, show_id: int, event_id: int) -> Hall:
    """Ask for one show's seats; a show that is gone, or answers in another form, does not cost the others."""
    try:
        seats, odd = api.seats(show_id)
    except (NotFound, ShapeChanged) as failure:
        where = f"show {show_id}"
        return Hall(show_id, event_id, {}, [Odd(where, failure.what, record=where)], unread=True)
    return Hall(show_id, event_id, seats, odd)


def inventory_of(halls: Iterable[Hall], at: datetime) -> Inventory:
    """Snapshots at `at` (aware); a record that cannot be true is put aside, its show stays."""
    rows: list[dict[str, object]] = []
    rejects: list[Reject] = []
    received = 0
    for hall in halls:
        received += hall.received
        refused = _impossible(hall)
        rejects += [Reject(each.reason, f"show {hall.show_id}, {each.where}", each.payload) for each in hall.odd]
        rejects += refused.values()
        if not hall.unread:
            possible = [seat for key, seat in hall.seats.items() if key not in refused]
            rows.append(inventory_row(hall.show_id, hall.event_id, possible, at))
    return Inventory(pa.Table.from_pylist(rows, INVENTORY), received, rejects)


def inventory_row(show_id: int, event_id: int, seats: Sequence[Seat], at: datetime) -> dict[str, object]:
    """One snapshot row."""
    open_ = [seat for seat in seats if not seat.disabled]
    closed = [seat for seat in seats if seat.disabled]
    total = sum(seat.max_quantity for seat in open_)
    moment = at.astimezone(MOSCOW)
    return {
        "snapshot_date": moment.date(),
        "snapshot_at": moment,
        "show_id": show_id,
        "event_id": event_id,
        "seats_capacity": total + sum(seat.payed_quantity + _held(seat) for seat in closed),
        "seats_total": total,
        "seats_free": sum(seat.free_quantity for seat in open_),
        "seats_sold": sum(seat.payed_quantity for seat in seats),
        "seats_held": sum(_held(seat) for seat in seats),
        "seats_disabled": sum(seat.max_quantity for seat in closed),
    }


def _held(seat: Seat) -> int:
    return max(0, seat.ordered_quantity - seat.payed_quantity) + seat.in_basket_quantity


def _impossible(hall: Hall) -> dict[str, Reject]:
    """Each record whose quantities cannot be true, by its key."""
    refused = {}
    for key, seat in hall.seats.items():
        found = [getattr(seat, name) for name in QUANTITIES]
        if min(found) < 0 or max(found) > MOST_PLACES:
            reason = "a seat quantity below zero" if min(found) < 0 else "a seat quantity out of range"
            refused[key] = Reject(reason, f"show {hall.show_id}, seat {key}", msgspec.json.encode(seat).decode())
    return refused
