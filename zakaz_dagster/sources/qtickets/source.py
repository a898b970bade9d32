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
from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.sources.base import DayRead, Reject
from zakaz_dagster.sources.qtickets.api import QTicketsApi, changed_since, paid_between
from zakaz_dagster.sources.qtickets.catalogue import Catalogue, catalogue_of
from zakaz_dagster.sources.qtickets.changes import Changes, Look, changes_of
from zakaz_dagster.sources.qtickets.pages import whole
from zakaz_dagster.sources.qtickets.records import SOURCE, Order, OrderPage
from zakaz_dagster.sources.qtickets.rows import SaleRows, client_hasher, instants, moscow_dates, sale_rows
from zakaz_dagster.timezone import MOSCOW, bounds
from zakaz_dagster.transport.log import Stats

BATCH_ORDERS = 4_000  # orders turned into columns at once: large enough to be columnar, small enough for flat memory


class QTicketsSource:
    """The organiser's account as days. `now` gives the present moment (aware) and decides what is still growing."""

    def __init__(
        self,
        api: QTicketsApi,
        cities: CityIndex,
        *,
        salt: str,
        now: Callable[[], datetime],
    ) -> None:
        self.api = api
        self._cities = cities
        self._hashed = client_hasher(salt)
        self.now = now
        self._catalogue: Catalogue | None = None

    @property
    def requests(self) -> int:
        return int(self.api.http.stats.requests)

    @property
    def stats(self) -> Stats:
        return self.api.http.stats

    def catalogue(self) -> Catalogue:
        """Events and shows, read once per run."""
        if self._catalogue is None:
            pages = whole(self.api.events_page, day=None, growing=True, what="GET /events")
            self._catalogue = catalogue_of([event for page in pages for event in page.data], self._cities)
        return self._catalogue

    def read(self, first: date, last: date) -> Iterator[DayRead]:
        """Every day of first..last (Moscow), ascending."""
        asked_at = self.now().astimezone(MOSCOW)
        sweep = _Sweep(first, last)
        names = self.catalogue().names
        for batch in sweep.batches(self._pages(first, last, asked_at.date())):
            yield from _days(batch, sale_rows(batch.orders, names, self._hashed), asked_at)

    def changes(self, look: Look) -> Changes:
        """Payment days of the orders touched since a moment, as far as one look reads; unpaid orders have none."""
        order = {"updated_at": "asc"}

        def fetch(number: int) -> OrderPage:
            page = self.api.orders_page(changed_since(look.start), order, number, None)
            return _inside(page, look.start, None, "updated_at")

        pages = whole(fetch, day=None, growing=True, what="GET /orders by updated_at", first=look.page)
        return changes_of(look, pages)

    def _pages(self, first: date, last: date, today: date) -> Iterator[list[Order]]:
        start, end = bounds(first)[0], bounds(last)[1]
        span = first if first == last else f"{first}..{last}"
        where, order = paid_between(start, end), {"payed_at": "asc"}

        def fetch(number: int) -> OrderPage:
            return _inside(self.api.orders_page(where, order, number, span), start, end, "payed_at", span)

        for page in whole(fetch, day=span, growing=last >= today, what="GET /orders by payed_at"):
            yield page.data


def _inside(page: OrderPage, start: datetime, end: datetime | None, column: str, span: object = None) -> OrderPage:
    """The page itself, or `BadData` when any is outside the window: then the vendor ignored the filter."""
    texts = [getattr(order, column) for order in page.data]
    stamps = instants(texts)
    late = pc.greater_equal(stamps, pa.scalar(end, stamps.type)) if end else pa.scalar(False)
    outside = pc.or_(pc.less(stamps, pa.scalar(start, stamps.type)), late)
    strays = sum(1 for each in outside.to_pylist() if each is not False) if texts else 0
    if strays:
        raise BadData(
            f"filter ignored: {strays} of {len(texts)} orders on a page are outside the window, "
            f"the vendor's total is {page.paging.total}",
            source=SOURCE,
            day=str(span) if span else None,
            expected=f"only orders with {column} from {start.isoformat()}" + (f" to {end.isoformat()}" if end else ""),
            next_step="nothing was changed; `zakaz doctor --live` tells whether QTickets still honours body filters",
        )
    return page


@dataclass
class _Batch:
    """Whole days: every day of first..last, and their orders."""

    first: date
    last: date
    orders: list[Order] = field(default_factory=list)


class _Sweep:
    """Cuts pages that come in payment order into batches of whole days; unsorted pages wait for the end."""

    def __init__(self, first: date, last: date) -> None:
        self._next = first
        self._last = last
        self._ids: set[int] = set()  # of orders not yet cut off; a repeat of an older one shows as a finished day

    def batches(self, pages: Iterator[list[Order]]) -> Iterator[_Batch]:
        held: list[tuple[date, Order]] = []
        is_sorted = True
        for orders in pages:
            self._refuse_repeats(orders)
            days = moscow_dates(instants([order.payed_at for order in orders])).to_pylist()
            is_sorted = is_sorted and days == sorted(days) and (not held or not days or held[-1][0] <= days[0])
            if days and min(days) < self._next:
                raise BadData(
                    "orders of a finished day came late: the vendor changed its order while we read",
                    source=SOURCE,
                    day=str(min(days)),
                    expected="orders ascending by payed_at",
                    next_step="run the days again",
                )
            held.extend(zip(days, orders, strict=True))
            if is_sorted and days and len(held) >= BATCH_ORDERS and held[-1][0] > self._next:
                until = held[-1][0] - timedelta(days=1)
                yield self._cut(until, [order for day, order in held if day <= until])
                held = [(day, order) for day, order in held if day > until]
                self._ids = {order.id for _, order in held}
        held.sort(key=lambda pair: pair[0])
        yield self._cut(self._last, [order for _, order in held])

    def _cut(self, until: date, orders: list[Order]) -> _Batch:
        batch = _Batch(self._next, until, orders)
        self._next = until + timedelta(days=1)
        return batch

    def _refuse_repeats(self, orders: list[Order]) -> None:
        ids = {order.id for order in orders}
        if len(ids) != len(orders) or ids & self._ids:
            raise BadData(
                "the same order came twice: pages shifted while we read",
                source=SOURCE,
                expected="every order once",
                next_step="run the days again",
            )
        self._ids |= ids


def _days(batch: _Batch, rows: SaleRows, asked_at: datetime) -> Iterator[DayRead]:
    """Slices of the batch's columns; the orders came in day order, so each day is contiguous."""
    orders_at, lines_at = _bounds(rows.orders["sale_date"]), _bounds(rows.lines["sale_date"])
    rejects: dict[str, list[Reject]] = {}
    for day_text, reject in rows.rejects:
        rejects.setdefault(day_text, []).append(reject)
    sent = _Sent.of(batch.orders, rows.refused)
    for offset in range((batch.last - batch.first).days + 1):
        day = batch.first + timedelta(days=offset)
        lines = rows.lines.slice(*lines_at.get(day, (0, 0)))
        orders = orders_at.get(day, (0, 0))
        refused = rejects.get(day.isoformat(), [])
        yield DayRead(
            day=day,
            tables={
                "stg_qtickets_orders_raw": rows.orders.slice(*orders),
                "stg_qtickets_sales_raw": lines,
            },
            received=sent.received(*orders),
            accepted=lines.num_rows,
            rejects=refused,
            complete=True,
            covered_until=asked_at.isoformat(timespec="seconds"),
            totals={**totals(lines), "price_rub": sent.price_rub(*orders)},
        )


@dataclass(frozen=True)
class _Sent:
    """What the vendor sent, order by order, counted before anything is made of it: `ends` is where an order's tickets
    end, `kopecks` the price of each ticket that was not refused.
    """

    records: np.ndarray
    ends: np.ndarray
    kopecks: np.ndarray

    @classmethod
    def of(cls, orders: Sequence[Order], refused: frozenset[int]) -> _Sent:
        counts = np.fromiter((len(order.baskets) for order in orders), np.int64, len(orders))
        tickets = list(chain.from_iterable(order.baskets for order in orders))
        kopecks = np.rint(100 * np.fromiter(map(attrgetter("price"), tickets), np.float64, len(tickets)))
        if refused:
            kopecks[np.fromiter((ticket.id in refused for ticket in tickets), np.bool_, len(tickets))] = 0
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
        "removed_tickets": total(lines.filter(pc.equal(lines["is_removed"], 1)), "tickets"),
        "gross_rub": gross,
        "refunds_rub": refunds,
        "net_rub": gross - refunds,
    }
