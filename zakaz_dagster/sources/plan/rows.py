"""Rows of `plan_sales` from the lines of a plan file.

A line that does not fit is put aside with its reason; so is the second line of one date, event and city, because which
of the two is meant would be a guess. An event is named by its number or by its name, if one event has it.
Belongs here: these rules. Does not: the file's form (`sheet`), replacing days (`ingest.days`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeVar

import pyarrow as pa

from zakaz_dagster.parsing.cities import CityIndex, normalise
from zakaz_dagster.parsing.dates import parse_date
from zakaz_dagster.parsing.numbers import parse_count, parse_money
from zakaz_dagster.parsing.unreadable import Unreadable
from zakaz_dagster.sources.base import Reject
from zakaz_dagster.sources.plan.sheet import Line, Sheet

T = TypeVar("T")
TABLE = "plan_sales"
NOWHERE = "не указано"
SCHEMA = pa.schema(
    [
        ("date", pa.date32()),
        ("event_id", pa.uint64()),
        ("event_name", pa.string()),
        ("city", pa.string()),
        ("plan_tickets", pa.uint64()),
        ("plan_revenue_rub", pa.decimal128(18, 2)),
    ]
)


@dataclass(frozen=True)
class Event:
    """An event of the catalogue."""

    event_id: int
    name: str
    city: str


@dataclass(frozen=True)
class Plan:
    """A file's rows by day, what was put aside, and names that no event of the catalogue has (kept, with event 0)."""

    days: Mapping[date, pa.Table]
    rejects: list[Reject] = field(default_factory=list)
    unknown_events: frozenset[str] = frozenset()

    @property
    def tickets(self) -> int:
        return sum(sum(rows["plan_tickets"].to_pylist()) for rows in self.days.values())

    @property
    def revenue_rub(self) -> Decimal:
        return sum((sum(rows["plan_revenue_rub"].to_pylist(), Decimal(0)) for rows in self.days.values()), Decimal(0))


class Catalogue:
    """Events by number, and by name where it says which."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._by_id: dict[int, Event] = {}
        self._by_name: dict[str, list[Event]] = {}
        for event in events:
            self._by_id[event.event_id] = event
            self._by_name.setdefault(normalise(event.name), []).append(event)

    def find(self, text: str, city: str) -> Event | None:
        """The event meant; None when the catalogue has none of that name. Several of one name need the city."""
        if text.isascii() and text.isdigit():
            if int(text) not in self._by_id:
                raise Unreadable(text, "the number of an event of the catalogue")
            return self._by_id[int(text)]
        named = self._by_name.get(normalise(text), [])
        fitting = [event for event in named if city in (NOWHERE, event.city)]
        if len(fitting) > 1:
            raise Unreadable(text, f"one event but {len(fitting)}; write its number")
        return fitting[0] if fitting else None


def plan_of(sheet: Sheet, events: Catalogue, cities: CityIndex) -> Plan:
    """The whole plan of every date the file names."""
    days: dict[date, list[dict[str, object]]] = {}
    rejects: list[Reject] = []
    unknown: set[str] = set()
    seen: dict[tuple[object, ...], int] = {}
    for line in sheet.lines:
        try:
            row = _row(line, sheet, events, cities)
        except Unreadable as error:
            rejects.append(Reject(str(error), f"line {line.number}"))
            continue
        key = (
            row["date"],
            row["event_id"],
            normalise(str(row["event_name"])) if not row["event_id"] else "",
            row["city"],
        )
        if key in seen:
            rejects.append(Reject(f"the same date, event and city as line {seen[key]}", f"line {line.number}"))
            continue
        seen[key] = line.number
        if line.event and not row["event_id"]:
            unknown.add(line.event)
        days.setdefault(_day(row), []).append(row)
    tables = {day: pa.Table.from_pylist(rows, SCHEMA) for day, rows in sorted(days.items())}
    return Plan(tables, rejects, frozenset(unknown))


def _row(line: Line, sheet: Sheet, events: Catalogue, cities: CityIndex) -> dict[str, object]:
    city = _city(line.city, cities)
    event = events.find(line.event, city) if line.event else None
    return {
        "date": _given(line.date, "a date", parse_date),
        "event_id": event.event_id if event else 0,
        "event_name": event.name if event else line.event,
        "city": event.city if event and city == NOWHERE and event.city else city,
        "plan_tickets": _given(
            line.tickets, "a number of tickets", lambda text: parse_count(text, sheet.decimal_comma)
        ),
        "plan_revenue_rub": _not_negative(line.revenue, sheet.decimal_comma),
    }


def _city(text: str, cities: CityIndex) -> str:
    if not text:
        return NOWHERE
    found = cities.resolve(text)
    if not found:
        raise Unreadable(text, "a known city; add its spelling to sql/seeds/city_aliases.csv")
    return found


def _not_negative(text: str, decimal_comma: bool) -> Decimal:
    value: Decimal = _given(text, "an amount", lambda cell: parse_money(cell, decimal_comma))
    if value < 0:
        raise Unreadable(text, "an amount of zero or more")
    return value


def _given(text: str, what: str, parse: Callable[[str], T | None]) -> T:
    value = parse(text)
    if value is None:
        raise Unreadable(text, what)
    return value


def _day(row: Mapping[str, object]) -> date:
    day = row["date"]
    assert isinstance(day, date)
    return day


def events_of(records: Iterable[Mapping[str, object]]) -> Iterator[Event]:
    """Events from rows of `dim_events`."""
    for record in records:
        yield Event(int(str(record["event_id"])), str(record["event_name"]), str(record["city"]))
