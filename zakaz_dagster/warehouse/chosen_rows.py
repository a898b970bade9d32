"""Which rows of which tables make a row of a view or a fact, as conditions in SQL.

    where    a row fits one of its conditions: ({"city": ("томск",), "date": (day,)}, …); an empty one takes every row

Belongs here: conditions, and taking them down one statement. Does not: following names (`provenance`), asking.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from zakaz_dagster.warehouse import lineage, lineage_cache
from zakaz_dagster.warehouse.drift import quoted
from zakaz_dagster.warehouse.provenance import Key, Ways
from zakaz_dagster.warehouse.sql_files import Statement, load, tables

Value = object
Conditions = Mapping[str, tuple[Value, ...]]  # column -> what it may be
Where = tuple[Conditions, ...]  # a row fits one of them; an empty one takes every row
Base = tuple[Where, frozenset[str]]  # which rows, and which of their columns


def beneath(statement: Statement, where: Where, wanted: frozenset[str]) -> dict[str, Base]:
    """The tables and views that a statement makes the wanted columns of: which of their rows, and which columns."""
    ways = Ways(lineage.known_columns())
    ways.follow(lineage.parsed(statement), {name: Key(name) for each in where for name in each})
    columns: dict[str, set[str]] = {}
    traced = lineage_cache.column_lineage(statement)
    for name in wanted:
        for table, column in traced.get(name, ()):
            columns.setdefault(table, set()).add(column)
    types = {table: declared(table) for table in columns}
    figures = {
        table: frozenset(
            name for name in own if is_number(types[table].get(name, "")) and name not in keys_of(types[table])
        )
        for table, own in columns.items()
    }
    return {
        table: (through(where, ways.found.get(table, [{}])), own)
        for table, own in figures.items()
        if own and not table.startswith(("dim_", "meta_")) and table not in ("v_settings", statement.name)
    }


def through(where: Where, ways: Iterable[Mapping[str, Key]]) -> Where:
    """The conditions on a table beneath, a way at a time."""
    found = [
        {column: _unblanked(each[key.name], key.blank) for column, key in way.items() if key.name in each}
        for way in ways
        for each in where
    ]
    return joined((), found)


def joined(where: Where, more: Iterable[Conditions]) -> Where:
    """Both; one that takes every row stands for all."""
    found = list(where)
    found += [each for each in more if each not in found]
    return ({},) if not all(found) else tuple(found)


def where_of(where: Where) -> str:
    """The conditions as SQL."""
    tests = [" AND ".join(_test(name, values) for name, values in sorted(each.items())) for each in where if each]
    return " OR ".join(f"({test})" for test in tests) if tests and len(tests) == len(where) else "1"


@lru_cache(maxsize=1)
def statements() -> Mapping[str, Statement]:
    """The tables and views of sql/ by name."""
    return {**tables(), **load("views")}


@lru_cache(maxsize=1)
def builds() -> Mapping[str, Statement]:
    return load("builds")


@lru_cache(maxsize=128)
def declared(name: str) -> dict[str, str]:
    """The columns of a table or a view with their types, from its file."""
    return {column.name: column.type for column in lineage.columns(statements()[name])}


def keys_of(types: Mapping[str, str]) -> list[str]:
    """The columns that say what a row is about: texts, days and numbers of things; not moments or figures."""
    return [
        name
        for name, kind in types.items()
        if name[0] != "_" and ("String" in kind or ("Date" in kind and "DateTime" not in kind) or name.endswith("_id"))
    ]


def is_number(kind: str) -> bool:
    return any(word in kind for word in ("Int", "Float", "Decimal")) and not kind.startswith(("Array", "Tuple", "Map"))


def may_be(kind: str, text: str) -> bool:
    """Whether a column of this type can have a value that is written so."""
    inner = re.sub(r"^(?:LowCardinality|Nullable)\((.*)\)$", r"\1", kind)
    if inner != kind:
        return may_be(inner, text)
    try:
        if inner.startswith("Date"):
            (datetime if inner.startswith("DateTime") else date).fromisoformat(text)
        elif is_number(inner):
            return Decimal(text).is_finite() and ("Int" not in inner or Decimal(text) % 1 == 0)
    except (ValueError, ArithmeticError):
        return False
    return True


def _test(name: str, values: Sequence[Value]) -> str:
    known = [literal(value) for value in values if value is not None]
    tests = [f"{name} IN ({', '.join(known)})"] if known else []
    tests += [f"{name} IS NULL"] if None in values else []
    return tests[0] if len(tests) == 1 else f"({' OR '.join(tests)})"


def literal(value: Value) -> str:
    """A value that the database answered, as a literal of SQL."""
    if isinstance(value, bool | int | float | Decimal):
        return str(value)
    return f"toDate({quoted(value.isoformat())})" if isinstance(value, date) else quoted(str(value))


def _unblanked(values: tuple[Value, ...], blank: str) -> tuple[Value, ...]:
    return (*values, "") if blank and blank in values else values
