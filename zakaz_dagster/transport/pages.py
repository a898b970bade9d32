"""Paging that cannot run away: the cursor must grow, no record may come twice.

Belongs here: the guard every pager needs. Does not: what a vendor's cursor is or where it stands in the body.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

from zakaz_dagster.errors import BadData

T = TypeVar("T")
MOST_PAGES = 100_000


def walk(
    fetch: Callable[[int], tuple[Sequence[T], int | None]],
    key: Callable[[T], Hashable],
    *,
    source: str,
    start: int = 0,
    most: int = MOST_PAGES,
) -> Iterator[T]:
    """Records of every page: `fetch(cursor)` gives a page and the next cursor, None at the end."""
    seen: set[Hashable] = set()
    cursor: int | None = start
    for _ in range(most):
        if cursor is None:
            return
        records, following = fetch(cursor)
        for record in records:
            if key(record) in seen:
                raise BadData(
                    f"record {key(record)} came on two pages",
                    source=source,
                    expected="every record once",
                    next_step="run it again; if it stays, paging of the vendor has changed",
                )
            seen.add(key(record))
            yield record
        if following is not None and following <= cursor:
            raise BadData(
                f"the page after {cursor} is said to start at {following}",
                source=source,
                expected="a growing offset",
                next_step="run it again; if it stays, paging of the vendor has changed",
            )
        cursor = following
    raise BadData(f"paging did not end after {most} pages", source=source, next_step="compare with the contract")
