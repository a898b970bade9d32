"""Invented QTickets bodies in the vendor's shape, with personal data planted where the vendor has it."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

PLANTED = ("Планта Персонова", "planted.buyer@example.test", "+79990001122", "planted-comment")
_ids = count(500_001)


def ticket(price: float = 500, **over: Any) -> dict[str, Any]:
    number = next(_ids)
    return {
        "id": number,
        "series": str(number),
        "barcode": f"87{number:010d}",
        "show_id": 900,
        "seat_id": "zone-1;1",
        "seat_name": "Взрослый",
        "original_price": max(price, 500),
        "discount_value": max(price, 500) - price,
        "price": price,
        "quantity": 1,
        "client_email": PLANTED[1],
        "client_phone": PLANTED[2],
        "client_name": PLANTED[0],
        "comment": PLANTED[3],
        "created_at": "2026-03-01T10:00:00+03:00",
        "updated_at": "2026-03-01T10:00:00+03:00",
        "deleted_at": None,
        "refunded_at": None,
        "refunded_amount": None,
        "refunded_deduction_amount": None,
        **over,
    }


def order(*tickets: dict[str, Any], paid: str | None = "2026-03-01T10:00:00+03:00", **over: Any) -> dict[str, Any]:
    number = next(_ids)
    return {
        "id": number,
        "payed": paid is not None,
        "payed_at": paid,
        "client_id": 77,
        "client": {"id": 77, "email": PLANTED[1], "details": {"name": PLANTED[0], "phone": PLANTED[2]}},
        "event_id": 40,
        "price": sum(each["price"] for each in tickets if isinstance(each["price"], int | float)),
        "currency_id": "RUB",
        "utm": [],
        "baskets": list(tickets),
        "created_at": "2026-03-01T09:58:00+03:00",
        "updated_at": "2026-03-01T10:00:00+03:00",
        "deleted_at": None,
        "discount_id": None,
        "promo_code_id": None,
        "site_id": 1,
        "payment_type_id": "card",
        **over,
    }


def page(*orders: dict[str, Any], number: int = 1, per_page: int = 200, total: int | None = None) -> bytes:
    paging = {"perPage": per_page, "currentPage": number, "total": len(orders) if total is None else total}
    return json.dumps({"data": list(orders), "paging": paging}, ensure_ascii=False).encode()
