"""Days put into a table, each replaced whole and atomically.

    rows ─▶ fit the table ─▶ side table ─▶ control sums ─▶ drop guard ─▶ REPLACE PARTITION (empty: DROP PARTITION)

Until the last step the target is untouched. Belongs here: the order of these steps for days. Does not: the steps
themselves (`columns`, `side`, `controls`), facts built by SQL (`rebuild`).
"""

# ruff: noqa: S608  (names come from our own files and the catalogue; values are parameters)
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData
from zakaz_dagster.warehouse.arrow_types import fit, with_service_columns
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.replace_table import replace_whole
from zakaz_dagster.warehouse.side_table import Side, carried_swap, guard_drop, side_table, until_unchanged
from zakaz_dagster.warehouse.table_info import Shape, day_column, shape

__all__ = ["DayReplaced", "rebuild", "replace", "replace_days", "replace_whole"]

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DayReplaced:
    """Rows of the day before and after, counted in the table itself."""

    rows_before: int
    rows_after: int


@dataclass(frozen=True)
class Days:
    """The days being replaced in one table: their partitions and the other keys all rows share."""

    about: Shape
    column: str
    keys: Mapping[str, str]
    ids: Mapping[date, str]
    coarse: bool

    @property
    def partitions(self) -> list[str]:
        return list(dict.fromkeys(self.ids.values()))


def replace(
    wh: Warehouse,
    table: str,
    day: date,
    rows: pa.Table,
    *,
    partition: Mapping[str, str] | None = None,
    guard: float | None,
    ver: int,
    run_id: str,
) -> DayReplaced:
    """Make `rows` the whole content of the day (of the partition's other keys, such as the channel, if it has any)."""
    return replace_days(wh, table, {day: rows}, partition=partition, guard=guard, ver=ver, run_id=run_id)[day]


@until_unchanged
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
    """Many days at once: one side table and one insert for all of them, each partition still swapped on its own.

    `ready` is called when the rows are proven and only the swaps are left; what it raises changes nothing.
    A failure before the swaps leaves every day as it was; one between swaps leaves each day either old or new.
    """
    if not days:
        return {}
    wh = wh.tagged(statement=f"day.replace {table}")
    scope = _scope(wh, shape(wh, table), list(days), dict(partition or {}))
    rows = _together(days, scope, ver=ver, run_id=run_id)
    before = _rows_by_day(wh, scope)
    for day, own in days.items():
        guard_drop(table, str(day), before.get(day, 0), own.num_rows, guard)
    with side_table(wh, scope.about, run_id) as side:
        side.load(rows)
        _in_place(side, scope, days)
        ready()
        carried_swap(side, scope.partitions, _others(scope))
    after = _rows_by_day(wh, scope)
    _arrived(table, days, after)
    return {day: DayReplaced(before.get(day, 0), after.get(day, 0)) for day in days}


def _scope(wh: Warehouse, about: Shape, days: list[date], keys: dict[str, str]) -> Days:
    """The partition of each day as the engine computes it, and whether a partition holds other days as well."""
    column = day_column(about.table)
    first, last = min(days) - ONE_DAY, max(days) + ONE_DAY
    named = "".join(f", {{{name}:String}} AS {name}" for name in keys)
    inner = f"SELECT {{first:Date}} + number AS {column}{named} FROM numbers({{days:UInt32}})"
    found = wh.rows(
        f"SELECT {column} AS day, {about.partition_id} AS id FROM ({inner})",
        {"first": str(first), "days": (last - first).days + 1, **keys},
    )
    ids: dict[date, str] = {row["day"]: row["id"] for row in found}
    coarse = any(ids[day] in (ids[day - ONE_DAY], ids[day + ONE_DAY]) for day in days)
    return Days(about, column, keys, {day: ids[day] for day in days}, coarse)


def _others(scope: Days) -> str | None:
    """Which rows share a partition with these days and must stay; None where a partition is one day."""
    if not scope.coarse:
        return None
    listed = ", ".join(repr(str(day)) for day in scope.ids)
    return f"{scope.column} NOT IN ({listed})"


def _together(days: Mapping[date, pa.Table], scope: Days, *, ver: int, run_id: str) -> pa.Table:
    """All rows in the table's own shape; every row must belong to its day and keys."""
    about, loaded_at = scope.about, datetime.now(UTC)
    parts = []
    for day, rows in days.items():
        full = with_service_columns(rows, about.types, loaded_at=loaded_at, ver=ver, run_id=run_id)
        fitted = fit(full, about.types, table=about.table)
        must: dict[str, date | str] = {scope.column: day, **scope.keys}
        for name, value in must.items():
            _only(fitted, name, value, about.table, day)
        parts.append(fitted)
    return pa.concat_tables(parts)


def _only(rows: pa.Table, column: str, value: date | str, table: str, day: date) -> None:
    strangers = rows.num_rows - (pc.sum(pc.equal(rows.column(column), pa.scalar(value))).as_py() or 0)
    if strangers:
        raise BadData(
            f"{strangers} of {rows.num_rows} rows have another {column}",
            source=table,
            day=day,
            expected=f"{column} = {value} in every row",
            next_step="nothing was changed; this is a defect of the source's rows",
        )


def _in_place(side: Side, scope: Days, days: Mapping[date, pa.Table]) -> None:
    """Every row sits in the partition that will be swapped for its day."""
    wanted: Counter[str] = Counter()
    for day, rows in days.items():
        wanted[scope.ids[day]] += rows.num_rows
    if side.counts() != {found: rows for found, rows in wanted.items() if rows}:
        raise BadData(
            f"the rows of {scope.about.table} fell into other partitions than their days",
            source="clickhouse",
            expected=f"partitions by {scope.about.partition_key}",
            next_step="nothing was changed; compare the partition key with sql/tables (`zakaz schema diff`)",
        )


def _rows_by_day(wh: Warehouse, scope: Days) -> dict[date, int]:
    own = "".join(f" AND {name} = {{{name}:String}}" for name in scope.keys)
    found = wh.rows(
        f"SELECT {scope.column} AS day, count() AS n FROM {scope.about.table}"
        f" WHERE {scope.column} BETWEEN {{first:Date}} AND {{last:Date}}{own} GROUP BY day",
        {"first": str(min(scope.ids)), "last": str(max(scope.ids)), **scope.keys},
    )
    return {row["day"]: row["n"] for row in found if row["day"] in scope.ids}


def _arrived(table: str, days: Mapping[date, pa.Table], after: Mapping[date, int]) -> None:
    for day, rows in days.items():
        if after.get(day, 0) != rows.num_rows:
            raise BadData(
                f"{table} does not hold what was swapped in: another load of the same day ran at the same time",
                source="clickhouse",
                day=day,
                expected=f"{rows.num_rows} rows, found {after.get(day, 0)}",
                next_step="load the day again",
            )
