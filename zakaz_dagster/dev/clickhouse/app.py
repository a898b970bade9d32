"""The ClickHouse HTTP interface: routes, who may ask, headers of the answer.

Belongs here: HTTP. Does not: SQL, sessions, the engine.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from zakaz_dagster.dev.clickhouse.body import CHUNK, Body
from zakaz_dagster.dev.clickhouse.engine import Engine
from zakaz_dagster.dev.clickhouse.errors import REQUIRED_PASSWORD, ClickHouseError
from zakaz_dagster.dev.clickhouse.execution import Answer, Executor
from zakaz_dagster.dev.clickhouse.form import boundary, parse
from zakaz_dagster.dev.clickhouse.request import Ask, Guard, ask, parameters
from zakaz_dagster.dev.loopback import HEADERS, LoopbackOnly

_CONTENT_TYPES = {
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "Arrow": "application/vnd.apache.arrow.file",
    "ArrowStream": "application/vnd.apache.arrow.stream",
    "Parquet": "application/vnd.apache.parquet",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
}


@dataclass(slots=True)
class Endpoint:
    """What the routes share."""

    engine: Engine
    executor: Executor
    guard: Guard
    directory: Path
    threads: ThreadPoolExecutor

    async def query(self, request: Request) -> Response:
        try:
            return await self._answered(request)
        except ClickHouseError as error:
            return self._refused(error)

    async def _answered(self, request: Request) -> Response:
        given = parameters(request.scope["query_string"])
        self.guard.check(given, request.headers)
        if request.method in ("GET", "HEAD") and "query" not in given:
            return PlainTextResponse("Ok.\n")
        encoding = request.headers.get("content-encoding", "").strip().lower()
        with await Body.received(request.stream(), encoding, self.directory) as body:
            limit = boundary(request.headers.get("content-type", ""))
            if limit is None:
                asked = ask(request.method, given, request.headers)
                return self._response(asked, await self._run(request, asked, body))
            form = parse(body.text(), limit)
        asked = ask(request.method, {**given, **form.fields}, request.headers, form.files)
        with Body(self.directory) as empty:
            return self._response(asked, await self._run(request, asked, empty))

    async def _run(self, request: Request, asked: Ask, body: Body) -> Answer:
        """Run in a thread, and tell it when the client goes away."""
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self.threads, self.executor.run, asked, body)
        gone = asyncio.create_task(_gone(request))
        try:
            waited: set[asyncio.Future[Any]] = {work, gone}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await loop.run_in_executor(None, self.executor.abandon, asked.query_id)
            return await work
        finally:
            gone.cancel()

    def _response(self, asked: Ask, answer: Answer) -> Response:
        kind = "application/json; charset=UTF-8" if answer.format.startswith("JSON") else "text/plain; charset=UTF-8"
        headers = self._headers() | {
            "Content-Type": _CONTENT_TYPES.get(answer.format, kind),
            "Content-Length": str(answer.size),
            "X-ClickHouse-Format": answer.format,
            "X-ClickHouse-Query-Id": asked.query_id,
            "X-ClickHouse-Summary": json.dumps(answer.summary),
        }
        if answer.encoding and answer.size:
            headers["Content-Encoding"] = answer.encoding
        return StreamingResponse(_streamed(answer), headers=headers)

    def _refused(self, error: ClickHouseError) -> Response:
        headers = self._headers() | {"X-ClickHouse-Exception-Code": str(error.code)}
        if error.code == REQUIRED_PASSWORD:
            headers["WWW-Authenticate"] = 'Basic realm="ClickHouse server HTTP API"'
        return PlainTextResponse(error.body(self.engine.version), status_code=error.status, headers=headers)

    def _headers(self) -> dict[str, str]:
        return {
            "X-ClickHouse-Server-Display-Name": self.engine.name,
            "X-ClickHouse-Timezone": self.engine.timezone,
            **HEADERS,
        }


async def _streamed(answer: Answer) -> AsyncIterator[bytes]:
    with answer.body as body:
        while chunk := body.read(CHUNK):
            yield chunk


async def _gone(request: Request) -> None:
    with suppress(ClientDisconnect):
        while (await request.receive())["type"] != "http.disconnect":
            pass


async def _ok(_request: Request) -> Response:
    return PlainTextResponse("Ok.\n")


def build(endpoint: Endpoint) -> Starlette:
    """The application."""
    return Starlette(
        routes=[
            Route("/", endpoint.query, methods=["GET", "POST"]),
            Route("/ping", _ok),
            Route("/replicas_status", _ok),
        ],
        middleware=[Middleware(LoopbackOnly)],
    )
