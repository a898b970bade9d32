"""What every source does with Arrow: records to columns, combinations of columns to numbers, a range to its days.

Belongs here: these operations. Does not: what the columns mean; anything that `base` needs, which is imported for every
run and must not load Arrow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

_EPOCH = date(1970, 1, 1)


def table_of(rows: Iterable[Sequence[Any]], schema: pa.Schema) -> pa.Table:
    """Rows of plain values, in the order of the schema's columns."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(values, kind.type) for values, kind in zip(columns, schema, strict=True)], schema=schema)


def rows_of(table: pa.Table, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Plain values of these columns, row by row."""
    return zip(*(table[name].to_pylist() for name in names), strict=True)


@dataclass(frozen=True)
class Numbered:
    """`codes[row]` is the number of the row's combination, `first[code]` the first row that has it."""

    codes: Any
    first: Any

    @property
    def repeated(self) -> Any:
        """A mask of the rows whose combination comes more than once."""
        return np.bincount(self.codes, minlength=len(self.first))[self.codes] > 1


def number(columns: Sequence[pa.ChunkedArray]) -> Numbered:
    """Combinations of values, numbered in the order of their first rows; no column has NULLs."""
    codes = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        values = column.combine_chunks()
        encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        mixed = codes * max(1, len(encoded.dictionary)) + np.asarray(encoded.indices)
        codes = np.asarray(pa.array(mixed).dictionary_encode().indices).astype(np.int64)
    first = np.zeros(int(codes.max(initial=-1)) + 1, np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]  # of equal codes the last assignment wins: the first row
    return Numbered(codes, first)


def day_numbers(days: pa.ChunkedArray | pa.Array) -> Any:
    """Dates as numbers of days since 1970."""
    return np.asarray(days.cast(pa.int32()))


def in_day_order(table: pa.Table, name: str = "date") -> pa.Table:
    """Sorted by day; a table that already is, is not copied."""
    days = day_numbers(table[name])
    return table if np.all(days[:-1] <= days[1:]) else table.take(pa.array(np.argsort(days, kind="stable")))


def by_day(table: pa.Table, days: Sequence[date], name: str = "date") -> Iterator[tuple[date, pa.Table]]:
    """Every day with its rows, from a table in day order; cutting copies nothing."""
    numbers = day_numbers(table[name])
    for day in days:
        at = np.int32((day - _EPOCH).days)  # of the array's own type, or numpy would copy it for every day
        start, end = np.searchsorted(numbers, at, "left"), np.searchsorted(numbers, at, "right")
        yield day, table.slice(start, end - start)
