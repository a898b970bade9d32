"""How the server's schema differs from the files: what is missing, changed or foreign, and what cures it.

Belongs here: the comparison; it changes nothing. Does not: applying the cures (`schema`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from zakaz_dagster.warehouse import ddl
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.side_table import MARK
from zakaz_dagster.warehouse.sql_files import Place, Statement

LIVE = "SELECT name, engine, create_table_query, as_select FROM system.tables WHERE database = currentDatabase()"
REPLICA_PATH = re.compile(r"\('[^']*', '[^']*'(?:, )?")
BY_HAND = "data is never altered on its own: make a new table from sql/tables, copy the rows, exchange the two"


@dataclass(frozen=True)
class Difference:
    """One difference. `cure` are the statements `schema apply` would run; without any, a person has to act."""

    name: str
    kind: Literal["missing", "changed", "foreign"]
    what: str
    next_step: str
    cure: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.what}. Next step: {self.next_step}"


@dataclass(frozen=True)
class Live:
    """An object as the server describes it; parsed only when it is compared, for it may be of any kind."""

    engine: str
    create: str
    select: str

    @property
    def is_view(self) -> bool:
        return self.engine == "View"


def live_objects(wh: Warehouse) -> dict[str, Live]:
    """Everything in the database but side tables of running loads."""
    return {
        row["name"]: Live(row["engine"], row["create_table_query"], row["as_select"])
        for row in wh.rows(LIVE)
        if MARK not in row["name"]
    }


def missing(statement: Statement, place: Place) -> Difference:
    return Difference(
        statement.name, "missing", "does not exist", "run `zakaz schema apply`", (statement.rendered(place),)
    )


def foreign(names: Mapping[str, object]) -> Iterator[Difference]:
    """Objects without a file."""
    for name in sorted(names):
        step = f"nothing is dropped on its own; if nobody needs it: DROP TABLE {name}, or give it a file in sql/"
        yield Difference(name, "foreign", "has no file in sql/", step)


def table_differences(statement: Statement, live: Live, place: Place) -> Iterator[Difference]:
    """Columns, comments, engine, keys of a table that exists."""
    name = statement.name
    if live.is_view:
        yield Difference(name, "changed", "is a view, not a table", f"drop the view {name}, then `zakaz schema apply`")
        return
    wanted, held = ddl.parse(statement.sql), ddl.parse(live.create)
    alter = f"ALTER TABLE {name}" + (f" ON CLUSTER '{place.cluster}'" if place.cluster else "")
    yield from _columns(name, wanted, held, alter)
    if wanted.comment != held.comment:
        cure = f"{alter} MODIFY COMMENT {quoted(wanted.comment)}"
        yield Difference(name, "changed", "comment of the table", "run `zakaz schema apply`", (cure,))
    beside = sorted(key for key in {*wanted.clauses, *held.clauses} if key.split()[0] in ddl.BESIDE_COLUMNS)
    for clause in ("ENGINE", "PARTITION BY", "ORDER BY", "PRIMARY KEY", "TTL", *beside):
        ours, theirs = _clause(wanted, clause), _clause(held, clause)
        if ours != theirs and not (clause == "PRIMARY KEY" and not ours):
            yield Difference(name, "changed", f"{clause} is {theirs or 'absent'}, not {ours or 'absent'}", BY_HAND)


def view_differences(statement: Statement, live: Live, formatted: str, place: Place) -> Iterator[Difference]:
    """A view that exists; `formatted` is the file's SELECT in the server's own formatting."""
    name, wanted = statement.name, ddl.parse(statement.sql)
    if not live.is_view:
        yield Difference(
            name, "changed", "is a table, not a view", f"rename the table {name}, then `zakaz schema apply`"
        )
        return
    held = ddl.parse(live.create)
    changed = [
        what
        for what, same in {
            "columns": not wanted.columns or wanted.columns == held.columns,
            "comment": wanted.comment == held.comment,
            "SQL SECURITY": wanted.clauses.get("SQL SECURITY", "") == held.clauses.get("SQL SECURITY", ""),
            "DEFINER": place.definer in ("", held.clauses.get("DEFINER")),
            "SELECT": ddl.canonical(formatted) == ddl.without_database(live.select, place.database),
        }.items()
        if not same
    ]
    if changed:
        cure = (statement.rendered(place),)
        yield Difference(name, "changed", f"{', '.join(changed)} of the view", "run `zakaz schema apply`", cure)


def _columns(name: str, wanted: ddl.Ddl, held: ddl.Ddl, alter: str) -> Iterator[Difference]:
    theirs = {column.name: column for column in held.columns}
    after = "FIRST"
    for column in wanted.columns:
        other = theirs.pop(column.name, None)
        if other is None:
            cure = f"{alter} ADD COLUMN IF NOT EXISTS {_declaration(column)} {after}"
            yield Difference(name, "missing", f"column {column.name}", "run `zakaz schema apply`", (cure,))
        else:
            yield from _column(name, column, other, alter)
        after = f"AFTER {column.name}"
    for column in theirs.values():
        yield Difference(
            name, "foreign", f"column {column.name} {column.type}", "keep it in the file, or drop it by hand"
        )


def _column(name: str, wanted: ddl.Column, held: ddl.Column, alter: str) -> Iterator[Difference]:
    if wanted.type != held.type:
        yield Difference(name, "changed", f"column {wanted.name} is {held.type}, not {wanted.type}", BY_HAND)
    if wanted.extras != held.extras:
        what = f"column {wanted.name} has {held.extras or 'no codec or default'}, not {wanted.extras or 'none'}"
        yield Difference(name, "changed", what, f"ALTER TABLE {name} MODIFY COLUMN {wanted.name} by hand")
    if wanted.comment != held.comment:
        cure = f"{alter} COMMENT COLUMN {wanted.name} {quoted(wanted.comment)}"
        yield Difference(name, "changed", f"comment of column {wanted.name}", "run `zakaz schema apply`", (cure,))


def _declaration(column: ddl.Column) -> str:
    return f"{column.name} {column.type} {column.extras} COMMENT {quoted(column.comment)}"


def _clause(table: ddl.Ddl, clause: str) -> str:
    """A clause as it can be compared: no replica's path, no outer parentheses."""
    text = table.clauses.get(clause, "")
    if clause == "ENGINE":
        text = REPLICA_PATH.sub("(", text.removeprefix("Replicated")).removesuffix("()")
    return text.removeprefix("(").removesuffix(")") if text.startswith("(") else text


def quoted(text: str) -> str:
    """A string literal of SQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
