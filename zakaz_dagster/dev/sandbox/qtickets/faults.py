"""Faults that only QTickets has; the common ones stand in sandbox/faults.py.

filter_ignored  true: the whole body is ignored, as by a proxy that drops GET bodies; "where": only the filter is
order_ignored   rows come by id whatever was asked
page_short      that many rows are missing from the end of each page
total_wrong     added to paging.total
drift           rows arrive between pages: each page starts that many rows earlier (negative: later)
runaway         "repeat": every page holds the first rows and total always promises one more page;
"grow": total grows with every page while rows run out
missing_key     dotted path that the first row of an answer lacks
changed_type    dotted path whose value turns into text (text turns into an object)
replaced        {dotted path: value} for the first row
name_dict       event names are objects by language, as in some accounts
expired_token   every call is refused with 401
only            restricts these, too, to paths that contain it
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from zakaz_dagster.dev.sandbox.faults import Faults
from zakaz_dagster.dev.sandbox.qtickets.query import Query, Row, page_of

Json = dict[str, Any]


class ListFaults:
    """The faults one list request meets."""

    def __init__(self, faults: Faults, path: str) -> None:
        self._faults = faults
        self._meant = str(faults.get("only", "")) in path

    def get(self, name: str) -> Any:
        return self._faults.get(name) if self._meant else None

    def asked(self, query: Query, default_size: int) -> Query:
        """What the vendor makes of the request."""
        ignored = self.get("filter_ignored")
        if ignored is True:
            query = Query(per_page=default_size)
        elif ignored:
            query = replace(query, where=())
        return replace(query, order=()) if self.get("order_ignored") else query

    def page(self, rows: Sequence[Row], query: Query) -> Sequence[Row]:
        """The rows of the page."""
        if self.get("runaway") == "repeat":
            query = replace(query, page=1)
        drift = int(self.get("drift") or 0) * (query.page - 1)
        start = max(0, (query.page - 1) * query.per_page - drift)
        page = rows[start : start + query.per_page] if drift else page_of(rows, query)
        return page[: len(page) - int(self.get("page_short") or 0)] if self.get("page_short") else page

    def total(self, total: int, query: Query) -> int:
        """What paging.total says."""
        if self.get("runaway"):
            return max(total, (query.page + 1) * query.per_page)
        return total + int(self.get("total_wrong") or 0)

    def spoil(self, rows: list[Json]) -> list[Json]:
        """The rendered rows, the first of them spoilt."""
        if not rows:
            return rows
        if self.get("missing_key"):
            _at(rows[0], self.get("missing_key"), lambda holder, key: holder.pop(key, None))
        if self.get("changed_type"):
            _at(rows[0], self.get("changed_type"), _retype)
        for path, value in (self.get("replaced") or {}).items():
            _at(rows[0], path, lambda holder, key: holder.update({key: value}))  # noqa: B023 - called at once
        return rows


def _at(row: Any, path: str, act: Callable[[Json, str], object]) -> None:
    """Act on the last key of a dotted path, in the first member of every list on the way."""
    *way, key = path.split(".")
    for part in way:
        row = row[0] if isinstance(row, list) and row else row
        row = row.get(part) if isinstance(row, dict) else None
    row = row[0] if isinstance(row, list) and row else row
    if isinstance(row, dict):
        act(row, key)


def _retype(holder: Json, key: str) -> None:
    value = holder.get(key)
    holder[key] = {"value": value} if isinstance(value, str) else f"{value}?"
