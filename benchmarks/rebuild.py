"""Rebuilding one day of every fact with years of history beside the same with a month of it.

A day's facts must cost what the day holds; what lies before it may not be read. Both are measured in one run.
"""

from __future__ import annotations

import time
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console

from benchmarks.endpoint import database
from benchmarks.figures import Figure, table
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.statements import load

WORLD = Path(__file__).parent / "rebuild_world"
LAST = date(2026, 11, 22)
SHORT, YEARS = 30, 3
CHUNK = 61
BUILDS = (
    "fact_qtickets_sales_daily",
    "fact_utm_daily",
    "fact_marketing_daily",
    "fact_sales_attributed_daily",
    "fact_show_daily",
)
BULK = {"async_insert": 0, "max_partitions_per_insert_block": 0}
REPEATS = 5


def figures(*, quick: bool) -> list[Figure]:
    """Each fact and all of them."""
    if quick:
        return []  # two worlds of weeks and years: longer than a quick look may take
    brief, lengthy = _measured(SHORT), _measured(days := 365 * YEARS)
    beside = f"the same after {SHORT} days"
    found = [
        Figure(f"rebuild of a day of {name}, {days} days of history", lengthy[name], brief[name], "ms", beside)
        for name in BUILDS
    ]
    whole = Figure(
        f"rebuild of a day of every fact, {days} days of history",
        sum(lengthy.values()), sum(brief.values()), "ms", beside, goal=1.5,
    )  # fmt: skip
    return [*found, whole]


def _measured(days: int) -> dict[str, float]:
    """Milliseconds per fact to rebuild the last day, the best of some, after `days` days were built."""
    with database() as wh:
        first = LAST - timedelta(days=days - 1)
        for path in sorted(WORLD.glob("*.sql")):
            wh.command(path.read_text("utf-8"), {"first": str(first), "days": days}, BULK)
        for name in BUILDS:
            begin = first
            while begin <= LAST:
                _build(wh, name, begin, min(begin + timedelta(days=CHUNK - 1), LAST))
                begin += timedelta(days=CHUNK)
        return {name: min(_build(wh, name, LAST, LAST) for _ in range(REPEATS)) for name in BUILDS}


def _build(wh: Warehouse, name: str, first: date, last: date) -> float:
    started = time.perf_counter()
    rebuild(wh, load("builds")[name], first, last)
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    Console(width=150).print(table(figures(quick=False), absolute=True))
