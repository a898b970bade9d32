"""What a webhook of QTickets says: whose it is, and which days of payment its order touches.

The body is a bare order. Of it only the order's number and days are read; the order itself is always asked for again,
so a body that is old, repeated or out of order can do no more than have a day loaded once more.
Belongs here: signature and shape. Does not: receiving (`ingest`), asking for reloads (`defs`).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import date

import msgspec

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.parsing.dates import moscow_day
from zakaz_dagster.parsing.unreadable import Unreadable
from zakaz_dagster.sources.qtickets.answers import decode
from zakaz_dagster.sources.qtickets.records import SOURCE

SIGNATURE, EVENT, MODEL = "x-signature", "x-event-type", "x-model-name"
ORDER = "Order"


class _Head(msgspec.Struct, gc=False):
    payed_at: str | None


class _Body(msgspec.Struct, gc=False):
    """`primary_orders` were replaced by this one, `secondary_orders` replace it: their days change with it."""

    id: int
    payed_at: str | None
    updated_at: str
    primary_orders: list[_Head] = []
    secondary_orders: list[_Head] = []


@dataclass(frozen=True)
class Touched:
    """An order and the Moscow days of payment that it names; `updated_at` tells versions of it apart."""

    order_id: int
    days: frozenset[date]
    updated_at: str


def signed(body: bytes, signature: bytes, secret: bytes) -> bool:
    """Whether this is the hexadecimal HMAC-SHA1 of the raw body, compared in constant time."""
    expected = hmac.new(secret, body, hashlib.sha1).hexdigest().encode()
    return hmac.compare_digest(expected, signature.strip().lower())


def touched(body: bytes) -> Touched:
    """The order of a body; ShapeChanged when it is none."""
    order = decode(body, _Body, "a webhook")
    moments = [order.payed_at, *(head.payed_at for head in (*order.primary_orders, *order.secondary_orders))]
    try:
        days = frozenset(moscow_day(moment) for moment in moments if moment)
    except Unreadable as error:
        raise ShapeChanged(
            f"a webhook of order {order.id}: payed_at {error}",
            source=SOURCE,
            expected="an ISO instant with a zone",
            next_step="compare the body with the QTickets contract; polling loads the order meanwhile",
        ) from None
    return Touched(order.id, days, order.updated_at)
