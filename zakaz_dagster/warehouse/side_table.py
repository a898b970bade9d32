"""A side table: the same structure as its target, of one run only, where rows wait until they are proven right.

    CREATE side AS target ─▶ rows, control sums ─▶ lease ─▶ nothing newer in the target? ─▶ REPLACE PARTITION
                                                        ─▶ one version there? ─▶ lease given back

A partition holds the rows of one load or rebuild, which share one `_ver`. Swaps of one table take turns, whichever
process they are of: two at once would leave both contents. Belongs here: making, filling, proving, swapping and
dropping a side table. Does not: which rows belong in it (`day`, `rebuild`, `whole`), what a crash left (`healing`).
"""

# ruff: noqa: S608  (names come from our own files and the catalogue; values are parameters)
from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zakaz_dagster.errors import BadData, Failure, Retriable
from zakaz_dagster.warehouse.client import ONE_THREAD, Warehouse
from zakaz_dagster.warehouse.errors import ALREADY_EXISTS, Refused
from zakaz_dagster.warehouse.table_info import Shape

if TYPE_CHECKING:
    import pyarrow as pa

MARK = "__side_"
# A side table lives for the minutes of one load; one this old belongs to a run that was killed.
STALE = (
    "SELECT name FROM system.tables WHERE database = currentDatabase() AND position(name, {mark:String}) > 1"
    " AND metadata_modification_time < now() - INTERVAL 1 HOUR ORDER BY name"
)
ABANDONED = (
    "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name = {name:String}"
    " AND metadata_modification_time <= greatest(now() - INTERVAL 15 SECOND, now() - uptime())"
)
LEASE_WAIT, LEASE_LOOK = 60.0, 0.03  # seconds
# Partition commands in one ALTER: a year of days in a few statements, each text still readable in the query log.
SWAPS_PER_STATEMENT = 100
ROUNDS = 3  # of swapping, when another swap met this one
AHEAD_NS = 10 * 60 * 1_000_000_000  # a version so much later than now is no later load's: some clock was ahead


class Superseded(Retriable):
    """A load or rebuild that began later has already written the same partition."""


@dataclass(frozen=True)
class Content:
    """What a partition of the target holds."""

    rows: int
    oldest: int
    newest: int


NOTHING = Content(0, 0, 0)
Contents = Mapping[str, Content]  # of partitions by id; an empty one is left out


def rows_of(contents: Contents) -> int:
    """The rows of all these partitions."""
    return sum(each.rows for each in contents.values())


@dataclass(frozen=True)
class Side:
    """A side table `name` of the table described by `shape`; its rows have the version `ver`."""

    wh: Warehouse
    shape: Shape
    name: str
    ver: int

    def load(self, rows: pa.Table) -> None:
        """Insert the rows and prove that the table holds them: count and control sums of every column."""
        from zakaz_dagster.warehouse.control_sums import agree

        if rows.num_rows:
            self.wh.insert(self.name, rows, undo=self.empty)
        agree(self.wh, self.name, rows, key=self.shape.sorting_key)

    def empty(self) -> None:
        self.wh.command(f"TRUNCATE TABLE {self.name}")

    def counts(self) -> dict[str, int]:
        """Rows by partition id."""
        found = self.wh.rows(f"SELECT _partition_id AS id, count() AS n FROM {self.name} GROUP BY id")
        return {row["id"]: row["n"] for row in found}

    def swap(self, partition_ids: Sequence[str], filled: Mapping[str, int] | None = None) -> tuple[Contents, Contents]:
        """Put these partitions in the target's place, each atomically; one that is empty here is dropped there.

        `filled`: rows by partition id, counted by the caller. Returns what the target held before and holds now. Raises
        `Superseded`, with the target as it was, when a partition there has a newer version: its writer began later, so
        it saw at least what this one saw. A version of the future is none of those.
        """
        filled = self.counts() if filled is None else filled
        with lease(self.wh, self.shape.table):
            sync(self.wh, [self.shape.table])
            before = first = contents(self.wh, self.shape.table, partition_ids)
            for _ in range(ROUNDS):
                present = time.time_ns() + AHEAD_NS
                if any(self.ver < each.newest <= present for each in before.values()):
                    raise self._superseded()
                self._swap(partition_ids, filled)
                before = contents(self.wh, self.shape.table, partition_ids)
                if all(self._arrived(before.get(found, NOTHING), filled.get(found, 0)) for found in partition_ids):
                    return first, before
        raise self._superseded()

    def _swap(self, partition_ids: Sequence[str], filled: Mapping[str, int]) -> None:
        commands = [
            f"REPLACE PARTITION ID '{found}' FROM {self.name}" if filled.get(found) else f"DROP PARTITION ID '{found}'"
            for found in partition_ids
        ]
        one_at_a_time = f"swap-{self.wh.config.database}-{self.shape.table}"
        for start in range(0, len(commands), SWAPS_PER_STATEMENT):
            some = ", ".join(commands[start : start + SWAPS_PER_STATEMENT])
            self.wh.command(f"ALTER TABLE {self.shape.table} {some}", query_id=one_at_a_time)

    def _arrived(self, content: Content, rows: int) -> bool:
        return content.rows == rows and (not rows or (content.oldest, content.newest) == (self.ver, self.ver))

    def _superseded(self) -> Superseded:
        return Superseded(
            f"another load of {self.shape.table} wrote the same partitions and began later",
            source="clickhouse",
            retry_after=1.0,
            expected="one load of a partition at a time",
            next_step="it is repeated by itself; if it stays, look for two platforms that write the same database",
        )


def contents(wh: Warehouse, table: str, partition_ids: Sequence[str]) -> Contents:
    """Rows, oldest and newest version of each of these partitions; an empty one is left out."""
    found = wh.rows(
        f"SELECT _partition_id AS id, count() AS n, min(_ver) AS oldest, max(_ver) AS newest FROM {table}"
        " WHERE _partition_id IN {ids:Array(String)} GROUP BY id",
        {"ids": list(partition_ids)},
        ONE_THREAD,
    )
    return {row["id"]: Content(row["n"], row["oldest"], row["newest"]) for row in found}


def sync(wh: Warehouse, names: Iterable[str]) -> None:
    """On a cluster, wait until this replica has what the others took over: it may not be the one that wrote last."""
    if wh.config.cluster:
        for name in sorted(names):
            wh.command(f"SYSTEM SYNC REPLICA {name}")


@contextmanager
def lease(wh: Warehouse, table: str) -> Iterator[None]:
    """The turn to swap partitions of a table: a table of a certain name exists, and the server makes it only once.

    A lease from before the server's start, or older than any swap takes, belongs to a process that died.
    """
    name, until = f"{table}{MARK}lease", time.monotonic() + LEASE_WAIT
    while not _made(wh, name):
        if time.monotonic() > until:
            raise Retriable(
                f"{table} is being swapped by other loads for {LEASE_WAIT:.0f} seconds",
                source="clickhouse",
                retry_after=10.0,
                next_step=f"nothing was changed; it is repeated by itself. If it stays: DROP TABLE {name}",
            )
        time.sleep(LEASE_LOOK)
    try:
        yield
    finally:
        with suppress(Failure):  # a server that is away has forgotten the lease when it is back
            drop(wh, name)


def _made(wh: Warehouse, name: str) -> bool:
    try:
        wh.command(f"CREATE TABLE {name} (nothing UInt8) ENGINE = Memory")
    except Refused as refused:
        if refused.code != ALREADY_EXISTS:
            raise
    else:
        return True
    if wh.scalar(ABANDONED, {"name": name}):
        drop(wh, name)
    return False


@contextmanager
def side_table(wh: Warehouse, shape: Shape, run_id: str, ver: int) -> Iterator[Side]:
    """A fresh side table, dropped at the end; those of killed runs are dropped by `healing`.

    Of a replicated table it is a local one: what is not proven yet is nobody else's, and a swap is what is replicated.
    """
    name = f"{shape.table}{MARK}{_short(run_id)}_{secrets.token_hex(4)}"
    wh.command(f"CREATE TABLE {name} AS {shape.table} {shape.local_engine}".rstrip())
    try:
        yield Side(wh, shape, name, ver)
    except BaseException:
        with suppress(Failure):  # the failure that brought us here is the one to report
            drop(wh, name)
        raise
    drop(wh, name)


def orphans(wh: Warehouse) -> list[str]:
    """Side tables that no living run can own any more: older than an hour."""
    return [row["name"] for row in wh.rows(STALE, {"mark": MARK})]


def drop_orphans(wh: Warehouse) -> list[str]:
    """Drop them; their names."""
    names = orphans(wh)
    for name in names:
        drop(wh, name)
    return names


def drop(wh: Warehouse, name: str) -> None:
    wh.command(f"DROP TABLE IF EXISTS {name}")  # SYNC would wait for the disk


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
        "(run config: ops: <the step that failed>: config: allow_shrinking: true)",
    )


def _short(run_id: str) -> str:
    """The beginning of a run id of any form, as part of a table's name."""
    return re.sub(r"\W", "", run_id, flags=re.ASCII)[:8].lower() or "none"
