"""Facts rebuilt by SQL: a build's rows replace the days first..last of a table partitioned by month or by day.

    build SELECT ─▶ side table ─▶ only days asked for? ─▶ carry over the other days ─▶ REPLACE PARTITION

Belongs here: rebuilding. Does not: rows that come from a vendor (`day`), the SQL itself (`sql/builds`).
"""

# ruff: noqa: S608  (names come from our own files and the catalogue; values are parameters)
from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from zakaz_dagster.errors import BadData, Fatal
from zakaz_dagster.warehouse.arrow_types import SERVICE_COLUMNS
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.side_table import Side, carried_swap, side_table, until_unchanged
from zakaz_dagster.warehouse.sql_files import Statement
from zakaz_dagster.warehouse.table_info import Shape, day_column, shape

NOW = "now('Europe/Moscow')"


@dataclass(frozen=True)
class Rebuilt:
    """Rows of the days first..last before and after, and how many partitions were swapped."""

    rows_before: int
    rows_after: int
    partitions: int


@until_unchanged
def rebuild(wh: Warehouse, build: Statement, first: date, last: date, *, run_id: str = "", ver: int = 0) -> Rebuilt:
    """Replace the days first..last of the table named like the build with the rows its SELECT gives for them."""
    wh = wh.tagged(statement=f"day.rebuild {build.name}")
    about, column = shape(wh, build.name), day_column(build.name)
    params: dict[str, object] = {"first": str(first), "last": str(last)}
    within = f"{column} BETWEEN {{first:Date}} AND {{last:Date}}"
    count = f"SELECT count() FROM {build.name} WHERE {within}"
    before = int(wh.scalar(count, params))
    partitions = _partitions(wh, about, column, first, last)
    with side_table(wh, about, run_id) as side:
        fill(side, build, params, run_id=run_id, ver=ver)
        _only_asked(side, within, params, build)
        carried_swap(side, partitions, f"NOT ({within})", params)
    return Rebuilt(before, int(wh.scalar(count, params)), len(partitions))


def fill(side: Side, build: Statement, params: dict[str, object], *, run_id: str, ver: int) -> None:
    """Insert the build's rows into the side table, by column name; its columns must be the table's."""
    wh, types = side.wh, side.shape.types
    given = [row["name"] for row in wh.rows(f"DESCRIBE TABLE ({build.sql})", params)]
    service = {"_loaded_at": NOW, "_ver": "{ver:UInt64}", "_run_id": "{run:String}"}
    added = [name for name in SERVICE_COLUMNS if name in types and name not in given]
    if set(given) | set(added) != set(types):
        lacks, extra = sorted(set(types) - set(given) - set(added)), sorted(set(given) - set(types))
        raise Fatal(
            f"sql/builds/{build.name}.sql lacks {lacks or 'nothing'} and has unknown columns: {extra or 'none'}",
            source="sql",
            expected=f"the columns of {build.name}",
            next_step="correct the build or the table's file",
        )
    chosen = ", ".join([*given, *(f"{service[name]} AS {name}" for name in added)])
    target = ", ".join([*given, *added])
    bound = {**params, "ver": ver, "run": run_id}
    settings = {"max_partitions_per_insert_block": 0, "async_insert": 0}
    wh.command(f"INSERT INTO {side.name} ({target}) SELECT {chosen} FROM ({build.sql})", bound, settings)


def _partitions(wh: Warehouse, about: Shape, column: str, first: date, last: date) -> list[str]:
    days = [str(first + timedelta(days=step)) for step in range((last - first).days + 1)]
    inner = f"SELECT arrayJoin({{days:Array(Date)}}) AS {column}"
    found = wh.rows(f"SELECT DISTINCT {about.partition_id} AS id FROM ({inner}) ORDER BY id", {"days": days})
    return [row["id"] for row in found]


def _only_asked(side: Side, within: str, params: dict[str, object], build: Statement) -> None:
    strangers = int(side.wh.scalar(f"SELECT count() FROM {side.name} WHERE NOT ({within})", params))
    if strangers:
        raise BadData(
            f"sql/builds/{build.name}.sql gave {strangers} rows of days that were not asked for",
            source="clickhouse",
            expected="rows of {first}..{last} only",
            next_step="nothing was changed; correct the build's condition on the day",
        )
