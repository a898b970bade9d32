"""An order, what happens to it, and what of that is visible at a moment. Money is whole kopecks.

Belongs here: the timeline and how it folds. Does not: why things happen (orders) or how a vendor shows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

Kind = Literal["pay", "touch", "remove", "delete", "refund", "restore", "unpay"]


class Change(NamedTuple):
    """Something that happened to an order; `ticket` is the index of the ticket it happened to, None for all."""

    at: int
    kind: Kind
    ticket: int | None = None
    amount: int = 0
    kept: int = 0


class Ticket(NamedTuple):
    """One ticket as it was ordered: `original` is the price before discounts."""

    id: int
    show_id: int
    seat_id: str
    seat_name: str
    original: int
    price: int


class Utm(NamedTuple):
    """Tags a click carried; empty text where a tag was absent."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""


NO_UTM = Utm()


@dataclass(slots=True)
class TicketState:
    """One ticket at a moment."""

    removed_at: int | None = None
    refunded_at: int | None = None
    refunded: int = 0
    kept: int = 0
    issue: int = 0
    updated_at: int = 0


@dataclass(slots=True)
class OrderState:
    """An order at a moment."""

    payed_at: int | None
    deleted_at: int | None
    updated_at: int
    tickets: list[TicketState]

    def sold(self, index: int) -> bool:
        """Counts on the sale day: paid, and either refunded later or neither it nor its order is deleted."""
        ticket = self.tickets[index]
        if self.payed_at is None:
            return False
        return ticket.refunded_at is not None or (self.deleted_at is None and ticket.removed_at is None)

    def removed(self, index: int) -> int | None:
        """The moment a paid ticket was taken away without a refund, if it was."""
        ticket = self.tickets[index]
        if self.payed_at is None or ticket.refunded_at is not None:
            return None
        return ticket.removed_at if ticket.removed_at is not None else self.deleted_at

    def live(self, index: int) -> bool:
        """Occupies its place: neither refunded nor removed."""
        ticket = self.tickets[index]
        return self.deleted_at is None and ticket.removed_at is None and ticket.refunded_at is None


@dataclass(slots=True)
class Order:
    """An order with its tickets and its whole future; `state(now)` hides what has not happened yet."""

    id: int
    event_id: int
    created: int
    reserved_to: int
    extended: bool
    person: int
    utm: Utm
    tickets: tuple[Ticket, ...]
    changes: tuple[Change, ...]
    discount: int | None = None
    promo: int | None = None
    payment_type: str = "card"
    cabinet: bool = False
    replaces: int | None = None
    _settled: OrderState | None = field(default=None, compare=False, repr=False)

    @property
    def price(self) -> int:
        return sum(ticket.price for ticket in self.tickets)

    def state(self, now: int) -> OrderState:
        """The order as it looks at `now`; `now` must not be before its creation."""
        settled = not self.changes or self.changes[-1].at <= now
        if settled and self._settled is not None:
            return self._settled
        state = self._fold(now)
        if settled:
            self._settled = state
        return state

    def with_changes(self, *changes: Change) -> Order:
        """The same order with more happening to it."""
        return replace(self, changes=tuple(sorted((*self.changes, *changes), key=lambda c: c.at)), _settled=None)

    def _fold(self, now: int) -> OrderState:
        tickets = [TicketState(updated_at=self.created) for _ in self.tickets]
        state = OrderState(None, None, self.created, tickets)
        for change in self.changes:
            if change.at > now:
                break
            state.updated_at = change.at
            _APPLY[change.kind](state, change)
        return state


def _chosen(state: OrderState, change: Change) -> list[TicketState]:
    return state.tickets if change.ticket is None else [state.tickets[change.ticket]]


def _pay(state: OrderState, change: Change) -> None:
    state.payed_at = change.at
    for ticket in state.tickets:
        ticket.updated_at = change.at


def _touch(state: OrderState, change: Change) -> None:
    """Only the order's own updated_at moves."""


def _remove(state: OrderState, change: Change) -> None:
    for ticket in _chosen(state, change):
        if ticket.removed_at is None and ticket.refunded_at is None:
            ticket.removed_at = ticket.updated_at = change.at


def _delete(state: OrderState, change: Change) -> None:
    state.deleted_at = change.at
    for ticket in state.tickets:
        if ticket.removed_at is None:
            ticket.removed_at = ticket.updated_at = change.at


def _refund(state: OrderState, change: Change) -> None:
    for ticket in _chosen(state, change):
        if ticket.refunded_at is None:
            ticket.refunded_at = ticket.updated_at = change.at
            ticket.refunded, ticket.kept = change.amount, change.kept


def _restore(state: OrderState, change: Change) -> None:
    state.deleted_at = None
    for ticket in _chosen(state, change):
        if ticket.removed_at is not None and ticket.refunded_at is None:
            ticket.removed_at = None
            ticket.issue += 1
            ticket.updated_at = change.at


def _unpay(state: OrderState, _change: Change) -> None:
    """The payment is taken back: the order has no payment date any more."""
    state.payed_at = None


_APPLY = {
    "pay": _pay, "touch": _touch, "remove": _remove, "delete": _delete, "refund": _refund, "restore": _restore,
    "unpay": _unpay,
}  # fmt: skip
