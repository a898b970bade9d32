"""Proof that a paged read is whole: the vendor sends `paging{perPage, currentPage, total}` and never a `next`.

Belongs here: counting pages and catching every way they can lie: a short page, a total that moves, a page served
twice, paging without end, a record that slipped over a border. Does not: what is on a page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TypeVar

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.qtickets.answers import Page
from zakaz_dagster.sources.qtickets.records import SOURCE, Paging

T = TypeVar("T")


def whole(
    fetch: Callable[[int], Page[T]],
    *,
    day: object,
    growing: bool,
    what: str,
    first: int = 1,
    stands: Callable[[int, T], bool] | None = None,
) -> Iterator[Page[T]]:
    """Yield every page of `fetch(page)`, from `first` on; raise `BadData` unless they add up to the vendor's own total.

    `growing` allows the total to rise by at most one page while reading (the running day); else it must stand still.
    A growing total may hide that a record went: `stands(place, record)` asks whether the last record of a page is still
    at its place (from 1) once the next page is there. If it is not, the record behind it is on no page.
    """
    number, seen = first - 1, 0
    first_total: int | None = None
    last: T | None = None
    while True:
        number += 1
        page = fetch(number)
        paging, items = page.paging, page.received
        seen = seen if number > first else paging.per_page * (first - 1)
        first_total = paging.total if first_total is None else first_total
        _check(paging, number, seen, items, first_total, growing, day, what)
        if growing and stands is not None and last is not None and not stands(seen, last):
            raise _lie(
                f"rows moved between page {number - 1} and page {number}", "rows that keep their places", day, what
            )
        last = page.data[-1] if page.data and len(page.data) == items else None
        seen += items
        yield page
        if number >= math.ceil(paging.total / paging.per_page):
            return


def stands_at(page: Page[T], last: T, moment: str) -> bool:
    """Whether the one record of a page is `last`, or one of the same second: those have no order among them."""
    if page.paging.per_page != 1:  # the vendor gives pages of its own size: nothing can be said
        return True
    return any(getattr(each, name) == getattr(last, name) for each in page.data for name in ("id", moment))


def is_last(paging: Paging) -> bool:
    """Whether no page follows, by the vendor's own total."""
    return paging.current_page >= math.ceil(paging.total / paging.per_page)


def _check(
    paging: Paging, number: int, seen: int, items: int, first_total: int, growing: bool, day: object, what: str
) -> None:
    if paging.per_page < 1:
        raise _lie(f"perPage is {paging.per_page}", "a positive page size", day, what)
    if paging.current_page != number:
        raise _lie(f"asked for page {number}, got page {paging.current_page}", "the page that was asked", day, what)
    allowed = paging.per_page if growing else 0
    if not 0 <= paging.total - first_total <= allowed:
        raise _lie(f"total moved from {first_total} to {paging.total} while reading", "a steady total", day, what)
    due = max(0, min(paging.per_page, paging.total - seen))
    if items != due:
        raise _lie(f"page {number} holds {items} of {due} due (total {paging.total})", "full pages", day, what)


def _lie(found: str, expected: str, day: object, what: str) -> BadData:
    return BadData(
        f"{what}: {found}",
        source=SOURCE,
        day=str(day) if day else None,
        expected=expected,
        next_step="the day keeps its earlier rows; run it again, and if it repeats, save the answer and open it with "
        "`zakaz inspect`",
    )
