"""QTickets as a day source: orders of a range, read in one sweep and answered day by day.

A day is every order whose payment moment lies in that Moscow day. The vendor may ignore a filter and still say 200,
so each order is checked against the window, and the pages against the vendor's own total, before anything is yielded.
Belongs here: the sweep. Does not: protocol (`api`), shapes (`records`), meaning (`rows`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from operator import attrgetter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.base import DayRead, Reject
from zakaz_dagster.sources.qtickets.answers import Page, same_shape
from zakaz_dagster.sources.qtickets.api import QTicketsApi, changed_since, paid_between
from zakaz_dagster.sources.qtickets.catalogue import Catalogue, catalogue_of
from zakaz_dagster.sources.qtickets.changes import Changes, Look, changes_of
from zakaz_dagster.sources.qtickets.inventory import Hall, Inventory, inventory_of, read_hall
from zakaz_dagster.sources.qtickets.odd import Odd
from zakaz_dagster.sources.qtickets.pages import stands_at, whole
from zakaz_dagster.sources.qtickets.records import SOURCE, Order
from zakaz_dagster.sources.qtickets.rows import SaleRows, client_hasher, instants, moscow_dates, sale_rows
from zakaz_dagster.timezone import MOSCOW, bounds
from zakaz_dagster.transport.log import Stats

BATCH_ORDERS = 4_000  # orders turned into columns at once: large enough to be columnar, small enough for flat memory
ODD_SHARE = 0.5


class QTicketsSource:
    """The organiser's account as days. `now` gives the present moment (aware) and decides what is still growing.

    `odd_share`: above this share of records that do not fit, a read fails with `ShapeChanged`; up to it they are put
    aside.
    """

    def __init__(
        self, api: QTicketsApi, *, salt: str, now: Callable[[], datetime], odd_share: float = ODD_SHARE
    ) -> None:
        self.api = api
        self._hashed = client_hasher(salt)
        self.now = now
        self.odd_share = odd_share
        self._catalogue: Catalogue | None = None

    @property
    def stats(self) -> Stats:
        return self.api.http.stats

    def catalogue(self) -> Catalogue:
        """Events and shows, read once per run."""
        if self._catalogue is None:
            pages = list(whole(self.api.events_page, day=None, growing=True, what="GET /events"))
            odd = [each for page in pages for each in page.odd]
            same_shape(odd, sum(page.received for page in pages), self.odd_share, "GET /events")
            self._catalogue = catalogue_of([event for page in pages for event in page.data], odd)
        return self._catalogue

    def inventory(self) -> Inventory:
        """A snapshot of the seats of every show that has not finished; a show that cannot be read is put aside."""
        now = self.now()
        halls: list[Hall] = [read_hall(self.api, *show) for show in self.catalogue().on_sale(now)]
        odd = [each for hall in halls for each in hall.odd]
        same_shape(odd, sum(hall.received for hall in halls), self.odd_share, "GET /shows/{id}/seats")
        return inventory_of(halls, now)

    def read(self, first: date, last: date) -> Iterator[DayRead]:
        """Every day of first..last (Moscow), ascending, each whole up to the moment of asking.

        Raises `BadData` when pages do not add up or the vendor ignored the filter, `ShapeChanged` when too many
        records do not fit; days that were given already stay valid.
        """
        asked_at = self.now().astimezone(MOSCOW)
        sweep = _Sweep(first, last)
        for batch in sweep.batches(self._pages(first, last, asked_at.date())):
            same_shape(batch.odd, batch.received, self.odd_share, f"GET /orders of {batch.first}..{batch.last}")
            yield from _days(batch, sale_rows(batch.orders, self._hashed), asked_at)

    def changes(self, look: Look) -> Changes:
        """What was touched since a moment, as far as one look reads: orders, and the days they are paid on now."""
        order = {"updated_at": "asc"}

        def fetch(number: int) -> Page[Order]:
            page = self.api.orders_page(changed_since(look.start), order, number, None)
            return _inside(page, look.start, None, "updated_at")

        def stands(place: int, last: Order) -> bool:
            return stands_at(self.api.orders_page(changed_since(look.start), order, place, None, 1), last, "updated_at")

        what = "GET /orders by updated_at"
        pages = whole(fetch, day=None, growing=True, what=what, first=look.page, stands=stands)
        return changes_of(look, pages, self.odd_share, self.now())

    def _pages(self, first: date, last: date, today: date) -> Iterator[Page[Order]]:
        start, end = bounds(first)[0], bounds(last)[1]
        span = first if first == last else f"{first}..{last}"
        where, order = paid_between(start, end), {"payed_at": "asc"}

        def fetch(number: int) -> Page[Order]:
            return _inside(self.api.orders_page(where, order, number, span), start, end, "payed_at", span)

        def stands(place: int, last: Order) -> bool:
            return stands_at(self.api.orders_page(where, order, place, span, 1), last, "payed_at")

        what = "GET /orders by payed_at"
        yield from whole(fetch, day=span, growing=last >= today, what=what, stands=stands)


def _inside(page: Page[Order], start: datetime, end: datetime | None, column: str, span: object = None) -> Page[Order]:
    """The page itself, or `BadData` when any is outside the window: then the vendor ignored the filter."""
    moments = [getattr(order, column) for order in page.data]
    strays = sum(1 for at in moments if at is None or at < start or (end is not None and at >= end))
    if strays:
        raise BadData(
            f"filter ignored: {strays} of {len(moments)} orders on a page are outside the window, "
            f"the vendor's total is {page.paging.total}",
            source=SOURCE,
            day=str(span) if span else None,
            expected=f"only orders with {column} from {start.isoformat()}" + (f" to {end.isoformat()}" if end else ""),
            next_step="nothing was changed; `zakaz doctor --live` tells whether QTickets still honours body filters",
        )
    return page


@dataclass
class _Batch:
    """Whole days: every day of first..last, their orders, and what could not be read as one."""

    first: date
    last: date
    orders: list[Order] = field(default_factory=list)
    odd: list[Odd] = field(default_factory=list)

    @property
    def received(self) -> int:
        return len(self.orders) + sum(each.is_whole for each in self.odd)

    def day_of(self, odd: Odd) -> date:
        """The Moscow day an odd record says it was paid on; one that says none stands on the first day."""
        day = _day(odd.paid) if odd.paid else self.first
        return day if self.first <= day <= self.last else self.first


class _Sweep:
    """Cuts pages that come in payment order into batches of whole days; unsorted pages wait for the end."""

    def __init__(self, first: date, last: date) -> None:
        self._next = first
        self._last = last
        self._ids: set[int] = set()  # of orders not yet cut off; a repeat of an older one shows as a finished day
        self._odd: list[Odd] = []

    def batches(self, pages: Iterator[Page[Order]]) -> Iterator[_Batch]:
        held: list[tuple[date, Order]] = []
        is_sorted = True
        for page in pages:
            self._refuse_repeats(page)
            self._odd += page.odd
            days = moscow_dates(instants([order.payed_at for order in page.data])).to_pylist()
            is_sorted = is_sorted and days == sorted(days) and (not held or not days or held[-1][0] <= days[0])
            if days and min(days) < self._next:
                raise BadData(
                    "orders of a finished day came late: the vendor changed its order while we read",
                    source=SOURCE,
                    day=str(min(days)),
                    expected="orders ascending by payed_at",
                    next_step="run the days again",
                )
            held.extend(zip(days, page.data, strict=True))
            if is_sorted and days and len(held) >= BATCH_ORDERS and held[-1][0] > self._next:
                until = held[-1][0] - timedelta(days=1)
                yield self._cut(until, [order for day, order in held if day <= until])
                held = [(day, order) for day, order in held if day > until]
                self._ids = {order.id for _, order in held}
        held.sort(key=lambda pair: pair[0])
        yield self._cut(self._last, [order for _, order in held])

    def _cut(self, until: date, orders: list[Order]) -> _Batch:
        due = [until == self._last or each.paid is None or _day(each.paid) <= until for each in self._odd]
        batch = _Batch(self._next, until, orders, [each for each, now in zip(self._odd, due, strict=True) if now])
        self._odd = [each for each, now in zip(self._odd, due, strict=True) if not now]
        self._next = until + timedelta(days=1)
        return batch

    def _refuse_repeats(self, page: Page[Order]) -> None:
        ids = {order.id for order in page.data}
        if len(ids) != len(page.data) or ids & self._ids:
            raise BadData(
                "the same order came twice: pages shifted while we read",
                source=SOURCE,
                expected="every order once",
                next_step="run the days again",
            )
        self._ids |= ids


def _day(moment: datetime) -> date:
    return moment.astimezone(MOSCOW).date()


def _days(batch: _Batch, rows: SaleRows, asked_at: datetime) -> Iterator[DayRead]:
    """Slices of the batch's columns; the orders came in day order, so each day is contiguous."""
    orders_at, lines_at = _bounds(rows.orders["sale_date"]), _bounds(rows.lines["sale_date"])
    rejects: dict[str, list[Reject]] = {}
    for day_text, reject in rows.rejects:
        rejects.setdefault(day_text, []).append(reject)
    odd: dict[date, list[Reject]] = {}
    for each in batch.odd:
        odd.setdefault(batch.day_of(each), []).append(each.reject)
    sent = _Sent.of(batch.orders, rows.kept)
    for offset in range((batch.last - batch.first).days + 1):
        day = batch.first + timedelta(days=offset)
        lines = rows.lines.slice(*lines_at.get(day, (0, 0)))
        orders = orders_at.get(day, (0, 0))
        unread = odd.get(day, [])
        yield DayRead(
            day=day,
            tables={
                "stg_qtickets_orders_raw": rows.orders.slice(*orders),
                "stg_qtickets_sales_raw": lines,
            },
            received=sent.received(*orders) + len(unread),
            accepted=lines.num_rows,
            rejects=[*rejects.get(day.isoformat(), []), *unread],
            covered_until=asked_at.isoformat(timespec="seconds"),
            totals={**totals(lines), "price_rub": sent.price_rub(*orders)},
        )


@dataclass(frozen=True)
class _Sent:
    """What the vendor sent, order by order, counted before anything is made of it: `ends` is where an order's tickets
    end, `kopecks` the price of each ticket that became a line.
    """

    records: np.ndarray
    ends: np.ndarray
    kopecks: np.ndarray

    @classmethod
    def of(cls, orders: Sequence[Order], kept: np.ndarray) -> _Sent:
        counts = np.fromiter((len(order.baskets) for order in orders), np.int64, len(orders))
        tickets = list(chain.from_iterable(order.baskets for order in orders))
        kopecks = np.rint(100 * np.fromiter(map(attrgetter("price"), tickets), np.float64, len(tickets)))
        kopecks[~kept] = 0
        return cls(np.maximum(1, counts), np.concatenate(([0], counts.cumsum())), kopecks)

    def received(self, offset: int, length: int) -> int:
        """Tickets of these orders; an order without any counts 1."""
        return int(self.records[offset : offset + length].sum())

    def price_rub(self, offset: int, length: int) -> Decimal:
        tickets = slice(self.ends[offset], self.ends[offset + length])
        return Decimal(int(self.kopecks[tickets].sum())) / 100


def _bounds(days: pa.ChunkedArray) -> dict[date, tuple[int, int]]:
    """Day to (offset, length) of its contiguous run."""
    bounds: dict[date, tuple[int, int]] = {}
    offset = 0
    encoded = pa.compute.run_end_encode(days.combine_chunks()) if len(days) else None
    if encoded is None:
        return bounds
    for day, end in zip(encoded.values.to_pylist(), encoded.run_ends.to_pylist(), strict=True):
        bounds[day] = (offset, end - offset)
        offset = end
    return bounds


def totals(lines: pa.Table) -> dict[str, Decimal | int]:
    """Control sums of sale lines: what was sold on the day, and what was refunded of it, whenever that was."""
    sold = lines.filter(pc.equal(lines["is_removed"], 0))

    def total(table: pa.Table, column: str) -> Decimal | int:
        return pc.sum(table[column]).as_py() or 0

    gross, refunds = Decimal(total(sold, "price_rub")), Decimal(total(sold, "refunded_rub"))
    return {
        "orders": total(sold, "order_lines"),
        "tickets": total(sold, "tickets"),
        "free_tickets": total(sold.filter(pc.equal(sold["is_free"], 1)), "tickets"),
        "refunded_tickets": total(sold, "refunded_tickets"),
        "removed_tickets": total(lines.filter(pc.is_valid(lines["removed_date"])), "tickets"),
        "gross_rub": gross,
        "refunds_rub": refunds,
        "net_rub": gross - refunds,
    }
