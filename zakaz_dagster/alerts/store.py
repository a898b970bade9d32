"""The memory of alerts: open incidents and, beside them, the outbox of every channel, in one SQLite file.

It is a file with the platform's data, because it must work when ClickHouse and Dagster's storage do not. A round
(incidents and their notices) is one transaction, so what was decided is told, and what is told was decided. When the
file cannot be written, a spare in memory-backed storage takes its place, so that a full disk is told once.
Belongs here: keeping rounds. Does not: deciding (`incidents`), what a channel has accepted (`outbox`).
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import msgspec

from zakaz_dagster.alerts.incidents import Incident, Notice, Plan
from zakaz_dagster.private_files import private_file

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of our own inside it, readable by this user only
BROKEN = (sqlite3.Error, OSError)  # what a full, read-only or foreign disk raises
BUSY_SECONDS = 5.0
PAUSE = timedelta(hours=1)  # rounds further apart than this: the platform itself was off
SHOWN = 500
OTHERS = 0o077  # whoever is not the owner
T = TypeVar("T")
logger = logging.getLogger("zakaz_dagster.alerts")
TABLES = (
    "CREATE TABLE IF NOT EXISTS incident (name TEXT PRIMARY KEY, body BLOB NOT NULL)",
    (
        "CREATE TABLE IF NOT EXISTS outbox (channel TEXT, id TEXT, at REAL NOT NULL, body BLOB NOT NULL,"
        " attempts INTEGER NOT NULL DEFAULT 0, not_before REAL NOT NULL DEFAULT 0, sent REAL,"
        " error TEXT NOT NULL DEFAULT '', PRIMARY KEY (channel, id))"
    ),
    (
        "CREATE TABLE IF NOT EXISTS mail (channel TEXT, id TEXT, at REAL NOT NULL, note TEXT NOT NULL DEFAULT '',"
        " PRIMARY KEY (channel, id))"
    ),
    "CREATE TABLE IF NOT EXISTS watching (one INTEGER PRIMARY KEY CHECK (one = 1), since REAL, last REAL)",
    "CREATE TABLE IF NOT EXISTS refusal (channel TEXT PRIMARY KEY, since REAL NOT NULL, error TEXT NOT NULL)",
)


class Store:
    """One file, any number of processes; `:memory:` is the spare for a full disk."""

    def __init__(self, path: Path | str) -> None:
        if isinstance(path, Path) and not (path.exists() and path.stat().st_mode & OTHERS == 0):
            private_file(path)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        with self.writing() as connection:
            for statement in TABLES:
                connection.execute(statement)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is write-locked from its start: two watchers never plan from the same state."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._connection

    @contextmanager
    def round(self, channels: Sequence[str]) -> Iterator[Round]:
        """Plan inside the block: what the round is given to keep is kept whole, or not at all."""
        with self.writing() as connection:
            yield Round(connection, channels)

    def incidents(self) -> dict[str, Incident]:
        """The open incidents by name."""
        with self.reading() as connection:
            return read_incidents(connection)

    def watching_since(self, now: datetime) -> datetime:
        """When anybody looked first, or rounds began again after a pause; from now on, when nobody has looked yet."""
        with self.reading() as connection:
            row = connection.execute("SELECT since FROM watching").fetchone()
        if row is None:
            with self.writing() as connection:
                connection.execute("INSERT OR IGNORE INTO watching VALUES (1, ?, NULL)", (now.timestamp(),))
        return datetime.fromtimestamp(row[0], UTC) if row else now

    def has_rounds(self) -> bool:
        """Whether there was a round, not only a look."""
        with self.reading() as connection:
            return connection.execute("SELECT last FROM watching").fetchone() not in (None, (None,))

    def unsent(self) -> dict[str, list[Notice]]:
        """Every notice that waits, by channel."""
        found: dict[str, list[Notice]] = {}
        with self.reading() as connection:
            for channel, body in connection.execute(
                "SELECT channel, body FROM outbox WHERE sent IS NULL ORDER BY at, id"
            ):
                if notice := notice_of(body):
                    found.setdefault(channel, []).append(notice)
        return found

    def adopt(self, incidents: Mapping[str, Incident], unsent: Mapping[str, Sequence[Notice]]) -> None:
        """Take over what another store held."""
        with self.writing() as connection:
            _write_incidents(connection, incidents)
            for channel, notices in unsent.items():
                _write_notices(connection, channel, notices)

    def hand_over(self, channels: Sequence[str]) -> None:
        """Give these channels what waits for another one only: a corrected URL is a channel of another name."""
        marks = ", ".join("?" * len(channels))
        others = (
            f"SELECT id FROM outbox WHERE sent IS NULL AND channel NOT IN ({marks})"  # noqa: S608  marks only
            f" EXCEPT SELECT id FROM outbox WHERE channel IN ({marks})"
        )
        with self.writing() as connection:
            for (notice,) in connection.execute(others, (*channels, *channels)).fetchall() if channels else ():
                rows = connection.execute(
                    "SELECT at, body FROM outbox WHERE id = ? AND sent IS NULL", (notice,)
                ).fetchone()
                connection.execute("DELETE FROM outbox WHERE id = ? AND sent IS NULL", (notice,))
                connection.executemany(
                    "INSERT OR IGNORE INTO outbox (channel, id, at, body) VALUES (?, ?, ?, ?)",
                    [(channel, notice, *rows) for channel in channels],
                )

    def prune(self, before: datetime) -> int:
        """Forget what was sent before then."""
        with self.writing() as connection:
            gone = connection.execute("DELETE FROM outbox WHERE sent < ?", (before.timestamp(),)).rowcount
            connection.execute("DELETE FROM mail WHERE at < ?", (before.timestamp(),))
            return int(gone)


class Round:
    """One look at everything: the incidents it starts from, and the plan it ends with."""

    def __init__(self, connection: sqlite3.Connection, channels: Sequence[str]) -> None:
        self._connection = connection
        self._channels = channels
        self.incidents = read_incidents(connection)

    def keep(self, plan: Plan, now: datetime) -> None:
        """Write the incidents, each notice into the outbox of every channel, and that there was a round."""
        at = now.timestamp()
        self._connection.execute(
            "INSERT INTO watching VALUES (1, :at, :at) ON CONFLICT (one) DO UPDATE"
            " SET since = iif(:at - last > :pause, :at, min(:at, since)), last = :at",  # NULL > … is not true
            {"at": at, "pause": PAUSE.total_seconds()},
        )
        _write_incidents(self._connection, plan.incidents)
        for channel in self._channels:
            _write_notices(self._connection, channel, plan.notices)


def notice_of(body: bytes) -> Notice | None:
    """The notice; None for a body that is none, so that one broken row does not stop the others."""
    return _decoded(body, Notice)


def read_incidents(connection: sqlite3.Connection) -> dict[str, Incident]:
    """The open incidents by name; one that cannot be read is opened again by its next verdict."""
    rows = connection.execute("SELECT name, body FROM incident ORDER BY name").fetchall()
    found = ((name, _decoded(body, Incident)) for name, body in rows)
    return {name: incident for name, incident in found if incident is not None}


def _decoded(body: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, ValueError, TypeError) as error:
        logger.warning("a row of the memory of alerts cannot be read (%s): %r", error, body[:SHOWN])
        return None


def _write_incidents(connection: sqlite3.Connection, incidents: Mapping[str, Incident]) -> None:
    connection.execute("DELETE FROM incident")
    rows = [(name, msgspec.json.encode(incident)) for name, incident in incidents.items()]
    connection.executemany("INSERT INTO incident VALUES (?, ?)", rows)


def _write_notices(connection: sqlite3.Connection, channel: str, notices: Sequence[Notice]) -> None:
    connection.executemany(
        "INSERT OR IGNORE INTO outbox (channel, id, at, body) VALUES (?, ?, ?, ?)",
        [(channel, notice.id, notice.at.timestamp(), msgspec.json.encode(notice)) for notice in notices],
    )


def spare_path(path: Path) -> Path:
    """The spare of this file, one per user."""
    root = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    mark = hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:12]
    return root / f"zakaz-{os.getuid()}" / f"alerts-{mark}.sqlite3"


def spare_store(path: Path) -> Store:
    """The spare for `path`, filled with its open incidents if they can still be read; in this process at worst."""
    place = spare_path(path)
    try:
        place.parent.mkdir(mode=0o700, exist_ok=True)
        if place.parent.lstat().st_uid != os.getuid():
            return Store(":memory:")
        fresh = not place.exists()
        store = Store(place)
    except BROKEN:
        return Store(":memory:")
    if fresh:
        store.adopt(_readable(path), {})
    return store


def take_back(store: Store, path: Path) -> None:
    """Move what the spare of `path` holds into the store that works again."""
    place = spare_path(path)
    if not place.exists():
        return
    spare = Store(place)
    store.adopt(spare.incidents(), spare.unsent())
    spare.close()
    place.unlink()


def _readable(path: Path) -> Mapping[str, Incident]:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            return read_incidents(connection)
    except BROKEN:
        return {}
