"""The vendor's shapes, as far as we read them: a strict allow-list, so personal data is never even decoded.

Belongs here: field names, types and what may be null, as in the QTickets contract. Does not: meaning (`rows`).
A body that does not fit raises `ShapeChanged` with the path of the field, for example `$.data[3].baskets[0].price`.
Timestamps stay text here; they are ISO 8601 with an offset. Money is roubles, integer or fractional.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.sources.qtickets.description import DESCRIPTION

SOURCE = DESCRIPTION.name
Money = int | float
Nothing = Annotated[list[Any], msgspec.Meta(max_length=0)]  # PHP's empty array
T = TypeVar("T")


class Utm(msgspec.Struct, gc=False, omit_defaults=True):
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    utm_content: str | None = None
    utm_term: str | None = None


class Basket(msgspec.Struct, gc=False):
    """One ticket. `quantity` has always been 1; anything else is refused as a row."""

    id: int
    show_id: int
    seat_id: str
    price: Money
    original_price: Money
    deleted_at: str | None
    refunded_at: str | None
    refunded_amount: Money | None
    refunded_deduction_amount: Money | None
    quantity: int = 1


class Order(msgspec.Struct, gc=False):
    """One order. `utm` is `[]` when empty (a PHP array) and an object otherwise."""

    id: int
    payed: bool | int
    payed_at: str | None
    client_id: int | str | None
    event_id: int
    price: Money
    currency_id: str
    utm: Utm | Nothing
    baskets: list[Basket]
    updated_at: str
    deleted_at: str | None
    created_at: str
    discount_id: int | None = None
    promo_code_id: int | None = None
    site_id: int | None = None
    payment_type_id: str | int | None = None


class Paging(msgspec.Struct, rename="camel"):
    per_page: int
    current_page: int
    total: int


class OrderPage(msgspec.Struct):
    data: list[Order]
    paging: Paging


class OrderEnvelope(msgspec.Struct):
    data: Order


class City(msgspec.Struct):
    name: str
    timezone: str


class Show(msgspec.Struct):
    id: int
    start_date: str | None
    finish_date: str | None
    is_active: bool | int
    deleted_at: str | None


class Event(msgspec.Struct):
    """`name` is a text, or in some accounts an object of texts by language."""

    id: int
    name: str | dict[str, str]
    is_active: bool | int
    city: City | None
    shows: list[Show]
    deleted_at: str | None
    place_name: str | None = None


class EventPage(msgspec.Struct):
    data: list[Event]
    paging: Paging


class Seat(msgspec.Struct):
    """One seat, or one standing zone with many places (`max_quantity` above 1)."""

    max_quantity: int
    free_quantity: int
    ordered_quantity: int
    payed_quantity: int
    in_basket_quantity: int
    disabled: bool | int


class Seats(msgspec.Struct):
    """`data` is an object by seat id, and `[]` when there are none (a PHP array)."""

    data: dict[str, Seat] | list[Seat]


def decode(body: bytes, shape: type[T], what: str) -> T:
    """`body` as `shape`; `ShapeChanged` names `what` was asked and where it differs."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError as error:
        raise ShapeChanged(
            f"the answer to {what} has another shape: {error}",
            source=SOURCE,
            expected=f"{shape.__name__} as in the QTickets contract",
            next_step="compare the body with zakaz_dagster/sources/qtickets/records.py and adapt it on purpose",
        ) from None
