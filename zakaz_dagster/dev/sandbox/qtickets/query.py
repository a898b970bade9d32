"""The grammar of a list request's JSON body: where, orderBy, page, perPage, select. Unknown columns and operators fail.

Rows are reached through columns (a name to a function of the row), so that orders need not be rendered to be filtered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from zakaz_dagster.dev.sandbox.world.moments import parse

Row = TypeVar("Row")
Json = dict[str, Any]


class BadQuery(Exception):
    """What the vendor answers with 503 UNKNOWN_ERROR."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of `where`; moments are epoch seconds."""

    column: str
    operator: str
    value: Any

    def test(self, found: Any) -> bool:
        """Whether a value passes; a list passes when one of its members does, null only `null`."""
        if isinstance(found, list):
            return any(self.test(item) for item in found)
        if self.operator in ("null", "not null"):
            return (found is None) == (self.operator == "null")
        return found is not None and _COMPARE[self.operator](found, self.value)


@dataclass(frozen=True, slots=True)
class Query:
    """A list request as the vendor understands it."""

    where: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    page: int = 1
    per_page: int = 0
    select: tuple[str, ...] = ()
    options: Mapping[str, Any] | None = None

    def option(self, name: str) -> Any:
        return (self.options or {}).get(name)


def read(body: bytes, default_size: int, largest: int) -> Query:
    """The query of a GET body; an empty body asks for nothing in particular. Only `perPage` sets the size."""
    if not body.strip():
        return Query(per_page=default_size)
    try:
        asked = json.loads(body)
    except ValueError as error:
        raise BadQuery("not JSON") from error
    if not isinstance(asked, dict):
        raise BadQuery("not an object")
    size = asked.get("perPage", default_size)
    page = asked.get("page", 1)
    if not isinstance(size, int) or not isinstance(page, int) or size < 1 or page < 1:
        raise BadQuery("page and perPage are positive numbers")
    return Query(
        where=tuple(_condition(item) for item in asked.get("where") or ()),
        order=tuple((column, _descending(how)) for column, how in (asked.get("orderBy") or {}).items()),
        page=page,
        per_page=min(size, largest),
        select=_select(asked.get("select")),
        options=asked,
    )


def matching(rows: Iterable[Row], query: Query, columns: Callable[[str], Callable[[Row], Any]]) -> list[Row]:
    """The rows that pass every condition, in the order asked for (as they come, without one)."""
    tests = [(columns(condition.column), condition.test) for condition in query.where]
    found = [row for row in rows if all(test(value(row)) for value, test in tests)]
    for name, descending in reversed(query.order):
        value = columns(name)
        found.sort(key=lambda row: ((seen := value(row)) is not None, 0 if seen is None else seen), reverse=descending)
    return found


def rows_matching(rows: list[Json], query: Query) -> list[Json]:
    """The rendered rows that match; a column none of them has is an error."""

    def column(name: str) -> Callable[[Json], Any]:
        if rows and all(name.partition(".")[0] not in row for row in rows):
            raise BadQuery(f"no column {name}")
        return dotted(name)

    return matching(rows, query, column)


def page_of(rows: Sequence[Row], query: Query) -> Sequence[Row]:
    start = (query.page - 1) * query.per_page
    return rows[start : start + query.per_page]


def dotted(name: str) -> Callable[[Mapping[str, Any]], Any]:
    """A column of a rendered row; in lists, of every member. Moments become epoch seconds."""
    parts = name.split(".")

    def value(row: Any) -> Any:
        for depth, part in enumerate(parts):
            if isinstance(row, list):
                rest = dotted(".".join(parts[depth:]))
                return [rest(item) for item in row]
            if not isinstance(row, Mapping):
                return None
            row = row.get(part)
        return parse(row) if row and _is_moment(parts[-1]) else row

    return value


def project(row: Any, paths: Sequence[str]) -> Any:
    """The row with the selected dotted paths only."""
    if isinstance(row, list):
        return [project(item, paths) for item in row]
    if not isinstance(row, dict):
        return row
    deeper: dict[str, list[str]] = {}
    for path in paths:
        head, _, rest = path.partition(".")
        deeper.setdefault(head, []).append(rest)
    return {
        name: row[name] if "" in rests else project(row[name], rests) for name, rests in deeper.items() if name in row
    }


def _condition(item: Any) -> Condition:
    if not isinstance(item, dict) or not isinstance(item.get("column"), str):
        raise BadQuery("a condition has a column")
    operator = str(item.get("operator", "=")).lower()
    if operator not in _COMPARE and operator not in ("null", "not null"):
        raise BadQuery(f"no operator {operator}")
    column = item["column"]
    value = item.get("value")
    try:
        return Condition(column, operator, _typed(column, value))
    except (TypeError, ValueError) as error:
        raise BadQuery(f"cannot read {value!r}") from error


def _typed(column: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_typed(column, item) for item in value]
    if isinstance(value, str):
        if _is_moment(column):
            return parse(value)
        return int(value) if value.isdecimal() and column.rpartition(".")[2] in _NUMBERS else value
    return value


def _is_moment(column: str) -> bool:
    return column.endswith(("_at", "_date")) or column == "reserved_to"


def _descending(how: Any) -> bool:
    if str(how).lower() not in ("asc", "desc"):
        raise BadQuery(f"no direction {how}")
    return str(how).lower() == "desc"


def _select(paths: Any) -> tuple[str, ...]:
    parts = paths.split(",") if isinstance(paths, str) else paths or ()
    return tuple(str(path).strip() for path in parts)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def safe(found: Any, wanted: Any) -> bool:
        try:
            return compare(found, wanted)
        except TypeError as error:
            raise BadQuery("values cannot be compared") from error

    return safe


_NUMBERS = frozenset({"id", "event_id", "show_id", "client_id", "discount_id", "promo_code_id", "payed", "is_active"})
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda found, wanted: bool(found == wanted),
    "!=": lambda found, wanted: bool(found != wanted),
    "<": _ordered(lambda found, wanted: found < wanted),
    ">": _ordered(lambda found, wanted: found > wanted),
    "<=": _ordered(lambda found, wanted: found <= wanted),
    ">=": _ordered(lambda found, wanted: found >= wanted),
    "in": _ordered(lambda found, wanted: found in wanted),
    "not in": _ordered(lambda found, wanted: found not in wanted),
    "in array": _ordered(lambda found, wanted: found in wanted),
    "not in array": _ordered(lambda found, wanted: found not in wanted),
}
