"""Proof that a paged read is whole: the vendor sends `paging{perPage, currentPage, total}` and never a `next`.

Belongs here: counting pages and catching every way they can lie: a short page, a total that moves, a page served
twice, paging without end. Does not: what is on a page.
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
    fetch: Callable[[int], Page[T]], *, day: object, growing: bool, what: str, first: int = 1
) -> Iterator[Page[T]]:
    """Yield every page of `fetch(page)`, from `first` on; raise `BadData` unless they add up to the vendor's own total.

    `growing` allows the total to rise by at most one page while reading (the running day); else it must stand still.
    """
    number, seen = first - 1, 0
    first_total: int | None = None
    while True:
        number += 1
        page = fetch(number)
        paging, items = page.paging, page.received
        seen = seen if number > first else paging.per_page * (first - 1)
        first_total = paging.total if first_total is None else first_total
        _check(paging, number, seen, items, first_total, growing, day, what)
        seen += items
        yield page
        if number >= math.ceil(paging.total / paging.per_page):
            return


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
