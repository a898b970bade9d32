"""The written pages on loopback, for `zakaz dev`.

Belongs here: serving files that are there. Does not: writing them (`datalens.preview`).
"""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from zakaz_dagster.dev.loopback import HEADERS, LoopbackOnly

# What a page's own policy cannot say of itself: nobody frames it, and it tells nobody where it was.
PAGE_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class _Pages(StaticFiles):
    """Files only: a folder is its index.html or nothing."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers.update(PAGE_HEADERS)
        return answer


async def _absent(_request: Request, _error: Exception) -> Response:
    text = "There is no such page. The pages are written after the first load, and index.html names them.\n"
    return PlainTextResponse(text, 404, PAGE_HEADERS)


def build(folder: Path) -> Starlette:
    """The application."""
    folder.mkdir(parents=True, exist_ok=True)
    return Starlette(
        routes=[Mount("/", _Pages(directory=folder, html=True))],
        exception_handlers={404: _absent},
        middleware=[Middleware(LoopbackOnly, linked=lambda _: True)],
    )
