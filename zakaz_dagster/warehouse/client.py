"""The connection to ClickHouse: queries, commands and columnar inserts, tagged, retried and named when they fail.

Belongs here: one connection and its four verbs. Does not: what a code means (`errors`), how columns are typed
(`table_schemas`), any statement of the platform. Whoever only asks for `rows` does without Arrow and its 40 MB.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import clickhouse_connect
import stamina
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.httputil import get_pool_manager
from stamina.instrumentation import set_on_retry_hooks
from urllib3.exceptions import HTTPError

from zakaz_dagster.errors import BadData, Fatal
from zakaz_dagster.warehouse.errors import Away, failure
from zakaz_dagster.warehouse.sql_files import Place

if TYPE_CHECKING:
    import pyarrow as pa

Params = Mapping[str, object]
Settings = Mapping[str, object]
T = TypeVar("T")
logger = logging.getLogger("zakaz_dagster.warehouse")

# The driver warns of every failed attempt, with the URL and so with parameter values; stamina's default hook prints to
# standard output. What failed is told once, by the failure; every attempt is a line of our own log.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
set_on_retry_hooks(())

# `today()` and a bare DateTime mean Moscow, as they do for DataLens. A file is read by the thread that asks for it: a
# day is a part of some twenty small streams, and to hand each to a pool of readers costs four times what reading does.
COMMON: dict[str, object] = {"session_timezone": "Europe/Moscow", "local_filesystem_read_method": "pread"}
# async_insert (a default since 26.x) answers before rows are counted; deduplication would swallow a repeated load;
# the others turn ClickHouse's silent repairs (NULL to 0, dates that wrap around) into errors.
STRICT_INSERT: dict[str, object] = {
    "async_insert": 0,
    "insert_deduplicate": 0,
    "input_format_null_as_default": 0,
    "date_time_overflow_behavior": "throw",
    "max_partitions_per_insert_block": 0,
}
ONE_THREAD = {"max_threads": 1}  # of many small parts, which cost more to share out than to read
ONCE = re.compile(r"\s*(?:--[^\n]*\n\s*)*(INSERT|EXCHANGE|RENAME)\b", re.IGNORECASE)
HEAD = re.compile(r"\s*(?:--[^\n]*\n\s*)*((?:[A-Za-z_]\w*\s*){1,3})")


@dataclass(frozen=True)
class WarehouseConfig:
    """Where ClickHouse is. `patience` is how many seconds a passing failure is retried; `server_name` is the name in
    its certificate where that is not `host`.
    """

    host: str = "127.0.0.1"
    port: int = 8123
    user: str = "default"
    password: str = field(default="", repr=False)
    database: str = "zakaz"
    secure: bool = False
    verify: bool = True
    ca_cert: str = ""
    server_name: str = ""
    cluster: str = ""
    views_definer: str = ""
    patience: float = 30.0
    timeout: int = 300

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def place(self) -> Place:
        return Place(self.database, self.cluster, self.views_definer)


class Link:
    """The driver's client, made on first use and shared by every view of one warehouse (it is thread-safe)."""

    def __init__(self, config: WarehouseConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._client: Client | None = None

    def client(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = self._open()
            return self._client

    def _open(self) -> Client:
        config = self._config
        other = config.server_name if config.secure and config.verify else ""
        named: dict[str, Any] = {"server_hostname": other} if other else {}
        client = clickhouse_connect.get_client(
            host=config.host,
            port=config.port,
            username=config.user,
            password=config.password,
            secure=config.secure,
            pool_mgr=get_pool_manager(maxsize=16, verify=config.verify, ca_cert=config.ca_cert or None, **named),
            autogenerate_session_id=False,  # sessions are sticky: two threads on one would be refused
            send_receive_timeout=config.timeout,
            query_retries=0,
            settings=dict(COMMON),
        )
        client.database = config.database  # not at connect: `schema apply` connects before the database exists
        return client

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None


class Warehouse:
    """ClickHouse as the platform uses it; cheap to make, connects on first use, safe to share between threads."""

    def __init__(self, config: WarehouseConfig, link: Link, tags: Mapping[str, str]) -> None:
        self.config = config
        self._link = link
        self._tags = dict(tags)

    @classmethod
    def connect(cls, config: WarehouseConfig) -> Warehouse:
        return cls(config, Link(config), {})

    def tagged(self, **tags: str) -> Warehouse:
        """The same connection, whose queries carry these tags (run, asset, partition, statement) in `log_comment`."""
        return Warehouse(self.config, self._link, {**self._tags, **tags})

    def close(self) -> None:
        self._link.close()

    def query(
        self,
        sql: str,
        params: Params | None = None,
        settings: Settings | None = None,
        *,
        schema: pa.Schema | None = None,
    ) -> pa.Table:
        """The result as an Arrow table with the columns and types of `schema`; without one, dates and moments come as
        ClickHouse's Arrow has them: numbers of days and of seconds.
        """
        from zakaz_dagster.table_schemas import as_schema

        def ask(client: Client) -> pa.Table:
            return client.query_arrow(sql, parameters=dict(params or {}), settings=self._settings(settings))

        found = self._patiently(ask, sql, params, repeatable=True)
        return found if schema is None else as_schema(found, schema)

    def rows(self, sql: str, params: Params | None = None, settings: Settings | None = None) -> list[dict[str, Any]]:
        """The result as dictionaries of Python values: for small results that people or rules read."""

        def ask(client: Client) -> list[dict[str, Any]]:
            result = client.query(sql, parameters=dict(params or {}), settings=self._settings(settings))
            return list(result.named_results())

        return self._patiently(ask, sql, params, repeatable=True)

    def scalar(self, sql: str, params: Params | None = None, settings: Settings | None = None) -> Any:
        """The first value of the first row; None when there is no row."""
        found = self.rows(sql, params, settings)
        return next(iter(found[0].values())) if found else None

    def command(
        self, sql: str, params: Params | None = None, settings: Settings | None = None, *, query_id: str = ""
    ) -> None:
        """A statement without a result. One that must not run twice (INSERT, RENAME) is repeated only if it had not
        begun. Of statements with one `query_id` the server runs one at a time; the others wait for it here.
        """
        named = {"query_id": query_id} if query_id else {}

        def tell(client: Client) -> None:
            client.command(sql, parameters=dict(params or {}), settings={**self._settings(settings), **named})

        self._patiently(tell, sql, params, repeatable=ONCE.match(sql) is None)

    def answer(self, sql: str, settings: Settings | None = None) -> str:
        """The text answer of a statement that takes no FORMAT, such as CHECK GRANT."""

        def ask(client: Client) -> str:
            return str(client.command(sql, settings=self._settings(settings)))

        return self._patiently(ask, sql, None, repeatable=True)

    def insert(
        self,
        table: str,
        rows: pa.Table | Iterable[pa.RecordBatch],
        *,
        undo: Callable[[], None] | None = None,
    ) -> int:
        """Send rows in blocks of bounded size; the server's count of written rows must equal what was sent.

        Columns go by name, so an unknown one is an error. An interrupted insert may have left rows behind: it is
        repeated only when `undo` is given, which is called first to empty the table.
        """
        from zakaz_dagster.warehouse.arrow import Blocks

        blocks = Blocks(rows)
        attempts = 0

        def send(client: Client) -> int:
            nonlocal attempts
            attempts += 1
            if attempts > 1 and undo is not None:
                undo()
            settings = self._settings(STRICT_INSERT)
            names = blocks.names
            done = client.raw_insert(table, names, insert_block=blocks.stream(), settings=settings, fmt="ArrowStream")
            return int(done.written_rows)

        if not blocks.names:
            return 0
        repeatable = undo is not None and blocks.repeatable
        written = self._patiently(send, f"INSERT INTO {table}", None, repeatable=repeatable)
        if written != blocks.sent:
            raise BadData(
                f"{written} of {blocks.sent} rows were written to {table}",
                source="clickhouse",
                expected="every row that was sent",
                next_step="nothing was swapped in; look for a proxy that cuts bodies, then run it again",
            )
        return written

    def _settings(self, extra: Settings | None) -> dict[str, object]:
        comment = {"log_comment": json.dumps(self._tags, ensure_ascii=False)} if self._tags else {}
        return {**comment, **(extra or {})}

    def _patiently(self, call: Callable[[Client], T], sql: str, params: Params | None, *, repeatable: bool) -> T:
        def passes(error: Exception) -> bool:
            return isinstance(error, Away) and (repeatable or error.unstarted)

        patience = self.config.patience
        for attempt in stamina.retry_context(
            on=passes, attempts=None, timeout=patience, wait_initial=0.1, wait_max=5.0, wait_jitter=0.2
        ):
            with attempt:
                return self._once(call, sql, params)
        raise Fatal("the retry loop ended without a result", source="clickhouse")  # unreachable: it raises the last

    def _once(self, call: Callable[[Client], T], sql: str, params: Params | None) -> T:
        try:
            return call(self._link.client())
        except (ClickHouseError, HTTPError, OSError) as error:
            # The driver's own text carries the URL with parameter values, so the chain stops here.
            name = self._tags.get("statement") or _head(sql)
            told = failure(error, statement=name, address=self.config.address, params=params)
            logger.info("%s", told.what, extra=self._tags)
            raise told from None


def _head(sql: str) -> str:
    found = HEAD.match(sql)
    return " ".join(found[1].split()) if found else "statement"
