"""Several tables that speak of the same days: what each adds, and where they disagree.

Tables that only their titles tell apart are of the cities that the titles name. Tables are comparable by what every
line of both names: the show's number, else event, city, date and time. A line that an earlier table has already said is
not counted again.
Belongs here: comparing lines of one mail. Does not: comparing mails (`sql/builds/mail_sales.sql`, by the same rule).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import astuple, replace
from datetime import date
from decimal import Decimal

from zakaz_dagster.parsing.names import name_key
from zakaz_dagster.sources.gmail.report_lines import Line, RefusedLine, TableRead, describe

IDENTITIES = ("event_id", "show_id", "event", "city", "show_date", "show_time")


def identity(line: Line, fields: Iterable[str]) -> tuple[object, ...]:
    """What a line is about, by these fields."""
    known = {
        "event_id": line.event_id,
        "show_id": line.show_id,
        "event": name_key(line.event_name),
        "city": line.city,
        "show_date": line.show_date.isoformat() if line.show_date else "",
        "show_time": line.show_time,
    }
    return tuple(known[name] for name in fields)


def agreed(tables: Iterable[TableRead]) -> tuple[dict[date, list[Line]], list[RefusedLine]]:
    """The days of all tables together, most trusted first, and what contradicts."""
    held: dict[date, list[list[Line]]] = defaultdict(list)
    contradictions: list[RefusedLine] = []
    for table in _placed(list(tables)):
        for day, lines in _by_day(table.lines).items():
            fresh, against = _new_lines(lines, held[day])
            contradictions += against
            if fresh:
                held[day].append(fresh)
    return {day: [line for lines in groups for line in lines] for day, groups in held.items() if groups}, contradictions


def _placed(tables: Sequence[TableRead]) -> Sequence[TableRead]:
    """The tables; those that only their titles tell apart («Томск», «Омск») are of the cities named there.

    One title with a city may be the sender's address, and places nothing.
    """
    if len({table.title_city for table in tables if table.title_city and table.lines}) < 2:  # noqa: PLR2004
        return tables
    return [
        replace(table, lines=[replace(line, city=table.title_city, city_raw=table.title_city) for line in table.lines])
        if table.title_city
        else table
        for table in tables
    ]


def _new_lines(lines: list[Line], held: list[list[Line]]) -> tuple[list[Line], list[RefusedLine]]:
    """The lines about shows that no held table speaks of; those that repeat one must agree with it."""
    against: list[RefusedLine] = []
    for group in held:
        shared = _shared_fields(lines, group)
        known = {identity(line, shared) for line in group}
        repeated = [line for line in lines if identity(line, shared) in known]
        about = {identity(line, shared) for line in repeated}
        reason = _difference(repeated, [line for line in group if identity(line, shared) in about])
        if reason:
            against += [RefusedLine(line.where, reason, line.sale_date, describe(line)) for line in repeated]
        lines = [line for line in lines if identity(line, shared) not in known]
    return lines, against


def _shared_fields(one: Sequence[Line], other: Sequence[Line]) -> list[str]:
    """The fields by which two tables can be compared: those that every line of both has. A number beats a name."""
    if not one or not other:
        return []
    shared = [
        name for name in IDENTITIES if all(identity(line, (name,))[0] for lines in (one, other) for line in lines)
    ]
    if "show_id" in shared:
        return ["show_id"]
    return [name for name in shared if not (name == "event" and "event_id" in shared)]


def _difference(repeated: list[Line], first: list[Line]) -> str:
    if not repeated:
        return ""
    own, other = _sums(repeated), _sums(first)
    # A table without a refunds column says nothing about refunds.
    unlike = [
        f"{name} {own[name]} against {other[name]}"
        for name in own
        if own[name] != other[name] and None not in (own[name], other[name])
    ]
    return f"it contradicts {first[0].where.rpartition(', row')[0]}: {'; '.join(unlike)}" if unlike else ""


def _sums(lines: Sequence[Line]) -> dict[str, Decimal | int | None]:
    counted = [line.counted for line in lines]
    refunds = [each.refunds for each in counted if each.refunds is not None]
    return {
        "tickets": sum(each.tickets for each in counted),
        "revenue": sum((each.revenue for each in counted), Decimal(0)),
        "refunds": sum(refunds, Decimal(0)) if len(refunds) == len(counted) else None,
    }


def _by_day(lines: Iterable[Line]) -> dict[date, list[Line]]:
    found: dict[date, list[Line]] = defaultdict(list)
    for line in lines:
        found[line.sale_date].append(line)
    return found


def digest_of(lines: Iterable[Line]) -> str:
    """The content of a statement, whatever the order, place or spelling of its lines."""
    facts = sorted(str((identity(line, IDENTITIES), astuple(line.counted))) for line in lines)
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()
