"""Request bodies: decoded frame by frame, kept in memory while small and in a temporary file beyond.

A body is complete before anything runs, so a client that dies half-way has inserted nothing. Belongs here: content
encodings and spooling. Does not: what the bytes mean.
"""

from __future__ import annotations

import asyncio
import tempfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import IO, Protocol, Self

import lz4.frame
import zstandard

from zakaz_dagster.dev.clickhouse.errors import (
    INCORRECT_DATA,
    QUERY_IS_TOO_LARGE,
    TIMEOUT_EXCEEDED,
    UNSUPPORTED_MEDIA_TYPE,
    ClickHouseError,
)

IN_MEMORY = 8 * 2**20
CHUNK = 2**20
LONGEST_QUERY = 64 * 2**20
STALLED_SECONDS = 60.0  # a client that sends no byte for so long is given up


class Decompressor(Protocol):
    """One frame; the three libraries share this shape."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


_FRAMES: dict[str, Callable[[], Decompressor]] = {
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "deflate": lambda: zlib.decompressobj(wbits=15),
    "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
    "lz4": lz4.frame.LZ4FrameDecompressor,
}
_BROKEN = (zlib.error, zstandard.ZstdError, RuntimeError, EOFError)


class Frames:
    """Concatenated frames of one encoding. clickhouse-connect sends one per block: stopping at the first loses rows."""

    def __init__(self, encoding: str) -> None:
        if encoding not in _FRAMES:
            known = ", ".join(sorted(_FRAMES))
            raise ClickHouseError.refuse(
                UNSUPPORTED_MEDIA_TYPE, f"Content-Encoding '{encoding}' is not supported; send one of {known}"
            )
        self._encoding = encoding
        self._frame: Decompressor | None = None

    def feed(self, data: bytes) -> bytes:
        out = []
        while data:
            if self._frame is None:
                self._frame = _FRAMES[self._encoding]()
            try:
                out.append(self._frame.decompress(data))
            except _BROKEN as error:
                raise self._refusal(f"is broken: {error}") from error
            if not self._frame.eof:
                break
            data, self._frame = self._frame.unused_data, None
        return b"".join(out)

    def finish(self) -> None:
        """Refuse a body that ends inside a frame."""
        if self._frame is not None:
            raise self._refusal("ends inside a frame")

    def _refusal(self, what: str) -> ClickHouseError:
        return ClickHouseError.refuse(INCORRECT_DATA, f"The {self._encoding} body {what}; nothing was executed")


class Body:
    """A complete, decoded request body."""

    def __init__(self, directory: Path) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(directory))  # noqa: SIM115 - closed below
        self.size = 0

    @classmethod
    async def received(cls, stream: AsyncIterator[bytes], encoding: str, directory: Path) -> Body:
        body = cls(directory)
        frames = Frames(encoding) if encoding not in ("", "identity") else None
        try:
            clock = asyncio.get_running_loop().time
            async with asyncio.timeout(STALLED_SECONDS) as patience:
                async for chunk in stream:
                    patience.reschedule(clock() + STALLED_SECONDS)
                    body._write(frames.feed(chunk) if frames else chunk)
            if frames:
                frames.finish()
        except TimeoutError as error:
            body.close()
            raise ClickHouseError.refuse(
                TIMEOUT_EXCEEDED, f"No byte of the body came for {STALLED_SECONDS:.0f} seconds; nothing was executed"
            ) from error
        except BaseException:
            body.close()
            raise
        return body

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self.size += len(data)

    def head(self, size: int) -> bytes:
        self._file.seek(0)
        return self._file.read(size)

    def text(self) -> bytes:
        """All of it, where it has to fit into memory: a query or a form."""
        if self.size > LONGEST_QUERY:
            raise ClickHouseError.refuse(QUERY_IS_TOO_LARGE, f"The query or form is longer than {LONGEST_QUERY} bytes")
        return self.head(self.size)

    def opened(self, start: int) -> IO[bytes]:
        """The file itself, at `start`; it stays ours."""
        self._file.seek(start)
        return self._file

    def chunks(self, start: int) -> Iterator[bytes]:
        """The bytes from `start` on."""
        self._file.seek(start)
        while chunk := self._file.read(CHUNK):
            yield chunk

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
