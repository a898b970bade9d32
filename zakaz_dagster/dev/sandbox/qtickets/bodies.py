"""Orders as QTickets shows them: every key, type and null of the live answers, with the planted people inside."""

from __future__ import annotations

from typing import Any

from zakaz_dagster.dev.sandbox.world.lifecycle import NO_UTM, Order, OrderState, Ticket, TicketState, Utm
from zakaz_dagster.dev.sandbox.world.moments import iso, iso_or_none
from zakaz_dagster.dev.sandbox.world.people import CARD, Person

Json = dict[str, Any]
SITE = "https://qtickets.ru"
SITE_ID = 1356
SITE_HOST = "выставка-пример.рф"
DETAILS_SHIFT = 100_000_000


def roubles(kopecks: int) -> int | float:
    """Whole roubles are numbers without a point, as in live data."""
    return kopecks // 100 if kopecks % 100 == 0 else kopecks / 100


def order_body(order: Order, now: int) -> Json:
    """One order as the vendor answers at `now`."""
    state = order.state(now)
    person = Person(order.person)
    uniqid = f"Z{order.id:09d}"
    created = iso(order.created)
    return {
        "id": order.id,
        "uniqid": uniqid,
        "payed": state.payed_at is not None,
        "payed_at": iso_or_none(state.payed_at),
        "client_id": person.client_id,
        "client": _client(person),
        "site_id": SITE_ID,
        "site": {"id": SITE_ID, "host": SITE_HOST},
        "payment_id": 12_133,
        "payment_type_id": order.payment_type,
        "payment_card_number": CARD if state.payed_at and order.price else None,
        "payment_url": f"{SITE}/pay/{uniqid}",
        "cancel_url": f"{SITE}/cancel-order/{uniqid}/{order.id:032d}",
        "basket_user_id": 920_000_000 + order.person,
        "backend_user_id": 4711 if order.cabinet else None,
        "access_code_id": None,
        "discount_id": order.discount,
        "promo_code_id": order.promo,
        "reserved": False,
        "reserved_to": iso(order.reserved_to),
        "reserve_extended": order.extended,
        "event_id": order.event_id,
        "price": roubles(order.price),
        "original_price": roubles(sum(ticket.original for ticket in order.tickets)),
        "currency_id": "RUB",
        "utm": _utm(order.utm),
        "custom": {"comment": f"Перезвоните: {person.phone}"} if order.id % 29 == 0 else "",
        "fields": {"organization_name": person.surname} if order.id % 31 == 0 else [],
        "baskets": [
            _basket(order, n, ticket, state, person, created) for n, ticket in enumerate(order.tickets)
        ],
        "refunds": [],
        "integrations": {"roistat": {"roistat_visit": str(order.id % 100_000)}} if order.id % 11 == 0 else [],
        "created_at": created,
        "updated_at": iso(state.updated_at),
        "deleted_at": iso_or_none(state.deleted_at),
    }  # fmt: skip


def barcode(ticket: Ticket, seen: TicketState) -> str:
    """Twelve digits; a restored ticket gets new ones."""
    return f"8{ticket.id % 10**10:010d}{seen.issue % 10}"


def _client(person: Person) -> Json:
    return {
        "id": person.client_id,
        "email": person.email,
        "details": {
            "id": person.client_id + DETAILS_SHIFT,
            "name": person.first_name,
            "middlename": None,
            "surname": person.surname,
            "phone": person.phone if person.number % 9 else None,
            "vk_id": "",
            "facebook_id": "",
        },
    }


def _utm(utm: Utm) -> Json | list[object]:
    """PHP's empty array is a list; content and term are left out when empty, the others are always there."""
    if utm == NO_UTM:
        return []
    pairs = {f"utm_{name}": value for name, value in zip(Utm._fields, utm, strict=True)}
    return {name: value for name, value in pairs.items() if value or name not in ("utm_content", "utm_term")}


def _basket(order: Order, n: int, ticket: Ticket, state: OrderState, person: Person, created: str) -> Json:
    seen = state.tickets[n]
    gone = seen.removed_at is not None
    returned = seen.refunded_at is not None
    link = f"Z{order.id:09d}/{ticket.id:032d}"
    return {
        "id": ticket.id,
        "series": f"88{order.id:09d}",
        "barcode": None if gone else barcode(ticket, seen),
        "show_id": ticket.show_id,
        "seat_id": ticket.seat_id,
        "seat_name": ticket.seat_name,
        "original_price": roubles(ticket.original),
        "ticket_original_price": roubles(ticket.original),
        "discount_value": roubles(ticket.original - ticket.price),
        "price": roubles(ticket.price),
        "ticket_amount": 0 if gone else roubles(ticket.price),
        "service_fee_amount": 0,
        "multiprice_code": None,
        "quantity": 1,
        "client_email": person.email,
        "client_phone": person.phone,
        "client_name": person.first_name,
        "client_surname": person.surname,
        "client_middlename": None,
        "organization_name": None,
        "legal_name": None,
        "work_position": None,
        "inn": None,
        "kpp": None,
        "comment": f"Бронь для {person.surname}" if ticket.id % 37 == 0 else None,
        "pdf_url": None if gone else f"{SITE}/ticket/pdf/{link}",
        "passbook_url": None if gone else f"{SITE}/ticket/passbook/{link}",
        "related_baskets": [],
        "services": [],
        "checked_at": None,
        "created_at": created,
        "updated_at": iso(seen.updated_at),
        "deleted_at": iso_or_none(seen.removed_at),
        "refunded_at": iso_or_none(seen.refunded_at),
        "refunded_amount": roubles(seen.refunded) if returned else 0 if gone else None,
        "refunded_deduction_amount": roubles(seen.kept) if returned else None,
        "refunds": [],
    }


KEYS = frozenset(order_body(Order(1, 1, 0, 0, False, 1, NO_UTM, (), ()), 0))  # the columns an order has
