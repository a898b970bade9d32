"""Events, shows and seats: what is on sale, where and when.

A show's date is the venue's: a show at local midnight in Tomsk carries the previous date in the vendor's +03:00 text.
Belongs here: dimension rows and inventory snapshots. Does not: sales (`rows`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa

from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.sources.port import Reject
from zakaz_dagster.sources.qtickets.records import Event, Seat, Show
from zakaz_dagster.sources.qtickets.rows import EventNames

MOSCOW = ZoneInfo("Europe/Moscow")


@dataclass(frozen=True)
class Catalogue:
    """`events` and `shows` have the columns of dim_events and dim_shows without the service ones."""

    events: pa.Table
    shows: pa.Table
    names: EventNames
    rejects: Sequence[Reject]

    def on_sale(self, now: datetime) -> list[tuple[int, int]]:
        """(show, event) of every live show that has not finished (aware `now`)."""
        today = now.astimezone(MOSCOW).date()
        return [
            (row["show_id"], row["event_id"])
            for row in self.shows.select(["show_id", "event_id", "finish_date", "is_deleted"]).to_pylist()
            if not row["is_deleted"] and row["finish_date"] >= today
        ]


def catalogue_of(events: Sequence[Event], cities: CityIndex) -> Catalogue:
    """Dimension rows; a show without dates, or in an unknown zone, is put aside with its reason."""
    shows: list[dict[str, object]] = []
    rejects: list[Reject] = []
    for event in events:
        for show in event.shows:
            try:
                shows.append(_show_row(event, show, cities))
            except ValueError as error:
                rejects.append(Reject(str(error), f"event {event.id}, show {show.id}"))
    rows = [_event_row(event, [show for show in shows if show["event_id"] == event.id], cities) for event in events]
    names = {event.id: (_name(event), str(row["city"])) for event, row in zip(events, rows, strict=True)}
    return Catalogue(
        pa.Table.from_pylist(rows, _EVENTS), pa.Table.from_pylist(shows, _SHOWS), EventNames.of(names), rejects
    )


def inventory_row(
    show_id: int, event_id: int, seats: Mapping[str, Seat] | Sequence[Seat], at: datetime
) -> dict[str, object]:
    """One snapshot row. A standing zone is one record with many places, so quantities are summed, never counted."""
    records = list(seats.values()) if isinstance(seats, Mapping) else list(seats)
    open_ = [seat for seat in records if not seat.disabled]
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
        "seats_disabled": sum(seat.max_quantity for seat in records if seat.disabled),
    }


def _name(event: Event) -> str:
    if isinstance(event.name, str):
        return event.name.strip()
    return (event.name.get("ru") or next(iter(event.name.values()), "")).strip()


def _event_row(event: Event, shows: Sequence[Mapping[str, object]], cities: CityIndex) -> dict[str, object]:
    live = [show for show in shows if not show["is_deleted"]]
    raw = event.city.name if event.city else ""
    return {
        "event_id": event.id,
        "event_name": _name(event),
        "city": _city(raw, cities),
        "city_raw": raw,
        "timezone": event.city.timezone if event.city else "",
        "place_name": event.place_name or "",
        "is_active": int(bool(event.is_active)),
        "is_deleted": int(event.deleted_at is not None),
        "first_show_date": min((show["show_date"] for show in live), default=None),  # type: ignore[type-var]
        "last_show_date": max((show["finish_date"] for show in live), default=None),  # type: ignore[type-var]
        "shows": len(live),
    }


def _show_row(event: Event, show: Show, cities: CityIndex) -> dict[str, object]:
    if show.start_date is None:
        raise ValueError("show without a start date")
    zone = _zone(event)
    start = datetime.fromisoformat(show.start_date)
    finish = datetime.fromisoformat(show.finish_date or show.start_date)
    local = start.astimezone(zone)
    return {
        "show_id": show.id,
        "event_id": event.id,
        "event_name": _name(event),
        "city": _city(event.city.name if event.city else "", cities),
        "timezone": zone.key,
        "show_date": local.date(),
        "show_time": f"{local:%H:%M}",
        "finish_date": max(local.date(), finish.astimezone(zone).date()),
        "starts_at": start.astimezone(UTC),
        "is_active": int(bool(show.is_active)),
        "is_deleted": int(show.deleted_at is not None or event.deleted_at is not None),
    }


def _zone(event: Event) -> ZoneInfo:
    name = event.city.timezone if event.city else "Europe/Moscow"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"unknown time zone {name!r}") from None


def _city(raw: str, cities: CityIndex) -> str:
    """The one spelling; an unknown city keeps its own name in lower case, visible and never guessed."""
    return cities.resolve(raw) or raw.strip().lower()


_EVENTS = pa.schema(
    [
        ("event_id", pa.uint64()),
        ("event_name", pa.string()),
        ("city", pa.string()),
        ("city_raw", pa.string()),
        ("timezone", pa.string()),
        ("place_name", pa.string()),
        ("is_active", pa.uint8()),
        ("is_deleted", pa.uint8()),
        ("first_show_date", pa.date32()),
        ("last_show_date", pa.date32()),
        ("shows", pa.uint32()),
    ]
)
_SHOWS = pa.schema(
    [
        ("show_id", pa.uint64()),
        ("event_id", pa.uint64()),
        ("event_name", pa.string()),
        ("city", pa.string()),
        ("timezone", pa.string()),
        ("show_date", pa.date32()),
        ("show_time", pa.string()),
        ("finish_date", pa.date32()),
        ("starts_at", pa.timestamp("s", "UTC")),
        ("is_active", pa.uint8()),
        ("is_deleted", pa.uint8()),
    ]
)
INVENTORY = pa.schema(
    [
        ("snapshot_date", pa.date32()),
        ("snapshot_at", pa.timestamp("s", "Europe/Moscow")),
        ("show_id", pa.uint64()),
        ("event_id", pa.uint64()),
        ("seats_total", pa.uint32()),
        ("seats_free", pa.uint32()),
        ("seats_sold", pa.uint32()),
        ("seats_held", pa.uint32()),
        ("seats_disabled", pa.uint32()),
    ]
)
