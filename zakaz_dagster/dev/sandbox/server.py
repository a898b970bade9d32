"""The sandbox as one ASGI app: the world's own routes and, behind their faults, the vendors that are present.

A vendor is a module with `routes(world, state) -> list[Route]`, mounted at `/<name>`; it is registered in VENDORS.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Router
from starlette.types import Receive, Scope, Send

from zakaz_dagster.dev.loopback import LoopbackOnly
from zakaz_dagster.dev.sandbox import admin, qtickets
from zakaz_dagster.dev.sandbox.faults import FaultyVendor
from zakaz_dagster.dev.sandbox.state import State
from zakaz_dagster.dev.sandbox.world import World

# mount point: module in this package; the ready line names those that are present
VENDORS = {
    "qtickets": "qtickets",
    "qtickets-recorded": "recorded",
    "vk": "vk",
    "direct": "direct",
    "gmail": "gmail",
}


class _Counted:
    """Counts the requests of a vendor, also those that end in a fault."""

    def __init__(self, app: FaultyVendor, vendor: str, state: State) -> None:
        self.app, self.vendor, self.state = app, vendor, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.state.requests[self.vendor] = self.state.requests.get(self.vendor, 0) + 1
        with suppress(ClientDisconnect):  # a client that gave up waiting; it needs no answer
            await self.app(scope, receive, send)


def present() -> list[str]:
    """The vendors whose module is here."""
    return [vendor for vendor, name in VENDORS.items() if find_spec(f"{__package__}.{name}") is not None]


def build(world: World, state: State) -> Starlette:
    """The app of one world."""
    mounts: list[BaseRoute] = []
    for vendor in present():
        module = importlib.import_module(f"{__package__}.{VENDORS[vendor]}")
        own = Router(module.routes(world, state), redirect_slashes=False)
        mounts.append(Mount(f"/{vendor}", _Counted(FaultyVendor(own, state.fault(vendor)), vendor, state)))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(work) for work in qtickets.background(world, state)]
        yield
        for task in tasks:
            task.cancel()

    return Starlette(
        lifespan=lifespan,
        routes=[*admin.routes(world, state), *mounts],
        exception_handlers={Exception: _broken},
        middleware=[Middleware(LoopbackOnly)],
    )


async def _broken(request: Request, error: Exception) -> Response:
    """A mistake of the sandbox's own: never to be taken for a vendor's fault."""
    logging.getLogger(__name__).error("sandbox broke at %s", request.url.path, exc_info=error)
    return JSONResponse({"sandbox_error": repr(error)}, 500)
