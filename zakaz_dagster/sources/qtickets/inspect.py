"""`zakaz inspect qtickets-*`: saved answers through the same records and rows as a load; no names in the output.

A file may hold a list answer (`data`, `paging`), one object in its envelope, or a bare object as a webhook sends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pyarrow as pa

from zakaz_dagster.errors import BadData
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.base import Inspection, Reject
from zakaz_dagster.sources.qtickets.catalogue import Catalogue, catalogue_of
from zakaz_dagster.sources.qtickets.inventory import inventory_of
from zakaz_dagster.sources.qtickets.records import SOURCE, Event, Order, Seat, Seats, decode
from zakaz_dagster.sources.qtickets.rows import EventNames, client_hasher, sale_rows
from zakaz_dagster.sources.qtickets.source import totals

INSPECTION_SALT = "zakaz inspect"  # hashes in this output are comparable with each other, not with the warehouse


class _Orders(msgspec.Struct):
    data: list[Order] | Order


class _Events(msgspec.Struct):
    data: list[Event] | Event


def orders(raw: bytes, options: Mapping[str, str]) -> Inspection:
    """Sale lines of every order that has a payment date; the others are counted, for they are no sales."""
    del options
    found = [decode(raw, Order, "the file")] if _is_bare(raw) else _as_list(decode(raw, _Orders, "the file").data)
    paid = [order for order in found if order.payed_at]
    rows = sale_rows(paid, EventNames.of({}), client_hasher(INSPECTION_SALT))
    sums = totals(rows.lines)
    shown = {name: _text(value) for name, value in sums.items()}
    shown["unpaid_orders"] = len(found) - len(paid)
    return Inspection(_records(rows.lines), [_reject(reject) for _, reject in rows.rejects], shown)


def events(raw: bytes, options: Mapping[str, str]) -> Inspection:
    """Shows with their event, city and venue-local dates."""
    del options
    found = [decode(raw, Event, "the file")] if _is_bare(raw) else _as_list(decode(raw, _Events, "the file").data)
    catalogue: Catalogue = catalogue_of(found, city_index())
    deleted = sum(1 for event in found if event.deleted_at)
    return Inspection(
        _records(catalogue.shows),
        [_reject(reject) for reject in catalogue.rejects],
        {
            "events": len(found),
            "events_not_deleted": len(found) - deleted,
            "shows": catalogue.shows.num_rows,
            "cities": len(set(catalogue.events["city"].to_pylist())),
        },
    )


def seats(raw: bytes, options: Mapping[str, str]) -> Inspection:
    """Places by state of one show's seats answer (flat form)."""
    del options
    data: dict[str, Seat] | list[Seat] = decode(raw, Seats, "the file").data
    found = inventory_of([(0, 0, data)], datetime.now(UTC))
    figures = {name: value for name, value in found.rows.to_pylist()[0].items() if name.startswith("seats_")}
    return Inspection([figures], [_reject(reject) for reject in found.rejects], {"records": len(data), **figures})


def _is_bare(raw: bytes) -> bool:
    try:
        head = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        raise BadData(
            f"the file is not a JSON object: {error}", source=SOURCE, expected="a saved answer of the QTickets REST API"
        ) from None
    return "data" not in head


def _as_list(data: object) -> list:  # type: ignore[type-arg]
    return data if isinstance(data, list) else [data]


def _records(table: pa.Table) -> list[dict[str, object]]:
    return [{name: _text(value) for name, value in row.items()} for row in table.to_pylist()]


def _text(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value if isinstance(value, int | float | str) or value is None else str(value)


def _reject(reject: Reject) -> dict[str, object]:
    return {"reason": reject.reason, "where": reject.where}
