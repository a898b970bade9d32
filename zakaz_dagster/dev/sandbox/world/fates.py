"""What becomes of an order: paid, free, expired, cancelled, refunded, removed, restored. Kinds and delays with reasons.

Every change falls within NEAR days of the order or within FAR (the refund three months later); the world relies on it
when it looks for what happened on a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from zakaz_dagster.dev.sandbox.world.lifecycle import Change, Ticket
from zakaz_dagster.dev.sandbox.world.moments import DAY

NEAR = range(17)
FAR = range(85, 97)
MINUTE, HOUR = 60, 3600


def expired(chance: Random, reserved_to: int) -> list[Change]:
    """Nobody paid: the vendor deletes it 15 minutes and some seconds after the reservation ends."""
    return [Change(reserved_to + 15 * MINUTE + 3 + int(chance.random() * 50), "delete")]


def cancelled(chance: Random, created: int) -> list[Change]:
    """The buyer thought better of it before paying."""
    return [Change(created + 90 + int(chance.random() * 3 * HOUR), "delete")]


def paid(chance: Random, created: int, *, free: bool) -> list[Change]:
    """Free orders are paid at once; others within six minutes, a few hours later."""
    if free:
        return [Change(created + int(chance.random() * 2), "pay")]
    slow = chance.random() < 0.03
    wait = 4 * HOUR + int(chance.random() * 16 * HOUR) if slow else 20 + int(chance.random() * 340)
    return [Change(created + wait, "pay")]


def afterwards(chance: Random, payed_at: int, tickets: Sequence[Ticket]) -> list[Change]:
    """What follows a payment; for most orders nothing."""
    dice = chance.random()
    for limit, fate in _FATES if any(ticket.price for ticket in tickets) else _FREE_FATES:
        if dice < limit:
            return fate(chance, payed_at, tickets)
    return []


def refund(ticket: Ticket, index: int, at: int, kept_pct: int) -> Change:
    """A refund that keeps a share of the price; halves of a kopeck go to the buyer."""
    kept = ticket.price * kept_pct // 100
    return Change(at, "refund", index, ticket.price - kept, kept)


def _soon(chance: Random) -> int:
    return HOUR + int(chance.random() * 12 * DAY)


def _refund_all(chance: Random, payed_at: int, tickets: Sequence[Ticket]) -> list[Change]:
    at = payed_at + _soon(chance)
    kept = (0, 0, 5, 10, 50)[int(chance.random() * 5)]
    changes = [refund(ticket, index, at, kept) for index, ticket in enumerate(tickets) if ticket.price]
    return [*changes, Change(at, "delete")] if chance.random() < 0.4 else changes


def _refund_late(chance: Random, payed_at: int, tickets: Sequence[Ticket]) -> list[Change]:
    at = payed_at + 86 * DAY + int(chance.random() * 8 * DAY)
    index = next(index for index, ticket in enumerate(tickets) if ticket.price)
    return [refund(tickets[index], index, at, 0)]


def _refund_part(chance: Random, payed_at: int, tickets: Sequence[Ticket]) -> list[Change]:
    last = len(tickets) - 1
    return [refund(tickets[last], last, payed_at + _soon(chance), 15)]


def _remove_one(chance: Random, payed_at: int, tickets: Sequence[Ticket]) -> list[Change]:
    return [Change(payed_at + _soon(chance), "remove", int(chance.random() * len(tickets)))]


def _delete_order(chance: Random, payed_at: int, _tickets: Sequence[Ticket]) -> list[Change]:
    return [Change(payed_at + _soon(chance), "delete")]


def _restored(chance: Random, payed_at: int, _tickets: Sequence[Ticket]) -> list[Change]:
    gone = payed_at + _soon(chance)
    return [Change(gone, "delete"), Change(gone + HOUR + int(chance.random() * 2 * DAY), "restore")]


def _mixed_fate(chance: Random, payed_at: int, tickets: Sequence[Ticket]) -> list[Change]:
    """Some tickets refunded, another removed, the rest kept."""
    changes = _refund_part(chance, payed_at, tickets)
    return [*changes, Change(payed_at + _soon(chance), "remove", 0)] if len(tickets) > 1 else changes


_FATES = (
    (0.035, _refund_all), (0.055, _refund_late), (0.085, _refund_part), (0.105, _remove_one),
    (0.115, _delete_order), (0.13, _restored), (0.14, _mixed_fate),
)  # fmt: skip
_FREE_FATES = ((0.02, _remove_one), (0.03, _delete_order), (0.04, _restored))  # nobody is paid back for nothing
