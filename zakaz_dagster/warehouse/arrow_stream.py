"""Rows on their way to ClickHouse: Arrow's stream format, produced block by block in bounded memory.

Belongs here: how rows become bytes. Does not: types (`columns`), the request (`client`).
"""

from __future__ import annotations

import io
from collections.abc import Generator, Iterable, Iterator
from itertools import chain

import pyarrow as pa

# 64k rows of 200 bytes are 13 MB: big enough for the server's own block size, small enough to hold twice.
BLOCK_ROWS = 65_536
# Compressed inside the stream: a body-level compression in several frames is where rows have been lost.
OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


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
