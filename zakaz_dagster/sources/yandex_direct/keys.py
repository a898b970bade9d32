"""Combinations of several columns: numbering the distinct ones, and finding those that come twice.

Belongs here: these operations on Arrow columns. Does not: what the columns mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

_MULTIPLIERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_SHIFT = np.uint64(29)


@dataclass(frozen=True)
class Numbered:
    """`codes[row]` is the number of the row's combination, `first[code]` the first row that has it."""

    codes: Any
    first: Any


def may_repeat(columns: Sequence[pa.ChunkedArray]) -> Any:
    """A mask of the rows whose combination comes more than once; rarely, by a collision, of one that does not."""
    mixed = _mixed([_integers(column) for column in columns], np.uint64(_MULTIPLIERS[0]))
    ordered = np.sort(mixed)
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    return np.isin(mixed, twice)


def number(columns: Sequence[pa.ChunkedArray]) -> Numbered:
    """Combinations in the order of their first rows. Columns are integers, dates or dictionaries without NULL."""
    values = [_integers(column) for column in columns]
    for multiplier in _MULTIPLIERS:
        encoded = pa.array(_mixed(values, np.uint64(multiplier))).dictionary_encode()
        codes = np.asarray(encoded.indices)
        first = np.zeros(len(encoded.dictionary), np.int64)
        first[codes[::-1]] = np.arange(len(codes))[::-1]  # of equal codes the last assignment wins: the first row
        if all(np.array_equal(column[first][codes], column) for column in values):
            return Numbered(codes, first)
    raise AssertionError  # three independent hashes collided


def _mixed(values: Sequence[Any], multiplier: Any) -> Any:
    mixed = np.zeros(len(values[0]), np.uint64)
    for column in values:
        mixed = (mixed ^ column) * multiplier
        mixed ^= mixed >> _SHIFT
    return mixed


def _integers(column: pa.ChunkedArray) -> Any:
    if pa.types.is_dictionary(column.type):
        column = column.combine_chunks().indices
    elif pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    return np.asarray(column).astype(np.uint64)
