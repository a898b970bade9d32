"""Our rows from the vendor's records: columnar, exact money, no loop per ticket beyond collecting the columns.

Meaning (see DOMAIN in docs/metrics.md):
- a ticket is *sold* on the day its order was paid, if it was refunded later or nothing of it is deleted;
- a *refund* belongs to the day of `refunded_at` and never rewrites the sale;
- a *removed* ticket (deleted without a refund) is no sale; it is counted on the day of its removal, or not at all if it
  was taken out of the order before the order was paid.
Days are Europe/Moscow. A line says which event and show the vendor named; their names and cities are looked up when
facts are built. Belongs here: these rules. Does not: protocol (`api`), completeness (`source`).
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.redaction import without_contacts
from zakaz_dagster.sources.base import Reject
from zakaz_dagster.sources.qtickets.records import Basket, Order, Utm, Word
from zakaz_dagster.table_schemas import ENCODED, schema_of

ORDERS, LINES = schema_of("stg_qtickets_orders_raw"), schema_of("stg_qtickets_sales_raw")
MONEY = LINES.field("price_rub").type
MOSCOW = "Europe/Moscow"
UTM_COLUMNS = Utm.__struct_fields__
CENT_TOLERANCE = 1e-6  # roubles, whatever the amount: rounding errors of the vendor's own arithmetic are far smaller
CONTACT = r"@|%40|[78][\s(-]*9\d\d"  # what may be an e-mail or a phone; a closer look decides
SAID = ("says_free", "says_refunded_tickets", "says_refunds")  # the API speaks of every measure
NO_TEXT = ("event_name", "event_key", "city_raw", "city_key")  # what only a mailed report says in words
_CODED = {"channel", "client_hash", *NO_TEXT, *UTM_COLUMNS}
_LINES = pa.schema([each.with_type(ENCODED) if each.name in _CODED else each for each in LINES])
_NO_UTM = Utm()
_encode = msgspec.json.Encoder().encode
Hasher = Callable[[int | str | None], str]


@dataclass(frozen=True)
class SaleRows:
    """Rows of whole orders, in the order they came; days are Moscow days.

    `rejects` are (day as text, reject); `kept` tells of every ticket that came whether it became a line.
    """

    orders: pa.Table
    lines: pa.Table
    rejects: Sequence[tuple[str, Reject]] = field(default_factory=list)
    kept: np.ndarray = field(default_factory=lambda: np.ones(0, dtype=bool))


def client_hasher(salt: str) -> Hasher:
    """A salted, one-way name for a buyer: equal ids give equal hashes, nothing leads back."""
    keyed = hmac.new(salt.encode(), digestmod="sha256")  # the key is worked in once, not for every buyer

    def hashed(client_id: int | str | None) -> str:
        if client_id is None:
            return ""
        mac = keyed.copy()
        mac.update(str(client_id).encode())
        return mac.hexdigest()[:32]

    return hashed


def sale_rows(orders: Sequence[Order], hashed: Hasher) -> SaleRows:
    """Rows for paid orders; orders without a payment date must not be passed in."""
    if not orders:
        return SaleRows(ORDERS.empty_table(), LINES.empty_table())
    order_columns = _order_columns(orders, hashed)
    lines = _line_columns(orders, order_columns)
    order_of = lines.pop("_order")
    faults = {**_repeated(orders), **_faults(lines)}
    kept = np.ones(len(order_of), dtype=bool)
    kept[list(faults)] = False
    table = pa.table({name: lines[name] for name in LINES.names}, schema=_LINES)
    rejects = [
        _reject(orders[int(order_of[row])], lines["line_id"][row].as_py(), why) for row, why in sorted(faults.items())
    ]
    if faults:
        table, order_of = table.filter(pa.array(kept)), order_of[kept]
    table = table.set_column(LINES.names.index("order_lines"), "order_lines", _first_sold(table, order_of))
    rejects += [_reject(order, "none", "paid order without tickets") for order in orders if not order.baskets]
    raw = pa.table({name: order_columns[name] for name in ORDERS.names}, schema=ORDERS)
    return SaleRows(raw, table, rejects, kept)


def instants(moments: Iterable[datetime | None]) -> pa.Array:
    """Aware moments as UTC instants in whole seconds; null stays null."""
    precise = pa.array(moments, pa.timestamp("us", "UTC"))
    return pc.cast(pc.floor_temporal(precise, unit="second"), pa.timestamp("s", "UTC"))


def moscow_dates(stamps: pa.Array) -> pa.Array:
    """The Moscow calendar day of each instant."""
    return pc.cast(pc.local_timestamp(pc.cast(stamps, pa.timestamp("s", MOSCOW))), pa.date32())


def money(values: Sequence[int | float | None]) -> tuple[pa.Array, np.ndarray]:
    """Roubles as Decimal(18, 2), null as 0, and a mask of values that have more than two decimals."""
    floats = np.nan_to_num(np.array(values, dtype=np.float64), nan=0.0)
    cents = np.rint(floats * 100)
    return pc.cast(pa.array(cents / 100), MONEY), np.abs(floats - cents / 100) > CENT_TOLERANCE


def _order_columns(orders: Sequence[Order], hashed: Hasher) -> dict[str, pa.Array]:
    for order in orders:
        order.client_id = hashed(order.client_id)
    utms = [order.utm if isinstance(order.utm, Utm) else _NO_UTM for order in orders]
    texts = {name: _text_column(utms, name) for name in UTM_COLUMNS}
    paid = instants([order.payed_at for order in orders])
    columns = {
        "sale_date": moscow_dates(paid),
        "sold_at": pc.cast(paid, pa.timestamp("s", MOSCOW)),
        "order_id": pa.array([order.id for order in orders], pa.uint64()),
        "updated_at": pc.cast(instants([order.updated_at for order in orders]), pa.timestamp("s", MOSCOW)),
        "payload": pa.array([_encode(order) for order in orders], pa.binary()).cast(pa.string()),
        "event_id": pa.array([order.event_id for order in orders], pa.uint64()),
        "client_hash": pa.array([order.client_id for order in orders], pa.string()).dictionary_encode(),
        "_deleted": instants([order.deleted_at for order in orders]),
        "_paid_at": paid,
        "_paid": pa.array([bool(order.payed) for order in orders], pa.bool_()),
        "_rub": pa.array([order.currency_id == "RUB" for order in orders], pa.bool_()),
    }
    return {**columns, **texts}


def _text_column(utms: Sequence[Utm], name: str) -> pa.Array:
    """One UTM field; links in mailings carry the reader's address, which is taken out of the records as well."""
    column = pc.fill_null(_words(list(map(attrgetter(name), utms))), "").dictionary_encode()
    suspects = pc.match_substring_regex(column.dictionary, CONTACT)
    if not pc.any(suspects).as_py():
        return column
    for row in np.flatnonzero(np.asarray(suspects.take(column.indices))).tolist():
        setattr(utms[row], name, without_contacts(column[row].as_py()))
    return pc.fill_null(_words(list(map(attrgetter(name), utms))), "").dictionary_encode()


def _words(values: Sequence[Word]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except pa.ArrowTypeError:  # a number among them
        return pa.array([value if isinstance(value, str | None) else str(value) for value in values], pa.string())


def _line_columns(orders: Sequence[Order], heads: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    counts = np.fromiter((len(order.baskets) for order in orders), dtype=np.int64, count=len(orders))
    order_of = np.repeat(np.arange(len(orders)), counts)
    index = pa.array(order_of)
    tickets = _columns(list(chain.from_iterable(order.baskets for order in orders)), Basket.__struct_fields__)
    price, odd_price = money(tickets["price"])
    original, odd_original = money(tickets["original_price"])
    refunded, odd_refund = money(tickets["refunded_amount"])
    deduction, odd_deduction = money(tickets["refunded_deduction_amount"])
    refunded_at = instants(tickets["refunded_at"])
    deleted_at = pc.coalesce(instants(tickets["deleted_at"]), heads["_deleted"].take(index))
    is_refunded = pc.is_valid(refunded_at)
    is_removed = pc.and_(pc.is_valid(deleted_at), pc.invert(is_refunded))
    was_sold = pc.and_(is_removed, pc.greater_equal(deleted_at, heads["_paid_at"].take(index)))
    quantity = pa.array(tickets["quantity"], pa.int64())
    nothing = pa.scalar(0, MONEY)
    no_text = _always("", len(order_of))
    repeated = ("sale_date", "order_id", "sold_at", "event_id", "client_hash", *UTM_COLUMNS)
    return {
        **{name: heads[name].take(index) for name in repeated},
        **dict.fromkeys(NO_TEXT, no_text),
        **dict.fromkeys(SAID, pa.array(np.ones(len(order_of), dtype=np.uint8))),
        "_order": order_of,
        "_odd": odd_price | odd_original | odd_refund | odd_deduction,
        "_unpaid": pc.invert(heads["_paid"].take(index)),
        "_foreign": pc.invert(heads["_rub"].take(index)),
        "_live": pc.and_(pc.is_null(deleted_at), pc.invert(is_refunded)),
        "_refund_unknown": pc.and_(is_refunded, pc.is_null(pa.array(tickets["refunded_amount"], pa.float64()))),
        "_refund_undated": pc.and_(
            pc.invert(is_refunded), pc.or_(pc.not_equal(refunded, nothing), pc.not_equal(deduction, nothing))
        ),
        "_quantity": quantity,
        "channel": _always("api", len(order_of)),
        "line_id": pc.cast(pa.array(tickets["id"], pa.uint64()), pa.string()),
        "order_lines": pa.array(np.zeros(len(order_of), dtype=np.uint32)),
        "show_id": pa.array(tickets["show_id"], pa.uint64()),
        "tickets": pc.cast(quantity, pa.uint32(), safe=False),
        "price_rub": price,
        "original_price_rub": original,
        "is_free": pc.cast(pc.equal(price, nothing), pa.uint8()),
        "is_removed": pc.cast(is_removed, pa.uint8()),
        "removed_date": pc.if_else(was_sold, moscow_dates(deleted_at), None),
        "refund_date": moscow_dates(refunded_at),
        "refunded_tickets": pc.cast(pc.if_else(is_refunded, quantity, 0), pa.uint32(), safe=False),
        "refunded_rub": pc.if_else(is_refunded, refunded, nothing),
        "deduction_rub": pc.if_else(is_refunded, deduction, nothing),
        "reported_at": pa.nulls(len(order_of), pa.timestamp("s", MOSCOW)),
    }


def _always(text: str, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([text]))


def _columns(records: Sequence[object], names: Sequence[str]) -> dict[str, list[Any]]:
    """One list per field; a list at a time leaves nothing behind for the garbage collector to walk through."""
    return {name: list(map(attrgetter(name), records)) for name in names}


def _faults(lines: Mapping[str, pa.Array]) -> dict[int, str]:
    """Row number to the reason it cannot be a sale line; the first reason counts."""
    negative = pc.less(lines["price_rub"], pa.scalar(0, MONEY))
    negative_refund = pc.less(lines["refunded_rub"], pa.scalar(0, MONEY))
    rules: list[tuple[str, object]] = [
        ("currency is not RUB", lines["_foreign"]),
        ("paid at a date, but not marked as paid and not refunded", pc.and_(lines["_unpaid"], lines["_live"])),
        ("refunded, but the refunded amount is not given", lines["_refund_unknown"]),
        ("money was given back, but the date of the refund is not given", lines["_refund_undated"]),
        ("price below zero", negative),
        ("refund below zero", negative_refund),
        ("money with more than two decimals", lines["_odd"]),
        ("quantity is not 1, so what the price means is unknown", pc.not_equal(lines["_quantity"], 1)),
    ]
    faults: dict[int, str] = {}
    for reason, mask in rules:
        for row in np.flatnonzero(np.asarray(mask)):
            faults.setdefault(int(row), reason)
    return faults


def _repeated(orders: Sequence[Order]) -> dict[int, str]:
    """Row numbers of tickets that came more than once: of equal ones the first counts, of unequal ones none."""
    ids = np.fromiter((ticket.id for order in orders for ticket in order.baskets), np.int64)
    if len(np.unique(ids)) == len(ids):
        return {}
    tickets = [(ticket, order.id) for order in orders for ticket in order.baskets]
    copies: dict[int, list[int]] = defaultdict(list)
    for row, number in enumerate(ids.tolist()):
        copies[number].append(row)
    faults: dict[int, str] = {}
    for number, found in copies.items():
        alike = all(tickets[row] == tickets[found[0]] for row in found)
        reason = f"ticket {number} came {len(found)} times{'' if alike else ', each time otherwise'}: copy"
        faults |= {row: f"{reason} {copy}" for copy, row in enumerate(found, 1) if copy > 1 or not alike}
    return faults


def _first_sold(lines: pa.Table, order_of: np.ndarray) -> pa.Array:
    """1 at the first sold ticket of each order, so that the sum counts orders."""
    sold = np.flatnonzero(lines["is_removed"].to_numpy() == 0)
    first = np.zeros(len(order_of), dtype=np.uint32)
    if len(sold):
        owners = order_of[sold]
        first[sold[np.concatenate(([True], owners[1:] != owners[:-1]))]] = 1
    return pa.array(first)


def _reject(order: Order, ticket: str, reason: str) -> tuple[str, Reject]:
    day = moscow_dates(instants([order.payed_at]))[0].as_py()
    return day.isoformat(), Reject(reason, f"order {order.id}, ticket {ticket}", _encode(order).decode())
