"""Reading one body off the wire within its bounds, and noticing when it was cut off.

Belongs here: size and time limits, decompression. Does not: what the bytes mean.
httpx itself takes a gzip stream that ends early for a whole one; here it is a broken answer.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import httpx

from zakaz_dagster.errors import Fatal
from zakaz_dagster.transport.retries import TryAgain

ACCEPT_ENCODING = "gzip"
CHUNK = 256 * 1024  # of decoded bytes
_GZIP = 16 + zlib.MAX_WBITS


def read_into(reply: httpx.Response, into: BinaryIO, *, most: int, must_end: float) -> None:
    """The decoded body of `reply` written to `into`; `must_end` is a monotonic moment."""
    size = 0
    for chunk in _decoded(reply):
        if size and time.monotonic() > must_end:  # an answer of one piece may come at the last moment
            raise TryAgain(f"the answer was still arriving after {size} bytes")
        size += len(chunk)
        if size > most:
            raise Fatal(f"the answer is larger than {most} bytes", next_step="ask for a smaller range")
        into.write(chunk)


def _decoded(reply: httpx.Response) -> Iterator[bytes]:
    encoding = reply.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        yield from reply.iter_raw()  # as it comes: a chunk size would wait until it is full
    elif encoding in {"gzip", "x-gzip"}:
        yield from _unzipped(reply.iter_raw())
    else:
        raise Fatal(f"content encoding {encoding!r} was not asked for", expected=ACCEPT_ENCODING)


def _unzipped(raw: Iterator[bytes]) -> Iterator[bytes]:
    """Small pieces whatever the ratio, so a bomb meets the size limit before it fills the memory."""
    inflate = zlib.decompressobj(_GZIP)
    came = False
    for packed in raw:
        pending = packed
        came = True
        while pending:
            if inflate.eof:  # several members in a row are one body
                inflate = zlib.decompressobj(_GZIP)
            try:
                yield inflate.decompress(pending, CHUNK)
            except zlib.error as error:
                raise TryAgain(f"the gzip stream is broken ({error})") from None
            pending = inflate.unconsumed_tail or inflate.unused_data
    if came and not inflate.eof:
        raise TryAgain("the gzip stream ended before its end mark")
