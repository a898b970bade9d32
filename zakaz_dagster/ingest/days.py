"""One load: a source's days into the warehouse, each replaced whole, with its ledger entry.

    source.read ─▶ accounting, control totals ─▶ day.replace per table ─▶ rejects ─▶ ledger
    a thread, a batch ahead      in parallel; no table is swapped before the rows of all are proven

Belongs here: the order of these steps and the rule that a day left out or unaccounted changes nothing. Does not:
how a vendor is read (`sources`), how a day is swapped (`warehouse.replace_days`), Dagster (`defs`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData
from zakaz_dagster.ingest.concurrency import prefetch, with_barrier
from zakaz_dagster.sources.base import DayRead, DaySource, SourceDescription
from zakaz_dagster.warehouse import load_ledger
from zakaz_dagster.warehouse import replace_days as days
from zakaz_dagster.warehouse.client import Warehouse

# A batch is read while the one before it is written: large enough to spread what each statement costs (a year of most
# accounts is one), small enough that a long history is many batches and memory stays flat.
FLUSH_DAYS = 400
CODE = 4  # bytes of a text's number in its dictionary
FLUSH_BYTES = 32_000_000


@dataclass(frozen=True)
class Counted:
    """Records of one day: how many came, and how many of them were put aside."""

    received: int
    rejected: int

    @property
    def share(self) -> float:
        return self.rejected / self.received if self.received else float(self.rejected > 0)


@dataclass
class LoadReport:
    """What one load did; the numbers an operator sees on the run."""

    days: list[date] = field(default_factory=list)
    received: int = 0
    accepted: int = 0
    rejected: int = 0
    requests: int = 0
    retries: int = 0
    bytes: int = 0
    rows: dict[str, dict[date, int]] = field(default_factory=dict)  # table, day -> rows written
    totals: dict[str, Decimal | int] = field(default_factory=dict)
    totals_by_day: dict[date, dict[str, Decimal | int]] = field(default_factory=dict)
    counted: dict[date, Counted] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    kept: set[str] = field(default_factory=set)  # whose rows are those stored earlier, as they were not read


@dataclass(frozen=True)
class Load:
    """How a load runs: its identity, the drop guard (None: shrinking is allowed) and who hears of each batch."""

    run_id: str
    guard: float | None = 0.5
    progress: Callable[[Sequence[date]], None] = lambda _: None


def load_days(
    source: DaySource,
    about: SourceDescription,
    warehouse: Warehouse,
    first: date,
    last: date,
    load: Load,
    report: LoadReport | None = None,
) -> LoadReport:
    """Read the Moscow days first..last (both included) and make what the source says the whole content of each.

    `about`: the source's tables, controls and limits. `load`: the run's id, the share of rows that a day may lose, and
    who hears of each batch of days that stands. A `report` that is passed in tells what was done also when the load
    fails: records and bytes, rows by table and day, totals in the source's units (roubles, tickets).

    Days are written in batches, each table's days atomically and none before the rows of all tables are proven; then
    their rejects and the ledger. Every row of one call has the version of its beginning. Raises what the source raises
    (Retriable, Fatal, ShapeChanged, ConfigFault); BadData for a day that is left out, unaccounted, other than its
    totals, or smaller than the guard allows; Superseded (Retriable) when a load that began later wrote one of the days.
    The days of the unfinished batch then hold what they held, those of earlier batches what was read.
    """
    report = report if report is not None else LoadReport()
    report.rows = {table: {} for table in about.tables}
    version = time.time_ns()
    with (
        _counted(source, report),
        closing(prefetch(_batches(_accounted(source.read(first, last), about, first, last)))) as batches,
    ):
        for batch in batches:
            written = _replace(batch, about, warehouse, load, version)
            for read in batch:
                _add(report, read, written)
            load.progress([read.day for read in batch])
    return report


@contextmanager
def _counted(source: DaySource, report: LoadReport) -> Iterator[None]:
    """The network's share of the report: what the source asked inside the block."""
    stats = source.stats
    before = (stats.requests, stats.retries, stats.bytes_received)
    try:
        yield
    finally:
        report.requests = stats.requests - before[0]
        report.retries = stats.retries - before[1]
        report.bytes = stats.bytes_received - before[2]


def _accounted(reads: Iterator[DayRead], about: SourceDescription, first: date, last: date) -> Iterator[DayRead]:
    """Pass on the days asked for, in order, whose records all became rows or rejects, and whose totals agree."""
    expected = first
    for read in reads:
        if read.day != expected:
            raise BadData(f"the source answered {read.day}", source=about.name, day=expected, expected="every day once")
        if read.received != read.accepted + len(read.rejects):
            raise BadData(
                f"{read.received} records received, but {read.accepted} accepted and {len(read.rejects)} rejected",
                source=about.name,
                day=read.day,
                expected="received = accepted + rejected",
                next_step="this is a defect of the loader: keep the vendor's answer and report it",
            )
        _controlled(read, about)
        expected = date.fromordinal(read.day.toordinal() + 1)
        yield read
    if expected.toordinal() != last.toordinal() + 1:
        raise BadData("the source stopped early", source=about.name, day=expected, expected=f"days up to {last}")


def _controlled(read: DayRead, about: SourceDescription) -> None:
    """The rows add up to what was said of the day as a whole."""
    rows = read.tables[list(about.tables)[-1]]
    for name in about.controls:
        held, said = pc.sum(rows[name]).as_py() or 0, read.totals[name]
        if held != said:
            raise BadData(
                f"the rows add up to {held} of {name}, the day's own total is {said}",
                source=about.name,
                day=read.day,
                expected="equal control totals",
                next_step="the day keeps its earlier rows; run it again, and if it repeats report it",
            )


def _batches(reads: Iterator[DayRead]) -> Iterator[list[DayRead]]:
    batch: list[DayRead] = []
    size = 0
    for read in reads:
        batch.append(read)
        size += sum(_size(table) for table in read.tables.values())
        if len(batch) >= FLUSH_DAYS or size >= FLUSH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _size(table: pa.Table) -> int:
    """Bytes of a day's rows; days share the dictionaries of their texts."""
    return sum(
        column.length() * CODE if pa.types.is_dictionary(column.type) else column.nbytes for column in table.columns
    )


def _replace(
    batch: list[DayRead], about: SourceDescription, warehouse: Warehouse, load: Load, version: int
) -> dict[str, dict[date, int]]:
    def one(table: str, ready: Callable[[], None]) -> dict[date, int]:
        done = days.replace_days(
            warehouse,
            table,
            {read.day: read.tables[table] for read in batch},
            partition=about.partition.get(table),
            guard=load.guard,
            ver=version,
            run_id=load.run_id,
            ready=ready,
        )
        return {day: outcome.rows_after for day, outcome in done.items()}

    written = with_barrier(about.tables, one)
    load_ledger.record_days(warehouse, about.name, batch, written, ver=version, run_id=load.run_id)
    return written


def _add(report: LoadReport, read: DayRead, written: dict[str, dict[date, int]]) -> None:
    report.days.append(read.day)
    report.received += read.received
    report.accepted += read.accepted
    report.rejected += len(read.rejects)
    report.counted[read.day] = Counted(read.received, len(read.rejects))
    report.reasons.update(reject.reason for reject in read.rejects)
    report.kept.update(read.kept)
    report.totals_by_day[read.day] = dict(read.totals)
    for name, value in read.totals.items():
        report.totals[name] = report.totals.get(name, 0) + value
    for table, rows in written.items():
        report.rows[table][read.day] = rows[read.day]
