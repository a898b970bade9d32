"""What the vendors of the race answer: QTickets pages and one Direct report, written once and served to everyone.

4.4 KB of JSON an order, three tickets an order, 700 orders a day; in the report the same ads every day, as a big
account has them, and in each day some rows of a campaign wizard without ids.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from zakaz_dagster.sources.yandex_direct.request import AD_FIELDS
from zakaz_dagster.timezone import MOSCOW

PER_PAGE, PER_DAY, TICKETS = 200, 700, 3
REPORT_DAYS, CAMPAIGNS, ADS_IN_GROUP = 365, 300, 2
FIRST = date(2026, 1, 1)


def last_day(orders: int) -> date:
    return FIRST + timedelta(days=(orders - 1) // PER_DAY)


@dataclass(frozen=True)
class Due:
    """What is right: rows and roubles; `summed` rows may be missing, as equal keys are added up."""

    rows: int
    roubles: float
    summed: int = 0


def write_pages(folder: Path, orders: int) -> tuple[int, Due]:
    """Pages as the vendor sends them; returns how many they are, and what is in them."""
    template = _order_template()
    pages = -(-orders // PER_PAGE)
    for page in range(pages):
        numbers = range(page * PER_PAGE, min(orders, (page + 1) * PER_PAGE))
        body = ",".join(_order(template, number) for number in numbers)
        paging = json.dumps({"perPage": PER_PAGE, "currentPage": page + 1, "total": orders})
        (folder / f"{page + 1}.json").write_text(f'{{"data":[{body}],"paging":{paging}}}', "utf-8")
    return pages, Due(orders * TICKETS, float(TICKETS * sum(_price(number) for number in range(orders))))


def _order_template() -> str:
    basket = {
        "id": "@B@", "series": "880000001", "barcode": "870000000001", "show_id": 152887, "seat_id": "zone;1",
        "seat_name": "Детский билет (в будни)", "original_price": 490, "ticket_original_price": 490,
        "discount_value": 0, "price": "@P@", "ticket_amount": 490, "service_fee_amount": 0, "multiprice_code": None,
        "quantity": 1, "client_email": "buyer@example.test", "client_phone": "+79000000001", "client_name": "Имя",
        "client_surname": "Фамилия", "client_middlename": None, "organization_name": None, "legal_name": None,
        "work_position": None, "inn": None, "kpp": None, "comment": None, "related_baskets": [],
        "pdf_url": "https://example.test/ticket/pdf/AnOn000000/00000000000000000000000000000000",
        "passbook_url": "https://example.test/ticket/passbook/AnOn000000/00000000000000000000000000000000",
        "services": [], "checked_at": None, "created_at": "2026-01-01T12:19:49+03:00",
        "updated_at": "2026-01-01T12:23:40+03:00", "deleted_at": None, "refunded_at": None, "refunded_amount": None,
        "refunded_deduction_amount": None, "refunds": [],
    }  # fmt: skip
    order = {
        "id": "@O@", "uniqid": "AnOn000000", "payed": True, "payed_at": "@T@", "client_id": "@C@",
        "client": {"id": 1, "email": "buyer@example.test", "details": {
            "id": 2, "name": "Имя", "middlename": None, "surname": "Фамилия", "phone": "+79000000001", "vk_id": "",
            "facebook_id": ""}},
        "site_id": 1, "site": {"id": 1, "host": "выставка-пример.рф"}, "payment_id": 12133, "payment_type_id": "card",
        "payment_card_number": "400000******0002", "payment_url": "https://example.test/pay/AnOn000000",
        "cancel_url": "https://example.test/cancel-order/AnOn000000/00000000000000000000000000000000",
        "basket_user_id": 9200001, "backend_user_id": None, "access_code_id": None, "reserved": False,
        "reserved_to": "2026-01-02T12:21:14+03:00", "reserve_extended": False, "integrations": [],
        "event_id": 24089, "price": 980, "original_price": 980,
        "currency_id": "RUB", "utm": {"utm_source": "vk", "utm_medium": "tomsk", "utm_campaign": "@U@"}, "custom": "",
        "baskets": [basket] * TICKETS, "refunds": [], "created_at": "2026-01-01T12:21:14+03:00",
        "updated_at": "@T@", "deleted_at": None, "discount_id": None, "promo_code_id": None,
    }  # fmt: skip
    return json.dumps({**order, "fields": []}, ensure_ascii=False)


def _order(template: str, number: int) -> str:
    moment = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=MOSCOW) + timedelta(seconds=number * 86_400 // PER_DAY)
    text = template.replace('"@O@"', str(1_000_000 + number)).replace("@T@", moment.isoformat(timespec="seconds"))
    text = text.replace('"@C@"', str(number % 90_000)).replace("@U@", f"campaign_{number % 97}")
    for ticket in range(TICKETS):
        text = text.replace('"@B@"', str(7_000_000 + number * TICKETS + ticket), 1)
    return text.replace('"@P@"', str(_price(number)))


def _price(number: int) -> int:
    return (number * 7) % 1500


def write_report(path: Path, rows: int) -> Due:
    """A year of days, `Total rows` at the end; returns what is in it."""
    chance = random.Random(7)
    ads = -(-rows // REPORT_DAYS)
    left = rows
    with path.open("w", encoding="utf-8") as file:
        file.write("\t".join(AD_FIELDS) + "\n")
        for day in (FIRST + timedelta(days=number) for number in range(REPORT_DAYS)):
            file.writelines(_line(day, ad, chance) for ad in range(min(ads, left)))
            left -= min(ads, left)
        file.write(f"Total rows: {rows}\n")
    lines = path.read_text("utf-8").splitlines()[1:-1]
    keys = {tuple(line.split("\t")[at] for at in (0, 1, 3, 5, 6)) for line in lines}
    return Due(rows, sum(float(line.split("\t")[9]) for line in lines), rows - len(keys))


def _line(day: date, ad: int, chance: random.Random) -> str:
    campaign = ad % CAMPAIGNS
    group = f"{ad // ADS_IN_GROUP + 1}\tГруппа {ad // ADS_IN_GROUP}: Томск\t{ad + 1}" if campaign else "--\t--\t--"
    network = "SEARCH" if ad % 2 else "AD_NETWORK"
    figures = f"{chance.randrange(5000)}\t{chance.randrange(100)}\t{chance.randrange(600_000) / 100:.2f}"
    conversions = "--" if ad % 3 else chance.randrange(5)
    return f"{day}\t{campaign + 1}\tПоиск Томск Спектакль {campaign}\t{group}\t{network}\t{figures}\t{conversions}\n"
