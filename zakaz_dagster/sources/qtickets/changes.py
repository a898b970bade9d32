"""Which orders were touched since a moment, a bounded number of pages at a look.

A change is followed by the order's number, which cannot vanish; the days it is paid on now are only the newer half of
the answer, for a payment's date may move or become null: the days we hold the order on are the other half (`defs`).

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

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.qtickets.answers import Page, same_shape
from zakaz_dagster.sources.qtickets.pages import is_last
from zakaz_dagster.sources.qtickets.records import SOURCE, Order
from zakaz_dagster.timezone import MOSCOW

OVERLAP = timedelta(minutes=5)  # bulk touches share one second, so the change mark is never a strict bound
# A sensor's tick may take a minute: it ends after so many pages, or so many seconds, whichever comes first.
MOST_PAGES = 20
MOST_SECONDS = 20.0
MOST_SEEN = 1000  # marks of orders a cursor carries; beyond that their days are read once more, which changes nothing


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
    """Numbers of changed orders, the days they are paid on now, the newest change seen (aware), where to look next, and
    whether this was all.
    """

    orders: tuple[int, ...]
    days: tuple[date, ...]
    newest: datetime
    next: Look
    whole: bool


@dataclass(frozen=True)
class _Touched:
    """What a look needs of an order, also of one that cannot be used otherwise."""

    number: int
    paid: datetime | None
    updated: datetime

    @property
    def mark(self) -> str:
        return f"{zlib.crc32(f'{self.number} {self.updated.isoformat()}'.encode()):08x}"


def changes_of(look: Look, pages: Iterator[Page[Order]], odd_share: float, now: datetime) -> Changes:
    """What one look saw of `pages`, which come in order of their changes.

    A change that is stamped later than `now` (aware) is news, and no reason to look past what comes before it.
    """
    read = list(_bounded(pages))
    odd = [each for page in read for each in page.odd]
    same_shape(odd, sum(page.received for page in read), odd_share, "GET /orders by updated_at")
    orders = [_Touched(each.id, each.payed_at, each.updated_at) for page in read for each in page.data]
    orders += [
        _Touched(each.order_id, each.paid, each.updated)
        for each in odd
        if each.is_whole and each.order_id is not None and each.updated is not None
    ]
    if len({order.number for order in orders}) != len(orders):
        raise BadData(
            "an order was touched while the changed ones were paged, and another may have slipped past",
            source=SOURCE,
            expected="every order once",
            next_step="the mark stays where it was; the next look asks again",
        )
    news = [each for each in orders if each.mark not in look.seen]
    newest = min(now, max((each.updated for each in orders), default=look.start)).astimezone(MOSCOW)
    whole = is_last(read[-1].paging)
    return Changes(
        tuple(sorted(each.number for each in news)),
        tuple(sorted({each.paid.astimezone(MOSCOW).date() for each in news if each.paid})),
        newest,
        _next(look, newest, now, orders) if whole else _rest(look, newest, read[-1]),
        whole,
    )


def _bounded(pages: Iterator[Page[Order]]) -> Iterator[Page[Order]]:
    until = time.monotonic() + MOST_SECONDS
    for number, page in enumerate(pages, 1):
        yield page
        if number >= MOST_PAGES or time.monotonic() > until:
            return


def _next(look: Look, newest: datetime, now: datetime, orders: Sequence[_Touched]) -> Look:
    """After a look that saw everything."""
    since = max(newest, min(look.since, now)).astimezone(MOSCOW)
    seen = frozenset(order.mark for order in orders if order.updated >= since - OVERLAP)
    return Look(since, seen=seen if len(seen) <= MOST_SEEN else frozenset())


def _rest(look: Look, newest: datetime, last: Page[Order]) -> Look:
    """After a look that ended in the middle; the last page is read again, as rows may have moved up by then."""
    if newest > look.start:
        return Look(newest, goes_on=True)
    return Look(look.start, last.paging.current_page, goes_on=True)
