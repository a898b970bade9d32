"""The GET calls of the REST API, each a function of a call; what there is no handler for is an unknown page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from zakaz_dagster.dev.sandbox.qtickets import dirt
from zakaz_dagster.dev.sandbox.qtickets.answers import answer, no_route, not_found
from zakaz_dagster.dev.sandbox.qtickets.bodies import order_body
from zakaz_dagster.dev.sandbox.qtickets.catalogue import HEAVY, Catalogue
from zakaz_dagster.dev.sandbox.qtickets.faults import ListFaults
from zakaz_dagster.dev.sandbox.qtickets.orders import OrderBook
from zakaz_dagster.dev.sandbox.qtickets.places import barcode_rows, by_zone, seat_rows
from zakaz_dagster.dev.sandbox.qtickets.query import Query, Row, project, read, rows_matching
from zakaz_dagster.dev.sandbox.world import World
from zakaz_dagster.dev.sandbox.world.tours import Event

Json = dict[str, Any]
SIZES = {"orders": 50, "events": 10, "clients": 100, "discounts": 100, "promo-codes": 500, "color-themes": 100}
RESOURCES = {"discounts": "Discount", "promo-codes": "PromoCode", "clients": "Client"}


@dataclass(frozen=True, slots=True)
class Call:
    """One GET below the API's root, at one moment."""

    parts: Sequence[str]
    body: bytes
    now: int
    faults: ListFaults

    @property
    def number(self) -> int:
        """The id in the path; a segment that is no number counts as id 0, as at the vendor."""
        return int(self.parts[1]) if self.parts[1].isdecimal() else 0


class Service:
    """Answers calls from the world."""

    def __init__(self, world: World, page_cap: int) -> None:
        self._world, self._cap = world, page_cap
        self._book = OrderBook(world)
        self._catalogue = Catalogue(world)
        self._handlers: dict[tuple[str, int], Callable[[Call], Response]] = {
            ("orders", 1): self._orders, ("orders", 2): self._order, ("events", 1): self._events,
            ("events", 2): self._event, ("shows", 3): self._show, ("shows", 4): self._scan,
            **{(name, 1): self._small_list for name in (*RESOURCES, "color-themes")},
            **{(name, 2): self._small for name in RESOURCES},
        }  # fmt: skip

    def answer(self, call: Call) -> Response:
        """The answer to a call. Raises BadQuery for a body the vendor does not understand."""
        handler = self._handlers.get((call.parts[0], len(call.parts))) if call.parts else None
        return handler(call) if handler else no_route()

    def _list(self, call: Call, find: Callable[[Query], Sequence[Row]], render: Callable[[Row], Json]) -> Response:
        size = SIZES[call.parts[0]]
        query = call.faults.asked(read(call.body, size, max(self._cap, size)), size)
        rows = find(query)
        data = call.faults.spoil([render(row) for row in call.faults.page(rows, query)])
        shown = [project(row, query.select) for row in data] if query.select else data
        paging = {"perPage": query.per_page, "currentPage": query.page, "total": call.faults.total(len(rows), query)}
        return answer({"data": shown, "paging": paging})

    def _orders(self, call: Call) -> Response:
        kinds = self._world.params.dirt
        return self._list(
            call,
            lambda query: self._book.find(query, call.now),
            lambda each: dirt.order(order_body(each, call.now), kinds),
        )

    def _order(self, call: Call) -> Response:
        order = self._book.one(call.number, call.now)
        if order is None:
            return not_found("Order", call.number)
        return answer({"data": call.faults.spoil([order_body(order, call.now)])[0]})

    def _events(self, call: Call) -> Response:
        select = read(call.body, 1, 1).select
        heavy = not select or any(HEAVY in path or path == "shows" for path in select)
        events = {event.id: event for event in self._catalogue.events(call.now)}
        light = [self._event_body(event, call, heavy=False) for event in events.values()]
        return self._list(
            call,
            lambda query: rows_matching(light, query),
            lambda row: self._event_body(events[row["id"]], call, heavy=True) if heavy else row,
        )

    def _event(self, call: Call) -> Response:
        event = self._catalogue.event(call.number, call.now)
        if event is None:
            return not_found("Event", call.number)
        shown = self._event_body(event, call, heavy=True)
        select = read(call.body, 1, 1).select
        return answer({"data": project(shown, select) if select else shown})

    def _event_body(self, event: Event, call: Call, *, heavy: bool) -> Json:
        body = self._catalogue.body(event, call.now, heavy=heavy)
        if call.faults.get("name_dict"):
            body["name"] = {"ru": body["name"], "en": "Example"}
        return dirt.event(body, self._world.params.dirt)

    def _show(self, call: Call) -> Response:
        kind = {"seats": self._seats, "barcodes": self._barcodes}.get(call.parts[2])
        if kind is None:
            return no_route()
        return kind(call) if self._known(call) else not_found("Show", call.number)

    def _known(self, call: Call) -> bool:
        event = self._world.tours.event_of_show(call.number)
        known = event is not None and self._catalogue.event(event.id, call.now) is not None
        return known and self._world.tours.show(call.number) is not None

    def _seats(self, call: Call) -> Response:
        query = read(call.body, 1, 1)
        rows = rows_matching(seat_rows(self._world, call.number, call.now), query)
        if not rows:
            return answer({"data": []})  # PHP's empty array, where full answers are objects
        if not query.option("flat"):
            return answer({"data": by_zone(rows)})
        return answer({"data": {row["id"]: project(row, query.select) if query.select else row for row in rows}})

    def _barcodes(self, call: Call) -> Response:
        rows = barcode_rows(self._world, call.number, call.now)
        select = read(call.body, 1, 1).select
        return answer([project(row, select) for row in rows] if select else rows)

    def _scan(self, call: Call) -> Response:
        """Whether a ticket was let in; in this world nobody is scanned."""
        rows = barcode_rows(self._world, call.number, call.now) if self._known(call) else []
        if call.parts[2] != "barcode" or all(row["barcode"] != call.parts[3] for row in rows):
            return no_route()
        return answer({"data": {"barcode": call.parts[3], "checked_at": None}})

    def _small_list(self, call: Call) -> Response:
        rows = self._catalogue.small(call.parts[0])
        return self._list(call, lambda query: rows_matching(rows, query), lambda row: row)

    def _small(self, call: Call) -> Response:
        found = next((row for row in self._catalogue.small(call.parts[0]) if row["id"] == call.number), None)
        return answer({"data": found}) if found else not_found(RESOURCES[call.parts[0]], call.number)
