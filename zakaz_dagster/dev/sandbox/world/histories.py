"""What was sold in the end for each show day of an event, and how it came to that: the true curves and finals.

A show day is all sessions of an event in its city on one date; an exhibition is one, to the last day of its run.
Only paid tickets count: sold on the day of payment, taken back on the day of their refund or removal.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from zakaz_dagster.dev.sandbox.world.lifecycle import Order
from zakaz_dagster.dev.sandbox.world.moments import day_of
from zakaz_dagster.dev.sandbox.world.tours import Event

FAR_AHEAD = 1 << 40


@dataclass
class History:
    """One show day; counters are by day. `places` are those of all its sessions, `taken` the change of what is held."""

    event: Event
    show_date: date
    finish: date
    places: int
    paid: Counter[date] = field(default_factory=Counter)
    free: Counter[date] = field(default_factory=Counter)
    taken: Counter[date] = field(default_factory=Counter)

    @property
    def key(self) -> str:
        return f"{self.event.id}:{self.show_date}"

    @property
    def opened(self) -> date | None:
        """The first day on which a ticket was paid for."""
        return min((day for day, count in self.paid.items() if count > 0), default=None)

    def final(self) -> int:
        return self.sold(self.finish)

    def sold(self, day: date) -> int:
        return sum(count for on, count in self.paid.items() if on <= day)

    def left(self, day: date) -> int:
        return self.places - sum(count for on, count in self.taken.items() if on <= day)

    def sold_out(self) -> date | None:
        """The first day that ended with next to no places left."""
        left = self.places
        for day in sorted(self.taken):
            left -= self.taken[day]
            if left <= max(2, self.places / 100):
                return day
        return None


def histories(events: Iterable[tuple[Event, int]], orders: Iterable[Order]) -> list[History]:
    """Of these events (each with the places of one session), out of all orders they ever have."""
    found: dict[int, History] = {}
    made: list[History] = []
    for event, places in events:
        for show_date, shows in _by_date(event).items():
            finish = event.last_date if event.project.exhibition else show_date
            history = History(event, show_date, finish, places * len(shows))
            found |= dict.fromkeys(shows, history)
            made.append(history)
    for order in orders:
        _count(order, found)
    return made


def _by_date(event: Event) -> dict[date, list[int]]:
    shows: dict[date, list[int]] = {}
    for show in event.shows:
        if show.deleted is None:
            shows.setdefault(show.local_date, []).append(show.id)
    return shows


def _count(order: Order, found: dict[int, History]) -> None:
    final = order.state(FAR_AHEAD)
    for index, ticket in enumerate(order.tickets):
        history = found.get(ticket.show_id)
        if history is None:
            continue
        history.taken[day_of(order.created)] += 1
        state = final.tickets[index]
        gone = _earliest(state.refunded_at, None if final.live(index) else state.removed_at, final.deleted_at)
        if gone is not None:
            history.taken[day_of(gone)] -= 1
        if final.payed_at is not None:
            book = history.paid if ticket.price else history.free
            book[day_of(final.payed_at)] += 1
            if gone is not None:
                book[day_of(gone)] -= 1


def _earliest(*moments: int | None) -> int | None:
    return min((moment for moment in moments if moment is not None), default=None)


@dataclass(frozen=True)
class FreeShare:
    """Of so many tickets this share was free; `variance` of a ticket, given that whole orders are free or paid."""

    share: float
    variance: float
    tickets: int

    def paid(self, places: int) -> tuple[float, float, float]:
        """How many paid tickets fit into so many places, and the bounds of 80 % of it."""
        paid = places * (1 - self.share)
        give = 1.2816 * math.sqrt(places * self.variance * (1 + places / max(1, self.tickets)))
        return (
            math.floor(paid),
            math.floor(max(0.0, paid - give)),
            max(math.floor(paid), math.floor(min(places, paid + give))),
        )


def free_share(made: Iterable[History], day: date, back: int = 60) -> FreeShare:
    """Of the tickets that were sold in the days before."""
    free, sold = Counter[date](), Counter[date]()
    for history in made:
        for book, counts in ((history.free, (free, sold)), (history.paid, (sold,))):
            for on, tickets in book.items():
                if 0 <= (day - on).days < back:
                    for count in counts:
                        count[on] += tickets
    whole = max(1, sold.total())
    share = free.total() / whole
    squares = sum((free[on] - share * tickets) ** 2 for on, tickets in sold.items())
    return FreeShare(share, max(share * (1 - share), squares / whole * len(sold) / max(1, len(sold) - 1)), whole)
