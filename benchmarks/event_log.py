"""What a day of refreshes leaves in Dagster's event log: what one writes, and what remains of one that was forgotten.

A clock asks for 96 a day; a green one is forgotten once it is older than `ROUTINE` and has been repeated. So a day
leaves those that are younger, and of the others what a deletion leaves behind. Sizes are taken after a vacuum.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import dagster as dg
from sqlalchemy import create_engine, text

from zakaz_dagster import timezone
from zakaz_dagster.defs.operations.retention import ROUTINE, forget_routine

A_DAY, AN_HOUR = 96, 4
BYTES = "SELECT pg_database_size(current_database())"


def of_a_day(instance: dg.DagsterInstance, size: Callable[[], int], refresh: Callable[[], object], times: int) -> float:
    """Megabytes, told from `times` refreshes; one has been made before."""
    before = size()
    for _ in range(times):
        refresh()
    one = (size() - before) / times
    if not (gone := forget_routine(instance, timezone.now())):
        raise SystemExit("no refresh was forgotten: none was green")
    rest = max(0.0, (size() - before - (times - gone) * one) / gone)
    kept = round(ROUTINE.total_seconds() / 3600 * AN_HOUR)
    return (kept * one + (A_DAY - kept) * rest) / 1e6


def sqlite_bytes(home: Path) -> int:
    """Of all databases of a Dagster home."""
    files = sorted(home.rglob("*.db"))
    for file in files:
        with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return sum(file.stat().st_size for file in files)


def postgres_bytes(url: str) -> int:
    """Of the database."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("VACUUM FULL"))
        found = int(connection.execute(text(BYTES)).scalar_one())
    engine.dispose()
    return found
