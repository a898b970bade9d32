"""A `Warehouse` whose engine is a process of another environment: the driver's verbs over `engine_process`."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pyarrow as pa
from clickhouse_connect.driver.binding import bind_query
from clickhouse_connect.driver.exceptions import DatabaseError

from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse.client import COMMON, Warehouse, WarehouseConfig

SCRIPT = Path(__file__).with_name("engine_process.py")
# Of the request, not of the query; `readonly` cannot be taken back in a session.
NOT_SETTINGS = {"database", "query_id", "readonly", "send_progress_in_http_headers", "log_comment"}


@dataclass(frozen=True)
class Statement:
    """A statement as it was sent, and whether it was refused."""

    sql: str
    parameters: Any
    settings: Any
    form: str
    failed: bool


@dataclass(frozen=True)
class Insert:
    """Rows as they were sent."""

    table: str
    names: tuple[str, ...]
    data: bytes
    settings: Any
    fmt: str


Sent = Statement | Insert


class Engine:
    """The process, and the methods of the driver's client that the platform uses."""

    def __init__(self, python: Path, folder: Path, database: str) -> None:
        self.python, self.folder, self.database = python, folder, database
        self.sent: list[Sent] | None = None  # what was sent since this was made a list
        self._lock = threading.Lock()
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [str(self.python), str(SCRIPT), str(self.folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self._ask(f"CREATE DATABASE IF NOT EXISTS {self.database}")
        self._ask(f"USE {self.database}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def query(self, sql: str, parameters: Any = None, settings: Any = None) -> Any:
        found = json.loads(self._ask(sql, parameters, settings, "JSONCompact"))
        columns = [(each["name"], each["type"]) for each in found["meta"]]
        rows = [{n: value(v, kind) for (n, kind), v in zip(columns, row, strict=True)} for row in found["data"]]
        return SimpleNamespace(named_results=lambda: rows)

    def query_arrow(self, sql: str, parameters: Any = None, settings: Any = None) -> pa.Table:
        text = {"output_format_arrow_string_as_string": 1, "output_format_arrow_compression_method": "none"}
        return pa.ipc.open_file(self._ask(sql, parameters, {**(settings or {}), **text}, "Arrow")).read_all()

    def command(self, sql: str, parameters: Any = None, settings: Any = None) -> str:
        return self._ask(sql, parameters, settings).decode().strip()

    def raw_insert(self, table: str, names: Any, insert_block: Any, settings: Any, fmt: str) -> Any:
        path, columns = self.folder / f"{uuid.uuid4()}.arrow", ", ".join(names)
        data = b"".join(insert_block)
        path.write_bytes(data)
        source = f"SELECT {columns} FROM file('{path}', {fmt})"
        self._ask(f"INSERT INTO {table} ({columns}) {source}", None, settings)
        path.unlink()
        if self.sent:
            self.sent[-1] = Insert(table, tuple(names), data, settings, fmt)
        return SimpleNamespace(written_rows=pa.ipc.open_stream(io.BytesIO(data)).read_all().num_rows)

    def close(self) -> None:
        self.kill()

    def replay(self, sent: Iterable[Sent]) -> None:
        """Send to this engine what was sent to another, in order; what was refused there is refused here."""
        for each in sent:
            if isinstance(each, Insert):
                self.raw_insert(each.table, each.names, [each.data], each.settings, each.fmt)
                continue
            try:
                self._ask(each.sql, each.parameters, each.settings, each.form)
            except DatabaseError:
                if not each.failed:
                    raise

    def _ask(self, sql: str, parameters: Any = None, settings: Any = None, form: str = "TabSeparated") -> bytes:
        bound, params = bind_query(sql, parameters or {})
        chosen = {name: text for name, text in {**COMMON, **(settings or {})}.items() if name not in NOT_SETTINGS}
        values = {name.removeprefix("param_"): text for name, text in params.items()}
        ask = {"sql": bound, "params": values, "settings": chosen, "form": form}
        with self._lock:
            line = self.asked(ask)
        if not line:
            raise ConnectionResetError("the engine is gone")
        answer = json.loads(line)
        if self.sent is not None:
            self.sent.append(Statement(sql, parameters, settings, form, failed="error" in answer))
        if "error" in answer:
            error = DatabaseError(answer["error"])
            code = re.search(r"Code: (\d+)", answer["error"])
            error.code = int(code[1]) if code else 1002
            raise error
        return base64.b64decode(answer["data"])

    def asked(self, ask: dict[str, Any]) -> str:
        """The line that answers; empty when the engine is gone."""
        try:
            self.write(ask)
            return self.process.stdout.readline() if self.process.stdout else ""
        except OSError:
            return ""

    def write(self, ask: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(ask, default=str) + "\n")
        self.process.stdin.flush()


def value(given: Any, kind: str) -> Any:
    """A value of JSONCompact as the driver gives it."""
    inner = re.fullmatch(r"(Nullable|LowCardinality|Array)\((.*)\)", kind)
    if given is None:
        return None
    if inner:
        return [value(each, inner[2]) for each in given] if inner[1] == "Array" else value(given, inner[2])
    if "Int" in kind and not kind.startswith("Tuple"):
        return int(given)
    if kind.startswith("Decimal"):
        return Decimal(str(given))
    if kind.startswith("DateTime"):
        zone = re.search(r"'(.+)'", kind)
        return datetime.fromisoformat(given).replace(tzinfo=ZoneInfo(zone[1]) if zone else MOSCOW)
    return date.fromisoformat(given) if kind == "Date" else given


E = TypeVar("E", bound=Engine)


@contextmanager
def warehouse_on(
    python: Path, folder: Path, database: str = "zakaz", made: type[E] = Engine
) -> Iterator[tuple[Warehouse, E]]:
    """A warehouse on the engine of that interpreter, and the engine itself, to be killed and started again."""
    engine = made(python, folder, database)
    link: Any = SimpleNamespace(client=lambda: engine, close=engine.close)
    try:
        yield Warehouse(WarehouseConfig(database=database, patience=0.5), link, {}), engine
    finally:
        engine.kill()
        for pipe in (engine.process.stdin, engine.process.stdout):
            if pipe:
                with suppress(OSError):  # what was not sent to an engine that is gone
                    pipe.close()


def hashes(wh: Warehouse, tables: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Rows and a hash of each table's content, without moments of writing and who wrote it."""
    service = {"_loaded_at", "_ver", "_run_id", "_recorded_ns", "covered_until", "as_of", "content", "changed_ns"}
    found = {}
    for name, columns in tables.items():
        kept = ", ".join(column for column in columns.split(",") if column not in service)
        row = wh.rows(f"SELECT count() AS n, groupBitXor(sipHash64(toString(tuple({kept})))) AS h FROM {name}")[0]  # noqa: S608
        found[name] = (row["n"], row["h"])
    return found
