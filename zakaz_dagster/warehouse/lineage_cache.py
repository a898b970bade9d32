"""What `lineage` found in sql/, kept between processes: reading all of it anew would double the start of every run.

The memory lies where Python keeps what it compiled (`__pycache__`, PYTHONPYCACHEPREFIX, PYTHONDONTWRITEBYTECODE) and is
good for one exact content of sql/ and of the code that reads it. Belongs here: that. Does not: what is found.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from zakaz_dagster.paths import SQL_ROOT
from zakaz_dagster.warehouse.sql_files import Kind, Statement, load

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.tracing import Origin

KINDS: tuple[Kind, ...] = ("tables", "views", "builds")
READERS = ("ddl", "lineage", "lineage_cache", "sql_files", "tracing")
Entry = dict[str, Any]


class Column(NamedTuple):
    """A declared column, as far as it is shown."""

    name: str
    type: str
    comment: str


def columns(statement: Statement) -> tuple[Column, ...]:
    """`lineage.columns`."""
    return tuple(Column(*each) for each in _known(statement)["columns"])


def comment(statement: Statement) -> str:
    """What a table or view says of itself, in Russian."""
    return str(_known(statement)["comment"])


def reads(statement: Statement) -> frozenset[str]:
    """`lineage.reads`."""
    if entry := _held(statement):
        return frozenset(entry["reads"])
    from zakaz_dagster.warehouse import lineage

    return lineage.reads(statement)


def column_lineage(statement: Statement) -> dict[str, tuple[Origin, ...]]:
    """`lineage.column_lineage` over the tables of sql/."""
    found = _known(statement)["lineage"]
    return {name: tuple((table, column) for table, column in origins) for name, origins in found.items()}


def outputs(statement: Statement) -> list[str]:
    """The columns that a build or a view of sql/ gives, in order; none for a statement that is not of sql/."""
    entry = _held(statement)
    return list(entry["lineage"]) if entry else []


def _known(statement: Statement) -> Entry:
    """What is remembered of a file of sql/ with this very text; anything else is read now."""
    return _held(statement) or _entry(statement)


def _held(statement: Statement) -> Entry | None:
    entry = _memory().get(f"{statement.kind}/{statement.name}")
    return entry if entry is not None and entry["sql"] == statement.sql else None


@cache
def _memory() -> dict[str, Entry]:
    statements = list(_statements())
    key, path = _key(statements), _path()
    with suppress(OSError, ValueError, KeyError, TypeError):
        held = json.loads(path.read_text(encoding="utf-8"))
        if held["key"] == key:
            return dict(held["entries"])
    entries = {f"{each.kind}/{each.name}": _entry(each) for each in statements}
    if not sys.dont_write_bytecode:
        _keep(path, json.dumps({"key": key, "entries": entries}, ensure_ascii=False))
    return entries


def _entry(statement: Statement) -> Entry:
    from zakaz_dagster.warehouse import ddl, lineage  # bring the parser: a tenth of the start of a run

    selects = statement.kind != "tables"
    return {
        "sql": statement.sql,
        "comment": ddl.parse(statement.sql).comment if statement.kind != "builds" else "",
        "columns": [(each.name, each.type, each.comment) for each in lineage.columns(statement)],
        "reads": sorted(lineage.reads(statement)),
        "lineage": lineage.column_lineage(statement) if selects else {},
    }


def _statements() -> Iterator[Statement]:
    for kind in KINDS:
        yield from load(kind).values()


def _key(statements: list[Statement]) -> str:
    seen = hashlib.sha256(f"{sys.version_info} {version('sqlglot')}".encode())
    for name in READERS:
        seen.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    for each in statements:
        seen.update(f"\0{each.kind}/{each.name}\0{each.sql}".encode())
    return seen.hexdigest()


def _path() -> Path:
    return Path(cache_from_source(str(SQL_ROOT / "lineage.py"))).with_suffix(".json")


def _keep(path: Path, text: str) -> None:
    """Whole or not at all; a read-only installation does without."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        written = path.with_suffix(f".{os.getpid()}.tmp")
        written.write_text(text, encoding="utf-8")
        written.replace(path)
