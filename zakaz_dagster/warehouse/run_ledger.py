"""The audit of work: one line of `meta_job_runs` per attempt of a step.

Belongs here: writing it. Does not: finding out what happened (`defs.operations`), showing it (`v_ops_runs`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

import pyarrow as pa

from zakaz_dagster.warehouse.arrow import fit
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.table_info import shape

TABLE = "meta_job_runs"
MONTHS = f"SELECT DISTINCT _partition_id AS month FROM {TABLE} WHERE toUInt32(_partition_id) < {{before:UInt32}}"  # noqa: S608


@dataclass(frozen=True)
class Attempt:
    """One attempt of a step. `status` is success, failure, canceled or running; moments are aware."""

    started_at: datetime
    finished_at: datetime | None
    run_id: str
    job: str
    step: str
    assets: str
    days: str
    attempt: int
    status: str
    rows_received: int = 0
    rows_accepted: int = 0
    rows_rejected: int = 0
    rows_written: int = 0
    requests: int = 0
    bytes: int = 0
    retries: int = 0
    source_version: str = ""
    error_class: str = ""
    error: str = ""


def record(wh: Warehouse, attempts: Sequence[Attempt]) -> int:
    """Write them; one that is written again, finished or as it was, replaces the line before."""
    if not attempts:
        return 0
    version = time.time_ns()
    rows = [{**{name: _whole(value) for name, value in asdict(each).items()}, "_ver": version} for each in attempts]
    types = shape(wh, TABLE).types
    return wh.insert(TABLE, fit(pa.Table.from_pylist(rows), types, table=TABLE), undo=lambda: None)


def forget(wh: Warehouse, before: date) -> int:
    """Drop whole months that ended before then; how many."""
    months = wh.rows(MONTHS, {"before": before.year * 100 + before.month})
    for row in months:
        wh.command(f"ALTER TABLE {TABLE} DROP PARTITION {int(row['month'])}")
    return len(months)


def _whole(value: object) -> object:
    """The table keeps seconds."""
    return value.replace(microsecond=0) if isinstance(value, datetime) else value
