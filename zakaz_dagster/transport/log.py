"""One log line per request: source, method, path, status, ms, bytes, attempt. Never a query string, header or body.

Belongs here: the line and what correlates it with a run. Does not: handlers and formats (entry points choose them).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from zakaz_dagster.redaction import scrub

logger = logging.getLogger("zakaz_dagster.http")

# httpx prints whole URLs at INFO and httpcore headers at DEBUG; our own line says what is needed without them.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

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
