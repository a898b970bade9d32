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
from zakaz_dagster.ingest.dictionaries import read_tags
from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.sql_files import load

WORLD = Path(__file__).parent / "rebuild_world"
LAST = date(2026, 11, 22)
SHORT, YEARS = 30, 2
CHUNK = 61
BUILDS = (
    "fact_qtickets_sales_daily",
    "fact_utm_daily",
    "fact_marketing_daily",
    "fact_utm_matches_daily",
    "fact_sales_attributed_daily",
    "fact_sales_channel_daily",
    "fact_sales_counted_daily",
    "fact_campaigns_daily",
    "fact_channels_daily",
    "fact_show_totals",
    "fact_show_curves",
    "fact_accounts_daily",
)
BULK = {"async_insert": 0, "max_partitions_per_insert_block": 0}
REPEATS = 7


def figures(*, quick: bool) -> list[Figure]:
    """Each fact and all of them."""
    if quick:
        return []  # two worlds of weeks and years: longer than a quick look may take
    with database() as brief, database() as lengthy:
        extend(brief, LAST - timedelta(days=SHORT - 1), LAST)
        extend(lengthy, LAST - timedelta(days=365 * YEARS - 1), LAST)
        took = {name: _side_by_side(name, brief, lengthy) for name in BUILDS}
    beside = f"the same after {SHORT} days"
    found = [Figure(f"rebuild of a day of {name}", *took[name], "ms", beside) for name in BUILDS]
    after_years, after_days = (sum(each) for each in zip(*took.values(), strict=True))
    name = f"rebuild of a day of every fact after {YEARS} years"
    return [*found, Figure(name, after_years, after_days, "ms", beside, goal=1.1)]


def extend(wh: Warehouse, first: date, last: date) -> None:
    """Lines of sales and figures of ads for these days, and every fact built from them."""
    schema.apply(wh)
    for path in sorted(WORLD.glob("*.sql")):
        wh.command(path.read_text("utf-8"), {"first": str(first), "days": (last - first).days + 1}, BULK)
    read_tags(wh, first, last)
    for name in BUILDS:
        begin = first
        while begin <= last:
            build(wh, name, begin, min(begin + timedelta(days=CHUNK - 1), last))
            begin += timedelta(days=CHUNK)


def _side_by_side(name: str, brief: Warehouse, lengthy: Warehouse) -> tuple[float, float]:
    """Milliseconds to rebuild the last day after years and after days: taken in turns, the best of some each."""
    pairs = [[build(wh, name, LAST, LAST) for wh in (lengthy, brief)] for _ in range(REPEATS)]
    after_years, after_days = (min(each) for each in zip(*pairs, strict=True))
    return after_years, after_days


def build(wh: Warehouse, name: str, first: date, last: date) -> float:
    started = time.perf_counter()
    rebuild(wh, load("builds")[name], first, last)
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    Console(width=150).print(table(figures(quick=False), absolute=True))
