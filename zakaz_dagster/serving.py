"""What the HTTP services of the platform have in common: a listener, the Host names they answer to, sealed answers.

Belongs here: the door. Does not: routes, and who may ask what (`health.server`, `ingest.webhook_server`).
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from zakaz_dagster.errors import ConfigFault

LOOPBACK = ("127.0.0.1", "localhost", "::1")
JSON = "application/json"
HEADERS = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
BACKLOG = 512
GRACE_SECONDS = 3
FIRST_REQUEST_SECONDS = 10.0  # a connection that has not sent the head of a request by then is closed


class Door:
    """What holds for every answer: the Host is one of `hosts`, and a browser may do nothing with the body.

    `setting` names the variable that adds a host name.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], setting: str) -> None:
        self._app, self._hosts = app, frozenset(host.lower().rstrip(".") for host in hosts)
        error = f"this service does not answer under that host name ({setting})"
        self._foreign = json.dumps({"status": "error", "error": error}).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS.items()]
            await send(message)

        known = scope["type"] != "http" or _host(Headers(scope=scope).get("host", "")) in self._hosts
        answer = self._app if known else Response(self._foreign, 421, media_type=JSON)
        await answer(scope, receive, sealed)


def _host(header: str) -> str:
    """The name in a Host header, without its port; '' when it is none."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


class Impatient(H11Protocol):
    """Closes connections on which no request begins in time: they would take the places of those that have one."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(FIRST_REQUEST_SECONDS, self._close_when_silent)

    def _close_when_silent(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()


def run(application: ASGIApp, host: str, port: int, *, prefix: str, **limits: Any) -> None:
    """Serve until SIGTERM or SIGINT; prints one JSON line with the port when connections are accepted.

    `prefix` is that of the settings which move it; `limits` are uvicorn's.
    """
    try:
        listener = socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise ConfigFault(
            f"cannot listen on {host}:{port}: {error.strerror}",
            source=prefix.lower(),
            next_step=f"set {prefix}_HOST and {prefix}_PORT, or stop what listens there",
        ) from None
    with listener:
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)  # noqa: T201 - a parent waits for it
        uvicorn.Server(settled(application, **limits)).run(sockets=[listener])


def settled(application: ASGIApp, **more: Any) -> uvicorn.Config:
    """What holds for every server of ours; `more` are uvicorn's own."""
    return uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=GRACE_SECONDS,
        **more,
    )
