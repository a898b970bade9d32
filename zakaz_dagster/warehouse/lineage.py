"""What a SELECT reads, from its own text.

Belongs here: pure functions over SQL (sqlglot). Does not: running SQL, Dagster's objects.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from zakaz_dagster.warehouse import ddl
from zakaz_dagster.warehouse.statements import Statement


def select_of(statement: Statement) -> str:
    """The SELECT of a view, a build or a check."""
    return ddl.parse(statement.sql).select if statement.kind == "views" else statement.sql


def reads(statement: Statement) -> frozenset[str]:
    """The tables and views the statement reads."""
    if statement.kind == "tables":
        return frozenset()
    tree = sqlglot.parse_one(select_of(statement), dialect="clickhouse")
    inner = {cte.alias for cte in tree.find_all(exp.CTE)}
    return frozenset(table.name for table in tree.find_all(exp.Table) if table.name and table.name not in inner)
