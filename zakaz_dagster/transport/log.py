"""What is known of a request afterwards: its log line, and the counters of its client.

The line has source, method, path, status, ms, bytes, attempt; never a query string, header or body. Belongs here: the
line, what correlates it with a run, the counters. Does not: handlers and formats (entry points choose them), the
counters' names in Dagster's metadata or in a benchmark.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from zakaz_dagster.redaction import scrub

logger = logging.getLogger("zakaz_dagster.http")

# httpx prints whole URLs at INFO, httpcore headers at DEBUG, Google's client the vendor's words of a 403 as a warning,
# OAuth's its tokens at DEBUG; our own line says what is needed without them.
for _name in ("httpx", "httpcore", "googleapiclient", "requests_oauthlib", "oauthlib"):
    logging.getLogger(_name).setLevel(logging.ERROR)

_context: ContextVar[dict[str, str]] = ContextVar("zakaz_request_context", default={})  # noqa: B039  never mutated


@contextmanager
def correlated(**fields: str) -> Iterator[None]:
    """Requests made inside carry these fields (run, asset, partition) in their log records."""
    mark = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(mark)


def log_request(source: str, method: str, path: str, *, outcome: int | str, ms: float, size: int, attempt: int) -> None:
    """`outcome` is the HTTP status, or the kind of network error."""
    safe_path = scrub(path.split("?", 1)[0])
    logger.info(
        "%s %s %s %s %.0f ms %d bytes attempt %d",
        source, method, safe_path, outcome, ms, size, attempt,
        extra={
            **_context.get(),
            "source": source, "method": method, "path": safe_path, "status": outcome,
            "ms": round(ms), "bytes": size, "attempt": attempt,
        },
    )  # fmt: skip


@dataclass
class Stats:
    """`retries` are requests that repeated an earlier one; `bytes_received` is what crossed the wire."""

    requests: int = 0
    retries: int = 0
    bytes_received: int = 0
    seconds_waited: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def sent(self, *, attempt: int) -> None:
        with self._lock:
            self.requests += 1
            self.retries += attempt > 1

    def received(self, size: int) -> None:
        with self._lock:
            self.bytes_received += size

    def waited(self, seconds: float) -> None:
        with self._lock:
            self.seconds_waited += seconds
