"""What the server says about a table: columns, keys, partitions.

Belongs here: reads of `system.*` about one table. Does not: comparing it with the files (`drift`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zakaz_dagster.errors import ConfigFault, Fatal
from zakaz_dagster.warehouse.sql_files import tables

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

TABLE = (
    "SELECT partition_key, sorting_key, (SELECT groupArray((name, type)) FROM (SELECT name, type FROM system.columns"
    " WHERE database = currentDatabase() AND table = {table:String} AND default_kind NOT IN ('ALIAS', 'MATERIALIZED')"
    " ORDER BY position)) AS columns FROM system.tables WHERE database = currentDatabase() AND name = {table:String}"
)


@dataclass(frozen=True)
class Shape:
    """A table as it is now: `types` maps each column to its ClickHouse type, in order."""

    table: str
    types: Mapping[str, str]
    partition_key: str
    sorting_key: str

    @property
    def partition_id(self) -> str:
        """The SQL expression of a row's partition id, over the row's columns."""
        key = self.partition_key.strip()
        inner = key[1:-1] if key.startswith("(") and key.endswith(")") else key
        return f"partitionId({inner})" if inner else "'all'"


def shape(wh: Warehouse, table: str) -> Shape:
    """The shape of a table that must exist."""
    found = wh.rows(TABLE, {"table": table})
    if not found:
        raise ConfigFault(
            f"table {table} does not exist in {wh.config.database}",
            source="clickhouse",
            next_step="run `zakaz schema apply`",
        )
    return Shape(table, dict(found[0]["columns"]), found[0]["partition_key"], found[0]["sorting_key"])


def day_column(table: str) -> str:
    """The column that holds a row's day: the `day:` fact of the table's file."""
    statement = tables().get(table)
    if statement is None or "day" not in statement.meta:
        raise Fatal(f"sql/tables/{table}.sql names no day column", source="sql", expected="a line `-- day: <column>`")
    return statement.meta["day"]
