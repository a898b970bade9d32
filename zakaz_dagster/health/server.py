"""The health endpoints: /healthz, /healthz/detailed, /healthz/freshness and /metrics, from the board alone.

200 for ok and warning, 503 for error. Nothing here asks anybody anything, so it answers however the platform is.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from zakaz_dagster.health.board import VIEWS, Board

JSON = "application/json"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
NO_STORE = {"Cache-Control": "no-store"}
Keeper = Callable[[Board], Coroutine[Any, Any, None]]


def app(board: Board, token: str = "", keeper: Keeper | None = None) -> Starlette:
    """The application. With a token every request must bear it; `keeper` fills the board while the app lives."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(keeper(board)) if keeper else None
        try:
            yield
        finally:
            if task:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def page(request: Request) -> Response:
        if not _allowed(request, token):
            return _refused()
        found = board.page(request.url.path)
        return Response(found.body, found.status, NO_STORE, JSON)

    async def metrics(request: Request) -> Response:
        return Response(board.metrics(), 200, NO_STORE, TEXT) if _allowed(request, token) else _refused()

    routes = [*(Route(path, page) for path in VIEWS), Route("/metrics", metrics)]
    return Starlette(routes=routes, lifespan=lifespan)


def _allowed(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "").encode()
    return not token or hmac.compare_digest(given, f"Bearer {token}".encode())


def _refused() -> Response:
    body = b'{"status": "error", "error": "a bearer token is needed (HEALTH_TOKEN)"}'
    return Response(body, 401, {"WWW-Authenticate": "Bearer"}, JSON)
