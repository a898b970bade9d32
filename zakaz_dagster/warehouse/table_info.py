"""What the server says about a table: columns, keys, partitions.

Belongs here: reads of `system.*` about one table. Does not: comparing it with the files (`drift`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zakaz_dagster.errors import ConfigFault, Fatal
from zakaz_dagster.warehouse.sql_files import tables

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

SERVICE_COLUMNS = ("_loaded_at", "_ver", "_run_id")
TABLE = (
    "SELECT partition_key, sorting_key, engine_full,"
    " (SELECT groupArray((name, type)) FROM (SELECT name, type FROM system.columns WHERE database = currentDatabase()"
    " AND table = {table:String} AND default_kind NOT IN ('ALIAS', 'MATERIALIZED') ORDER BY position)) AS columns"
    " FROM system.tables WHERE database = currentDatabase() AND name = {table:String}"
)
REPLICATED = re.compile(r"^Replicated(\w*MergeTree)(?:\('[^']*', '[^']*'(?:, )?(?P<more>[^)]*)\))?")


@dataclass(frozen=True)
class Shape:
    """A table as it is now: `types` maps each column to its ClickHouse type, in order. `local_engine` is the engine
    clause of the same table on one replica alone, '' where the table is not replicated anyway.
    """

    table: str
    types: Mapping[str, str]
    partition_key: str
    sorting_key: str
    local_engine: str = ""

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
    row = found[0]
    return Shape(table, dict(row["columns"]), row["partition_key"], row["sorting_key"], _local(row["engine_full"]))


def _local(engine: str) -> str:
    """`ReplicatedReplacingMergeTree('/path', '{replica}', _ver) ORDER BY …` without its replica."""
    replicated = REPLICATED.match(engine)
    if replicated is None:
        return ""
    return f"ENGINE = {replicated[1]}({replicated['more'] or ''}){engine[replicated.end() :]}"


def day_column(table: str) -> str:
    """The column that holds a row's day: the `day:` fact of the table's file."""
    statement = tables().get(table)
    if statement is None or "day" not in statement.meta:
        raise Fatal(f"sql/tables/{table}.sql names no day column", source="sql", expected="a line `-- day: <column>`")
    return statement.meta["day"]
