"""Orders of the stress world: they follow `demand`, and a show that is full sells no more.

A day's orders of an event depend on the places that the days before left, so an event is made from its first day of
sale to its last at once, when anybody asks for one of its days. Orders are not exchanged here.
"""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from zakaz_dagster.dev.sandbox.world.ads import Scale
from zakaz_dagster.dev.sandbox.world.chance import draw, stream
from zakaz_dagster.dev.sandbox.world.clicks import Clicks
from zakaz_dagster.dev.sandbox.world.demand import Demand
from zakaz_dagster.dev.sandbox.world.halls import Hall, Halls, one_zone
from zakaz_dagster.dev.sandbox.world.lifecycle import Order
from zakaz_dagster.dev.sandbox.world.moments import DAY, days, midnight
from zakaz_dagster.dev.sandbox.world.orders import Making, Orders
from zakaz_dagster.dev.sandbox.world.tours import Event, Tours

FAR_AHEAD = 1 << 40
SLOTS, MOST = 80, 1000  # events on sale on one day, orders of an event's day: ids of both fit into a day's


class SmallHalls(Halls):
    """Halls of the stress world, sized by demand: some are far too small."""

    def __init__(self, seed: int, orders_per_day: int, demand: Demand) -> None:
        super().__init__(seed, orders_per_day)
        self.demand = demand

    def _make(self, event: Event) -> Hall:
        return one_zone(self.demand.taste(event).places, 50_000 + draw(self.seed, "price", event.id) % 16 * 5000)


@dataclass
class _Seats:
    """Places of an event's shows while it sells: a ticket holds its place until it is given up for good."""

    places: int
    held: Counter[int] = field(default_factory=Counter)
    given_up: list[tuple[int, int]] = field(default_factory=list)

    def room(self, event: Event, at: int) -> dict[int, int]:
        while self.given_up and self.given_up[0][0] <= at:
            self.held[heapq.heappop(self.given_up)[1]] -= 1
        return {show.id: self.places - self.held[show.id] for show in event.shows}

    def hold(self, order: Order) -> None:
        final = order.state(FAR_AHEAD)
        for index, ticket in enumerate(order.tickets):
            self.held[ticket.show_id] += 1
            if not final.live(index):
                state = final.tickets[index]
                ends = (final.deleted_at, state.removed_at, state.refunded_at)
                heapq.heappush(self.given_up, (max(at for at in ends if at is not None), ticket.show_id))


class DrivenOrders(Orders):
    """The order book of the stress world."""

    def __init__(
        self,
        seed: int,
        tours: Tours,
        scale: Scale,
        clicks: Clicks,
        cached_days: int,
        dirt: frozenset[str],
        demand: Demand,
    ) -> None:
        halls = SmallHalls(seed, scale.orders_per_day, demand)
        super().__init__(seed, tours, scale, clicks, cached_days, dirt, halls)
        self.demand = demand
        self._of_event = lru_cache(maxsize=1024)(self._sell)

    def of_event(self, event: Event) -> dict[date, list[Order]]:
        """Every order that an event will have, by the day it is made."""
        return self._of_event(event)

    def _base_count(self, day: date) -> int:
        return len(self._base(day))

    def _arrivals(self, day: date) -> list[tuple[date, int]]:
        return []

    def _make_base(self, day: date) -> tuple[Order, ...]:
        made = [order for event in self.tours.on_sale(day) for order in self.of_event(event).get(day, ())]
        return tuple(sorted(made, key=lambda order: order.id))

    def _sell(self, event: Event) -> dict[date, list[Order]]:
        seats = _Seats(self.demand.taste(event).places)
        return {day: self._sell_day(event, day, seats) for day in days(event.opens, event.last_date)}

    def _sell_day(self, event: Event, day: date, seats: _Seats) -> list[Order]:
        chance = stream(self.seed, "orders", event.id, day)
        making = Making(day, chance, [event], [1.0], Counter(), room=seats.room(event, midnight(day)))
        first = (event.id % SLOTS) * MOST
        wanted = self.demand.drawn(event, day)[:MOST]
        moments = sorted(midnight(day) + int(chance.random() ** 0.6 * (DAY - 1)) for _ in wanted)
        chance.shuffle(wanted)
        made = []
        for number, (moment, by_ads) in enumerate(zip(moments, wanted, strict=True)):
            if self._open(event, making, moment):
                making.by_ads = by_ads
                made.append(self._make_order(making, first + number, moment))
                seats.hold(made[-1])
        return made

    @staticmethod
    def _open(event: Event, making: Making, moment: int) -> bool:
        room = making.room or {}
        return any(s.deleted is None and s.finishes > moment and room[s.id] > 0 for s in event.shows)
