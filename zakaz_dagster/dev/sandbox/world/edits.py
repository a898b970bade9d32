"""What a test does to the order book by hand: refunds, removals, moves, lost payments; taken back all at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from zakaz_dagster.dev.sandbox.world import fates, oddities
from zakaz_dagster.dev.sandbox.world.lifecycle import Change, Order
from zakaz_dagster.dev.sandbox.world.moments import day_of
from zakaz_dagster.dev.sandbox.world.orders import ADDED, MAX_TICKETS, TICKET_BASE, Orders, day_of_id, first_id


class Edits:
    """Orders that differ from the generated ones. `revision` grows with every edit, for those who cache."""

    def __init__(self, orders: Orders, start: date) -> None:
        self._orders, self._start = orders, start
        self.revision = 0
        self.changed: dict[int, Order] = {}
        self.added: dict[date, list[Order]] = {}

    def clear(self) -> None:
        self.changed.clear()
        self.added.clear()
        self.revision += 1

    def days(self) -> set[date]:
        """Days whose orders were edited or added."""
        return {day_of_id(order_id) for order_id in self.changed} | set(self.added)

    def of(self, day: date) -> list[Order]:
        """The orders made on a day, by id, as they are after the edits."""
        made = [*self._orders.of(day), *self.added.get(day, ())]
        return [self.changed.get(order.id, order) for order in made] if self.changed else made

    def of_show(self, day: date, show_id: int) -> list[Order]:
        """Those of a day's orders that have tickets for a show, as they are after the edits."""
        made = [*self._orders.by_show(day).get(show_id, ()), *self.added.get(day, ())]
        known = {order.id for order in made}
        edited = [order for number, order in self.changed.items() if number not in known and day_of_id(number) == day]
        return [*(self.changed.get(order.id, order) for order in made), *edited]

    def find(self, order_or_ticket: int) -> tuple[Order, int | None]:
        """An order, or a ticket's order and its index in it. Raises LookupError."""
        ticket = order_or_ticket - TICKET_BASE
        order_id, index = divmod(ticket, MAX_TICKETS) if ticket >= 0 else (order_or_ticket, None)
        day = day_of_id(order_id)
        found = next((order for order in self.of(day) if order.id == order_id), None) if day >= self._start else None
        if found is None or (index is not None and index >= len(found.tickets)):
            raise LookupError(f"no order or ticket {order_or_ticket}")
        return found, index

    def refund(self, target: int, at: int, kept_pct: int = 0, amount: int | None = None) -> Order:
        """Refund a ticket, or every live ticket of an order; `amount` (kopecks) fixes what a ticket pays back."""
        order, index = self.find(target)
        state = order.state(at)
        live = [n for n in range(len(order.tickets)) if index in (None, n) and state.payed_at and state.live(n)]
        changes = [fates.refund(order.tickets[n], n, at, kept_pct) for n in live]
        if amount is not None:
            changes = [
                c._replace(amount=amount, kept=order.tickets[n].price - amount)
                for n, c in zip(live, changes, strict=True)
            ]
        return self._keep(order, *changes)

    def remove(self, target: int, at: int) -> Order:
        """Take a ticket, or a whole order, away without paying back."""
        order, index = self.find(target)
        return self._keep(order, Change(at, "delete" if index is None else "remove", index))

    def restore(self, target: int, at: int) -> Order:
        order, index = self.find(target)
        return self._keep(order, Change(at, "restore", index))

    def touch(self, target: int, at: int) -> Order:
        return self._keep(self.find(target)[0], Change(at, "touch"))

    def unpay(self, target: int, at: int) -> Order:
        """Take a payment back: `payed_at` becomes null."""
        return self._keep(self.find(target)[0], Change(at, "unpay"))

    def move(self, target: int, at: int, show_id: int) -> Order:
        """Move a ticket to another show, of this event or another; its order keeps the event it was made for."""
        order, index = self.find(target)
        event = self._orders.tours.event_of_show(show_id)
        if event is None:
            raise LookupError(f"no show {show_id}")
        zone = self._orders.halls.of(event).zones[-1].id
        for place in range(len(order.tickets)) if index is None else (index,):
            order = oddities.with_ticket_at(order, place, show_id, zone)
        return self._keep(order, Change(at, "touch"))

    def exchange(self, target: int, at: int) -> Order:
        """Delete an order and add the paid one that replaces it; the new one is returned."""
        order, _ = self.find(target)
        self._keep(order, Change(at, "delete"))
        return self._add(at, lambda order_id: self._orders.exchanged(order, order_id, at))

    def _keep(self, order: Order, *changes: Change) -> Order:
        self.changed[order.id] = order.with_changes(*changes)
        self.revision += 1
        return self.changed[order.id]

    def _add(self, at: int, make: Callable[[int], Order]) -> Order:
        day = day_of(at)
        own = self.added.setdefault(day, [])
        own.append(make(first_id(day) + ADDED + len(own)))
        self.revision += 1
        return own[-1]
