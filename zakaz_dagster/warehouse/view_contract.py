"""Whether a view keeps its promise to DataLens: its types whatever outer joins fill in, real numbers and days, in time.

Belongs here: one view, looked at as DataLens would. Does not: whether its money is right (`sql/checks`).
"""

# ruff: noqa: S608  (names come from our own files and from the server's description of them)
from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from zakaz_dagster.errors import Failure, Retriable
from zakaz_dagster.verdicts import Status, Verdict

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

NAME = "reads_as_datalens"
# What DataLens sends with every chart.
AS_DATALENS: Mapping[str, object] = {"join_use_nulls": 1, "readonly": 2, "send_progress_in_http_headers": 0}
PERIODS = ("date", "show_date")  # what a page's period narrows
DAYS = 30
MOST_MS = 1000.0
ACTION = "open the view's SQL: a column or a setting of what it reads changed; compare with docs/datalens.md"
SLOW = "look for a table without an ORDER BY that fits (docs/metrics.md); `python -m benchmarks.views` has every view"


def check(wh: Warehouse, view: str, today: date, most_ms: float = MOST_MS) -> Verdict:
    """Red when its columns are other than declared or hold no real value, yellow when 30 days of it take too long."""
    wh = wh.tagged(statement=f"check {view}__{NAME}")
    try:
        declared, given = (_types(wh, source) for source in (view, f"(SELECT * FROM {view})"))
        unreal, took = _read(wh, view, declared, today)
    except Retriable:
        raise
    except Failure as failure:
        return _verdict(view, Status.ERROR, f"cannot be read: {failure}", ACTION)
    if given != declared:
        other = sorted(name for name in declared.keys() | given.keys() if declared.get(name) != given.get(name))
        return _verdict(view, Status.ERROR, f"other types than declared: {', '.join(other)}", ACTION)
    if unreal:
        return _verdict(view, Status.ERROR, f"{unreal} rows with nan, infinity or 1 January 1970", ACTION)
    detail = f"{len(declared)} columns of {DAYS} days read in {took:,.0f} ms of {most_ms:,.0f}"
    status = Status.WARNING if took > most_ms else Status.OK
    return _verdict(view, status, detail, SLOW if status is Status.WARNING else "", (took, most_ms))


def _verdict(
    view: str, status: Status, detail: str, action: str, figures: tuple[float, float] | None = None
) -> Verdict:
    figure, threshold = figures or (None, None)
    return Verdict(f"{view}__{NAME}", "data", status, detail, action, figure, threshold, assets=(view,))


def _types(wh: Warehouse, source: str) -> dict[str, str]:
    return {row["name"]: row["type"] for row in wh.rows(f"DESCRIBE TABLE {source}", settings=AS_DATALENS)}


def _read(wh: Warehouse, view: str, types: Mapping[str, str], today: date) -> tuple[int, float]:
    """How many rows of the last days hold no real value, and the milliseconds it took to read every column of them."""
    faults = [fault for name, kind in types.items() for fault in _fault(name, kind)]
    period = next((name for name in PERIODS if name in types), None)
    # A row of no day would hide before every period.
    where = f" WHERE v.{period} BETWEEN {{first:Date}} AND {{last:Date}} OR v.{period} = toDate(0)" if period else ""
    params: dict[str, object] = {"first": str(today - timedelta(days=DAYS - 1)), "last": str(today)}
    sql = f"SELECT countIf({' OR '.join(faults) or '0'}) AS unreal, sum(cityHash64(*)) FROM {view} AS v{where}"
    started = time.perf_counter()
    unreal = int(wh.scalar(sql, params, AS_DATALENS))
    return unreal, (time.perf_counter() - started) * 1000


def _fault(name: str, kind: str) -> list[str]:
    if "Float" in kind:
        return [f"NOT isFinite(ifNull(v.{name}, 0))"]
    return [f"ifNull(toDate(v.{name}) = toDate(0), 0)"] if "Date" in kind else []
