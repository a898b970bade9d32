"""QTickets' REST API on the world, under `/qtickets/api/rest/v1`, as the contract describes it.

Filters, order, page, perPage and select are read from the JSON body of a GET. What stands in the query string is
ignored without a word. Every other verb is a write: recorded for `/world/writes`, refused as the vendor refuses bad
calls. The token is `sandbox-token` unless `--option qtickets:token=` says otherwise; `qtickets:page_cap` is the largest
page. Webhooks are sent when the options say where to (`webhooks`).
Invented, because nobody has seen them: the 401 body and the zone hierarchy of non-flat seats.
Not served: `/baskets`, the Partners API beyond its refusal.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from zakaz_dagster.dev.sandbox.qtickets.answers import answer, unauthorised, unknown_error
from zakaz_dagster.dev.sandbox.qtickets.faults import ListFaults
from zakaz_dagster.dev.sandbox.qtickets.query import BadQuery
from zakaz_dagster.dev.sandbox.qtickets.service import Call, Service
from zakaz_dagster.dev.sandbox.qtickets.webhooks import Sender
from zakaz_dagster.dev.sandbox.state import State
from zakaz_dagster.dev.sandbox.world import World

NAME = "qtickets"
ROOT = "/api/rest/v1/"
VERBS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def routes(world: World, state: State) -> list[Route]:
    vendor = _Vendor(world, state)
    return [
        Route("/api/partners/{rest:path}", vendor.partners, methods=["GET", "POST"]),
        Route("/{rest:path}", vendor.rest, methods=VERBS),
    ]


def background(world: World, state: State) -> list[Coroutine[Any, Any, None]]:
    """What runs beside the answers: the webhooks, when somebody has asked for them."""
    url = state.option(NAME, "webhook_url", "")
    if not url:
        return []
    secret = state.option(NAME, "webhook_secret", "sandbox-webhook-secret")
    return [Sender(world, state, url, secret, float(state.option(NAME, "webhook_delay", "1"))).run()]


class _Vendor:
    def __init__(self, world: World, state: State) -> None:
        self.state = state
        self.token = state.option(NAME, "token", "sandbox-token")
        self.service = Service(world, int(state.option(NAME, "page_cap", "200")))

    async def partners(self, _request: Request) -> Response:
        """The organiser's token is not a partner's; this API says so with HTTP 200."""
        return answer({"status": "error", "code": "WRONG_AUTHORIZATION", "message": "Wrong authorization"})

    async def rest(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            await self.state.record_write(NAME, request)
            return unknown_error()
        path = "/" + request.path_params["rest"]
        faults = ListFaults(self.state.fault(NAME), path)
        if faults.get("expired_token") or request.headers.get("authorization") != f"Bearer {self.token}":
            return unauthorised()
        parts = path.removeprefix(ROOT).strip("/").split("/") if path.startswith(ROOT) else []
        try:
            return self.service.answer(Call(parts, await request.body(), self.state.now(), faults))
        except BadQuery:
            return unknown_error()
