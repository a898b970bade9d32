"""The books of loads: one line per (source, day) in `meta_day_loads`, and the day's rejects in `stg_rejects`.

Belongs here: writing them. Does not: deciding whether a day may be loaded (`ingest.days`), reading them (sql/).
"""

# ruff: noqa: S608  (names come from our own files and the catalogue; values are parameters)
from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Protocol

import pyarrow as pa

from zakaz_dagster.errors import BadData
from zakaz_dagster.table_schemas import schema_of
from zakaz_dagster.warehouse.arrow import fit, with_service_columns
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.replace_days import replace_days
from zakaz_dagster.warehouse.table_info import shape

LEDGER = "meta_day_loads"
REJECTS = "stg_rejects"


class Rejected(Protocol):
    """A record that was put aside (`sources.port.Reject`)."""

    @property
    def reason(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def payload(self) -> str: ...


class DayRead(Protocol):
    """What a source said about a day (`sources.port.DayRead`), as far as the books need it."""

    @property
    def day(self) -> date: ...
    @property
    def received(self) -> int: ...
    @property
    def accepted(self) -> int: ...
    @property
    def rejects(self) -> Sequence[Rejected]: ...
    @property
    def covered_until(self) -> str: ...
    @property
    def totals(self) -> Mapping[str, Decimal | int]: ...


Written = Mapping[str, Mapping[date, int]]  # table, day -> rows


def record(wh: Warehouse, source: str, read: DayRead, rows_written: int, *, ver: int, run_id: str) -> None:
    """Enter one day whose rows are in the tables."""
    record_days(wh, source, [read], {"": {read.day: rows_written}}, ver=ver, run_id=run_id)


def record_days(
    wh: Warehouse, source: str, reads: Sequence[DayRead], written: Written, *, ver: int, run_id: str
) -> None:
    """Enter days whose rows are in the tables: their rejects first, then the ledger, which makes them count as done."""
    for read in reads:
        _balanced(source, read)
    _replace_rejects(wh, source, reads, ver=ver, run_id=run_id)
    _enter(wh, source, reads, written, ver=ver, run_id=run_id)


def _balanced(source: str, read: DayRead) -> None:
    if read.received != read.accepted + len(read.rejects):
        raise BadData(
            f"{read.received} records received, {read.accepted} accepted, {len(read.rejects)} rejected",
            source=source,
            day=read.day,
            expected="received = accepted + rejected",
            next_step="this is a defect of the source: keep the vendor's answer and report it",
        )


def _replace_rejects(wh: Warehouse, source: str, reads: Sequence[DayRead], *, ver: int, run_id: str) -> None:
    """Only days that have rejects, now or before, are touched."""
    params = {"source": source, "days": [str(read.day) for read in reads]}
    query = f"SELECT DISTINCT day FROM {REJECTS} WHERE source = {{source:String}} AND day IN {{days:Array(Date)}}"
    held = {row["day"] for row in wh.rows(query, params)}
    days = {read.day: _rejects(source, read) for read in reads if read.rejects or read.day in held}
    replace_days(wh, REJECTS, days, partition={"source": source}, guard=None, ver=ver, run_id=run_id)


def _rejects(source: str, read: DayRead) -> pa.Table:
    """The rejects of a day; those of one place and reason are numbered apart, as the table's key joins them."""
    seen: dict[tuple[str, str], int] = {}
    records = []
    for reject in read.rejects:
        times = seen[reject.where, reject.reason] = seen.get((reject.where, reject.reason), 0) + 1
        place = reject.where if times == 1 else f"{reject.where} #{times}"
        records.append(
            {"source": source, "day": read.day, "reason": reject.reason, "place": place, "payload": reject.payload}
        )
    return pa.Table.from_pylist(records, schema=schema_of(REJECTS))


def _enter(wh: Warehouse, source: str, reads: Sequence[DayRead], written: Written, *, ver: int, run_id: str) -> None:
    if not reads:
        return
    now = datetime.now(UTC).replace(microsecond=0)
    about = shape(wh, LEDGER)
    records = [
        {
            "source": source,
            "day": read.day,
            "covered_until": _moment(read.covered_until) or now,
            "received": read.received,
            "accepted": read.accepted,
            "rejected": len(read.rejects),
            "rows_written": sum(days.get(read.day, 0) for days in written.values()),
            "totals": json.dumps(dict(read.totals), default=str, ensure_ascii=False, sort_keys=True),
            "_recorded_ns": time.time_ns(),
        }
        for read in reads
    ]
    full = with_service_columns(pa.Table.from_pylist(records), about.types, loaded_at=now, ver=ver, run_id=run_id)
    wh.insert(LEDGER, fit(full, about.types, table=LEDGER), undo=lambda: None)  # same key and version: harmless twice


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(microsecond=0) if text else None
