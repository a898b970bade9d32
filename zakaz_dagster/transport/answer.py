"""One answer: its body off the wire, whole and within its bounds, and what it means: take it, ask again, or stop.

A vendor adds its own judge in front of the default one. Belongs here: size and time limits, decompression, and the
rules every HTTP server shares. Does not: a vendor's error codes, waiting (`retries`).
httpx itself takes a gzip stream that ends early for a whole one; here it is a broken answer.
"""

from __future__ import annotations

import codecs
import re
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import BinaryIO, TypeAlias
from urllib.parse import urlsplit

import httpx

from zakaz_dagster.errors import Failure, Fatal
from zakaz_dagster.parsing.json_text import is_json
from zakaz_dagster.redaction import vendor_words
from zakaz_dagster.transport.retries import TryAgain

Response: TypeAlias = httpx.Response  # vendors judge answers without importing the HTTP library themselves
EXCERPT = 300
_ASK_AGAIN = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
ACCEPT_ENCODING = "gzip"
CHUNK = 256 * 1024  # of decoded bytes
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Done:
    """The answer is good."""


@dataclass(frozen=True)
class Again:
    """Ask the same again, after `after` seconds if the server said so, else after a growing back-off."""

    reason: str
    after: float | None = None


@dataclass(frozen=True)
class Stop:
    """Asking again cannot help; the client adds source and day to the failure when they are empty."""

    failure: Failure


Verdict: TypeAlias = Done | Again | Stop
Judge: TypeAlias = Callable[[Response], Verdict]


def default_judge(response: Response) -> Verdict:
    """2xx is good; 408, 425, 429 and 5xx come again; redirects and other 4xx stop."""
    status = response.status_code
    if response.is_success:
        return Done()
    if status in _ASK_AGAIN or response.is_server_error:
        return Again(describe(response), after=retry_after(response))
    if response.is_redirect:
        host = urlsplit(response.headers["location"]).netloc or "the same host"
        return Stop(Fatal(f"HTTP {status}: redirected to {host}", next_step="correct the base URL in the settings"))
    if status in _REFUSED:
        return Stop(Fatal(f"access refused: {describe(response)}", next_step="check the credentials in the settings"))
    return Stop(Fatal(f"request refused: {describe(response)}", next_step="compare the request with the contract"))


def is_json_object(response: Response) -> bool:
    """Whether the body is one whole JSON object: a body that was cut off and a proxy's page are asked for again."""
    if response.status_code == HTTPStatus.NO_CONTENT:
        return True
    return is_json(response.content) and response.content.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{"


def retry_after(response: Response) -> float | None:
    """Seconds asked for by Retry-After, given as a number or as an HTTP date (measured by the server's own clock)."""
    value = response.headers.get("retry-after", "").strip()
    if not value:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", value):
        return float(value)
    moment = _http_date(value)
    if moment is None:
        return None
    now = _http_date(response.headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (moment - now).total_seconds())


def describe(response: Response) -> str:
    """`HTTP 503: first words of the body`, fit for an error message."""
    words = excerpt(response)
    return f"HTTP {response.status_code}: {words}" if words else f"HTTP {response.status_code} with an empty body"


def excerpt(response: Response, limit: int = EXCERPT) -> str:
    """The body's first words on one line, without tags, secrets and people's names."""
    text = response.content[: limit * 8].decode("utf-8", errors="replace")
    if "<" in text[:200]:
        text = re.sub(r"(?s)<(script|style|head)\b.*?</\1>|<[^>]*>", " ", text)
    return vendor_words(" ".join(text.split()))[:limit]


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


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
