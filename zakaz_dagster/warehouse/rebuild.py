"""Facts rebuilt by SQL: a build's rows replace whole partitions of a table, every one that holds a day of first..last.

    whole partitions ─▶ inputs of one version? ─▶ build SELECT ─▶ side table ─▶ only their days? ─▶ REPLACE PARTITION

A partition is a function of its inputs: nothing of what stood in it is kept, so a rebuild heals whatever it held.
Belongs here: rebuilding. Does not: rows that come from a vendor (`day`), the SQL itself (`sql/builds`).
"""

# ruff: noqa: S608  (names come from our own files and the catalogue; values are parameters)
from __future__ import annotations

import time
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from zakaz_dagster.errors import BadData, Fatal, Retriable
from zakaz_dagster.warehouse import build_ledger, lineage_cache, moved_days
from zakaz_dagster.warehouse.build_ledger import WHOLE
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.errors import THROWN, Refused
from zakaz_dagster.warehouse.side_table import Side, Superseded, contents, rows_of, side_table, sync
from zakaz_dagster.warehouse.sql_files import Statement, load, tables
from zakaz_dagster.warehouse.table_info import SERVICE_COLUMNS, Shape, day_column, shape

NOW = "now('Europe/Moscow')"
EVER = (date(1970, 1, 1), date(2149, 6, 6))  # what a Date can hold
ROUNDS = 3  # of a build whose inputs changed between it and the builds that it reads


class MixedInput(Retriable):
    """A partition that a build would read holds rows of two loads: an interrupted swap that was not healed yet."""


@dataclass(frozen=True)
class Rebuilt:
    """Rows of the partitions before and after, how many they are, and their first and last day."""

    rows_before: int
    rows_after: int
    partitions: int
    first: date
    last: date


@dataclass(frozen=True)
class Span:
    """Whole partitions: their ids, first and last day."""

    ids: list[str]
    first: date
    last: date


def rebuild(wh: Warehouse, build: Statement, first: date, last: date, *, run_id: str = "", ver: int = 0) -> Rebuilt:
    """Replace the partitions that hold the Moscow days first..last of the table named like the build by what its SELECT
    gives for them: it is asked for their first to their last day. A table that says `-- whole:` is one partition.

    `ver`: nanoseconds since 1970, before anything is read; now by default. A partition that a later rebuild has written
    meanwhile is left to it. A build that refuses its inputs because a fact that it reads is older than they are (error
    395) gets that fact rebuilt first. Raises BadData when the build gives rows of other days, MixedInput (Retriable)
    when an input holds two versions of a partition, Fatal for a build or table that does not fit.
    """
    wh, ver = wh.tagged(statement=f"day.rebuild {build.name}"), ver or time.time_ns()
    record = build_ledger.noting(wh, build.name, ver, run_id)
    about, of_days = shape(wh, build.name), WHOLE not in tables()[build.name].meta
    column = day_column(build.name) if of_days else ""
    span = _whole(about, column, first, last) if of_days else Span(["all"], *_months(first, last))
    sync(wh, lineage_cache.reads(build) & tables().keys())
    refuse_mixed(wh, lineage_cache.reads(build), *((span.first, span.last) if of_days else EVER))
    params: dict[str, object] = {"first": str(span.first), "last": str(span.last)}
    within = f"{column} BETWEEN {{first:Date}} AND {{last:Date}}" if of_days else "1"
    with side_table(wh, about, run_id, ver) as side:
        _fill_from_current(side, build, params, span, run_id)
        filled = _only_asked(side, within, params, build)
        try:
            before, after = side.swap(span.ids, filled)
        except Superseded:
            before = after = contents(wh, build.name, span.ids)
        else:
            record(span.first, span.last)
    return Rebuilt(rows_of(before), rows_of(after), len(span.ids), span.first, span.last)


def _whole(about: Shape, column: str, first: date, last: date) -> Span:
    """The partitions of these days, with every day they hold."""
    if about.partition_key == f"toYYYYMM({column})":
        first, last = _months(first, last)
        name = "%Y%m"
    elif about.partition_key in (column, f"toYYYYMMDD({column})"):
        name = "%Y%m%d"
    else:
        raise Fatal(
            f"{about.table} is partitioned by {about.partition_key or 'nothing'}",
            source="clickhouse",
            expected=f"toYYYYMM({column}), or a day",
            next_step=f"compare it with sql/tables/{about.table}.sql (`zakaz schema diff`)",
        )
    days = (first + timedelta(days=step) for step in range((last - first).days + 1))
    return Span(list(dict.fromkeys(day.strftime(name) for day in days)), first, last)


def _months(first: date, last: date) -> tuple[date, date]:
    return first.replace(day=1), last.replace(day=monthrange(last.year, last.month)[1])


def refuse_mixed(wh: Warehouse, names: Iterable[str], first: date, last: date) -> None:
    """Refuse to read partitions of these tables, of the days first..last, that hold more than one version.

    Seeds are read with FINAL and may have rows that people added.
    """
    known = tables()
    inputs = [
        known[name] for name in sorted(names) if name in known and not {"versions", "seed"} & known[name].meta.keys()
    ]
    if not inputs:
        return
    parts = [f"({_mixed(each, within)})" for each in inputs for within in moved_days.conditions(each)]
    mixed = wh.rows(" UNION ALL ".join(parts), {"first": str(first), "last": str(last)})
    if mixed:
        listed = ", ".join(f"{row['name']} {row['id']}" for row in mixed[:5])
        raise MixedInput(
            f"{len(mixed)} partitions hold rows of two loads: {listed}",
            source="clickhouse",
            retry_after=30.0,
            expected="one version in a partition",
            next_step="nothing was changed; it heals by itself at the next look, or load those days again",
        )


def _mixed(table: Statement, within: str) -> str:
    return (
        f"SELECT '{table.name}' AS name, toString(_partition_id) AS id FROM {table.name} WHERE {within}"
        " GROUP BY _partition_id HAVING min(_ver) != max(_ver)"
    )


def _fill_from_current(side: Side, build: Statement, params: dict[str, object], span: Span, run_id: str) -> None:
    """Fill the side table; when the build says that a fact it reads lacks what its other inputs have, rebuild that."""
    builds = load("builds")
    upstream = [builds[name] for name in sorted(lineage_cache.reads(build)) if name in builds]
    for left in reversed(range(ROUNDS)):
        try:
            return fill(side, build, params, run_id=run_id)
        except Refused as refused:
            if refused.code != THROWN or not left or not upstream:
                raise
        side.empty()
        for each in upstream:
            rebuild(side.wh, each, span.first, span.last, run_id=run_id)
    return None


def fill(side: Side, build: Statement, params: dict[str, object], *, run_id: str) -> None:
    """Insert the build's rows into the side table, by column name; its columns must be the table's."""
    wh, types = side.wh, side.shape.types
    bound = {**params, "ver": side.ver, "run": run_id}
    given = lineage_cache.outputs(build) or [row["name"] for row in wh.rows(f"DESCRIBE TABLE ({build.sql})", bound)]
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
    settings = {"max_partitions_per_insert_block": 0, "async_insert": 0}
    wh.command(f"INSERT INTO {side.name} ({target}) SELECT {chosen} FROM ({build.sql})", bound, settings)


def _only_asked(side: Side, within: str, params: dict[str, object], build: Statement) -> dict[str, int]:
    """Rows by partition id, none of which is of a day that was not asked for."""
    counted = (
        f"SELECT _partition_id AS id, count() AS n, countIf(NOT ({within})) AS strangers FROM {side.name} GROUP BY id"
    )
    found = side.wh.rows(counted, params)
    if strangers := sum(row["strangers"] for row in found):
        raise BadData(
            f"sql/builds/{build.name}.sql gave {strangers} rows of days that were not asked for",
            source="clickhouse",
            expected="rows of {first}..{last} only",
            next_step="nothing was changed; correct the build's condition on the day",
        )
    return {row["id"]: row["n"] for row in found}
