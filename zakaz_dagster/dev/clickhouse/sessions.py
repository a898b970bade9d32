"""Connections that outlive a request: temporary tables and SET of a `session_id`.

A request's own settings, database and parameters are undone behind it; only what its statement did stays. Belongs
here: their life and their undoing. Does not: requests without a session, which have a connection each.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from zakaz_dagster.dev.clickhouse.engine import Link, literal
from zakaz_dagster.dev.clickhouse.errors import SESSION_IS_LOCKED, SESSION_NOT_FOUND, ClickHouseError


@dataclass(slots=True)
class _Session:
    link: Link
    expires: float
    busy: threading.Lock = field(default_factory=threading.Lock)


class Sessions:
    """By id; one request at a time in each."""

    def __init__(self, connect: Callable[[], Link], clock: Callable[[], float] = time.monotonic) -> None:
        self._connect = connect
        self._clock = clock
        self._by_id: dict[str, _Session] = {}
        self._lock = threading.Lock()

    @contextmanager
    def held(self, name: str, timeout: float, *, must_exist: bool) -> Iterator[Link]:
        """The session's connection, for one request."""
        session = self._taken(name, must_exist=must_exist)
        try:
            yield session.link
        finally:
            session.expires = self._clock() + timeout
            session.busy.release()

    def _taken(self, name: str, *, must_exist: bool) -> _Session:
        with self._lock:
            self._expire()
            session = self._by_id.get(name)
            if session is None:
                if must_exist:
                    raise ClickHouseError.refuse(SESSION_NOT_FOUND, f"Session {name} not found")
                session = self._by_id[name] = _Session(self._connect(), 0.0)
            if not session.busy.acquire(blocking=False):
                raise ClickHouseError.refuse(SESSION_IS_LOCKED, f"Session {name} is locked by a concurrent client")
            return session

    def _expire(self) -> None:
        now = self._clock()
        for name, session in list(self._by_id.items()):
            if session.expires < now and not session.busy.locked():
                del self._by_id[name]
                session.link.close()

    def close(self) -> None:
        with self._lock:
            for session in self._by_id.values():
                session.link.close()
            self._by_id.clear()


@contextmanager
def undone(link: Link, settings: Mapping[str, str], database: str) -> Iterator[None]:
    """Apply settings and database to a connection that others will use, and take them back."""
    before = _values(link, settings)
    home = link.query("SELECT currentDatabase()", "TabSeparatedRaw").data.decode().strip()
    try:
        if database:
            link.use(database)
        link.set(settings)
        yield
    finally:
        for name, (value, changed) in before.items():
            link.query(f"SET {name} = {literal(value) if changed else 'DEFAULT'}")
        if database:
            _back(link, home)


def _back(link: Link, home: str) -> None:
    try:
        link.use(home)
    except ClickHouseError:  # the statement has dropped it, and has succeeded
        link.use("default")


def _values(link: Link, names: Mapping[str, str]) -> dict[str, tuple[str, bool]]:
    if not names:
        return {}
    wanted = ", ".join(literal(name) for name in names)
    sql = f"SELECT name, value, changed FROM system.settings WHERE name IN ({wanted})"  # noqa: S608 - quoted above
    lines = link.query(sql, "JSONCompactEachRow")
    return {name: (value, bool(changed)) for name, value, changed in map(json.loads, lines.data.splitlines())}
