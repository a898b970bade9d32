"""Who may ask a server of this laptop: programs of this machine, and no page of somebody else's site.

A page open in a browser reaches loopback by itself (`<img>`, `<form>`, `fetch`) or by a name that it has pointed at
127.0.0.1. It cannot hide its Host, its Origin and its Sec-Fetch-Site. Belongs here: that judgement, for every request
of the local ClickHouse, the sandbox, the pages and Dagster's UI. Does not: passwords.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

OWN_SITES = frozenset({"none", "same-origin"})  # typed by the person, or a page of this very server
# No page of another origin may embed what is answered here, or guess its type.
HEADERS = {"Cross-Origin-Resource-Policy": "same-origin", "X-Content-Type-Options": "nosniff"}


def refusal(headers: Mapping[str, str], *, by_link: bool = False) -> str:
    """Why a request is refused; empty when it is not. `by_link`: a person may have come by a link of another site."""
    host = headers.get("host", "")
    if not _is_loopback(host):
        return f"the Host header names {host!r}, not this machine; use 127.0.0.1"
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"http://{host}".lower():
        return "a page of another origin asks"
    site = headers.get("sec-fetch-site", "none")
    followed = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    if site not in OWN_SITES and not (by_link and followed):
        return f"a page of another site asks (Sec-Fetch-Site: {site})"
    return ""


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class LoopbackOnly:
    """ASGI middleware: 403 with the reason before the application sees anything.

    `linked` says which paths a link of another site may open in a tab of its own, where that site cannot read it.
    """

    def __init__(
        self, app: ASGIApp, *, linked: Callable[[str], bool] = lambda _: False, websockets: bool = False
    ) -> None:
        self._app, self._linked, self._websockets = app, linked, websockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        by_link = kind == "http" and scope["method"] == "GET" and self._linked(scope["path"])
        reason = refusal(Headers(scope=scope), by_link=by_link) if kind in ("http", "websocket") else ""
        if kind == "websocket" and (reason or not self._websockets):
            await send({"type": "websocket.close", "code": 1008})
        elif reason:
            refused = PlainTextResponse(f"refused: {reason}\n", status_code=403, headers=HEADERS)
            await refused(scope, receive, send)
        else:
            await self._app(scope, receive, send)
