"""QTickets' webhooks: each change of an order is posted, signed, until it is answered with 200, at most eleven times.

Options: `qtickets:webhook_url` (where to; nothing is sent without it), `webhook_secret`, `webhook_delay` (seconds by
which n³ is multiplied before the n-th repetition). Moved by the world's clock; /world/webhooks lists the deliveries.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec

from zakaz_dagster.dev.sandbox.qtickets.bodies import order_body
from zakaz_dagster.dev.sandbox.state import State
from zakaz_dagster.dev.sandbox.world import World
from zakaz_dagster.dev.sandbox.world.lifecycle import Order, OrderState
from zakaz_dagster.dev.sandbox.world.moments import day_of

LOOK_SECONDS = 0.5
REPETITIONS = 10
AT_ONCE = 8
KEPT = 20_000
AGENT = "Qtickets-Webhooks/2.0"


class Sender:
    """Posts what changes from its start on."""

    def __init__(self, world: World, state: State, url: str, secret: str, delay: float) -> None:
        self._world, self._state, self._url, self._delay = world, state, url, delay
        self._secret = secret.encode()
        self._sent: set[tuple[int, int]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """For ever."""
        last, revision = self._state.now(), self._world.edits.revision
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            while True:
                await asyncio.sleep(LOOK_SECONDS)
                now = self._state.now()
                if now > last or self._world.edits.revision != revision:
                    for order, event in self._changed(last, now):
                        task = asyncio.create_task(self._deliver(client, order, event))
                        self._tasks.add(task)
                        task.add_done_callback(self._tasks.discard)
                last, revision = now, self._world.edits.revision

    def _changed(self, last: int, now: int) -> Iterator[tuple[Order, str]]:
        """Orders whose newest change lies within last..now, once each."""
        for day in self._world.happened(day_of(last), day_of(now)):
            for order in self._world.visible(day, now):
                state = order.state(now)
                version = (order.id, state.updated_at)
                if last <= state.updated_at <= now and version not in self._sent:
                    self._sent.add(version)
                    yield order, _event(order, state, last)

    async def _deliver(self, client: httpx.AsyncClient, order: Order, event: str) -> None:
        """The body is made when it is first sent, and repeated as it was."""
        body = msgspec.json.encode(order_body(order, self._state.now()))
        headers = {
            "content-type": "application/json",
            "user-agent": AGENT,
            "x-event-type": event,
            "x-model-name": "Order",
            "x-signature": hmac.new(self._secret, body, hashlib.sha1).hexdigest(),
        }
        entry: dict[str, Any] = {"order": order.id, "event": event, "attempts": 0, "status": 0}
        listed: list[dict[str, Any]] = self._state.store("qtickets").setdefault("webhooks", [])
        listed[: len(listed) - KEPT + 1] = []
        listed.append(entry)
        for repetition in range(REPETITIONS + 1):
            await asyncio.sleep(repetition**3 * self._delay)
            entry["attempts"] += 1
            entry["status"] = await self._post(client, body, headers)
            if entry["status"] == httpx.codes.OK:
                return

    async def _post(self, client: httpx.AsyncClient, body: bytes, headers: dict[str, str]) -> int:
        async with self._slots:
            try:
                return (await client.post(self._url, content=body, headers=headers)).status_code
            except httpx.HTTPError:
                return 0


def _event(order: Order, state: OrderState, last: int) -> str:
    """The newest kind of change."""
    if any((ticket.refunded_at or 0) >= last for ticket in state.tickets):
        return "refunded"
    if (state.deleted_at or 0) >= last:
        return "deleted"
    if (state.payed_at or 0) >= last:
        return "payed"
    return "created" if order.created >= last else "updated"
