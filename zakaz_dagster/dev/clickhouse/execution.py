"""One request on one engine connection: split it, prepare the connection, run it, account for it.

The engine writes a result to a file in the format and compression asked for, so memory stays flat and the status is
known before the first byte is sent: an answer is complete or it is an error. Belongs here: that. Does not: HTTP.
"""

from __future__ import annotations

import io
import itertools
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from zakaz_dagster.dev.clickhouse.access import Doors
from zakaz_dagster.dev.clickhouse.body import Body
from zakaz_dagster.dev.clickhouse.engine import Engine, Judgement, Link, Result, identifier, literal
from zakaz_dagster.dev.clickhouse.errors import (
    QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING,
    READONLY,
    SYNTAX_ERROR,
    ClickHouseError,
)
from zakaz_dagster.dev.clickhouse.request import Ask
from zakaz_dagster.dev.clickhouse.sessions import Sessions, undone
from zakaz_dagster.dev.clickhouse.statement import Kind, Statement, parse, parse_insert
from zakaz_dagster.dev.clickhouse.trailing_data import refuse_leftovers

HEAD = 2**20
_DEFAULT_FORMAT = "TabSeparated"
_OF_CONNECTION = frozenset({"SET", "USE"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished statement; `body` is at its start and belongs to the receiver."""

    body: IO[bytes]
    size: int
    format: str
    encoding: str
    summary: dict[str, str]


class Executor:
    """Runs requests; one call per thread."""

    def __init__(self, engine: Engine, directory: Path, doors: Doors) -> None:
        self._engine = engine
        self._doors = doors
        self._directory = directory
        self._running: set[str] = set()
        self._reading: set[str] = set()
        self._lock = threading.Lock()
        self.sessions = Sessions(engine.link)

    def run(self, ask: Ask, body: Body) -> Answer:
        """Run what URL and body say together; both are one text to ClickHouse, joined by a line end."""
        lead = ask.query + b"\n" if ask.query else b""
        statement = parse_insert(lead + body.head(HEAD)) or parse(lead + body.text())
        with self._alone(ask.query_id), self._connected(ask, statement) as link:
            if statement.kind is Kind.INSERT:
                return self._insert(link, ask, statement, lead, body)
            _refuse_unfit(link.judge(statement.whole), statement, get=ask.get)
            if statement.kind is Kind.READ:
                return self._read(link, ask, statement)
            return self._in_memory(link, ask, statement)

    @contextmanager
    def _alone(self, query_id: str) -> Iterator[None]:
        """A server runs one query of an id at a time, and clients rely on it."""
        with self._lock:
            if query_id in self._running:
                raise ClickHouseError.refuse(
                    QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING, f"Query with id = {query_id} is already running"
                )
            self._running.add(query_id)
        try:
            yield
        finally:
            self._running.discard(query_id)

    @contextmanager
    def _connected(self, ask: Ask, statement: Statement) -> Iterator[Link]:
        """A connection with the request's settings, to be thrown away unless a session wants it kept.

        `readonly`, a role, external tables and the parameters of an INSERT cannot be taken back, so a request with
        one of them never touches a session.
        """
        inserts = statement.kind is Kind.INSERT
        cannot_undo = "readonly" in ask.settings or ask.role or ask.tables or (inserts and ask.params)
        texts = [statement.whole, *map(_as_sql, ask.settings.items()), *(table.structure for table in ask.tables)]
        with ExitStack() as stack:
            if ask.session_id and not cannot_undo:
                held = self.sessions.held(ask.session_id, ask.session_timeout, must_exist=ask.session_check)
                link = stack.enter_context(held)
                self._doors.check(link, *texts)
                stack.enter_context(undone(link, ask.settings, ask.database))
            else:
                link = self._engine.link(ask.query_id)
                stack.callback(link.close)
                self._doors.check(link, *texts)
                _prepare(link, ask)
            yield link

    def _read(self, link: Link, ask: Ask, statement: Statement) -> Answer:
        form = statement.format or ask.format or _DEFAULT_FORMAT
        path = self._directory / f"{uuid.uuid4()}.out"
        clause = f"INTO OUTFILE {literal(str(path))} TRUNCATE COMPRESSION '{ask.encoding or 'none'}' FORMAT {form}"
        self._reading.add(ask.query_id)
        try:
            result = link.query(f"{statement.sql}\n{clause}", form, ask.params)
            return self._answer(result, path, form, ask.encoding)
        except ClickHouseError as error:
            if error.code != SYNTAX_ERROR:
                raise
            # Either the query is wrong, and the engine shall say so about the client's own text,
            # or it is one of the few that have no INTO OUTFILE.
            return self._in_memory(link, ask, statement)
        finally:
            self._reading.discard(ask.query_id)
            path.unlink(missing_ok=True)

    def abandon(self, *query_ids: str) -> None:
        """Nobody waits for these any more (without ids: for any): end what only reads; a write goes on to its end."""
        for query_id in set(query_ids) & self._reading if query_ids else set(self._reading):
            with suppress(ClickHouseError):  # a reader has no right to; then it reads on
                self._engine.kill(query_id)

    def _answer(self, result: Result, path: Path, form: str, encoding: str) -> Answer:
        if not path.exists():  # FORMAT Null
            return _answer(result, form)
        size = path.stat().st_size
        return Answer(path.open("rb"), size, form, encoding, _summary(result, size))

    def _in_memory(self, link: Link, ask: Ask, statement: Statement) -> Answer:
        form = statement.format or ask.format or _DEFAULT_FORMAT
        return _answer(link.query(statement.whole, form, ask.params), form)

    def _insert(self, link: Link, ask: Ask, statement: Statement, lead: bytes, body: Body) -> Answer:
        if ask.get:
            raise _read_only()
        form = statement.format or ask.format or "Values"
        inline, start = lead[statement.data_at :], max(0, statement.data_at - len(lead))
        refuse_leftovers(form, inline, body, start)
        if form.lower() == "values":
            self._doors.check_values(link, _chunks(inline, body, start), len(inline) + body.size - start)
        link.set({f"param_{name}": value for name, value in ask.params.items()})
        return _answer(link.insert(statement.sql, form, _chunks(inline, body, start)), form)


def _as_sql(setting: tuple[str, str]) -> str:
    name, value = setting
    return f"SET {name} = {literal(value)}"


def _chunks(inline: bytes, body: Body, start: int) -> Iterator[bytes]:
    """The data of an INSERT: what stands in the URL, then the body."""
    return itertools.chain([inline] if inline else [], body.chunks(start))


def _prepare(link: Link, ask: Ask) -> None:
    if ask.database:
        link.use(ask.database)
    # `readonly` goes last: it forbids what follows.
    link.set({name: value for name, value in ask.settings.items() if name != "readonly"})
    if ask.role:
        link.query(f"SET ROLE {literal(ask.role)}")
    for table in ask.tables:
        create = f"CREATE TEMPORARY TABLE {identifier(table.name)} ({table.structure}) ENGINE = Memory"
        if link.judge(create).statements != 1:
            raise ClickHouseError.refuse(SYNTAX_ERROR, f"Syntax error in the structure of `{table.name}`")
        link.query(create)
        link.insert(f"INSERT INTO {identifier(table.name)}", table.format, [table.data])
    link.set({name: value for name, value in ask.settings.items() if name == "readonly"})


def _refuse_unfit(judgement: Judgement, statement: Statement, *, get: bool) -> None:
    """The engine's own parser has the last word on how many statements there are and whether they write."""
    if judgement.statements > 1:
        raise ClickHouseError.refuse(SYNTAX_ERROR, "Syntax error: multi-statements are not allowed")
    if get and judgement.writes and statement.first not in _OF_CONNECTION:
        raise _read_only()


def _read_only() -> ClickHouseError:
    return ClickHouseError.refuse(
        READONLY, "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly; use POST"
    )


def _answer(result: Result, form: str) -> Answer:
    return Answer(io.BytesIO(result.data), len(result.data), form, "", _summary(result, len(result.data)))


def _summary(result: Result, size: int) -> dict[str, str]:
    counters = {
        "read_rows": result.read_rows,
        "read_bytes": result.read_bytes,
        "written_rows": result.written_rows,
        "written_bytes": result.written_bytes,
        "total_rows_to_read": result.read_rows,
        "result_rows": result.rows or result.written_rows,
        "result_bytes": size,
        "elapsed_ns": int(result.seconds * 1e9),
    }
    return {name: str(value) for name, value in counters.items()}
