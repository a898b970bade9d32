"""QTickets' webhooks: a signed body in, the order's number and days into the inbox, 200 out.

    401 signature   408, 413 slow or large   422 no order   503 too many wait

Of all but 200 the vendor comes again, ten times in 50 minutes. Everything is bounded: the body, the time for it,
connections, what waits. What gets lost is loaded by polling, which stays the truth.
Belongs here: HTTP. Does not: what a body says (`sources.qtickets.webhooks`), reloads (`defs.qtickets`).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Collection

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.ingest.inbox import Full, Inbox
from zakaz_dagster.serving import LOOPBACK, Door, Impatient
from zakaz_dagster.sources.qtickets.webhooks import EVENT, MODEL, ORDER, SIGNATURE, signed, touched

PATH = "/qtickets"
MOST_BYTES = 2 * 2**20  # an order of a thousand tickets is half of it
BODY_SECONDS = 10.0
SEEN = 10_000  # versions of orders that are known to be taken; what is forgotten costs one reload more
LIMITS = {"limit_concurrency": 64, "http": Impatient}
CLOSING = {"connection": "close"}  # a connection is for one delivery: nobody keeps one for later
logger = logging.getLogger("zakaz_dagster.webhooks")


class Receiver:
    """The endpoint; `seen` makes repeated deliveries free."""

    def __init__(self, inbox: Inbox, secret: bytes) -> None:
        self._inbox, self._secret = inbox, secret
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    async def __call__(self, request: Request) -> Response:
        try:
            body = await asyncio.wait_for(_body(request), BODY_SECONDS)
        except TimeoutError:
            return _answer(408, "the body did not come in time")
        except ClientDisconnect:
            return _answer(400, "the connection was closed")
        if body is None:
            return _answer(413, f"the body is larger than {MOST_BYTES} bytes")
        if not signed(body, request.headers.get(SIGNATURE, "").encode(), self._secret):
            return _answer(401, "X-Signature is not the HMAC-SHA1 of the body with WEBHOOKS_SECRET")
        if request.headers.get(MODEL, ORDER) != ORDER:
            return _answer(200, "only orders are of interest")
        return await self._take(body, request.headers.get(EVENT, ""))

    async def _take(self, body: bytes, event: str) -> Response:
        try:
            order = touched(body)
        except ShapeChanged as failure:
            logger.error("a signed webhook was no order: %s", failure)  # noqa: TRY400  its text says it all
            return _answer(422, "no order as documented")
        key = hashlib.sha256(f"{order.order_id} {order.updated_at} {event}".encode()).digest()
        if key in self._seen:
            return _answer(200, "known")
        try:
            await run_in_threadpool(self._inbox.put, order.order_id, order.days)
        except Full:
            return _answer(503, "too many orders wait")
        except (sqlite3.Error, OSError) as error:
            logger.error("the inbox cannot be written: %s", error)  # noqa: TRY400  a disk, not our code
            return _answer(503, "the inbox cannot be written")
        self._seen[key] = None
        while len(self._seen) > SEEN:
            self._seen.popitem(last=False)
        return _answer(200, "taken")


async def _body(request: Request) -> bytes | None:
    """The body; None when it is too large, as soon as that is known."""
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > MOST_BYTES:
        return None
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _answer(status: int, text: str) -> Response:
    return Response(text + "\n", status, CLOSING, "text/plain")


def app(inbox: Inbox, secret: bytes, hosts: Collection[str] = LOOPBACK) -> Starlette:
    """The application; only requests whose Host is one of `hosts` are answered."""
    receiver = Receiver(inbox, secret)

    async def receive(request: Request) -> Response:
        return await receiver(request)

    door = Middleware(Door, hosts=hosts, setting="WEBHOOKS_ALLOWED_HOSTS")
    return Starlette(routes=[Route(PATH, receive, methods=["POST"])], middleware=[door])
