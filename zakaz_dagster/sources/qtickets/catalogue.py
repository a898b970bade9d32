"""Events and shows: what is on sale, where and when.

A show's date is the venue's: a show at local midnight in Tomsk carries the previous date in the vendor's +03:00 text.
Belongs here: dimension rows. Does not: seats (`inventory`), sales (`rows`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import pyarrow as pa

from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.sources.base import Reject
from zakaz_dagster.sources.qtickets.records import Event, Show
from zakaz_dagster.sources.qtickets.rows import EventNames
from zakaz_dagster.table_schemas import schema_of
from zakaz_dagster.timezone import MOSCOW

FIRST_YEAR, LAST_YEAR = 2000, 2100  # shows outside are slips of the pen, and ClickHouse's DateTime ends in 2106
LARGEST_ID = 2**63
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Catalogue:
    """`events` and `shows` have the columns of dim_events and dim_shows without the service ones.

    `received` counts the records of both that came.
    """

    events: pa.Table
    shows: pa.Table
    names: EventNames
    received: int
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
    """Dimension rows; what has no possible id, date or zone is put aside with its reason."""
    rejects: list[Reject] = []
    known = list(_fitting(((event, f"event {event.id}") for event in events), _known_id, rejects))
    pairs = (((event, show), f"event {event.id}, show {show.id}") for event, _ in known for show in event.shows)
    shows = [row for _, row in _fitting(pairs, lambda pair: _show_row(*pair, cities), rejects)]
    by_event: dict[object, list[dict[str, object]]] = defaultdict(list)
    for show in shows:
        by_event[show["event_id"]].append(show)
    rows = [_event_row(event, by_event[event.id], cities) for event, _ in known]
    names = {event.id: (_name(event), str(row["city"])) for (event, _), row in zip(known, rows, strict=True)}
    return Catalogue(
        pa.Table.from_pylist(rows, _EVENTS),
        pa.Table.from_pylist(shows, _SHOWS),
        EventNames.of(names),
        len(events) + sum(len(event.shows) for event, _ in known),
        rejects,
    )


def _fitting(records: Iterable[tuple[T, str]], make: Callable[[T], R], rejects: list[Reject]) -> Iterator[tuple[T, R]]:
    """Each record with what is made of it; one that cannot be goes to `rejects` with the reason."""
    for record, where in records:
        try:
            made = make(record)
        except (ValueError, OverflowError) as error:
            shown = record[-1] if isinstance(record, tuple) else record
            rejects.append(Reject(str(error), where, msgspec.json.encode(shown).decode()))
        else:
            yield record, made


def _known_id(record: Event | Show) -> int:
    if not 0 < record.id < LARGEST_ID:
        raise ValueError("an id out of range")
    return record.id


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
    _known_id(show)
    zone = _zone(event)
    start, finish = _moment(show.start_date), _moment(show.finish_date or show.start_date)
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


def _moment(text: str) -> datetime:
    """An aware moment that a calendar of shows can hold."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a show's moment without an offset")
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise ValueError(f"a show in the year {found.year}")
    return found


def _zone(event: Event) -> ZoneInfo:
    name = event.city.timezone if event.city else "Europe/Moscow"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"unknown time zone {name!r}") from None


def _city(raw: str, cities: CityIndex) -> str:
    """The one spelling; an unknown city keeps its own name in lower case, visible and never guessed."""
    return cities.resolve(raw) or raw.strip().lower()


_EVENTS, _SHOWS = schema_of("dim_events"), schema_of("dim_shows")
