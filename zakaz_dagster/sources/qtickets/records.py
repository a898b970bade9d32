"""The vendor's shapes, as far as rows use them: a strict allow-list, so personal data is never even decoded.

Belongs here: field names, types and what may be null, as in the QTickets contract. Does not: reading bodies
(`answers`), meaning (`rows`). Moments are aware; money is roubles, integer or fractional.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from zakaz_dagster.sources.qtickets.description import DESCRIPTION

SOURCE = DESCRIPTION.name
FIRST_YEAR, LAST_YEAR = 2000, 2100  # moments outside are slips of the pen, and ClickHouse's DateTime ends in 2106
MOST_ROUBLES = 10**9  # of one amount: no ticket costs so much

Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Count = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Money = (
    Annotated[int, msgspec.Meta(ge=-MOST_ROUBLES, le=MOST_ROUBLES)]
    | Annotated[float, msgspec.Meta(ge=-MOST_ROUBLES, le=MOST_ROUBLES)]
)
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Nothing = Annotated[list[Any], msgspec.Meta(max_length=0)]  # PHP's empty array
Flag = bool | int
Word = str | int | float | None  # a number in a tag is its text
T = TypeVar("T")


class Utm(msgspec.Struct, gc=False, omit_defaults=True):
    utm_source: Word = None
    utm_medium: Word = None
    utm_campaign: Word = None
    utm_content: Word = None
    utm_term: Word = None


class Basket(msgspec.Struct, gc=False):
    """One ticket. `quantity` has always been 1; anything else is refused as a row."""

    id: Id
    show_id: Id
    price: Money
    original_price: Money
    deleted_at: Moment | None
    refunded_at: Moment | None
    refunded_amount: Money | None
    refunded_deduction_amount: Money | None
    quantity: Count = 1

    def __post_init__(self) -> None:
        _within(self.deleted_at)
        _within(self.refunded_at)


class OrderHead(msgspec.Struct, gc=False):
    """An order without its tickets. `utm` is `[]` when empty (a PHP array) and an object otherwise."""

    id: Id
    payed: Flag
    payed_at: Moment | None
    client_id: Id | str | None
    event_id: Id
    price: Money
    currency_id: str
    utm: Utm | Nothing | None
    updated_at: Moment
    deleted_at: Moment | None

    def __post_init__(self) -> None:
        _within(self.payed_at)
        _within(self.updated_at)
        _within(self.deleted_at)


class Order(OrderHead, gc=False):
    """One order with its tickets."""

    baskets: list[Basket]


class LooseOrder(OrderHead, gc=False):
    """One order whose tickets are still to be looked at one by one."""

    baskets: list[msgspec.Raw]


class Paging(msgspec.Struct, rename="camel"):
    per_page: int
    current_page: int
    total: int


class City(msgspec.Struct):
    name: str | None = None
    timezone: str | None = None


class Show(msgspec.Struct):
    id: Id
    start_date: Moment | None
    finish_date: Moment | None
    is_active: Flag | None
    deleted_at: Moment | None

    def __post_init__(self) -> None:
        _within(self.start_date)
        _within(self.finish_date)


class EventHead(msgspec.Struct):
    """An event without its shows. `name` is a text, or in some accounts an object of texts by language."""

    id: Id
    name: str | dict[str, str | None] | None
    is_active: Flag | None
    city: City | Nothing | None
    deleted_at: Moment | None
    place_name: str | None = None

    @property
    def name_text(self) -> str:
        """The name in Russian, else in any language; empty when there is none."""
        if isinstance(self.name, dict):
            texts = [self.name.get("ru"), *self.name.values()]
            return next((text.strip() for text in texts if text), "")
        return (self.name or "").strip()


class Event(EventHead, kw_only=True):
    """One event with its shows."""

    shows: list[Show] | None


class LooseEvent(EventHead, kw_only=True):
    """One event whose shows are still to be looked at one by one."""

    shows: list[msgspec.Raw] | None


class Seat(msgspec.Struct):
    """One seat, or one standing zone with many places (`max_quantity` above 1)."""

    max_quantity: Count
    free_quantity: Count
    ordered_quantity: Count
    payed_quantity: Count
    in_basket_quantity: Count
    disabled: Flag


class Barcode(msgspec.Struct):
    """One live ticket of a show; the code itself and the guest's name are not decoded."""

    price: Money | None = None
    zone_name: str | None = None
    admission: Flag | None = None


class Envelope(msgspec.Struct, Generic[T]):
    """A list answer."""

    data: list[T]
    paging: Paging


class SeatsEnvelope(msgspec.Struct, Generic[T]):
    """`data` is an object by seat id, and `[]` when there are none (a PHP array)."""

    data: dict[str, T] | list[T]


def _within(moment: datetime | None) -> None:
    if moment is not None and not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"a moment in the year {moment.year}")
