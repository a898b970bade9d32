"""Events with their shows, and the small lists around them: discounts, promo codes, clients, colour themes.

Events are heavy as at the vendor: `scheme_properties` names every seat, unless `select` leaves it out.
"""

from __future__ import annotations

from typing import Any

import msgspec

from zakaz_dagster.dev.sandbox.world import World
from zakaz_dagster.dev.sandbox.world.halls import Hall
from zakaz_dagster.dev.sandbox.world.moments import DAY, day_of, iso, iso_or_none, midnight, shift
from zakaz_dagster.dev.sandbox.world.people import Person
from zakaz_dagster.dev.sandbox.world.tours import Event, Show

Json = dict[str, Any]
HEAVY = "scheme_properties"
DISCOUNTS = {6900: "СКИДКА - 100%", 6820: "Скидка 20% - осень", 6845: "СКИДКА 45%"}
PROMO_CODES = ((168_100, 6900, "primer100"), (168_020, 6820, "primer20"), (168_045, 6845, "ПРИМЕР45"))


class Catalogue:
    """What the organiser offers, as the vendor lists it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._schemes: dict[int, msgspec.Raw] = {}

    def events(self, now: int) -> list[Event]:
        """Every event entered by now, deleted doubles included, by id."""
        known = self.world.tours.events(self.world.start, shift(day_of(now), 60), twins=True)
        return [event for event in known if event.created <= now]

    def event(self, event_id: int, now: int) -> Event | None:
        return next((event for event in self.events(now) if event.id == event_id), None)

    def body(self, event: Event, now: int, *, heavy: bool) -> Json:
        """One event; dates of deletion that lie ahead are not shown yet."""
        city = event.city
        closed = now > event.sale_ends
        gone = event.deleted if event.deleted is not None and event.deleted <= now else None
        return {
            "id": event.id, "is_active": int(not closed and gone is None), "name": event.name, "scheme_id": 11_707,
            "currency_id": "RUB", "place_name": 'ТЦ "Пример"', "place_address": "ул. Примерная , 1",
            "place_description": "", "city_id": city.id, "description": "Описание\r\nмероприятия.",
            "site_url": "http://выставка-пример.рф/", "external_id": None, "ticket_id": 35, "mail_template_id": 31,
            "age": "0+", "shows": [self._show(event, show, now, heavy=heavy) for show in event.shows],
            "payments": [
                {"id": 41_057, "is_active": True, "name": "ИП Пример П.П.", "handler": "payanyway",
                 "agree_url": "https://qtickets.ru/legal/example"}
            ],
            "poster": {"id": 80_915, "content_type": "image/jpeg", "file_size": 91_449,
                       "url": "https://qtickets.ru/storage/app/uploads/public/000/example.jpg"},
            "event_type_id": 11, "city": {"id": city.id, "name": city.name, "timezone": city.zone},
            "ticket": {"id": 35, "is_active": 1, "name": "Системный шаблон"},
            "mail_template": {"id": 31, "is_active": 1, "name": "Системный шаблон"}, "slug": "primer",
            "place_coordinates": [city.latitude, city.longitude],
            "url": f"https://primer.qtickets.events/{event.id}-primer", "created_at": iso(event.created),
            "updated_at": iso(gone or (event.sale_ends if closed else event.created + DAY)),
            "deleted_at": iso_or_none(gone),
        }  # fmt: skip

    def small(self, name: str) -> list[Json]:
        """A list that needs no query planner."""
        return _SMALL[name]()

    def _show(self, event: Event, show: Show, now: int, *, heavy: bool) -> Json:
        hall = self.world.orders.halls.of(event)
        prices = [
            {"id": event.id * 10 + n, "default_price": price // 100, "color_theme": str(n + 1), "modifiers": []}
            for n, price in enumerate(sorted({seat.price for seat in hall.seats}))
        ]
        gone = show.deleted if show.deleted is not None and show.deleted <= now else None
        return {
            "id": show.id, "name": "", "is_active": int(now <= show.ends(now) and gone is None),
            "sale_start_date": None, "sale_finish_date": iso(show.ends(now)), "open_date": iso(show.begins(now)),
            "start_date": iso(show.begins(now)), "finish_date": iso(show.ends(now)),
            **({HEAVY: self._scheme(event)} if heavy else {}),
            "prices": prices, "min_price": prices[0], "max_price": prices[-1], "created_at": iso(event.created),
            "updated_at": iso(gone or event.created + DAY), "deleted_at": iso_or_none(gone),
        }  # fmt: skip

    def _scheme(self, event: Event) -> msgspec.Raw:
        if event.id not in self._schemes:
            self._schemes[event.id] = msgspec.Raw(msgspec.json.encode(_scheme(self.world.orders.halls.of(event))))
        return self._schemes[event.id]


def _scheme(hall: Hall) -> Json:
    """All values are strings, empty ones too, as a PHP form leaves them."""
    zones = {
        seat.zone: {"disabled": "0", "spread": {"enabled": ""}, "price_id": "541248", "rows": [""]}
        for seat in hall.seats
    }
    closed = {seat.id for seat in hall.closed}
    seats = {
        seat.id: {
            "max_quantity": str(seat.quantity) if seat.admission else "", "hot": "", "show_free_quantity": "",
            "disabled": "1" if seat.id in closed else "", "price_id": "541248", "name": seat.name,
            "coords": [seat.place, seat.row],
        }
        for seat in hall.seats
    }  # fmt: skip
    opened = {zone: {"opened": "0", "was_opened": "1", "rows": {"1": {"was_opened": "1"}}} for zone in zones}
    return {"admin": {"zones": opened}, "zones": zones, "seats": seats}


def _discounts() -> list[Json]:
    made = iso(midnight(day_of(1_700_000_000)))
    return [
        {"id": number, "is_active": 1, "name": name, "active_from": None, "active_to": None, "type": "P",
         "events": [], "shows": [], "created_at": made, "updated_at": made, "deleted_at": None}
        for number, name in sorted(DISCOUNTS.items())
    ]  # fmt: skip


def _promo_codes() -> list[Json]:
    made = iso(midnight(day_of(1_700_000_000)))
    return [
        {"id": number, "is_active": 1, "type": 0, "discount_id": discount, "code": code, "max_uses_count": 0,
         "active_from": None, "active_to": None, "created_at": made, "updated_at": made, "deleted_at": None}
        for number, discount, code in PROMO_CODES
    ]  # fmt: skip


def _clients() -> list[Json]:
    return [
        {"id": person.client_id, "email": person.email,
         "details": {"id": person.client_id, "name": person.first_name, "middlename": None, "surname": person.surname,
                     "phone": person.phone, "vk_id": "", "facebook_id": ""}}
        for person in map(Person, range(1, 201))
    ]  # fmt: skip


def _themes() -> list[Json]:
    return [{"id": number, "name": f"Цвет {number}"} for number in range(1, 16)]


_SMALL = {"discounts": _discounts, "promo-codes": _promo_codes, "clients": _clients, "color-themes": _themes}
