"""The made-up organiser: tours, orders and advertising from one seed, and the right totals of any day.

Nothing here reads a clock or keeps state beyond edits and corrections made by hand: `now` is handed in, and any day is
generated from (seed, day) when it is asked for, so five years cost nothing until somebody looks.

    world = World(WorldParams(seed=7, start=date(2026, 6, 25)))
    world.made(day), world.visible(day, now)      orders made on a day (by id), those that exist at `now`
    world.happened(first, last)                   days whose orders can have changes within first..last
    world.edits.refund|remove|restore|exchange|move|unpay   what tests do to orders
    world.tours, world.vk, world.direct           events and shows, advertising objects and daily figures
    world.truth(day, now)                         independent totals
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from zakaz_dagster.dev.sandbox.world import dirt, oddities
from zakaz_dagster.dev.sandbox.world.ads import NOTHING, Correction, Scale, Stat
from zakaz_dagster.dev.sandbox.world.chance import draw
from zakaz_dagster.dev.sandbox.world.clicks import Clicks
from zakaz_dagster.dev.sandbox.world.demand import Demand
from zakaz_dagster.dev.sandbox.world.direct import DirectAds
from zakaz_dagster.dev.sandbox.world.driven import DrivenOrders
from zakaz_dagster.dev.sandbox.world.edits import Edits
from zakaz_dagster.dev.sandbox.world.fates import FAR, NEAR
from zakaz_dagster.dev.sandbox.world.histories import History, histories
from zakaz_dagster.dev.sandbox.world.lifecycle import Order, OrderState
from zakaz_dagster.dev.sandbox.world.moments import day_of, days, shift
from zakaz_dagster.dev.sandbox.world.orders import EXCHANGE_DAYS, Orders
from zakaz_dagster.dev.sandbox.world.tours import Event, Tours
from zakaz_dagster.dev.sandbox.world.truth import Cells, Json, direct_json, finals_json, sales_json, vk_json
from zakaz_dagster.dev.sandbox.world.truth import sales as count_sales
from zakaz_dagster.dev.sandbox.world.vk import VkAds

CACHED_ORDERS = 100_000
DIRT = (*dirt.KINDS, *oddities.KINDS)


@dataclass(frozen=True, slots=True)
class WorldParams:
    """Which organiser: another seed is another one. Before `start` nothing was sold or advertised.

    `dirt`: the kinds of DIRT that the world has; none by default. `stress`: demand that is hard to foretell (`demand`)
    instead of an even one.
    """

    seed: int = 7
    start: date = date(2026, 6, 25)
    scale: Scale = field(default_factory=Scale)
    dirt: frozenset[str] = frozenset()
    stress: bool = False


class World:
    """One organiser."""

    def __init__(self, params: WorldParams) -> None:
        self.params = params
        seed, scale, start = params.seed, params.scale, params.start
        self.start = start
        self.tours = Tours(seed, params.dirt, stress=params.stress)
        self.vk = VkAds(seed, self.tours, scale, start)
        self.direct = DirectAds(seed, self.tours, scale, start)
        cached = max(130, CACHED_ORDERS // scale.orders_per_day)
        clicks = Clicks(self.vk, self.direct)
        self.demand = Demand(seed, scale.orders_per_day, self._planned_cost) if params.stress else None
        if self.demand:
            self.orders: Orders = DrivenOrders(seed, self.tours, scale, clicks, cached, params.dirt, self.demand)
        else:
            self.orders = Orders(seed, self.tours, scale, clicks, cached, params.dirt)
        self.edits = Edits(self.orders, start)

    def reset(self) -> None:
        """Forget everything that was done by hand."""
        self.edits.clear()
        self.tours.corrected.clear()
        self.vk.corrections.clear()
        self.direct.corrections.clear()

    def made(self, day: date) -> list[Order]:
        """Every order made on a day, by id, including what the clock has not reached yet."""
        return self.edits.of(day) if day >= self.start else []

    def visible(self, day: date, now: int) -> list[Order]:
        """Orders made on a day that exist at `now`."""
        today = day_of(now)
        if day > today:
            return []
        made = self.made(day)
        return made if day < today else [order for order in made if order.created <= now]

    def happened(self, first: date, last: date) -> list[date]:
        """Days whose orders can have been made, paid, refunded or otherwise changed on any day of first..last."""
        found = {shift(day, -back) for day in days(first, last) for delays in (NEAR, FAR) for back in delays}
        return sorted(day for day in found | self.edits.days() if self.start <= day <= last)

    def tickets(self, show_id: int, now: int) -> Iterator[tuple[Order, OrderState, int]]:
        """Tickets of a show that occupy their place at `now` (paid, or reserved and unpaid): order, state, index."""
        event = self.tours.event_of_show(show_id)
        if event is None:
            return
        last = min(shift(event.last_date, EXCHANGE_DAYS), day_of(now))
        made = set(days(max(event.opens, self.start), last)) | set(self.edits.added)
        for day in sorted(made):
            for order in self.edits.of_show(day, show_id):
                if order.created <= now:
                    state = order.state(now)
                    for index, ticket in enumerate(order.tickets):
                        if ticket.show_id == show_id and state.live(index):
                            yield order, state, index

    def inventory(self, show_id: int, now: int) -> Json:
        """How full a show is: what the organiser opened, sold, holds for unpaid orders, has left and keeps closed."""
        event = self.tours.event_of_show(show_id)
        if event is None:
            raise LookupError(f"no show {show_id}")
        hall = self.orders.halls.of(event)
        total = self._places(event)
        paid = [state.payed_at is not None for _, state, _ in self.tickets(show_id, now)]
        sold, held = paid.count(True), paid.count(False)
        closed = sum(seat.quantity for seat in hall.closed)
        return {"total": total, "sold": sold, "held": held, "free": total - sold - held, "disabled": closed}

    def sales(self, first: date, last: date, now: int) -> Cells:
        """Figures per (day, show), complete for first..last, of what a reader of the vendor's records can count."""
        orders = (order for day in self.happened(first, last) for order in self.visible(day, now))
        counted = count_sales(orders, now, lambda order: oddities.uncounted(order, self.params.dirt))
        return {key: value for key, value in counted.items() if first <= key[0] <= last}

    def _planned_cost(self, event: Event, day: date) -> int:
        return self.vk.planned_cost(event, day) + self.direct.planned_cost(event, day)

    def histories(self, first: date, last: date) -> list[History]:
        """Every show day that ends within first..last, with all that is ever sold for it from the world's start on."""
        events = [event for event in self.tours.events(first, last) if first <= event.last_date <= last]
        opens = min((event.opens for event in events), default=last)
        orders = (order for day in days(max(self.start, opens), last) for order in self.made(day))
        return histories([(event, self._places(event)) for event in events], orders)

    def _places(self, event: Event) -> int:
        hall = self.orders.halls.of(event)
        return sum(seat.quantity for seat in (*hall.numbered, *hall.zones))

    def finals(self, day: date) -> list[Json]:
        """In the stress world: what each show day on sale will have sold, and what its next ticket costs."""
        if self.demand is None or not isinstance(self.orders, DrivenOrders):
            return []
        told = []
        for event in self.tours.on_sale(day):
            orders = [order for own in self.orders.of_event(event).values() for order in own]
            made = histories([(event, self._places(event))], orders)
            per_order = sum(history.final() for history in made) / len(orders) if orders else 0.0
            told += finals_json(made, day, self.demand.marginal_rub(event, day, per_order))
        return told

    def truth(self, day: date, now: int) -> Json:
        """Everything about one day as of now; see `/world/truth`."""
        return next(self.truths(day, day, now))

    def truths(self, first: date, last: date, now: int) -> Iterator[Json]:
        cells = self.sales(first, last, now)
        for day in days(first, last):
            yield {
                "day": day.isoformat(),
                "sales": sales_json(self.tours, cells, day),
                "vk": vk_json(self.vk, day, now),
                "direct": direct_json(self.direct, day, now),
            } | ({"finals": self.finals(day)} if self.demand else {})

    def correct(self, correction: Correction) -> Correction:
        """Have a vendor change its mind. Keys: VK's banner, or group for its rest; Direct's ad, or wizard campaign."""
        book = {"vk": self.vk.corrections, "direct": self.direct.corrections}[correction.vendor]
        book.setdefault((correction.key, correction.day), []).append(correction)
        return correction

    def correct_late(self, at: int, back: int = 10) -> list[Correction]:
        """Vendors settle their figures: some ads of the last days change, and one whole day of each becomes nothing."""
        made = []
        for ago in range(1, back + 1):
            day = shift(day_of(at), -ago)
            for vendor, key, stat in self._figures(day, at):
                chance = draw(self.params.seed, "late", vendor, key, day)
                gone = ago == (4 if vendor == "vk" else 5) or chance % 29 == 0
                if gone or chance % 6 == 0:
                    corrected = NOTHING if gone else stat.scaled(0.7 + (chance >> 16) % 300 / 1000)
                    made.append(self.correct(Correction(vendor, key, day, at, corrected)))
        return made

    def _figures(self, day: date, now: int) -> Iterator[tuple[str, int, Stat]]:
        for plan, group in self.vk.groups(now):
            for banner in group.banners:
                yield "vk", banner.id, self.vk.banner_stat(plan, group, banner, day, now)
            yield "vk", group.id, self.vk.rest_stat(plan, group, day, now)
        for row in self.direct.rows(day, now):
            yield "direct", (row.ad or row.campaign).id, row.stat
