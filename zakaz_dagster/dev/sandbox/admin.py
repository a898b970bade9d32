"""The world's own HTTP: the right answers, the clock, what tests do to it, and the vendors' faults.

GET  /world                      seed, start, now, scale, dirt, stress
GET  /world/truth?day=           independent totals of a day, as of now; or ?first=&last= for a list of days;
                                in the stress world also what will be sold in the end, and the next ticket's cost
GET  /world/orders?day=          ids, tickets and state of the orders made on a day, to pick one from
GET  /world/personal             the planted personal data to search for
GET  /world/writes               write requests the vendors received; a reader must leave it empty
GET  /world/webhooks             deliveries of webhooks: order, event, attempts, the last status
GET  /world/requests             requests by vendor since start or reset
POST /world/clock                {"now": ISO | null}; null is real time
POST /world/refund|remove|restore|exchange|touch|unpay   {"id": order or ticket, "at"?: ISO, "kept_pct"?,
                                     "amount"?: "250.00"}
POST /world/move                 {"id": order or ticket, "show": of this event or another, "at"?}
POST /world/city                 {"event", "name"}: the organiser corrects the city of an event
POST /world/correct              {"late": true, "days"?, "at"?} or {"vendor": "vk"|"direct", "id", "day", "at"?,
                                     "impressions", "clicks", "spend": "12.34", "conversions"}; left out is 0
POST /world/reset                as the process was started
GET  /faults, POST /faults/<vendor>   switches; see faults.py and the vendor's module
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from zakaz_dagster.dev.sandbox.state import State
from zakaz_dagster.dev.sandbox.world import World
from zakaz_dagster.dev.sandbox.world.ads import Correction, Stat
from zakaz_dagster.dev.sandbox.world.lifecycle import Order
from zakaz_dagster.dev.sandbox.world.moments import iso, iso_or_none, parse
from zakaz_dagster.dev.sandbox.world.people import markers
from zakaz_dagster.dev.sandbox.world.truth import money, summed

Endpoint = Callable[[Request], Awaitable[Response]]
EDITS = ("refund", "remove", "restore", "exchange", "touch", "unpay", "move")


def answer(body: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")


async def read(request: Request) -> dict[str, Any]:
    """The JSON object of a request; an empty body is an empty object."""
    raw = await request.body()
    body = json.loads(raw) if raw else {}
    if not isinstance(body, dict):
        raise TypeError("the body must be a JSON object")
    return body


def routes(world: World, state: State) -> list[Route]:
    admin = _Admin(world, state)
    reads = {
        "/world": admin.about, "/world/truth": admin.truth, "/world/orders": admin.orders, "/faults": admin.faults,
        "/world/inventory": admin.inventory, "/world/personal": admin.personal, "/world/writes": admin.writes,
        "/world/requests": admin.requests, "/world/webhooks": admin.webhooks,
    }  # fmt: skip
    acts = {
        "/world/clock": admin.clock, "/world/correct": admin.correct, "/world/reset": admin.reset,
        "/world/city": admin.city, "/world/{edit}": admin.edit, "/faults/{vendor}": admin.set_faults,
    }  # fmt: skip
    return [
        *(Route(path, _explained(endpoint)) for path, endpoint in reads.items()),
        *(Route(path, _explained(endpoint), methods=["POST"]) for path, endpoint in acts.items()),
    ]


def _explained(endpoint: Endpoint) -> Endpoint:
    """What cannot be found or read is told to the caller."""

    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except LookupError as error:
            return answer({"error": f"not found: {error}"}, 404)
        except (TypeError, ValueError, ArithmeticError) as error:
            return answer({"error": str(error)}, 400)

    return guarded


class _Admin:
    def __init__(self, world: World, state: State) -> None:
        self.world, self.state = world, state

    async def about(self, request: Request) -> Response:
        params = self.world.params
        scale = {"orders_per_day": params.scale.orders_per_day, "groups": params.scale.groups, "ads": params.scale.ads}
        dirt = sorted(params.dirt)
        about = {"seed": params.seed, "start": params.start, "now": iso(self.state.now()), **scale, "dirt": dirt}
        return answer({**about, "stress": params.stress})

    async def truth(self, request: Request) -> Response:
        query, now = request.query_params, self.state.now()
        if "day" in query:
            return answer(self.world.truth(date.fromisoformat(query["day"]), now))
        if not {"first", "last"} <= set(query):
            raise ValueError("ask with ?day= or with ?first=&last=")
        first, last = date.fromisoformat(query["first"]), date.fromisoformat(query["last"])
        totals = summed(self.world.sales(first, last, now), first, last)
        return answer({"sales": totals, "days": list(self.world.truths(first, last, now))})

    async def orders(self, request: Request) -> Response:
        day, now = date.fromisoformat(request.query_params["day"]), self.state.now()
        return answer([_brief(order, now) for order in self.world.visible(day, now)])

    async def inventory(self, request: Request) -> Response:
        return answer(self.world.inventory(int(request.query_params["show"]), self.state.now()))

    async def personal(self, request: Request) -> Response:
        return answer(markers())

    async def writes(self, request: Request) -> Response:
        return answer(self.state.writes)

    async def requests(self, request: Request) -> Response:
        return answer(self.state.requests)

    async def webhooks(self, request: Request) -> Response:
        return answer(self.state.store("qtickets").get("webhooks", []))

    async def clock(self, request: Request) -> Response:
        text = (await read(request))["now"]
        self.state.set_clock(None if text is None else parse(text))
        return answer({"now": iso(self.state.now())})

    async def reset(self, request: Request) -> Response:
        self.world.reset()
        self.state.reset()
        return await self.about(request)

    async def edit(self, request: Request) -> Response:
        name = request.path_params["edit"]
        if name not in EDITS:
            raise LookupError(f"no such edit: {name}")
        body = await read(request)
        at = parse(body["at"]) if "at" in body else self.state.now()
        extra: dict[str, Any] = {}
        if name == "move":
            extra = {"show_id": int(body["show"])}
        if name == "refund":
            amount = body.get("amount")
            extra = {"kept_pct": int(body.get("kept_pct", 0)), "amount": None if amount is None else _kopecks(amount)}
        order = getattr(self.world.edits, name)(int(body["id"]), at, **extra)
        return answer(_brief(order, max(at, self.state.now())))

    async def city(self, request: Request) -> Response:
        body = await read(request)
        event = self.world.tours.correct_city(int(body["event"]), str(body["name"]))
        return answer({"event": event.id, "city": event.city.name})

    async def correct(self, request: Request) -> Response:
        body = await read(request)
        at = parse(body["at"]) if "at" in body else self.state.now()
        if body.get("late"):
            made = self.world.correct_late(at, int(body.get("days", 10)))
        else:
            day = date.fromisoformat(body["day"])
            made = [self.world.correct(Correction(body["vendor"], int(body["id"]), day, at, _stat(body)))]
        return answer({"corrections": len(made), "days": sorted({item.day for item in made})})

    async def faults(self, request: Request) -> Response:
        return answer({vendor: faults.switches for vendor, faults in self.state.faults.items()})

    async def set_faults(self, request: Request) -> Response:
        vendor = request.path_params["vendor"]
        if vendor not in self.state.faults:
            raise LookupError(f"no such vendor: {vendor}")
        self.state.fault(vendor).set(await read(request))
        return await self.faults(request)


def _kopecks(roubles: object) -> int:
    return int(Decimal(str(roubles)) * 100)


def _stat(body: dict[str, Any]) -> Stat:
    impressions, clicks, conversions = (int(body.get(name, 0)) for name in ("impressions", "clicks", "conversions"))
    return Stat(impressions, clicks, _kopecks(body.get("spend", "0")), conversions)


def _brief(order: Order, now: int) -> dict[str, Any]:
    state = order.state(now)
    tickets = [
        {
            "id": ticket.id, "show_id": ticket.show_id, "price": money(ticket.price), "sold": state.sold(n),
            "live": state.live(n), "refunded_at": iso_or_none(state.tickets[n].refunded_at),
            "refunded": money(state.tickets[n].refunded), "removed_at": iso_or_none(state.removed(n)),
        }
        for n, ticket in enumerate(order.tickets)
    ]  # fmt: skip
    return {
        "id": order.id, "event_id": order.event_id, "created_at": iso(order.created),
        "payed_at": iso_or_none(state.payed_at), "deleted_at": iso_or_none(state.deleted_at),
        "updated_at": iso(state.updated_at), "price": money(order.price), "replaces": order.replaces,
        "tickets": tickets,
    }  # fmt: skip
