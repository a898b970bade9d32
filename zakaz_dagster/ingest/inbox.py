"""Orders that webhooks named and no reload was asked for yet: number and days, in one SQLite file.

One row an order: a repeated delivery changes nothing but its place at the end. Rows are taken in their order and
forgotten when the taker's own mark says that it has them, so nothing is lost between two processes.
Belongs here: this file. Does not: receiving (`webhook_server`), asking for reloads (`defs.qtickets`).
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from zakaz_dagster.private_files import private_file

FILE = "webhooks.sqlite3"
MOST = 20_000  # orders that wait; beyond it the vendor is asked to come again
BUSY_SECONDS = 5.0
TABLES = (
    "CREATE TABLE IF NOT EXISTS inbox (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL)",
    (
        "CREATE TABLE IF NOT EXISTS touched (seq INTEGER PRIMARY KEY AUTOINCREMENT, order_id INTEGER UNIQUE NOT NULL,"
        " days TEXT NOT NULL, at REAL NOT NULL)"
    ),
)


class Full(Exception):
    """As many orders wait as may."""


@dataclass(frozen=True)
class Waiting:
    """What came after a mark: days and orders, and the mark behind them."""

    days: tuple[date, ...]
    orders: tuple[int, ...]
    mark: str


class Inbox:
    """The file; any number of processes. A mark names the file it belongs to, so a new file is read from its start."""

    def __init__(self, path: Path, most: int = MOST) -> None:
        self._path, self._most = private_file(path), most
        with self._writing() as connection:
            for statement in TABLES:
                connection.execute(statement)
            connection.execute("INSERT OR IGNORE INTO inbox VALUES (1, ?)", (secrets.token_hex(8),))

    def put(self, order_id: int, days: Iterable[date]) -> None:
        """Remember an order and its days, with those that wait already. Raises Full, sqlite3.Error."""
        with self._writing() as connection:
            known = connection.execute("SELECT days FROM touched WHERE order_id = ?", (order_id,)).fetchone()
            if not known and connection.execute("SELECT count(*) FROM touched").fetchone()[0] >= self._most:
                raise Full
            all_days = {day.isoformat() for day in days} | set(filter(None, (known or ("",))[0].split()))
            connection.execute(
                "INSERT OR REPLACE INTO touched (order_id, days, at) VALUES (?, ?, ?)",
                (order_id, " ".join(sorted(all_days)), time.time()),
            )

    def after(self, mark: str) -> Waiting:
        """What came after the mark; nothing is forgotten."""
        with self._writing() as connection:
            name, since = self._since(connection, mark)
            rows = connection.execute(
                "SELECT seq, order_id, days FROM touched WHERE seq > ? ORDER BY seq", (since,)
            ).fetchall()
        days = sorted({date.fromisoformat(day) for _, _, days in rows for day in days.split()})
        newest = max((seq for seq, _, _ in rows), default=since)
        return Waiting(tuple(days), tuple(order for _, order, _ in rows), f"{name}:{newest}")

    def forget(self, mark: str) -> None:
        """Drop what the mark says is taken."""
        with self._writing() as connection:
            connection.execute("DELETE FROM touched WHERE seq <= ?", (self._since(connection, mark)[1],))

    @staticmethod
    def _since(connection: sqlite3.Connection, mark: str) -> tuple[str, int]:
        name = str(connection.execute("SELECT id FROM inbox").fetchone()[0])
        of, _, seq = mark.partition(":")
        return name, int(seq) if of == name and seq.isdigit() else 0

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        finally:
            connection.close()
