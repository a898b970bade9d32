"""Seats of shows as snapshots: how many places a hall has, and how many of them are free, sold and held.

A standing zone is one record with many places, so quantities are summed, never counted.
Belongs here: snapshot rows, and records that cannot be part of one. Does not: which shows are on sale (`catalogue`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import pyarrow as pa

from zakaz_dagster.sources.base import Reject
from zakaz_dagster.sources.qtickets.records import Seat
from zakaz_dagster.table_schemas import schema_of
from zakaz_dagster.timezone import MOSCOW

MOST_PLACES = 1_000_000  # of one record; no zone of any hall holds so many
QUANTITIES = ("max_quantity", "free_quantity", "ordered_quantity", "payed_quantity", "in_basket_quantity")
INVENTORY = schema_of("stg_qtickets_inventory_raw")
SeatsOfShow = Mapping[str, Seat] | Sequence[Seat]


@dataclass(frozen=True)
class Inventory:
    """One snapshot of every show that is on sale; `received` counts seat records."""

    rows: pa.Table
    received: int
    rejects: Sequence[Reject]


def inventory_of(halls: Iterable[tuple[int, int, SeatsOfShow]], at: datetime) -> Inventory:
    """Snapshots at `at` of (show, event, seats); a record that cannot be true is put aside, its show stays."""
    rows: list[dict[str, object]] = []
    rejects: list[Reject] = []
    received = 0
    for show_id, event_id, seats in halls:
        received += len(seats)
        refused = list(refused_seats(show_id, seats))
        rejects += [reject for _, reject in refused]
        without = {key for key, _ in refused}
        rows.append(inventory_row(show_id, event_id, [seat for key, seat in _named(seats) if key not in without], at))
    return Inventory(pa.Table.from_pylist(rows, INVENTORY), received, rejects)


def refused_seats(show_id: int, seats: SeatsOfShow) -> Iterator[tuple[str, Reject]]:
    """Key and reject of each record whose quantities cannot be true."""
    for key, seat in _named(seats):
        found = [getattr(seat, name) for name in QUANTITIES]
        if min(found) < 0 or max(found) > MOST_PLACES:
            reason = "a seat quantity below zero" if min(found) < 0 else "a seat quantity out of range"
            yield key, Reject(reason, f"show {show_id}, seat {key}", msgspec.json.encode(seat).decode())


def inventory_row(show_id: int, event_id: int, seats: Sequence[Seat], at: datetime) -> dict[str, object]:
    """One snapshot row."""
    open_ = [seat for seat in seats if not seat.disabled]
    moment = at.astimezone(MOSCOW)
    return {
        "snapshot_date": moment.date(),
        "snapshot_at": moment,
        "show_id": show_id,
        "event_id": event_id,
        "seats_total": sum(seat.max_quantity for seat in open_),
        "seats_free": sum(seat.free_quantity for seat in open_),
        "seats_sold": sum(seat.payed_quantity for seat in open_),
        "seats_held": sum(
            max(0, seat.ordered_quantity - seat.payed_quantity) + seat.in_basket_quantity for seat in open_
        ),
        "seats_disabled": sum(seat.max_quantity for seat in seats if seat.disabled),
    }


def _named(seats: SeatsOfShow) -> list[tuple[str, Seat]]:
    """Records with the vendor's key of each, or its place in the list."""
    if isinstance(seats, Mapping):
        return list(seats.items())
    return [(str(number), seat) for number, seat in enumerate(seats)]
