"""QTickets history: parse, validate and load, network apart, beside two limits measured in the same run.

The limits: the fastest typed JSON decoding of the same bytes (msgspec, of every field and of those the loader reads),
and the engine's insert of the finished Arrow tables. 4.4 KB of JSON an order, three tickets an order, 700 orders a day.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
import pyarrow as pa
from rich.console import Console

from benchmarks import qtickets_shape
from benchmarks.child import run
from benchmarks.endpoint import database
from benchmarks.figures import Figure, table
from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.sources.qtickets.answers import ORDER, Page, page_of
from zakaz_dagster.sources.qtickets.description import DESCRIPTION
from zakaz_dagster.sources.qtickets.records import Envelope, Order
from zakaz_dagster.sources.qtickets.source import QTicketsSource
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.transport.log import Stats
from zakaz_dagster.warehouse.client import Warehouse

PER_PAGE, PER_DAY, TICKETS = 200, 700, 3
ORDERS = 126_000
DECODERS: dict[str, Callable[[bytes], object]] = {
    "whole shape": msgspec.json.Decoder(qtickets_shape.Page).decode,
    "allow-list": msgspec.json.Decoder(Envelope[Order]).decode,
    "json.loads": json.loads,
}
FIRST = date(2026, 1, 1)


def write_pages(folder: Path, orders: int) -> int:
    """Pages as the vendor sends them; returns the number of pages."""
    template = _order_template()
    pages = -(-orders // PER_PAGE)
    for page in range(pages):
        numbers = range(page * PER_PAGE, min(orders, (page + 1) * PER_PAGE))
        body = ",".join(_order(template, number) for number in numbers)
        paging = json.dumps({"perPage": PER_PAGE, "currentPage": page + 1, "total": orders})
        (folder / f"{page + 1}.json").write_text(f'{{"data":[{body}],"paging":{paging}}}', "utf-8")
    return pages


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
    return text.replace('"@P@"', str((number * 7) % 1500))


class Pages:
    """The API over pages on disk: what the network would bring, without it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.http = type("Http", (), {"stats": Stats()})()

    def orders_page(self, where: object, order_by: object, page: int, day: object) -> Page[Order]:
        return page_of((self.folder / f"{page}.json").read_bytes(), ORDER, "benchmark")


class Clock:
    """Seconds, on the wall and of this process's CPU, spent inside its `with` blocks."""

    def __init__(self) -> None:
        self.taken = (0.0, 0.0)

    def __enter__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        wall, cpu = self._began
        self.taken = self.taken[0] + time.perf_counter() - wall, self.taken[1] + time.process_time() - cpu


def measure(folder: Path, pages: int, orders: int, mode: str) -> tuple[float, float]:
    """Wall and CPU seconds of one thing over the same pages."""
    clock = Clock()
    last = FIRST + timedelta(days=(orders - 1) // PER_DAY)
    later = datetime(2027, 6, 1, tzinfo=MOSCOW)
    source = QTicketsSource(Pages(folder), salt="s", now=lambda: later)  # type: ignore[arg-type]
    if mode in DECODERS:
        for page in range(1, pages + 1):
            body = (folder / f"{page}.json").read_bytes()
            with clock:
                DECODERS[mode](body)
    elif mode == "rows":
        with clock:
            for _ in source.read(FIRST, last):
                pass
    else:
        with database() as warehouse:
            (_inserting if mode == "insert" else _loading)(warehouse, source, last, clock)
    return clock.taken


def _loading(warehouse: Warehouse, source: QTicketsSource, last: date, clock: Clock) -> None:
    with clock:
        report = load_days(source, DESCRIPTION, warehouse, FIRST, last, Load(run_id="bench"))
    if report.accepted != report.received or (last - FIRST).days + 1 != len(report.days):
        raise SystemExit(f"{report.accepted} of {report.received} tickets, {len(report.days)} days loaded")


def _inserting(warehouse: Warehouse, source: QTicketsSource, last: date, clock: Clock) -> None:
    """The finished tables into tables of the same columns without partitions, keys or any check."""
    reads = list(source.read(FIRST, last))
    for name in DESCRIPTION.tables:
        rows = _with_service_columns(pa.concat_tables([read.tables[name] for read in reads]))
        warehouse.command(
            f"CREATE TABLE bench_{name} ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM {name} LIMIT 0"  # noqa: S608
        )
        with clock:
            warehouse.insert(f"bench_{name}", rows)


def _with_service_columns(rows: pa.Table) -> pa.Table:
    count = rows.num_rows
    stamp = pa.array([datetime(2026, 1, 1, tzinfo=MOSCOW)] * count, pa.timestamp("s", "Europe/Moscow"))
    return (
        rows.append_column("_loaded_at", stamp)
        .append_column("_ver", pa.array([1] * count, pa.uint64()))
        .append_column("_run_id", pa.array(["bench"] * count))
    )


def figures(*, quick: bool, orders: int | None = None) -> list[Figure]:
    """The whole path beside decoding and inserting, and its memory as history doubles."""
    count = orders or (4 * PER_DAY if quick else ORDERS)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        pages = write_pages(folder, count)
        modes = ("whole shape", "allow-list", "json.loads", "insert", "rows", "load")
        costs = {mode: _apart(folder, pages, count, mode) for mode in modes}
        half = count // 2
        smaller = _apart(folder, write_pages(folder, half), half, "load")
    rate = {mode: count * TICKETS / cost.seconds for mode, cost in costs.items()}
    memory, memory_half = costs["load"].megabytes, smaller.megabytes
    whole, unit = rate["load"], "tickets/s"
    return [
        Figure("whole path", whole, rate["whole shape"], unit, "decoding the whole order, typed", 0.4, "at least"),
        Figure("whole path", whole, rate["allow-list"], unit, "decoding only the fields we read"),
        Figure("whole path", whole, rate["json.loads"], unit, "json.loads"),
        Figure("whole path", whole, rate["insert"], unit, "the engine's insert of the finished tables"),
        Figure("parse and validate", rate["rows"], rate["whole shape"], unit, "decoding the whole order, typed"),
        Figure("CPU of the loader", costs["load"].cpu, costs["whole shape"].cpu, "CPU s", "that decoding's"),
        Figure("peak memory", memory, 400, "MB", "what it may be", 1.0),
        Figure("peak memory", memory, memory_half, "MB", "that of half the history", 1.25),
    ]


@dataclass(frozen=True)
class Taken:
    """What one mode took in a process of its own, without the engine's."""

    seconds: float
    cpu: float
    megabytes: float


def _apart(folder: Path, pages: int, orders: int, mode: str) -> Taken:
    done = run(["-m", "benchmarks.qtickets_history", "--child", mode, str(folder), str(pages), str(orders)])
    return Taken(*json.loads(done.output.splitlines()[-1]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--child", nargs=4, metavar=("MODE", "FOLDER", "PAGES", "ORDERS"))
    given = parser.parse_args()
    if given.child:
        mode, folder, pages, orders = given.child
        seconds, cpu = measure(Path(folder), int(pages), int(orders), mode)
        print(json.dumps([seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
    else:
        Console(width=160).print(table(figures(quick=False, orders=given.orders), absolute=True))
