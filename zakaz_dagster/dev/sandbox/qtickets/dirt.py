"""How QTickets' answers show what cabinets and integrations did to the records (`world.oddities` says to which)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from zakaz_dagster.dev.sandbox.world import oddities

Json = dict[str, Any]
SPELLINGS: tuple[Callable[[str], str], ...] = (
    lambda name: name,
    lambda name: f"г. {name}",
    lambda name: f"{name.upper()} г.",
    lambda name: name.replace("-", "\u2011"),
    lambda name: f"\u00a0{name} ",
)


def order(body: Json, kinds: frozenset[str]) -> Json:
    """An order's body as it arrives."""
    form = oddities.unusable(body["id"], kinds) or oddities.harmless(body["id"], kinds)
    if form:
        _ORDERS[form](body)
    return body


def event(body: Json, kinds: frozenset[str]) -> Json:
    """An event's body as it arrives."""
    number = body["id"]
    if oddities.CITY_SPELLINGS in kinds:
        written = SPELLINGS[number // 4 % len(SPELLINGS)](body["city"]["name"])
        body["city"] = {**body["city"], "name": written}
    form = oddities.odd_event(number, kinds)
    if form:
        _EVENTS[form](body)
    return body


def is_closed(seat_id: str, payed: int, kinds: frozenset[str]) -> bool:
    """Whether a numbered seat was closed after its sale."""
    return oddities.CLOSED_SEATS in kinds and payed == 1 and sum(seat_id.encode()) % 3 == 0


def _set(field: str, value: Any) -> Callable[[Json], None]:
    return lambda body: body.update({field: value})


def _first(field: str, value: Callable[[Any], Any]) -> Callable[[Json], None]:
    return lambda body: body["baskets"][0].update({field: value(body["baskets"][0][field])})


def _twice(body: Json) -> None:
    """The same number again with another price: nobody can say which is right."""
    body["baskets"].append({**copy.deepcopy(body["baskets"][0]), "price": body["baskets"][0]["price"] + 1})


_ORDERS: dict[str, Callable[[Json], None]] = {
    "no_moment": _set("updated_at", ""),
    "price_as_text": _first("price", str),
    "other_currency": _set("currency_id", "KZT"),
    "letters_for_a_number": _set("event_id", "A-17"),
    "ticket_twice": _twice,
    "number_in_a_tag": _set("utm", {"utm_source": "vk", "utm_campaign": 20231}),
    "no_tags": _set("utm", None),
    "no_seat": _first("seat_id", lambda _: None),
    "text_for_an_unread_number": _set("discount_id", "нет"),
}
_EVENTS: dict[str, Callable[[Json], None]] = {
    "no_timezone": lambda body: body.update(city={**body["city"], "timezone": None}),
    "no_shows": _set("shows", None),
    "no_name": _set("name", None),
    "no_start": lambda body: body["shows"][0].update(start_date=None),
}
