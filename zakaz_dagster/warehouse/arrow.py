"""Rows on their way to ClickHouse: made to fit a table exactly, or refused; then bytes, in bounded memory.

Belongs here: the checked cast, Arrow's stream format. Does not: which Arrow type a column has (`table_schemas`), where
the columns of a table are read (`table_info`), the request (`client`).
"""

from __future__ import annotations

import io
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain

import pyarrow as pa

from zakaz_dagster.errors import BadData, Fatal
from zakaz_dagster.table_schemas import ENCODED, arrow_type
from zakaz_dagster.warehouse.table_info import SERVICE_COLUMNS

# 64k rows of 200 bytes are 13 MB: big enough for the server's own block size, small enough to hold twice.
BLOCK_ROWS = 65_536
# Compressed inside the stream: a body-level compression in several frames is where rows have been lost.
OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def is_nullable(clickhouse_type: str) -> bool:
    """Whether the column may hold no value (LowCardinality(Nullable(…)) included)."""
    return "Nullable(" in clickhouse_type


def fit(rows: pa.Table, types: Mapping[str, str], *, table: str) -> pa.Table:
    """The rows with exactly the table's columns, in its order and types; a value that does not fit is an error.

    Nothing is filled in or rounded: a missing or an unknown column, a NULL where none may be, an overflow, a lost
    decimal digit and a time without a zone are all refused. A table without rows and columns means "no rows".
    """
    if rows.num_rows == 0 and not set(rows.column_names) - set(SERVICE_COLUMNS):
        return pa.table({name: pa.array([], arrow_type(declared)) for name, declared in types.items()})
    missing = [name for name in types if name not in rows.column_names]
    unknown = [name for name in rows.column_names if name not in types]
    if missing or unknown:
        raise Fatal(
            f"rows for {table} lack the columns {missing or 'none'} and have unknown ones: {unknown or 'none'}",
            source="clickhouse",
            expected="the columns of the table",
            next_step=f"correct the rows or sql/tables/{table}.sql, then `zakaz schema apply`",
        )
    columns = [_column(rows.column(name), name, declared, table) for name, declared in types.items()]
    return pa.Table.from_arrays(columns, names=list(types))


def _column(values: pa.ChunkedArray, name: str, declared: str, table: str) -> pa.ChunkedArray:
    target = arrow_type(declared)
    if pa.types.is_dictionary(values.type):
        target, values = (ENCODED, _distinct(values)) if target == pa.string() else (target, _plain(values))
    if values.null_count and not is_nullable(declared):
        raise BadData(f"{table}.{name} has {values.null_count} empty values", source="clickhouse", expected=declared)
    if pa.types.is_timestamp(target) and pa.types.is_timestamp(values.type) and values.type.tz is None:
        raise BadData(f"{table}.{name} has times without a zone", source="clickhouse", expected=declared)
    if values.type == target:
        return values
    try:
        return values.cast(target, safe=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        # Arrow's own text repeats the value, so the chain stops here.
        raise BadData(
            f"{table}.{name}: a {values.type} does not fit without loss", source="clickhouse", expected=declared
        ) from None


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _distinct(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """With one dictionary that names each text once, as the server takes it."""
    whole = values.combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    texts = whole.dictionary
    if whole.type != ENCODED or texts.null_count or len(texts.unique()) < len(texts):
        whole = whole.cast(pa.string()).dictionary_encode()
    return pa.chunked_array([whole])


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """Fitted tables as one, in one piece; texts that came as a dictionary in some of them are plain in all."""
    tables = [table for table in tables if table.num_rows] or tables[:1]
    if any(table.schema != tables[0].schema for table in tables):
        tables = [pa.table([_plain(column) for column in each.columns], each.column_names) for each in tables]
    return pa.concat_tables(tables).combine_chunks()


def with_service_columns(
    rows: pa.Table, types: Mapping[str, str], *, loaded_at: datetime, ver: int, run_id: str
) -> pa.Table:
    """The rows plus those of `_loaded_at`, `_ver` and `_run_id` that the table has."""
    values: dict[str, object] = {"_loaded_at": loaded_at.replace(microsecond=0), "_ver": ver, "_run_id": run_id}
    for name in SERVICE_COLUMNS:
        if name in types and name not in rows.column_names:
            scalar = pa.scalar(values[name], type=arrow_type(types[name]))
            rows = rows.append_column(name, pa.repeat(scalar, rows.num_rows))
    return rows


class Blocks:
    """A table, or batches of one schema, as a stream; `sent` counts the rows of the latest pass."""

    def __init__(self, rows: pa.Table | Iterable[pa.RecordBatch]) -> None:
        self.repeatable = isinstance(rows, pa.Table)
        self.sent = 0
        self._rows = rows
        self._rest: Iterator[pa.RecordBatch] = iter(())
        self.schema: pa.Schema | None = rows.schema if isinstance(rows, pa.Table) else self._peek(iter(rows))

    def _peek(self, rows: Iterator[pa.RecordBatch]) -> pa.Schema | None:
        first = next(rows, None)
        if first is None:
            return None
        self._rest = chain([first], rows)
        return first.schema

    @property
    def names(self) -> list[str]:
        return list(self.schema.names) if self.schema is not None else []

    def stream(self) -> Generator[bytes, None, None]:
        """The bytes of one pass over the rows."""
        self.sent = 0
        sink = _Sink()
        writer = pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), self.schema, options=OPTIONS)
        rows = self._rows.to_batches(max_chunksize=BLOCK_ROWS) if isinstance(self._rows, pa.Table) else self._rest
        for batch in rows:
            for start in range(0, batch.num_rows, BLOCK_ROWS):
                block = batch.slice(start, BLOCK_ROWS)
                writer.write_batch(block)
                self.sent += block.num_rows
                yield sink.take()
        writer.close()
        yield sink.take()


class _Sink(io.RawIOBase):
    """A file that only remembers what was written since the last look."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
