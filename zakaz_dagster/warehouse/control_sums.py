"""Control sums: the same figures computed by Arrow over what was sent and by ClickHouse over what it holds.

Belongs here: the figures and their comparison. Does not: totals of vendors (`ledger` keeps those).
"""

# ruff: noqa: S608  (names come from our own files and the catalogue; values are parameters)
from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData
from zakaz_dagster.table_schemas import ENCODED
from zakaz_dagster.warehouse.client import ONE_THREAD, Warehouse

WRAP = 2**64


def figures(rows: pa.Table) -> dict[str, int | Decimal]:
    """Row count, and per column its empty values and a sum: of numbers, of days, of bytes. Integers wrap at 2^64, as in
    ClickHouse.
    """
    found: dict[str, int | Decimal] = {"count()": rows.num_rows}
    for name in rows.column_names:
        column = rows.column(name)
        if column.null_count:
            found[f"countIf(`{name}` IS NULL)"] = column.null_count
        for expression, total in _figures(name, column):
            found[expression] = total(column)
    return found


def _figures(name: str, column: pa.ChunkedArray) -> list[tuple[str, Callable[[pa.ChunkedArray], int | Decimal]]]:
    kind = column.type
    if pa.types.is_decimal(kind):
        return [(f"sum(`{name}`)", lambda values: pc.sum(values).as_py() or Decimal(0))]
    if pa.types.is_integer(kind):
        return [(f"sum(toUInt64(`{name}`))", _wrapped)]
    if pa.types.is_string(kind) or kind == ENCODED:
        return [(f"sum(toUInt64(length(`{name}`)))", _bytes)]
    if pa.types.is_date32(kind):
        return [(f"sum(toUInt64(toUInt32(`{name}`)))", lambda values: _wrapped(values.cast(pa.int32())))]
    if pa.types.is_timestamp(kind):
        return [(f"sum(toUInt64(toUnixTimestamp(`{name}`)))", lambda values: _wrapped(values.cast(pa.int64())))]
    return []


def _bytes(texts: pa.ChunkedArray) -> int:
    if texts.type != ENCODED:
        return _wrapped(pc.binary_length(texts))
    lengths = [pc.binary_length(chunk.dictionary).take(chunk.indices) for chunk in texts.chunks]
    return _wrapped(pa.chunked_array(lengths, pa.int32()))


def _wrapped(values: pa.ChunkedArray) -> int:
    return (
        int(pc.sum(values.cast(pa.int64() if pa.types.is_signed_integer(values.type) else pa.uint64())).as_py() or 0)
        % WRAP
    )


def agree(wh: Warehouse, table: str, rows: pa.Table, *, key: str) -> None:
    """Refuse to go on unless the table holds exactly these rows, as far as counts and sums can tell."""
    sent = figures(rows)
    names = [f"f{number}" for number in range(len(sent))]
    listed = ", ".join(f"{expression} AS {name}" for expression, name in zip(sent, names, strict=True))
    held = wh.rows(f"SELECT {listed} FROM {table}", settings=ONE_THREAD)[0]
    wrong = [
        f"{expression} {sent[expression]} became {held[name] or 0}"
        for expression, name in zip(sent, names, strict=True)
        if sent[expression] != (held[name] or 0)
    ]
    if not wrong:
        return
    doubled = held["f0"] < rows.num_rows
    raise BadData(
        f"{table} does not hold the rows that were sent: {'; '.join(wrong[:5])}",
        source="clickhouse",
        expected=f"unique rows by ({key})" if doubled else "equal control sums",
        next_step="nothing was changed; find the rows with the same key"
        if doubled
        else "nothing was changed; report it",
    )
