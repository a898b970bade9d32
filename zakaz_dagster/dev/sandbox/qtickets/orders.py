"""Which orders a list request means, found without looking at every day of the world; how columns are read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date
from itertools import accumulate
from typing import Any, overload

from zakaz_dagster.dev.sandbox.qtickets.bodies import KEYS, order_body
from zakaz_dagster.dev.sandbox.qtickets.query import BadQuery, Condition, Query, dotted, matching
from zakaz_dagster.dev.sandbox.world import World
from zakaz_dagster.dev.sandbox.world.fates import FAR
from zakaz_dagster.dev.sandbox.world.lifecycle import Order, OrderState
from zakaz_dagster.dev.sandbox.world.moments import day_of, days, shift
from zakaz_dagster.dev.sandbox.world.orders import day_of_id
from zakaz_dagster.dev.sandbox.world.people import CLIENT_BASE

LONGEST_PAYMENT = 2  # days between making an order and paying for it
KEPT_QUERIES = 8

_STATE: dict[str, Callable[[OrderState], Any]] = {
    "payed": lambda state: state.payed_at is not None,
    "payed_at": lambda state: state.payed_at,
    "updated_at": lambda state: state.updated_at,
    "deleted_at": lambda state: state.deleted_at,
}
_PLAIN: dict[str, Callable[[Order], Any]] = {
    "id": lambda order: order.id,
    "created_at": lambda order: order.created,
    "reserved_to": lambda order: order.reserved_to,
    "event_id": lambda order: order.event_id,
    "client_id": lambda order: CLIENT_BASE + order.person,
    "price": lambda order: order.price / 100,
    "discount_id": lambda order: order.discount,
    "promo_code_id": lambda order: order.promo,
}


class AllOrders(Sequence[Order]):
    """Every order that exists at `now`, by id, up or down; days are only made when their orders are asked for."""

    def __init__(self, world: World, now: int, *, descending: bool) -> None:
        self._world, self._now, self._descending = world, now, descending
        last = day_of(now)
        self._days = list(days(world.start, last))
        counts = [world.orders.count(day) + len(world.edits.added.get(day, ())) for day in self._days[:-1]]
        self._ends = list(accumulate([*counts, len(world.visible(last, now))])) if self._days else []

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> Order: ...
    @overload
    def __getitem__(self, index: slice) -> list[Order]: ...
    def __getitem__(self, index: int | slice) -> Order | list[Order]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        place = index % len(self)
        return self._at(len(self) - 1 - place if self._descending else place)

    def _at(self, place: int) -> Order:
        number = bisect_right(self._ends, place)
        begins = self._ends[number - 1] if number else 0
        return self._world.visible(self._days[number], self._now)[place - begins]


class OrderBook:
    """Answers list queries; the last few answers are kept, because every page of a list asks the same again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._kept: dict[tuple[Any, ...], Sequence[Order]] = {}

    def find(self, query: Query, now: int) -> Sequence[Order]:
        """The orders that match, in the order asked for: by id unless it says otherwise."""
        key = (repr(query.where), query.order, now, self._world.edits.revision)
        if key not in self._kept:
            while len(self._kept) >= KEPT_QUERIES:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = self._search(query, now)
        return self._kept[key]

    def one(self, order_id: int, now: int) -> Order | None:
        day = day_of_id(order_id)
        return next((order for order in self._world.visible(day, now) if order.id == order_id), None)

    def _search(self, query: Query, now: int) -> Sequence[Order]:
        if not query.where and query.order in ((), (("id", False),), (("id", True),)):
            return AllOrders(self._world, now, descending=query.order == (("id", True),))
        orders = (order for day in self._days(query.where, now) for order in self._world.visible(day, now))
        return matching(orders, query, lambda name: self._column(name, now))

    def _column(self, name: str, now: int) -> Callable[[Order], Any]:
        if name in _STATE:
            seen = _STATE[name]
            return lambda order: seen(order.state(now))
        if name in _PLAIN:
            return _PLAIN[name]
        if name.partition(".")[0] not in KEYS:
            raise BadQuery(f"no column {name}")
        rendered = dotted(name)
        return lambda order: rendered(order_body(order, now))

    def _days(self, where: Sequence[Condition], now: int) -> list[date]:
        first, last = self._world.start, day_of(now)
        for condition in where:
            low, high = _bounds(condition)
            first = max(first, low or first)
            last = min(last, high or last)
        made = set(days(first, last)) if first <= last else set()
        return sorted(day for day in made | self._world.edits.days() if day <= day_of(now))


def _bounds(condition: Condition) -> tuple[date | None, date | None]:
    """The first and last day an order that meets the condition can have been made on."""
    column, operator, value = condition.column, condition.operator, condition.value
    if not isinstance(value, int) or isinstance(value, bool):
        return None, None
    if column == "id":
        low = high = day_of_id(value)
    elif column in _LAG:
        low, high = shift(day_of(value), -_LAG[column]), day_of(value)
    else:
        return None, None
    return low if operator in (">", ">=", "=") else None, high if operator in ("<", "<=", "=") else None


_LAG = {"created_at": 0, "payed_at": LONGEST_PAYMENT, "updated_at": FAR[-1], "deleted_at": FAR[-1]}
