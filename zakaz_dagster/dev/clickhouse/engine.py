"""chdb: one engine per process, one data directory per engine, one connection per request.

A connection costs 0.2 ms and carries its own SET, USE, parameters and temporary tables, so nothing leaks between
requests, and queries of several connections run in parallel. Belongs here: all that touches chdb. Does not: HTTP.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from zakaz_dagster.dev.clickhouse.errors import ClickHouseError

# A server's defaults where the engine has a command-line tool's: there `1,2` is a query, and inserts wait in a queue.
_BASE = {"implicit_select": "0", "async_insert": "0"}
_NAME = re.compile(r"\w+", re.ASCII)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Result:
    """What one statement did. `rows` were returned, `read_*` scanned."""

    data: bytes
    rows: int
    read_rows: int
    read_bytes: int
    written_rows: int
    written_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """The engine's view of a text it has parsed and not run."""

    statements: int
    writes: bool


class Link:
    """One connection. Not for two threads at once."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def query(self, sql: str, form: str = "TabSeparated", params: Mapping[str, str] | None = None) -> Result:
        done = _translated(lambda: self._connection.query(sql, form, params=dict(params or {})))
        return Result(
            data=bytes(done.bytes()),
            rows=done.rows_read(),
            read_rows=done.storage_rows_read(),
            read_bytes=done.storage_bytes_read(),
            written_rows=done.rows_written(),
            written_bytes=done.bytes_written(),
            seconds=done.elapsed(),
        )

    def insert(self, sql: str, form: str, chunks: Iterable[bytes]) -> Result:
        """Feed `chunks` of that format into an INSERT; what is faulty leaves only whole blocks before it."""
        return _translated(lambda: self._insert(sql, form, chunks))

    def _insert(self, sql: str, form: str, chunks: Iterable[bytes]) -> Result:
        with self._connection.send_insert(sql, form) as inserter:
            for chunk in chunks:
                inserter.append(chunk)
            done = inserter.finish()
        written, size = done.rows_written, done.bytes_written
        return Result(b"", 0, written, size, written, size, done.elapsed)

    def set(self, settings: Mapping[str, str]) -> None:
        if settings:
            self.query("SET " + ", ".join(f"{_name(name)} = {literal(value)}" for name, value in settings.items()))

    def use(self, database: str) -> None:
        self.query(f"USE {identifier(database)}")

    def judge(self, sql: str) -> Judgement:
        """What `sql` would do; nothing runs. Text that does not parse has no statements and writes nothing."""
        found = self._connection._conn.classify_query(sql)  # noqa: SLF001 - chdb offers it nowhere else
        return Judgement(found["statement_count"], found["query_class"].name not in ("READ_ONLY", "UNKNOWN"))

    def close(self) -> None:
        self._connection.close()


class Engine:
    """The engine of this process. The first connection opens the directory and the last one closes it."""

    def __init__(self, directory: Path, config_file: Path | None, timezone: str, scratch: Path) -> None:
        os.environ |= {"TZ": timezone, "TMPDIR": str(scratch)}
        # The engine shows files of the working directory as tables of its first database: give it an empty one.
        os.chdir(directory.parent / "empty")
        _prepare_default(directory)
        from chdb.state import connect  # half a second, and it reads TZ

        self._connect: Callable[[str], Any] = connect
        self._options = {"config-file": str(config_file)} if config_file else {}
        self._directory = directory
        self._anchor = self.link()
        self.version, self.timezone, self.name = self._describe()

    def _describe(self) -> tuple[str, str, str]:
        row = self._anchor.query("SELECT version(), timezone(), displayName()").data.decode().strip()
        version, timezone, name = row.split("\t")
        return version, timezone, name

    def link(self, tag: str = "") -> Link:
        """A fresh connection; `tag` lets `kill` find what it runs."""
        options = {**self._options, **_BASE, **({_TAG: _tagged(tag)} if tag else {})}
        joined = "&".join(f"{name}={value}" for name, value in options.items())
        return Link(_translated(lambda: self._connect(f"{self._directory}?{joined}")))

    def kill(self, tag: str) -> None:
        """Cancel what runs under `tag`, or everything."""
        where = f"Settings['{_TAG}'] = {literal(_tagged(tag))}" if tag else "1"
        link = self.link()
        try:
            link.query(f"KILL QUERY WHERE {where} ASYNC")
        finally:
            link.close()

    def close(self) -> None:
        self._anchor.close()


def _prepare_default(directory: Path) -> None:
    """Have an ordinary database `default` beside that first one, which is called `_files` (`config`).

    Found by trying: the engine makes one when this link leads to a folder whose name is a UUID; without the folder,
    the second start aborts.
    """
    link = directory / "metadata" / "default"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(_LINKED)
    (link.parent / link.readlink()).mkdir(parents=True, exist_ok=True)


_LINKED = "../store/000/00000000-0000-4000-8000-000000000000"
# The engine names queries itself. This setting is free text, concerns HTTP only and shows in system.processes and
# system.query_log (Settings), so it carries the client's query id.
_TAG = "http_response_headers"


def _tagged(tag: str) -> str:
    return f"{{'X-ClickHouse-Query-Id':'{tag}'}}"


def literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def identifier(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ClickHouseError(115, f"Unknown setting '{text}'. (UNKNOWN_SETTING)")
    return text


def _translated(call: Callable[[], T]) -> T:
    try:
        return call()
    except ClickHouseError:
        raise
    except Exception as error:  # chdb raises RuntimeError, its own ChdbError and plain Exception alike
        raise ClickHouseError.from_engine(str(error)) from error
