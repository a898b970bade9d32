"""Money that moves on another day than that of its row: a refund stands with its sale and is read on its own day.

`-- moved: date` in a table's file names that second day. For every month of the table the ledger of builds keeps, under
a name of its own (`key`), which other days its rows speak of and since when they say what they say: what reads the
table by that day is owed when one of them changes, whatever month holds the row.
Belongs here: these entries, and the conditions for both days. Does not: comparing (`build_ledger`), building.
"""

# ruff: noqa: S608  (names come from our own files; values are parameters)
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from zakaz_dagster.warehouse.sql_files import Statement, tables

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

HELD = """
SELECT fact, day, content FROM meta_day_builds FINAL
WHERE fact BETWEEN {first:String} AND {last:String}
"""


def key(table: str, day: date) -> str:
    """Under which name the ledger knows the other days of the table's month."""
    return f"{table} {day:%Y-%m}"


def entries(built: Mapping[str, Mapping[date, Any]], table: str) -> Iterator[tuple[date, Any]]:
    """What the ledger has of the other days of all the table's months."""
    for name, days in built.items():
        if name.startswith(f"{table} "):
            yield from days.items()


def changed(wh: Warehouse, table: str, first: date, last: date, content: str) -> dict[str, dict[date, int]]:
    """Name in the ledger to the other days whose rows within first..last are not those it knows, with their content.

    `content` is the expression that sums rows up.
    """
    about = tables()[table].meta if table in tables() else {}
    if "moved" not in about:
        return {}
    day, moved = about["day"], about["moved"]
    asked = (
        f"SELECT concat('{table} ', formatDateTime({day}, '%Y-%m')) AS fact, {moved} AS other, {content} AS content"
        f" FROM {table} WHERE {day} BETWEEN {{first:Date}} AND {{last:Date}} AND {moved} != {day} GROUP BY fact, other"
    )
    now = {(row["fact"], row["other"]): int(row["content"]) for row in wh.rows(asked, {"first": first, "last": last})}
    names = {"first": key(table, first), "last": key(table, last)}
    held = {(row["fact"], row["day"]): int(row["content"]) for row in wh.rows(HELD, names)}
    found: dict[str, dict[date, int]] = {}
    for name, other in sorted(now.keys() | held.keys()):
        if now.get((name, other), 0) != held.get((name, other), 0):
            found.setdefault(name, {})[other] = now.get((name, other), 0)
    return found


def conditions(table: Statement) -> list[str]:
    """That a row speaks of a day of first..last, for each of its days; always true for a table without days.

    They stand apart, because each of them alone leaves most of the table unread.
    """
    columns = [table.meta[name] for name in ("day", "moved") if name in table.meta]
    return [f"{column} BETWEEN {{first:Date}} AND {{last:Date}}" for column in columns] or ["1"]
