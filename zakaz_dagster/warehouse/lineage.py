"""What a statement reads and where each of its columns comes from, read from its own text.

Belongs here: the questions the platform asks about statements. Does not: walking a SELECT (`tracing`), running SQL,
Dagster's objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from zakaz_dagster.errors import Fatal
from zakaz_dagster.warehouse import ddl
from zakaz_dagster.warehouse.ddl import Column
from zakaz_dagster.warehouse.sql_files import Statement, load
from zakaz_dagster.warehouse.tracing import Known, Origin, Tracer, Untraceable


def select_of(statement: Statement) -> str:
    """The SELECT of a view, a build or a check."""
    return ddl.parse(statement.sql).select if statement.kind == "views" else statement.sql


def columns(statement: Statement) -> tuple[Column, ...]:
    """The declared columns of a table or a view, with types and comments."""
    return ddl.parse(statement.sql).columns if statement.kind in ("tables", "views") else ()


def reads(statement: Statement) -> frozenset[str]:
    """The tables and views the statement reads, other than what it makes itself (a build may look at what was)."""
    if statement.kind not in ("views", "builds", "checks"):
        return frozenset()
    tree = parsed(statement)
    inner = {statement.name, *(cte.alias for cte in tree.find_all(exp.CTE))}
    return frozenset(table.name for table in tree.find_all(exp.Table) if table.name and table.name not in inner)


def column_lineage(statement: Statement, known: Known | None = None) -> dict[str, tuple[Origin, ...]]:
    """For each output column of a view or a build: the (table, column) pairs its value is computed from, sorted.

    A constant or a plain count has none. Conditions and join keys are not origins. `known` maps tables to their
    columns; by default those of sql/tables and sql/views.
    """
    try:
        found = Tracer(known if known is not None else known_columns()).outputs(parsed(statement))
    except Untraceable as error:
        raise Fatal(
            f"sql/{statement.kind}/{statement.path.name}: {error}",
            source="lineage",
            expected="every column traceable to a table of sql/",
            next_step="qualify the column with its source's alias",
        ) from None
    named = {name: tuple(sorted(origins)) for name, origins in found.items()}
    declared = [column.name for column in columns(statement)]
    if statement.kind == "views" and declared and declared != list(named):
        raise Fatal(
            f"sql/views/{statement.path.name} declares {declared} but selects {list(named)}",
            source="lineage",
            expected="the same names in the same order",
        )
    return named


@lru_cache(maxsize=1)
def known_columns() -> Mapping[str, tuple[str, ...]]:
    """The columns of every table and view of sql/, read once per process."""
    statements = [*load("tables").values(), *load("views").values()]
    return {statement.name: tuple(column.name for column in columns(statement)) for statement in statements}


def parsed(statement: Statement) -> exp.Expr:
    try:
        return sqlglot.parse_one(select_of(statement), dialect="clickhouse")
    except ParseError as error:
        first, file = error.errors[0], f"sql/{statement.kind}/{statement.path.name}"
        raise Fatal(
            f"{file} cannot be read at line {first['line']}: {first['description']}",
            source="lineage",
            expected="SQL that sqlglot parses; it knows no alias inside GROUP BY, for one",
            next_step="write that line more plainly",
        ) from None
