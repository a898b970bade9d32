"""The barest script there is: msgspec or Arrow's CSV reader, and Arrow to the engine.

With day partitions it also replaces the days that came, so that a second run does not double them.
Belongs here: what must be done to have rows at all. Does not: any check.
"""

from __future__ import annotations

from datetime import date, datetime

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from benchmarks.race_place import Place
from benchmarks.race_scripts import REPORT, UTM, bodies, tsv

MONEY = pa.decimal128(18, 2)
MOMENT = pa.timestamp("s", "Europe/Moscow")


class BareTicket(msgspec.Struct, gc=False):
    id: int
    show_id: int
    price: float
    original_price: float
    refunded_at: datetime | None
    refunded_amount: float | None
    deleted_at: datetime | None


class BareOrder(msgspec.Struct, gc=False):
    id: int
    payed_at: datetime
    client_id: int | None
    event_id: int
    utm: dict[str, str]
    baskets: list[BareTicket]


class BareOrders(msgspec.Struct):
    data: list[BareOrder]


def tickets(place: Place, first: date, last: date, table: str = "race_tickets") -> None:
    decode = msgspec.json.Decoder(BareOrders).decode
    orders = [order for body in bodies(place, first, last) for order in decode(body).data]
    pairs = [(order, ticket) for order in orders for ticket in order.baskets]
    paid = pa.array([order.payed_at for order, _ in pairs], pa.timestamp("us", "Europe/Moscow")).cast(
        MOMENT, safe=False
    )
    columns = {
        "sale_date": pc.local_timestamp(paid).cast(pa.date32()),
        "sold_at": paid,
        "order_id": pa.array([order.id for order, _ in pairs], pa.uint64()),
        "ticket_id": pa.array([ticket.id for _, ticket in pairs], pa.uint64()),
        "event_id": pa.array([order.event_id for order, _ in pairs], pa.uint64()),
        "show_id": pa.array([ticket.show_id for _, ticket in pairs], pa.uint64()),
        "price_rub": _money([ticket.price for _, ticket in pairs]),
        "original_price_rub": _money([ticket.original_price for _, ticket in pairs]),
        "refunded_at": _moments([ticket.refunded_at for _, ticket in pairs]),
        "refunded_rub": _money([ticket.refunded_amount or 0.0 for _, ticket in pairs]),
        "deleted_at": _moments([ticket.deleted_at for _, ticket in pairs]),
        "client_id": pa.array([str(order.client_id or "") for order, _ in pairs]),
        **{name: pa.array([order.utm.get(name, "") for order, _ in pairs]) for name in UTM},
    }
    _send(place, table, pa.table(columns), "sale_date")


def report(place: Place, _first: date, _last: date, table: str = "race_report") -> None:
    body = tsv(place)
    end = body.rfind(b"Total rows:")
    types = {"Date": pa.date32(), "Cost": MONEY, "Conversions": pa.uint64(), "CampaignName": pa.string(),
             **dict.fromkeys(("CampaignId", "AdGroupId", "AdId", "Impressions", "Clicks"), pa.uint64())}  # fmt: skip
    found = pacsv.read_csv(
        pa.BufferReader(body[:end] if end > 0 else body),
        parse_options=pacsv.ParseOptions(delimiter="\t", quote_char=False),
        convert_options=pacsv.ConvertOptions(column_types=types, null_values=["--"], strings_can_be_null=True),
    )
    columns = {
        mine: found[theirs] if mine == "conversions" else _filled(found[theirs]) for theirs, mine in REPORT.items()
    }
    _send(place, table, pa.table(columns), "date")


def tickets_by_day(place: Place, first: date, last: date) -> None:
    tickets(place, first, last, "race_tickets_by_day")


def report_by_day(place: Place, first: date, last: date) -> None:
    report(place, first, last, "race_report_by_day")


def _filled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not column.null_count:
        return column
    return column.fill_null("" if pa.types.is_string(column.type) else 0)


def _money(values: list[float]) -> pa.Array:
    return pa.array(values, pa.float64()).cast(MONEY, safe=False)


def _moments(values: list[datetime | None]) -> pa.Array:
    return pa.array(values, pa.timestamp("us", "UTC")).cast(MOMENT, safe=False)


def _send(place: Place, table: str, rows: pa.Table, day: str) -> None:
    client = place.client()
    if table.endswith("_by_day"):
        days = pc.unique(rows[day]).to_pylist()
        client.command(f"ALTER TABLE {table} " + ", ".join(f"DROP PARTITION ID '{each:%Y%m%d}'" for each in days))
    client.insert_arrow(table, rows, settings={"max_partitions_per_insert_block": 0})
