"""Money in a report: which of the two ways it is written in, and the same value as exact roubles.

Belongs here: micros and decimals, and telling them apart. Does not: comma decimals of hand-exported files (`exports`).
A decimal128(18, 2) is a whole number of kopecks in 16 bytes; its lower half is read as int64, which is twenty times
faster on a million values than decimal arithmetic and as exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.yandex_direct.records import SOURCE

MONEY = pa.decimal128(18, 2)
MICROS_IN_KOPECK = 10_000
KOPECKS_IN_ROUBLE = 100


def kopecks(money: pa.ChunkedArray) -> Any:
    """The values as int64, NULL as 0."""
    values = pc.fill_null(money, pa.scalar(0, MONEY)) if money.null_count else money
    return np.concatenate([_lower_halves(chunk) for chunk in values.chunks] or [np.zeros(0, np.int64)])


def from_micros(micros: pa.ChunkedArray) -> pa.ChunkedArray:
    """Roubles; anything finer than a kopeck means that these are no micros."""
    values = np.asarray(pc.fill_null(micros, 0))
    if np.any(values % MICROS_IN_KOPECK):
        raise _wrong("micros", "something else: not whole kopecks")
    lower = values // MICROS_IN_KOPECK
    halves = np.stack([lower, lower >> 63], axis=1)  # the upper half repeats the sign
    money = pa.Array.from_buffers(MONEY, len(lower), [None, pa.py_buffer(halves.tobytes())])
    missing = pc.is_null(micros).combine_chunks() if micros.null_count else None
    return pa.chunked_array([money if missing is None else pc.if_else(missing, pa.scalar(None, MONEY), money)], MONEY)


def refuse_hidden_micros(money: pa.ChunkedArray, texts: Callable[[], pa.ChunkedArray]) -> None:
    """Decimals were asked for: only ten thousands of whole roubles, without one point in the text, are micros."""
    values = kopecks(money)
    if not np.any(values) or np.any(values % (MICROS_IN_KOPECK * KOPECKS_IN_ROUBLE)):
        return
    if not pc.any(pc.match_substring(texts(), ".")).as_py():
        raise _wrong("decimals", "micros")


def read_unknown(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """A point anywhere means decimals; whole kopecks in millionths mean micros; anything else must be said."""
    try:
        whole = texts.cast(pa.int64())
    except pa.ArrowInvalid:
        return _decimals(texts)
    if not pc.any(pc.not_equal(whole, 0)).as_py():
        return _decimals(texts)
    if np.any(np.asarray(pc.fill_null(whole, 0)) % MICROS_IN_KOPECK):
        raise BadData(
            "whole numbers in Cost that are neither kopecks in millionths nor decimals",
            source=SOURCE,
            expected="micros, or roubles with a point",
            next_step="say how money is written (--money micros or decimal)",
        )
    return from_micros(whole)


def _decimals(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return texts.cast(MONEY)
    except pa.ArrowInvalid:
        raise _wrong("decimals", "millionths beside decimals") from None


def _lower_halves(chunk: pa.Array) -> Any:
    words = np.frombuffer(chunk.buffers()[1], np.int64)
    return words[2 * chunk.offset : 2 * (chunk.offset + len(chunk)) : 2]


def _wrong(asked: str, came: str) -> BadData:
    return BadData(
        f"money was asked for as {asked} and looks like {came}",
        source=SOURCE,
        expected=f"Cost in {asked}",
        next_step="check DIRECT_MONEY_IN_MICROS; nothing was loaded",
    )
