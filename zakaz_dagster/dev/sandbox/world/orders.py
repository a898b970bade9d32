"""Orders of a day from (seed, day): who bought what, through which tags, and what becomes of it later.

Order ids carry the day they were made on, so an id leads straight to its day. An exchange deletes an order and makes a
paid one days later; both days know of it without generating each other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from random import Random

from zakaz_dagster.dev.sandbox.world import fates, oddities
from zakaz_dagster.dev.sandbox.world.ads import Scale, appeal
from zakaz_dagster.dev.sandbox.world.chance import draw, share, stream
from zakaz_dagster.dev.sandbox.world.clicks import Clicks
from zakaz_dagster.dev.sandbox.world.halls import Halls
from zakaz_dagster.dev.sandbox.world.lifecycle import Change, Order, Ticket, Utm
from zakaz_dagster.dev.sandbox.world.moments import DAY, day_number, day_of, midnight, shift
from zakaz_dagster.dev.sandbox.world.people import PEOPLE
from zakaz_dagster.dev.sandbox.world.tours import Event, Show, Tours

HOUR = 3600
STRIDE = 100_000  # ids of one day
EXCHANGED, ADDED = 90_000, 95_000  # within a day: where exchange orders and orders made by hand begin
MAX_TICKETS = 10
TICKET_BASE = 100_000_000_000
EXCHANGE_DAYS = 4  # an order is exchanged on its own day or one of the next three
WEEKDAY = (0.8, 0.8, 0.9, 1.0, 1.2, 1.25, 1.05)
_DAY_ZERO = day_number(date(2019, 12, 22))


def first_id(day: date) -> int:
    return (day_number(day) - _DAY_ZERO) * STRIDE + 1


def ticket_id(order_id: int, index: int) -> int:
    """Ids of tickets lie above those of orders, so that an id says which it is."""
    return TICKET_BASE + order_id * MAX_TICKETS + index


def day_of_id(order_id: int) -> date:
    """The Moscow day an order was made on; any number has one."""
    return shift(date(2019, 12, 22), min(max((order_id - 1) // STRIDE, 0), 80_000))


@dataclass(slots=True)
class Making:
    """What one day's generation carries along."""

    day: date
    chance: Random
    events: list[Event]
    weights: list[float]
    places: Counter[int]
    by_ads: bool | None = None  # whether advertising moves the next order, in a world that knows it
    room: dict[int, int] | None = None  # places left in each show, in a world whose shows sell out


class Orders:
    """The order book of one seed; days are cached while they are in use. `count(day)` needs no orders to be made."""

    def __init__(
        self,
        seed: int,
        tours: Tours,
        scale: Scale,
        clicks: Clicks,
        cached_days: int,
        dirt: frozenset[str],
        halls: Halls | None = None,
    ) -> None:
        self.seed, self.tours, self.scale, self.clicks, self.dirt = seed, tours, scale, clicks, dirt
        self.halls = halls or Halls(seed, scale.orders_per_day)
        self._base = lru_cache(maxsize=cached_days)(self._make_base)
        self._whole = lru_cache(maxsize=cached_days)(self._make_day)
        self.count = lru_cache(maxsize=8192)(self._count)
        self.by_show = lru_cache(maxsize=cached_days)(self._sort_by_show)

    def _count(self, day: date) -> int:
        return self._base_count(day) + len(self._arrivals(day))

    def of(self, day: date) -> tuple[Order, ...]:
        """The orders made on a day, by id."""
        return self._whole(day)

    def _sort_by_show(self, day: date) -> dict[int, list[Order]]:
        """The orders of a day by the shows their tickets are for."""
        shows: dict[int, list[Order]] = {}
        for order in self.of(day):
            for show_id in {ticket.show_id for ticket in order.tickets}:
                shows.setdefault(show_id, []).append(order)
        return shows

    def _base_count(self, day: date) -> int:
        noise = 0.75 + 0.5 * share(self.seed, "count", day)
        return max(1, round(self.scale.orders_per_day * WEEKDAY[day.weekday()] * noise))

    def _arrivals(self, day: date) -> list[tuple[date, int]]:
        """Orders (day, place in it) which are exchanged for a new order on this day."""
        slots = -(-self.scale.orders_per_day // 40)
        found = []
        for back in range(EXCHANGE_DAYS):
            source = shift(day, -back)
            width = max(1, self._base_count(source) // slots)
            for slot in range(slots):  # each slot has its own stretch of places: no order leaves twice
                chance = draw(self.seed, "exchange", source, slot)
                if chance % 2 == 0 and (chance >> 8) % EXCHANGE_DAYS == back:
                    found.append((source, slot * width + (chance >> 16) % width))
        return [(source, place) for source, place in sorted(found) if place < self._base_count(source)]

    def _leaving(self, day: date) -> dict[int, date]:
        """Places of this day's orders that are exchanged, and on which day."""
        return {
            place: shift(day, ahead)
            for ahead in range(EXCHANGE_DAYS)
            for source, place in self._arrivals(shift(day, ahead))
            if source == day
        }

    def _make_base(self, day: date) -> tuple[Order, ...]:
        chance = stream(self.seed, "orders", day)
        events = self.tours.on_sale(day)
        weights = [(0.5 + 1 / appeal(self.seed, event)) * (1 + event.project.exhibition) for event in events]
        making = Making(day, chance, events, weights, Counter())
        moments = sorted(midnight(day) + int(chance.random() ** 0.6 * (DAY - 1)) for _ in range(self._base_count(day)))
        return tuple(self._make_order(making, number, moment) for number, moment in enumerate(moments))

    def _make_day(self, day: date) -> tuple[Order, ...]:
        leaving = self._leaving(day)
        touch = self._bulk_touch(day)
        events = oddities.to_move_to(self.tours.on_sale(day), self.dirt)
        made = []
        for place, order in enumerate(self._base(day)):
            changes = [Change(touch, "touch")] if touch and place % 5 == 0 else []
            at = _exchange_moment(order, leaving[place]) if place in leaving else None
            if at is not None:
                changes.append(Change(at, "delete"))
            kept = oddities.moved(order, events, self.halls) if events and oddities.is_moved(order.id) else order
            made.append(kept.with_changes(*changes) if changes else kept)
        return (*made, *self._exchange_orders(day))

    def _bulk_touch(self, day: date) -> int | None:
        """One second in which the vendor touched many orders of this day at once."""
        chance = draw(self.seed, "touch", day)
        return midnight(shift(day, 3)) + (chance >> 8) % DAY if chance % 3 == 0 else None

    def _exchange_orders(self, day: date) -> list[Order]:
        made: list[Order] = []
        for source, place in self._arrivals(day):
            order_id = first_id(day) + EXCHANGED + len(made)
            old = self._base(source)[place]
            at = _exchange_moment(old, day)
            made.append(self._invitation(old, order_id, day) if at is None else self.exchanged(old, order_id, at))
        return made

    def _invitation(self, like: Order, order_id: int, day: date) -> Order:
        """Free tickets handed out from the cabinet; stands where an order turned out not to be exchangeable."""
        at = midnight(day) + 10 * HOUR + order_id % HOUR
        order = self.exchanged(like, order_id, at)
        return replace(order, tickets=tuple(ticket._replace(price=0) for ticket in order.tickets), replaces=None)

    def exchanged(self, old: Order, order_id: int, at: int) -> Order:
        """The order that replaces an old one: same show and price, other tickets, paid by the old one."""
        event = self.tours.event(old.event_id)
        if event is None:
            raise LookupError(old.event_id)
        zone = self.halls.of(event).zones[-1]
        tickets = tuple(
            Ticket(ticket_id(order_id, n), ticket.show_id, zone.id, zone.name, ticket.original, ticket.price)
            for n, ticket in enumerate(old.tickets)
        )
        return Order(
            order_id, old.event_id, at, at + DAY, False, old.person, Utm(), tickets, (Change(at, "pay"),),
            old.discount, old.promo, cabinet=True, replaces=old.id,
        )  # fmt: skip

    def _make_order(self, making: Making, number: int, created: int) -> Order:
        chance = making.chance
        event = chance.choices(making.events, making.weights)[0]
        order_id = first_id(making.day) + number
        dice = chance.random()
        free = dice < 0.47
        discount = 100 if free else (0, 0, 20, 45)[int(chance.random() * 4)]
        mixed = 0.47 <= dice < 0.51
        tickets = self._make_tickets(making, event, (order_id, created), discount, mixed=mixed)
        extended = chance.random() < 0.1
        reserved_to = created + (2 if extended else 1) * DAY
        fate = self._fate(chance, dice, created, reserved_to, tickets)
        person = int(chance.random() * min(self.scale.orders_per_day * 60, PEOPLE)) + 1
        if making.by_ads is None:
            utm = self.clicks.draw(chance, event, making.day)
        else:
            utm = self.clicks.draw_moved(chance, event, making.day, by_ads=making.by_ads)
        promo = 168_000 + discount if discount else None
        return Order(
            order_id, event.id, created, reserved_to, extended, person, utm, tickets, tuple(fate),
            6800 + discount if discount else None, promo, ("card", "bankcard", "4326371")[order_id % 3],
            chance.random() < 0.03,
        )  # fmt: skip

    def _fate(
        self, chance: Random, dice: float, created: int, reserved_to: int, tickets: tuple[Ticket, ...]
    ) -> list[Change]:
        if dice >= 0.95:
            return fates.cancelled(chance, created)
        if dice >= 0.87:
            return fates.expired(chance, reserved_to)
        changes = fates.paid(chance, created, free=dice < 0.47)
        return sorted(changes + fates.afterwards(chance, changes[0].at, tickets), key=lambda change: change.at)

    def _make_tickets(
        self, making: Making, event: Event, order: tuple[int, int], discount: int, *, mixed: bool
    ) -> tuple[Ticket, ...]:
        chance = making.chance
        order_id, created = order
        show = _choose_show(chance, event, created, making.room)
        count = min(1 + int(chance.random() ** 1.6 * 5) + mixed, MAX_TICKETS)
        if making.room is not None:
            count = min(count, making.room[show.id])
            making.room[show.id] -= count
        hall = self.halls.of(event)
        sale_day = (making.day - event.opens).days
        made = []
        for n in range(count):
            seat = hall.take(sale_day, making.places[show.id])
            making.places[show.id] += 1
            off = 100 if mixed and n == 0 else discount
            price = seat.price - seat.price * off // 10_000 * 100  # whole roubles, as the vendor rounds
            made.append(Ticket(ticket_id(order_id, n), show.id, seat.id, seat.name, seat.price, price))
        return tuple(made)


def _choose_show(chance: Random, event: Event, created: int, room: dict[int, int] | None) -> Show:
    """A show of the event that is not over and has room; on its last evening, the last one."""
    ahead = [show for show in event.shows if show.deleted is None and show.finishes > created]
    if room is not None:
        ahead = [show for show in ahead if room[show.id] > 0]
    live = ahead or [show for show in event.shows if show.deleted is None][-1:]
    return live[int(chance.random() * len(live))]


def _exchange_moment(order: Order, target: date) -> int | None:
    """When on the target day it is exchanged; None unless it was paid for by then and nothing else happens to it."""
    if len(order.changes) != 1 or order.changes[0].kind != "pay" or not order.price:
        return None
    payed_at = order.changes[0].at
    moment = max(midnight(target) + DAY // 3 + order.id % (DAY // 2), payed_at + 60)
    return moment if day_of(moment) == target else None
