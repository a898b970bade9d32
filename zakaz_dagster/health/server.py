"""The health endpoints: /healthz, /healthz/detailed, /healthz/freshness and /metrics, from the newest document alone.

200 for ok and warning, 503 for error. The looking is done by a process of its own: it may hang, grow or die with
ClickHouse or Dagster's storage, and the endpoints still answer at once, from its last document or by saying that there
is none. The child prints one JSON document a line; when it is silent for too long it is killed and started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import os
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from zakaz_dagster.health.wire import Document, basic, detailed, exposition, fresh
from zakaz_dagster.serving import JSON, LOOPBACK, Door

logger = logging.getLogger("zakaz_dagster.health")

LONGEST_LINE = 16 * 2**20
PAUSE_SECONDS = 2.0
VIEWS = {"/healthz": basic, "/healthz/detailed": detailed, "/healthz/freshness": fresh}


@dataclass(frozen=True)
class Page:
    """A body ready to be sent."""

    status: int
    body: bytes


@dataclass
class Board:
    """The bodies of the newest document, made once when it comes. Older than `stale_seconds` it counts as an error."""

    stale_seconds: float
    pages: Mapping[str, Page] = field(default_factory=dict)
    document: Document | None = None
    at: float = 0.0

    def put(self, document: Document) -> None:
        """Show this document from now on."""
        views = {path: view(document) for path, view in VIEWS.items()}
        self.pages = {path: _page(body) for path, body in views.items()}
        self.document, self.at = document, time.monotonic()

    @property
    def age(self) -> float:
        return time.monotonic() - self.at

    def page(self, path: str) -> Page:
        """The body of a path; an honest error while there is no document, or only an old one."""
        if self.document is None:
            return _page({"status": "error", "error": "nothing has been looked at yet"})
        if self.age > self.stale_seconds:
            error = f"the verdicts are {self.age:.0f} s old: the process that looks has stopped"
            return _page({**VIEWS[path](self.document), "status": "error", "error": error})
        return self.pages[path]

    def metrics(self) -> str:
        """The text of /metrics; empty of checks before the first look."""
        return exposition(self.document or {"status": "error"}, self.age if self.document else 0.0)


async def keep(board: Board, command: Sequence[str], silence_seconds: float) -> None:
    """Run the child for ever and put its documents on the board."""
    while True:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=PIPE, limit=LONGEST_LINE, start_new_session=True
        )
        try:
            await _follow(board, process, silence_seconds)
        finally:
            await _end(process)
        await asyncio.sleep(PAUSE_SECONDS)


async def _follow(board: Board, process: Process, silence_seconds: float) -> None:
    assert process.stdout is not None
    while True:
        try:
            line = await asyncio.wait_for(process.stdout.readline(), silence_seconds)
            if not line:
                logger.error("the process that looks has ended; it is started again")
                return
            board.put(json.loads(line))
        except TimeoutError:
            logger.warning("the process that looks was silent for %.0f s; it is started again", silence_seconds)
            return
        except (ValueError, KeyError, TypeError) as error:
            logger.warning("a line of the process that looks was no document: %s", error)


async def _end(process: Process) -> None:
    """The child and whatever it started, at once: it keeps no state."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _page(body: Document) -> Page:
    return Page(503 if body["status"] == "error" else 200, json.dumps(body, ensure_ascii=False).encode())


TEXT = "text/plain; version=0.0.4; charset=utf-8"
Keeper = Callable[[Board], Coroutine[Any, Any, None]]


def app(board: Board, token: str = "", keeper: Keeper | None = None, hosts: Collection[str] = LOOPBACK) -> Starlette:
    """The application. With a token every request must bear it; `keeper` fills the board while the app lives.

    Only requests whose Host is one of `hosts` are answered, whatever name has led a browser here.
    """

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
        return Response(found.body, found.status, media_type=JSON)

    async def metrics(request: Request) -> Response:
        return Response(board.metrics(), media_type=TEXT) if _allowed(request, token) else _refused()

    routes = [*(Route(path, page) for path in VIEWS), Route("/metrics", metrics)]
    door = Middleware(Door, hosts=hosts, setting="HEALTH_ALLOWED_HOSTS")
    return Starlette(routes=routes, lifespan=lifespan, middleware=[door])


def _allowed(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "").encode()
    return not token or hmac.compare_digest(given, f"Bearer {token}".encode())


def _refused() -> Response:
    body = b'{"status": "error", "error": "a bearer token is needed (HEALTH_TOKEN)"}'
    return Response(body, 401, {"WWW-Authenticate": "Bearer"}, JSON)
