"""`meta_backup_runs`: every backup, drill and restore with its outcome, for checks and for people.

Belongs here: writing it, around any of these works. Does not: the works (`engine`, `files`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

import pyarrow as pa

from zakaz_dagster.backup.chain import Backup
from zakaz_dagster.errors import Failure
from zakaz_dagster.warehouse.arrow import fit
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.table_info import shape

TABLE = "meta_backup_runs"


@dataclass
class Entry:
    """One line; whoever does the work fills in what it learns. `started_at` is aware; sizes in bytes."""

    started_at: datetime
    kind: str
    name: str = ""
    base: str = ""
    destination: str = ""
    run_id: str = ""
    bytes: int = 0
    tables: int = 0
    rows: int = 0
    error: str = ""

    def describe(self, made: Backup) -> None:
        """Take over what is known of a backup."""
        self.name, self.base, self.destination = made.name, made.base, made.destination
        self.bytes, self.tables, self.rows = made.bytes, len(made.sums), made.rows


@contextmanager
def recorded(wh: Warehouse, entry: Entry) -> Iterator[Entry]:
    """Run the work in the block and write its line, whatever way it ends."""
    began = time.monotonic()
    try:
        yield entry
    except Failure as failure:
        entry.error = str(failure)
        raise
    finally:
        status = "failure" if entry.error else "success"
        row = {**asdict(entry), "status": status, "seconds": time.monotonic() - began, "_ver": time.time_ns()}
        row["started_at"] = entry.started_at.replace(microsecond=0)
        wh.insert(TABLE, fit(pa.Table.from_pylist([row]), shape(wh, TABLE).types, table=TABLE), undo=lambda: None)
