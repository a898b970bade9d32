"""Rows of `plan_sales` from a plan file (.csv, .xlsx, HTML, text): what is meant to be sold on which day, of what.

A line that does not fit is put aside with its reason; so are lines of one date, event and city that contradict each
other, because which of them is meant would be a guess. An event is named by its number, or by its name if only one
event has it.
Belongs here: these rules. Does not: reading tables (`tables`), replacing days (`ingest`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

import pyarrow as pa

from zakaz_dagster.errors import BadData, ShapeChanged
from zakaz_dagster.parsing.cities import CityIndex, city_key
from zakaz_dagster.parsing.dates import parse_date
from zakaz_dagster.parsing.names import name_key
from zakaz_dagster.parsing.numbers import Measure
from zakaz_dagster.parsing.unreadable import Unreadable
from zakaz_dagster.seeds import seed
from zakaz_dagster.sources.base import Reject
from zakaz_dagster.table_schemas import schema_of
from zakaz_dagster.tables.files import FileRead, Reader
from zakaz_dagster.tables.headers import TableKind, Vocabulary
from zakaz_dagster.tables.limits import Refused
from zakaz_dagster.tables.reader import Line, Rules

SOURCE = "plan"
TABLE = "plan_sales"
NOWHERE = "не указано"
PLAN = TableKind(
    needed=("sale_date", "plan_tickets", "plan_revenue"),
    naming=(),
    date="sale_date",
    measures={
        **dict.fromkeys(("plan_tickets", "tickets"), Measure.COUNT),
        **dict.fromkeys(("plan_revenue", "revenue"), Measure.MONEY),
    },
    texts=("event_name", "city"),
    ids=("event_id",),
    stand_ins={"plan_tickets": "tickets", "plan_revenue": "revenue"},
)
SCHEMA = schema_of("plan_sales")
FIGURES = ("plan_tickets", "plan_revenue_rub")
Row: TypeAlias = dict[str, Any]
Found: TypeAlias = tuple[tuple[object, ...], str, Row]  # what a line is of, where it stands, and its row
_NUMBER = re.compile(r"(?:=\s*\"|№|#|id\b)?\s*(\d{1,18})(?:\.0)?\s*\"?", re.IGNORECASE)


@dataclass(frozen=True)
class Event:
    """An event of the catalogue; `city` is '' where it is not known."""

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
    """Events by number, and by name where it says which. Without any events, numbers are taken as they are."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._by_id: dict[int, Event] = {}
        self._by_name: dict[str, list[Event]] = {}
        for event in events:
            self._by_id[event.event_id] = event
            self._by_name.setdefault(name_key(event.name), []).append(event)

    def find(self, text: str, city: str) -> Event | None:
        """The event meant; None when the catalogue has none of that name. Several of one name need the city."""
        number = _NUMBER.fullmatch(text.strip())
        if number is not None:
            return self._numbered(int(number[1]), text, city)
        fitting = [event for event in self._by_name.get(name_key(text), []) if city in (NOWHERE, event.city)]
        if len(fitting) > 1:
            raise Unreadable(text, f"one event but {len(fitting)}; write its number")
        return fitting[0] if fitting else None

    def _numbered(self, number: int, text: str, city: str) -> Event:
        if not self._by_id:
            return Event(number, "", "")
        event = self._by_id.get(number)
        if event is None:
            raise Unreadable(text, "the number of an event of the catalogue")
        if city not in (NOWHERE, event.city) and event.city:
            raise Unreadable(text, f"an event in {city}: «{event.name}» is in {event.city}, and no sale could meet it")
        return event


def plan_of(name: str, data: bytes, events: Catalogue, cities: CityIndex) -> Plan:
    """The whole plan of every date that the file names.

    `name` is shown in messages. Raises ShapeChanged when no table of it is a plan, BadData when it cannot be read.
    """
    rules = Rules(names=lambda cells: bool(cells.get("event_name") or cities.resolve(cells.get("city", ""))))
    try:
        read = Reader(Vocabulary(PLAN, seed("mail_columns")), rules).file(data)
    except Refused as error:
        raise BadData(f"{name}: {error}", source=SOURCE, expected="a CSV or .xlsx file", next_step=_NEXT) from None
    if not read.tables:
        raise _no_table(name, read)
    rejects: list[Reject] = []
    found: list[Found] = []
    for where, line, reason in _lines(read):
        try:
            row = _row(line, reason, events, cities)
        except (Unreadable, Refused) as error:
            rejects.append(Reject(str(error), where))
            continue
        city = cities.resolve(row["city_raw"]) or row["city_key"]
        found.append(((row["date"], row["event_id"], "" if row["event_id"] else row["event_key"], city), where, row))
    kept, again = once(found, "date, event and city", FIGURES)
    days: dict[date, list[Row]] = {}
    for row in kept:
        days.setdefault(row["date"], []).append(row)
    tables = {day: pa.Table.from_pylist(rows, SCHEMA) for day, rows in sorted(days.items())}
    unknown = {row["event_name"] for row in kept if row["event_name"] and not row["event_id"]}
    return Plan(tables, rejects + again, frozenset(unknown))


def once(found: Iterable[Found], what: str, figures: Sequence[str]) -> tuple[list[Row], list[Reject]]:
    """The rows whose key (`what`, in words) stands once, and what was put aside.

    Of rows that agree in their figures the first is kept; of rows that contradict each other none.
    """
    by_key: dict[tuple[object, ...], list[tuple[str, Row]]] = {}
    for key, where, row in found:
        by_key.setdefault(key, []).append((where, row))
    kept: list[Row] = []
    rejects: list[Reject] = []
    for rows in by_key.values():
        (first, row), *others = rows
        if all(other[name] == row[name] for _, other in others for name in figures):
            kept.append(row)
            rejects += [Reject(f"the same {what} as {first}", where) for where, _ in others]
        else:
            places = ", ".join(where for where, _ in rows)
            why = f"{places} have the same {what} and other figures: which holds is not known"
            rejects += [Reject(why, where) for where, _ in rows]
    return kept, rejects


_NEXT = "nothing was changed; correct the file"


def _no_table(name: str, read: FileRead) -> ShapeChanged:
    lacks = f": the likeliest table lacks {', '.join(read.lacks)}" if read.lacks else ""
    return ShapeChanged(
        f"{name} has no line of column names{lacks}",
        source=SOURCE,
        expected="columns with the date, the tickets and the revenue planned («Дата», «Билеты», «Выручка»)",
        next_step=_NEXT,
    )


def _lines(read: FileRead) -> Iterator[tuple[str, Line, str]]:
    """Every line with its place, and why its whole table is put aside."""
    for number, table in enumerate(read.tables, start=1):
        place = f"{table.title or f'table {number}'}, " if len(read.tables) > 1 else ""
        for line in table.lines:
            yield f"{place}row {line.number}", line, table.reason


def _row(line: Line, reason: str, events: Catalogue, cities: CityIndex) -> dict[str, Any]:
    day = parse_date(line.cells["sale_date"])
    if day is None:
        raise Unreadable("", "a date")
    used = [fault for fault in line.faults if not fault.startswith(("tickets:", "revenue:"))]
    if reason or used:
        raise Refused(reason or "; ".join(used))
    city = _city(line.cells.get("city", ""), cities)
    text = line.cells.get("event_id") or line.cells.get("event_name") or ""
    event = events.find(text, city) if text else None
    name = (event.name if event else "") or line.cells.get("event_name") or text
    written = line.cells.get("city") or (event.city if event else "")
    return {
        "date": day,
        "event_id": event.event_id if event else 0,
        "event_name": name,
        "event_key": name_key(name),
        "city_raw": written,
        "city_key": city_key(written),
        "plan_tickets": int(_figure(line, "plan_tickets", "a number of tickets")),
        "plan_revenue_rub": _figure(line, "plan_revenue", "an amount"),
    }


def _city(text: str, cities: CityIndex) -> str:
    if not text:
        return NOWHERE
    found = cities.resolve(text)
    if not found:
        raise Unreadable(text, "a known city; add its spelling to sql/seeds/city_aliases.csv")
    return found


def _figure(line: Line, role: str, what: str) -> Decimal:
    value = line.figures.get(role)
    if value is None or value < 0:
        raise Unreadable(line.cells[role], f"{what} of zero or more")
    return value


def events_of(records: Iterable[Mapping[str, object]]) -> Iterator[Event]:
    """Events from rows of `dim_events`."""
    for record in records:
        yield Event(int(str(record["event_id"])), str(record["event_name"]), str(record["city"]))
