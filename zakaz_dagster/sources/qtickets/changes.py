"""Which days' orders were touched since a moment, a bounded number of pages at a look.

    whole look          the next one begins at the newest change seen, less an overlap
    more than one look  the next one goes on from the newest change seen; or, where so many orders share one second
                        that none is newer, from the page that was read last

Belongs here: looks, and how they follow each other. Does not: asking for pages (`source`), runs (`defs.shared`).
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.qtickets.pages import is_last
from zakaz_dagster.sources.qtickets.records import SOURCE, Order, OrderPage
from zakaz_dagster.sources.qtickets.rows import instants, moscow_dates
from zakaz_dagster.timezone import MOSCOW

OVERLAP = timedelta(minutes=5)  # bulk touches share one second, so the change mark is never a strict bound
# A sensor's tick may take a minute: it ends after so many pages, or so many seconds, whichever comes first.
MOST_PAGES = 20
MOST_SECONDS = 20.0
MOST_SEEN = 1000  # marks of orders a cursor carries; beyond that their days are read once more, which changes nothing
MOMENT = pa.timestamp("s", "Europe/Moscow")


@dataclass(frozen=True)
class Look:
    """Where a look begins. `goes_on`: the one before ended in the middle, so no overlap is needed.

    `seen` are marks of orders inside the overlap, as they were last time: only what is not among them is news.
    """

    since: datetime
    page: int = 1
    goes_on: bool = False
    seen: frozenset[str] = frozenset()

    @property
    def start(self) -> datetime:
        """The moment to ask from, in Moscow's zone."""
        return (self.since if self.goes_on else self.since - OVERLAP).astimezone(MOSCOW)

    @classmethod
    def of(cls, text: str) -> Look:
        """From `2026-11-22T12:00:00+03:00`, with ` page 7` behind it for a look that goes on, or ` seen 9ab01c2d,…`."""
        since, *more = text.split(" ")
        about = dict(zip(more[::2], more[1::2], strict=True))
        seen = frozenset(filter(None, about.get("seen", "").split(",")))
        return cls(datetime.fromisoformat(since), int(about.get("page", 1)), "page" in about, seen)

    def __str__(self) -> str:
        page = f" page {self.page}" if self.goes_on else ""
        return self.since.isoformat() + page + (f" seen {','.join(sorted(self.seen))}" if self.seen else "")


@dataclass(frozen=True)
class Changes:
    """Days with changed orders, the newest change seen (aware, Moscow), where to look next, and if this was all."""

    days: tuple[date, ...]
    newest: datetime
    next: Look
    whole: bool


def changes_of(look: Look, pages: Iterator[OrderPage]) -> Changes:
    """What one look saw of `pages`, which come in order of their changes."""
    read = list(_bounded(pages))
    orders = [each for page in read for each in page.data]
    if len({order.id for order in orders}) != len(orders):
        raise BadData(
            "an order was touched while the changed ones were paged, and another may have slipped past",
            source=SOURCE,
            expected="every order once",
            next_step="the mark stays where it was; the next look asks again",
        )
    news = [each for each in orders if _mark(each) not in look.seen]
    paid = moscow_dates(instants([each.payed_at for each in news if each.payed_at]))
    newest = pc.max(_moments(orders)).as_py() if orders else look.start
    whole = is_last(read[-1].paging)
    following = _next(look, newest, orders) if whole else _rest(look, newest, read[-1])
    return Changes(tuple(sorted(set(paid.to_pylist()))), newest, following, whole)


def _bounded(pages: Iterator[OrderPage]) -> Iterator[OrderPage]:
    until = time.monotonic() + MOST_SECONDS
    for number, page in enumerate(pages, 1):
        yield page
        if number >= MOST_PAGES or time.monotonic() > until:
            return


def _next(look: Look, newest: datetime, orders: Sequence[Order]) -> Look:
    """After a look that saw everything."""
    since = max(newest, look.since)
    again = pc.greater_equal(_moments(orders), pa.scalar(since - OVERLAP, MOMENT)).to_pylist()
    seen = frozenset(_mark(order) for order, inside in zip(orders, again, strict=True) if inside)
    return Look(since, seen=seen if len(seen) <= MOST_SEEN else frozenset())


def _rest(look: Look, newest: datetime, last: OrderPage) -> Look:
    """After a look that ended in the middle; the last page is read again, as rows may have moved up by then."""
    if newest > look.start:
        return Look(newest, goes_on=True)
    return Look(look.start, last.paging.current_page, goes_on=True)


def _moments(orders: Sequence[Order]) -> pa.Array:
    return pc.cast(instants([each.updated_at for each in orders]), MOMENT)


def _mark(order: Order) -> str:
    return f"{zlib.crc32(f'{order.id} {order.updated_at}'.encode()):08x}"
