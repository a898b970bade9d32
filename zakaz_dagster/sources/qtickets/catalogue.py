"""Events and shows: what is on sale, where and when, as the vendor says.

A show's date is the venue's: a show at local midnight in Tomsk carries the previous date in the vendor's +03:00 text.
Belongs here: rows of the catalogue. Does not: seats (`inventory`), sales (`rows`), what a city's name means
(sql/builds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import pyarrow as pa

from zakaz_dagster.parsing.cities import city_key
from zakaz_dagster.parsing.names import name_key
from zakaz_dagster.sources.base import Reject
from zakaz_dagster.sources.qtickets.description import CATALOGUE
from zakaz_dagster.sources.qtickets.odd import Odd
from zakaz_dagster.sources.qtickets.records import City, Event, Show
from zakaz_dagster.table_schemas import schema_of
from zakaz_dagster.timezone import MOSCOW

EVENTS, SHOWS = (schema_of(name) for name in CATALOGUE)


@dataclass(frozen=True)
class Catalogue:
    """`events` and `shows` have the columns of stg_qtickets_events_raw and _shows_raw, without the service ones.

    `received` counts the records of both that came.
    """

    events: pa.Table
    shows: pa.Table
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


def catalogue_of(events: Sequence[Event], odd: Sequence[Odd] = ()) -> Catalogue:
    """Rows of the catalogue; what does not fit (`odd`) or has no possible date or zone is put aside with its reason."""
    rejects = [each.reject for each in odd]
    rows: dict[int, dict[str, object]] = {}
    shows: dict[int, dict[str, object]] = {}
    for event in events:
        if event.id in rows:
            rejects.append(Reject("an event's number came before", f"event {event.id}", event.name_text))
            continue
        rows[event.id] = _event_row(event)
        for show in event.shows or ():
            where = f"event {event.id}, show {show.id}"
            try:
                row = _show_row(event, show)
            except ValueError as error:
                rejects.append(Reject(str(error), where, msgspec.json.encode(show).decode()))
                continue
            if show.id in shows:
                rejects.append(Reject("a show's number came before", where, msgspec.json.encode(show).decode()))
            else:
                shows[show.id] = row
    return Catalogue(
        pa.Table.from_pylist(list(rows.values()), EVENTS),
        pa.Table.from_pylist(list(shows.values()), SHOWS),
        len(rows) + len(shows) + len(rejects),
        rejects,
    )


def _event_row(event: Event) -> dict[str, object]:
    city = _city(event)
    return {
        "event_id": event.id,
        "event_name": event.name_text,
        "event_key": name_key(event.name_text),
        "city_raw": city.name or "",
        "city_key": city_key(city.name or ""),
        "timezone": city.timezone or "",
        "place_name": event.place_name or "",
        "is_active": int(bool(event.is_active)),
        "is_deleted": int(event.deleted_at is not None),
    }


def _show_row(event: Event, show: Show) -> dict[str, object]:
    if show.start_date is None:
        raise ValueError("show without a start date")
    zone = _zone(event)
    local = show.start_date.astimezone(zone)
    finish = (show.finish_date or show.start_date).astimezone(zone)
    return {
        "show_id": show.id,
        "event_id": event.id,
        "timezone": zone.key,
        "show_date": local.date(),
        "show_time": f"{local:%H:%M}",
        "finish_date": max(local.date(), finish.date()),
        "starts_at": show.start_date.astimezone(UTC),
        "is_active": int(bool(show.is_active)),
        "is_deleted": int(show.deleted_at is not None or event.deleted_at is not None),
    }


def _city(event: Event) -> City:
    return event.city if isinstance(event.city, City) else City()


def _zone(event: Event) -> ZoneInfo:
    """The venue's; where the event has no city, the zone the vendor writes its moments in."""
    name = event.city.timezone if isinstance(event.city, City) else MOSCOW.key
    try:
        return ZoneInfo(name or "")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"unknown time zone {name!r}") from None
