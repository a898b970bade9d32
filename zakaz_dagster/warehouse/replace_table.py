"""Small tables replaced whole: dimensions and seeds, from rows or from a build.

Belongs here: replacing an unpartitioned table in one atomic swap. Does not: anything with days (`day`, `rebuild`).
"""

# ruff: noqa: S608  (names come from our own files and the catalogue; values are parameters)
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from zakaz_dagster.errors import Fatal
from zakaz_dagster.warehouse import lineage_cache
from zakaz_dagster.warehouse.arrow import fit, with_service_columns
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import fill
from zakaz_dagster.warehouse.side_table import guard_drop, rows_of, side_table, sync
from zakaz_dagster.warehouse.sql_files import Statement, tables
from zakaz_dagster.warehouse.table_info import Shape, shape


@dataclass(frozen=True)
class WholeReplaced:
    """Rows of the table before and after."""

    rows_before: int
    rows_after: int


def replace_whole(
    wh: Warehouse,
    table: str,
    rows: pa.Table,
    *,
    ver: int = 0,
    run_id: str = "",
    guard: float | None = None,
) -> WholeReplaced:
    """Make `rows` the whole content of an unpartitioned table.

    `ver`: nanoseconds since 1970 when the rows were begun; now by default. `guard`: the share of rows that may go, None
    for any. Raises BadData for rows that do not fit or that the guard refuses, Superseded (Retriable) when a later
    replacement came first.
    """
    wh, ver = wh.tagged(statement=f"whole.replace {table}"), ver or time.time_ns()
    about = _unpartitioned(wh, table)
    full = with_service_columns(rows, about.types, loaded_at=datetime.now(UTC), ver=ver, run_id=run_id)
    fitted = fit(full, about.types, table=table)
    before = _count(wh, table)
    guard_drop(table, "", before, rows.num_rows, guard)
    with side_table(wh, about, run_id, ver) as side:
        side.load(fitted)
        _, after = side.swap(["all"])
    return WholeReplaced(before, rows_of(after))


def rebuild_whole(
    wh: Warehouse,
    build: Statement,
    *,
    ver: int = 0,
    run_id: str = "",
    guard: float | None = None,
    ready: Callable[[str], None] = lambda _: None,
) -> WholeReplaced:
    """Replace the unpartitioned table named like the build with all rows its SELECT gives; arguments as above.

    `ready` is called before the swap, with the name of the side table that holds the new rows.
    """
    wh, ver = wh.tagged(statement=f"whole.rebuild {build.name}"), ver or time.time_ns()
    about = _unpartitioned(wh, build.name)
    sync(wh, {build.name, *lineage_cache.reads(build)} & tables().keys())
    before = _count(wh, build.name)
    with side_table(wh, about, run_id, ver) as side:
        fill(side, build, {}, run_id=run_id)
        filled = side.counts()
        guard_drop(build.name, "", before, sum(filled.values()), guard)
        ready(side.name)
        _, after = side.swap(["all"], filled)
    return WholeReplaced(before, rows_of(after))


def append(wh: Warehouse, table: str, rows: pa.Table, *, ver: int, run_id: str) -> int:
    """Add rows to a table of snapshots, with the service columns; returns how many were written."""
    about = shape(wh, table)
    full = with_service_columns(rows, about.types, loaded_at=datetime.now(UTC), ver=ver, run_id=run_id)
    return wh.tagged(statement=f"whole.append {table}").insert(table, fit(full, about.types, table=table))


def _unpartitioned(wh: Warehouse, table: str) -> Shape:
    about = shape(wh, table)
    if about.partition_key:
        raise Fatal(
            f"{table} is partitioned by {about.partition_key}",
            source="clickhouse",
            expected="an unpartitioned table",
            next_step="replace its days, or drop PARTITION BY from its file",
        )
    return about


def _count(wh: Warehouse, table: str) -> int:
    return int(wh.scalar(f"SELECT count() FROM {table}"))
