"""Faults of a vendor: switches that any vendor obeys, and a place for those that only one vendor knows.

Common switches, obeyed before a vendor's own code runs (`times` makes them fade after that many requests, `only`
restricts them to paths that contain it, `after` lets that many requests through first):

    off        the connection is closed without a word
    http       this status with an error body; with `retry_after`, that header
    html       200 and a page of a proxy instead of an answer
    slow       seconds to wait before a right answer
    truncated  a complete HTTP answer whose body was cut in half
    dropped    the connection is closed in the middle of the body

Everything else a vendor asks for by name: `faults.get("filter_ignored")`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COMMON = ("off", "http", "html", "slow", "truncated", "dropped")
PROXY_PAGE = "<html><head><title>Bad gateway</title></head><body><h1>Технические работы</h1></body></html>"


class Faults:
    """The switches of one vendor that are on."""

    def __init__(self, initial: Mapping[str, Any] | None = None) -> None:
        self._initial = dict(initial or {})
        self.switches: dict[str, Any] = dict(self._initial)
        self.hits = 0

    def reset(self) -> None:
        self.switches = dict(self._initial)
        self.hits = 0

    def set(self, switches: Mapping[str, Any]) -> None:
        """Turn switches on; a false or null value turns one off."""
        for name, value in switches.items():
            if value in (None, False):
                self.switches.pop(name, None)
            else:
                self.switches[name] = value
        self.hits = 0

    def get(self, name: str, default: Any = None) -> Any:
        return self.switches.get(name, default)

    def strike(self, path: str) -> dict[str, Any]:
        """The common switches this request meets; none once `times` of them were hit."""
        common = {name: self.switches[name] for name in COMMON if name in self.switches}
        if not common or str(self.get("only", "")) not in path:
            return {}
        self.hits += 1
        nth = self.hits - int(self.get("after", 0))
        times = self.get("times")
        return {} if nth < 1 or (times is not None and nth > int(times)) else common


class FaultyVendor:
    """ASGI: the vendor's app behind its common faults."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app, self.faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hit = self.faults.strike(scope["path"]) if scope["type"] == "http" else {}
        if hit.get("off"):
            hang_up(scope)
            return
        if "slow" in hit:
            await asyncio.sleep(float(hit["slow"]))
        if "http" in hit:
            await self._refusal(int(hit["http"]))(scope, receive, send)
        elif hit.get("html"):
            await HTMLResponse(PROXY_PAGE)(scope, receive, send)
        elif hit.get("truncated") or hit.get("dropped"):
            await _cut(self.app, scope, receive, send, drop=bool(hit.get("dropped")))
        else:
            await self.app(scope, receive, send)

    def _refusal(self, status: int) -> Response:
        body = self.faults.get("body") or {"error": "Some error", "status": status}
        wait = self.faults.get("retry_after")
        return JSONResponse(body, status, headers={} if wait is None else {"Retry-After": str(wait)})


async def _cut(app: ASGIApp, scope: Scope, receive: Receive, send: Send, *, drop: bool) -> None:
    """Half of the answer's body; either honestly framed, or with the connection lost in the middle."""
    start: Message = {}
    body = bytearray()

    async def keep(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body.extend(message.get("body", b""))

    await app(scope, receive, keep)
    half = bytes(body[: len(body) // 2])
    length = len(body) if drop else len(half)
    headers = [(key, value) for key, value in start["headers"] if key != b"content-length"]
    await send({**start, "headers": [*headers, (b"content-length", str(length).encode())]})
    await send({"type": "http.response.body", "body": half, "more_body": drop})
    if drop:
        await asyncio.sleep(0.02)  # let the half leave before the line goes dead
        hang_up(scope)


def hang_up(scope: Scope) -> None:
    """Close the connection as a dead peer does. The server puts its transport into the scope's state."""
    scope["state"]["transport"].abort()
