"""Slowly changing dimensions: a vendor tells only today's tags, and a day read again later must keep those of its day.

    version = object (`key`) + what holds from `valid_from` on + what may change without a new version

A change of one of the `opening` columns opens a version; older days keep the older one, and the first version also
covers the days before it. Of these the `derived` ones are our reading of the others: when spellings of cities are
edited, versions are read again in place, since nothing has changed at the vendor's.
Belongs here: comparing and looking up. Does not: the day on which a vendor's change began (the caller says it), where
versions are kept (the caller hands them in and stores those that changed).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from zakaz_dagster.sources.tables import day_numbers, number, rows_of, table_of
from zakaz_dagster.table_schemas import as_schema

Row: TypeAlias = tuple[Any, ...]
Began: TypeAlias = Callable[[Row, Row | None], date]
VALID_FROM = "valid_from"
_DAYS = 1 << 20  # a day number stays below this


@dataclass(frozen=True)
class Dimension:
    """`schema` has the column `valid_from`, `key` names the object, a change of `opening` columns opens a version.

    `derived` are those of the `opening` columns that are read from texts of the same version.
    """

    schema: pa.Schema
    key: Sequence[str]
    opening: Sequence[str]
    derived: Sequence[str] = ()

    @property
    def said(self) -> Sequence[str]:
        """The `opening` columns that are the vendor's own words."""
        return [name for name in self.opening if name not in self.derived]

    def values(self, row: Row, names: Sequence[str]) -> Row:
        return tuple(row[self.schema.get_field_index(name)] for name in names)


class Versions:
    """Every version known: those stored before (`stored`) and those observed since."""

    def __init__(self, about: Dimension, stored: pa.Table | None = None) -> None:
        self._about = about
        self._start = about.schema.get_field_index(VALID_FROM)
        self._of: dict[Row, list[Row]] = {}
        self._changed: dict[Row, Row] = {}
        rows = rows_of(as_schema(stored, about.schema), about.schema.names) if stored is not None else ()
        for row in sorted(rows, key=lambda row: row[self._start]):
            self._put(about.values(row, about.key), row)

    def __contains__(self, key: Row) -> bool:
        return key in self._of

    def newest(self) -> list[Row]:
        """The newest version of every object."""
        return [own[-1] for own in self._of.values()]

    def of(self, key: Row) -> Sequence[Row]:
        """The versions of an object, ascending."""
        return self._of.get(key, ())

    def reread(self, rows: Iterable[Row]) -> None:
        """Take what is derived in these versions (told by key and `valid_from`), if their words are those held."""
        about = self._about
        places = [about.schema.get_field_index(name) for name in about.derived]
        for row in rows:
            own = self._of[about.values(row, about.key)]
            for at, held in enumerate(own):
                if held[self._start] == row[self._start] and self._says(held) == self._says(row):
                    found = tuple(row[place] if place in places else value for place, value in enumerate(held))
                    if found != held:
                        own[at] = self._changed[*about.values(row, about.key), row[self._start]] = found

    def observe(self, rows: Iterable[Row], began: Began) -> None:
        """Take in objects as they are now; `began(row, newest version)` is the day on which a new version begins.

        The `valid_from` of the rows that are handed in is not looked at.
        """
        about = self._about
        for row in rows:
            key = about.values(row, about.key)
            newest = self._of[key][-1] if key in self._of else None
            same = newest is not None and about.values(row, about.opening) == about.values(newest, about.opening)
            day = newest[self._start] if newest is not None and same else self._begin(began(row, newest), newest)
            found = (*row[: self._start], day, *row[self._start + 1 :])
            if found != newest:
                self._put(key, found)
                self._changed[*key, day] = found

    def changed(self) -> pa.Table:
        """Versions to store: new ones, and those of which a name or a state changed."""
        return table_of(self._changed.values(), self._about.schema)

    def table(self) -> pa.Table:
        """All versions, those of an object together and ascending: the rows `at` points to."""
        return table_of((row for own in self._of.values() for row in own), self._about.schema)

    def at(self, rows: pa.Table) -> pa.Array:
        """For each row (the key's columns and `date`) the place in `table()` of the version that held; else NULL."""
        versions = self.table()
        codes = number([_together(versions[name], rows[name]) for name in self._about.key]).codes
        own, sought = codes[: versions.num_rows] * _DAYS, codes[versions.num_rows :] * _DAYS
        begins = own + day_numbers(versions[VALID_FROM])
        found = np.searchsorted(begins, sought + day_numbers(rows["date"]), "right") - 1
        first = np.searchsorted(begins, sought, "left")
        unknown = sought > (own[-1] if len(own) else -1)  # numbered after all that have a version
        return pa.array(np.maximum(found, first), mask=unknown)

    def _says(self, row: Row) -> Row:
        return self._about.values(row, self._about.said)

    def _begin(self, day: date, newest: Row | None) -> date:
        """Never before the version it follows."""
        return day if newest is None else max(day, newest[self._start])

    def _put(self, key: Row, row: Row) -> None:
        own = self._of.setdefault(key, [])
        if own and own[-1][self._start] == row[self._start]:
            own.pop()
        own.append(row)


def new_rows(current: pa.Table, stored: pa.Table | None) -> pa.Table:
    """Of a dimension without versions, the rows that are not stored as they are now."""
    if stored is None:
        return current
    known = set(rows_of(as_schema(stored, current.schema), current.schema.names))
    return table_of((row for row in rows_of(current, current.schema.names) if row not in known), current.schema)


def _together(one: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.ChunkedArray:
    """Both columns in the other's type, which may be a dictionary."""
    if pa.types.is_dictionary(other.type):
        one = pa.chunked_array([one.combine_chunks().dictionary_encode()]).cast(other.type)
    return pa.chunked_array([*one.cast(other.type).chunks, *other.chunks], other.type).unify_dictionaries()
