"""A side table: the same structure as its target, of one run only, where rows wait until they are proven right.

Belongs here: making, filling, proving and dropping it, and the swap. Does not: which rows belong in it (`day`,
`rebuild`, `whole`).
"""

# ruff: noqa: S608  (names come from our own files and the catalogue; values are parameters)
from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

import pyarrow as pa

from zakaz_dagster.errors import BadData, Failure, Retriable
from zakaz_dagster.warehouse.client import Params, Warehouse
from zakaz_dagster.warehouse.control_sums import agree
from zakaz_dagster.warehouse.table_info import Shape

MARK = "__side_"
# A side table lives for the minutes of one load; one this old belongs to a run that was killed.
STALE = (
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})"
    " AND metadata_modification_time < now() - INTERVAL 1 HOUR"
)
BLOCKS = (
    "SELECT partition_id, max(max_block_number) AS block FROM system.parts WHERE database = currentDatabase()"
    " AND table = {table:String} AND active AND partition_id IN {ids:Array(String)} GROUP BY partition_id ORDER BY 1"
)
# Partition commands in one ALTER: a year of days in a few statements, each text still readable in the query log.
SWAPS_PER_STATEMENT = 100


P = ParamSpec("P")
T = TypeVar("T")
ROUNDS = 4


class ChangedMeanwhile(Retriable):
    """Another load replaced the same partition between reading and swapping."""


def until_unchanged(work: Callable[P, T]) -> Callable[P, T]:
    """Do the work again when another load came in between, a few times."""

    @wraps(work)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(ROUNDS - 1):
            with suppress(ChangedMeanwhile):
                return work(*args, **kwargs)
        return work(*args, **kwargs)

    return repeated


@dataclass(frozen=True)
class Side:
    """A side table `name` of the table described by `shape`."""

    wh: Warehouse
    shape: Shape
    name: str

    def load(self, rows: pa.Table) -> None:
        """Insert the rows and prove that the table holds them: count and control sums of every column."""
        if rows.num_rows:
            self.wh.insert(self.name, rows, undo=self.empty)
        agree(self.wh, self.name, rows, key=self.shape.sorting_key)

    def empty(self) -> None:
        self.wh.command(f"TRUNCATE TABLE {self.name}")

    def counts(self) -> dict[str, int]:
        """Rows by partition id."""
        found = self.wh.rows(f"SELECT _partition_id AS id, count() AS n FROM {self.name} GROUP BY id")
        return {row["id"]: row["n"] for row in found}

    def swap(self, partition_ids: Sequence[str]) -> None:
        """Put these partitions in the target's place, each atomically; one that is empty here is dropped there."""
        filled = self.counts()
        commands = [
            f"REPLACE PARTITION ID '{found}' FROM {self.name}" if filled.get(found) else f"DROP PARTITION ID '{found}'"
            for found in partition_ids
        ]
        for start in range(0, len(commands), SWAPS_PER_STATEMENT):
            self.wh.command(
                f"ALTER TABLE {self.shape.table} {', '.join(commands[start : start + SWAPS_PER_STATEMENT])}"
            )


@contextmanager
def side_table(wh: Warehouse, shape: Shape, run_id: str) -> Iterator[Side]:
    """A fresh side table, dropped at the end; leftovers of killed runs of this target are dropped first."""
    prefix = f"{shape.table}{MARK}"
    for left in wh.rows(STALE, {"prefix": prefix}):
        drop(wh, left["name"])
    name = f"{prefix}{_short(run_id)}_{secrets.token_hex(4)}"
    wh.command(f"CREATE TABLE {name} AS {shape.table}")
    try:
        yield Side(wh, shape, name)
    except BaseException:
        with suppress(Failure):  # the failure that brought us here is the one to report
            drop(wh, name)
        raise
    drop(wh, name)


def drop(wh: Warehouse, name: str) -> None:
    wh.command(f"DROP TABLE IF EXISTS {name} SYNC")


def carried_swap(side: Side, partition_ids: Sequence[str], others: str | None, params: Params | None = None) -> None:
    """Carry over the target's rows that satisfy `others` in these partitions, then swap.

    Carrying over reads what another load may be replacing: block numbers only grow, so a number that changed between
    the read and the swap means that a swap now would undo the other's work.
    """
    if others is None:
        side.swap(partition_ids)
        return
    ids = {"ids": list(partition_ids)}
    seen = side.wh.rows(BLOCKS, {"table": side.shape.table, **ids})
    columns = ", ".join(side.shape.types)
    where = f"_partition_id IN {{ids:Array(String)}} AND {others}"
    side.wh.command(
        f"INSERT INTO {side.name} ({columns}) SELECT {columns} FROM {side.shape.table} WHERE {where}",
        {**(params or {}), **ids},
        {"max_partitions_per_insert_block": 0, "async_insert": 0},
    )
    if side.wh.rows(BLOCKS, {"table": side.shape.table, **ids}) != seen:
        raise ChangedMeanwhile(
            f"{side.shape.table} was changed by another load during this one",
            source="clickhouse",
            retry_after=1.0,
            next_step="nothing was changed; run it again",
        )
    side.swap(partition_ids)


FEW_ROWS = 20  # so few rows may all go by one refund; a share of them says nothing


def guard_drop(table: str, what: str, before: int, after: int, guard: float | None) -> None:
    """Refuse a replacement that loses more than the guard's share of the rows."""
    if guard is None or before < FEW_ROWS or after >= before * (1 - guard):
        return
    raise BadData(
        f"{table} would shrink from {before} to {after} rows",
        source="clickhouse",
        day=what,
        expected=f"a loss of at most {guard:.0%}",
        next_step="nothing was changed; if the vendor really has so few, load it again with the drop guard off "
        "(run config: ops: load_<source>: config: allow_shrinking: true)",
    )


def _short(run_id: str) -> str:
    """The beginning of a run id of any form, as part of a table's name."""
    return re.sub(r"\W", "", run_id, flags=re.ASCII)[:8].lower() or "none"
