"""Lists that come in pages, read as if they stood still: one that moved meanwhile is read again.

An offset names a place, not a record: an object that is deleted before it moves the rest back by one, and the object at
the border is on no page. So each page begins with the last record of the page before it, which must still be there.
Belongs here: that proof, for every pager. Does not: what a vendor's cursor is or where it stands in the body.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from zakaz_dagster.errors import BadData, Retriable

T = TypeVar("T")
MOST_PAGES = 100_000
READINGS = 3


@dataclass(frozen=True)
class Page(Generic[T]):
    """`following` is the offset behind its last record, None at the end; `count` is the vendor's total, if any."""

    records: Sequence[T]
    following: int | None
    count: int | None = None


class _Moved(Exception):
    """The list is not what it was when its first page came."""


def read_pages(
    fetch: Callable[[int], Page[T]], key: Callable[[T], Hashable], *, source: str, what: str, readings: int = READINGS
) -> list[T]:
    """Every record once, in the vendor's order; `fetch(offset)` asks for a page. `what` names the list in failures.

    Raises Retriable when the list moved in every one of `readings` readings, BadData when paging cannot end.
    """
    moved = ""
    for _ in range(readings):
        try:
            return _read(fetch, key, source, what)
        except _Moved as change:
            moved = str(change)
    raise Retriable(
        f"list {what} changed in each of {readings} readings: {moved}",
        source=source,
        expected="a list that stands still while it is read",
        next_step="run it again when nobody edits the account; if it stays, paging of the vendor has changed",
    )


def _read(fetch: Callable[[int], Page[T]], key: Callable[[T], Hashable], source: str, what: str) -> list[T]:
    found: dict[Hashable, T] = {}
    last: Hashable = None
    offset = count = 0
    for _ in range(MOST_PAGES):
        overlaps = last is not None
        page = fetch(offset - overlaps)
        count = _steady(page.count, count)
        records = _behind(last, page.records, key, offset) if overlaps else page.records
        again = [key(record) for record in records if key(record) in found]
        if again and len(again) == len(records):
            raise _endless(f"record {again[0]} came on two pages", source, what)
        if again:
            raise _Moved(f"record {again[0]} came on two pages")
        found |= {key(record): record for record in records}
        if page.following is None or not records:
            if len(found) < count:
                raise _Moved(f"{len(found)} of {count} records came")
            return list(found.values())
        if page.following <= offset:
            raise _endless(f"the page after {offset} is said to start at {page.following}", source, what)
        offset = page.following
        # a page of one record cannot be overlapped: the same would be asked for again
        last = key(records[-1]) if len(page.records) > 1 else None
    raise _endless(f"it did not end after {MOST_PAGES} pages", source, what)


def _steady(count: int | None, before: int) -> int:
    """The larger of two totals: a list may grow at its end, where the next page is still to come, but not shrink."""
    if count is not None and count < before:
        raise _Moved(f"{before} records were said to be there, then {count}")
    return before if count is None else count


def _behind(last: Hashable, records: Sequence[T], key: Callable[[T], Hashable], offset: int) -> Sequence[T]:
    if not records or key(records[0]) != last:
        raise _Moved(f"the record at {offset - 1} is {key(records[0]) if records else 'gone'}, it was {last}")
    return records[1:]


def _endless(problem: str, source: str, what: str) -> BadData:
    return BadData(
        f"list {what}: {problem}",
        source=source,
        expected="a growing offset and every record once",
        next_step="run it again; if it stays, paging of the vendor has changed",
    )
