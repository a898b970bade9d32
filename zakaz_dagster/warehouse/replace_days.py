"""Days put into a table, each replaced whole and atomically.

    rows ─▶ fit the table ─▶ side table ─▶ control sums ─▶ drop guard ─▶ REPLACE PARTITION (empty: DROP PARTITION)

Until the last step the target is untouched. Belongs here: the order of these steps for days. Does not: the steps
themselves (`columns`, `side`, `controls`), facts built by SQL (`rebuild`).
"""

# ruff: noqa: S608  (names come from our own files and the catalogue; values are parameters)
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData, Fatal
from zakaz_dagster.warehouse.arrow import fit, joined, with_service_columns
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.side_table import NOTHING, Side, contents, guard_drop, side_table
from zakaz_dagster.warehouse.table_info import Shape, day_column, shape

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DayReplaced:
    """Rows of the day before and after, counted in the table itself."""

    rows_before: int
    rows_after: int


@dataclass(frozen=True)
class Days:
    """The days being replaced in one table: the partition of each and the other keys all rows share."""

    about: Shape
    column: str
    keys: Mapping[str, str]
    ids: Mapping[date, str]

    @property
    def partitions(self) -> list[str]:
        return list(self.ids.values())


def replace_days(
    wh: Warehouse,
    table: str,
    days: Mapping[date, pa.Table],
    *,
    partition: Mapping[str, str] | None = None,
    guard: float | None,
    ver: int,
    run_id: str,
    ready: Callable[[], None] = lambda: None,
) -> dict[date, DayReplaced]:
    """Make each day's rows the whole content of that day in a table partitioned by day.

    `days`: Moscow days to rows with the table's columns (an empty table: the day is known to be empty and is cleared).
    `partition`: values of the partition key beside the day, such as the channel. `guard`: the share of rows that a day
    may lose, None for any. `ver`: nanoseconds since 1970 when the load began; a day keeps what a later load wrote.
    `ready` is called when the rows are proven and only the swaps are left; what it raises changes nothing.

    One side table and one insert serve all days; each partition is swapped on its own. Raises BadData for rows that do
    not fit, that belong to other days or that a guard refuses, Superseded (Retriable) when a later load wrote one of
    the days, ConfigFault or Fatal for a missing or other table. A failure before the swaps leaves every day as it was;
    one between swaps leaves each day either old or new.
    """
    if not days:
        return {}
    wh = wh.tagged(statement=f"day.replace {table}")
    scope = _scope(wh, shape(wh, table), list(days), dict(partition or {}))
    rows = _together(days, scope, ver=ver, run_id=run_id)
    before = contents(wh, table, scope.partitions)
    for day, own in days.items():
        guard_drop(table, str(day), before.get(scope.ids[day], NOTHING).rows, own.num_rows, guard)
    with side_table(wh, scope.about, run_id, ver) as side:
        side.load(rows)
        filled = _in_place(side, scope, days)
        ready()
        _, after = side.swap(scope.partitions, filled)
    return {
        day: DayReplaced(before.get(held, NOTHING).rows, after.get(held, NOTHING).rows)
        for day, held in scope.ids.items()
    }


def _scope(wh: Warehouse, about: Shape, days: list[date], keys: dict[str, str]) -> Days:
    """The partition of each day as the engine computes it; a partition must hold one day and nothing else."""
    column = day_column(about.table)
    first, last = min(days) - ONE_DAY, max(days) + ONE_DAY
    named = "".join(f", {{{name}:String}} AS {name}" for name in keys)
    inner = f"SELECT {{first:Date}} + number AS {column}{named} FROM numbers({{days:UInt32}})"
    found = wh.rows(
        f"SELECT {column} AS day, {about.partition_id} AS id FROM ({inner})",
        {"first": str(first), "days": (last - first).days + 1, **keys},
    )
    ids: dict[date, str] = {row["day"]: row["id"] for row in found}
    if len(set(ids.values())) < len(ids):
        raise Fatal(
            f"a partition of {about.table} ({about.partition_key}) holds other days as well",
            source="clickhouse",
            expected="a table partitioned by day",
            next_step=f"compare it with sql/tables/{about.table}.sql (`zakaz schema diff`)",
        )
    return Days(about, column, keys, {day: ids[day] for day in days})


def _together(days: Mapping[date, pa.Table], scope: Days, *, ver: int, run_id: str) -> pa.Table:
    """All rows in the table's own shape; every row must belong to its day and keys."""
    about, loaded_at, parts = scope.about, datetime.now(UTC), []
    for _, alike in groupby(days.items(), key=lambda item: item[1].schema):
        of = dict(alike)
        full = with_service_columns(
            pa.concat_tables(of.values()), about.types, loaded_at=loaded_at, ver=ver, run_id=run_id
        )
        fitted = fit(full, about.types, table=about.table)
        counts = [rows.num_rows for rows in of.values()]
        must: dict[str, Sequence[date | str]] = {scope.column: list(of)} | {
            name: [value] * len(of) for name, value in scope.keys.items()
        }
        for name, values in must.items():
            _only(fitted, name, values, counts, about.table, list(of))
        parts.append(fitted)
    return joined(parts)


def _only(
    rows: pa.Table, column: str, values: Sequence[date | str], counts: Sequence[int], table: str, days: Sequence[date]
) -> None:
    """So many rows of each day, one day after the other, have their day's value in the column."""
    due = pa.array(values).take(pa.array(np.repeat(np.arange(len(counts)), counts)))
    strange = np.asarray(pc.not_equal(rows.column(column).cast(due.type), due).fill_null(True))
    if not strange.any():
        return
    at = int(np.searchsorted(np.cumsum(counts), np.argmax(strange), "right"))
    start = sum(counts[:at])
    raise BadData(
        f"{int(strange[start : start + counts[at]].sum())} of {counts[at]} rows have another {column}",
        source=table,
        day=days[at],
        expected=f"{column} = {values[at]} in every row",
        next_step="nothing was changed; this is a defect of the source's rows",
    )


def _in_place(side: Side, scope: Days, days: Mapping[date, pa.Table]) -> dict[str, int]:
    """Rows by partition id, each in the partition that will be swapped for its day."""
    filled = side.counts()
    if filled != {scope.ids[day]: rows.num_rows for day, rows in days.items() if rows.num_rows}:
        raise BadData(
            f"the rows of {scope.about.table} fell into other partitions than their days",
            source="clickhouse",
            expected=f"partitions by {scope.about.partition_key}",
            next_step="nothing was changed; compare the partition key with sql/tables (`zakaz schema diff`)",
        )
    return filled
