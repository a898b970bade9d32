"""`zakaz inspect qtickets-*`: saved answers through the same records and rows as a load; no names in the output.

A file may hold a list answer (`data`, `paging`), one object in its envelope, or a bare object as a webhook sends it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

import msgspec
import pyarrow as pa

from zakaz_dagster.parsing.json_text import mended
from zakaz_dagster.sources.base import Inspection, Reject
from zakaz_dagster.sources.qtickets.answers import EVENT, ORDER, Kind, decode, each_of, seats_of
from zakaz_dagster.sources.qtickets.catalogue import catalogue_of
from zakaz_dagster.sources.qtickets.inventory import Hall, inventory_of
from zakaz_dagster.sources.qtickets.odd import Odd, decoded
from zakaz_dagster.sources.qtickets.records import Barcode
from zakaz_dagster.sources.qtickets.rows import client_hasher, sale_rows
from zakaz_dagster.sources.qtickets.source import totals

INSPECTION_SALT = "zakaz inspect"  # hashes in this output are comparable with each other, not with the warehouse
T = TypeVar("T")


def orders(raw: bytes, options: Mapping[str, str]) -> Inspection:
    """Sale lines of every order that has a payment date; the others are counted, for they are no sales."""
    del options
    found, odd = _records_of(raw, ORDER)
    paid = [order for order in found if order.payed_at]
    rows = sale_rows(paid, client_hasher(INSPECTION_SALT))
    shown = {name: _text(value) for name, value in totals(rows.lines).items()}
    shown["unpaid_orders"] = len(found) - len(paid)
    shown["received"] = len(found) + sum(each.is_whole for each in odd)
    rejects = [_reject(reject) for _, reject in rows.rejects]
    return Inspection(_rows(rows.lines), [*(_reject(each.reject) for each in odd), *rejects], shown)


def events(raw: bytes, options: Mapping[str, str]) -> Inspection:
    """Shows with their event, city and venue-local dates."""
    del options
    found, odd = _records_of(raw, EVENT)
    catalogue = catalogue_of(found, odd)
    about = {event["event_id"]: event for event in catalogue.events.to_pylist()}
    named = [
        {**row, **{name: about[row["event_id"]][name] for name in ("event_name", "city_raw", "city_key")}}
        for row in _rows(catalogue.shows)
    ]
    return Inspection(
        named,
        [_reject(reject) for reject in catalogue.rejects],
        {
            "received": len(found) + sum(each.is_whole for each in odd),
            "events": len(found),
            "events_not_deleted": sum(1 for event in found if not event.deleted_at),
            "shows": catalogue.shows.num_rows,
            "cities": len({event["city_key"] for event in about.values()}),
        },
    )


def seats(raw: bytes, options: Mapping[str, str]) -> Inspection:
    """Places by state of one show's seats answer (flat form)."""
    del options
    found, odd = seats_of(raw, "the file")
    inventory = inventory_of([Hall(0, 0, found, odd)], datetime.now(UTC))
    figures = {name: value for name, value in inventory.rows.to_pylist()[0].items() if name.startswith("seats_")}
    return Inspection([figures], [_reject(each) for each in inventory.rejects], {"records": len(found), **figures})


def barcodes(raw: bytes, options: Mapping[str, str]) -> Inspection:
    """Live tickets of a show by zone and price, as `zakaz doctor --live` compares them with the seats sold."""
    del options
    read = [decoded(each, Barcode) for each in decode(mended(raw), list[msgspec.Raw], "the file")]
    found = [each for each, _ in read if each is not None]
    odd = [{"reason": why, "where": f"ticket {number}"} for number, (_, why) in enumerate(read, 1) if why]
    groups = Counter((each.zone_name or "", bool(each.admission), Decimal(str(each.price or 0))) for each in found)
    rows = [
        {"zone": zone, "is_standing": standing, "price_rub": f"{price:.2f}", "tickets": count}
        for (zone, standing, price), count in sorted(groups.items())
    ]
    price = sum((price * count for (_, _, price), count in groups.items()), Decimal(0))
    return Inspection(rows, odd, {"received": len(read), "tickets": len(found), "price_rub": f"{price:.2f}"})


def _records_of(raw: bytes, kind: Kind[T]) -> tuple[list[T], list[Odd]]:
    body = mended(raw)
    head = decode(body, dict[str, msgspec.Raw], "the file")
    data = head.get("data", msgspec.Raw(body))
    raws = decode(bytes(data), list[msgspec.Raw], "the file") if bytes(data).lstrip()[:1] == b"[" else [data]
    return each_of(raws, kind, "the file")


def _rows(table: pa.Table) -> list[dict[str, object]]:
    return [{name: _text(value) for name, value in row.items()} for row in table.to_pylist()]


def _text(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value if isinstance(value, int | float | str) or value is None else str(value)


def _reject(reject: Reject) -> dict[str, object]:
    return {"reason": reject.reason, "where": reject.where}
