"""Every view under DataLens' own query shape, for 30 days and for all time, beside a scan of the same columns.

    python -m benchmarks.views --scale 100 --years 1 --json views.json
    python -m benchmarks.views --plain     the same charts over the facts alone as well, in the same run

Belongs here: asking and the table. Does not: the world (`views_world`), the charts (`views_cases`).
"""

# ruff: noqa: S608  (names come from our own list of cases)
from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console

from benchmarks.endpoint import database
from benchmarks.figures import Figure, table
from benchmarks.views_cases import CASES, Case
from benchmarks.views_world import LAST, fill
from zakaz_dagster.warehouse.client import Warehouse

SETTINGS = {"join_use_nulls": 1, "readonly": 2, "send_progress_in_http_headers": 0}
PERIODS = {"30 days": LAST - timedelta(days=29), "all time": None}
UNDATED = {"all time": None}
BUDGET_MS = {("30 days", 1): 25.0, ("all time", 1): 150.0, ("30 days", 100): 200.0}
PLAIN = Path(__file__).parents[1] / "zakaz_dagster_tests" / "sql" / "plain_views"
REPEATS = 7


def chart(case: Case, first: date | None, source: str = "") -> str:
    """As DataLens writes it: aliases, the table as t1, a row limit; `source` stands for the view."""
    sums = "".join(f", sum(t1.{name}) AS res_{at}" for at, name in enumerate(case.measures, 1))
    where = f" WHERE t1.{case.by} BETWEEN toDate('{first}') AND toDate('{LAST}')" if first and case.by else ""
    picked = f"SELECT t1.{case.dimension} AS res_0{sums} FROM {source or case.view} AS t1{where}"
    return f"{picked} GROUP BY res_0 ORDER BY res_1 DESC LIMIT 0, 1000001"


def scan(case: Case, first: date | None) -> str:
    """The engine reading the same columns of the fact, without the view's work."""
    key, *money = case.columns
    sums = "".join(f", sum({name})" for name in money)
    where = f" WHERE {case.day} BETWEEN toDate('{first}') AND toDate('{LAST}')" if first else ""
    return f"SELECT {key}{sums} FROM {case.fact}{where} GROUP BY {key} LIMIT 1000001"


def milliseconds(wh: Warehouse, sql: str, repeats: int) -> float:
    """The best of some runs: what else the machine does only ever adds."""
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        wh.query(sql, settings=SETTINGS)
        taken.append((time.perf_counter() - started) * 1000)
    return min(taken)


def plain(case: Case) -> str:
    """The view's SELECT over the facts alone, where it reads what is kept for speed; '' for any other."""
    path = PLAIN / f"{case.view}.sql"
    return f"({path.read_text('utf-8')})" if path.is_file() else ""


def measured(
    wh: Warehouse, scale: int, repeats: int = REPEATS, only: str = "", *, beside_plain: bool = False
) -> list[Figure]:
    """Each view beside its budget where it has one, else beside the scan."""
    found = []
    for case in CASES:
        for period, first in (PERIODS if case.by else UNDATED).items():
            if only not in ("", period):
                continue
            took, bare = (milliseconds(wh, sql, repeats) for sql in (chart(case, first), scan(case, first)))
            budget = BUDGET_MS.get((period, scale))
            beside, goal = ("its budget", 1.0) if budget else ("a scan of the same columns", None)
            note = f"scan {bare:,.0f} ms"
            if beside_plain and (source := plain(case)):
                note += f", plain {milliseconds(wh, chart(case, first, source), repeats):,.0f} ms"
            found.append(
                Figure(f"{case.view}, {period}, {scale}×", took, budget or bare, "ms", beside, goal, note=note)
            )
    return found


def figures(*, quick: bool) -> list[Figure]:
    """One organiser with five years; a hundred of them with half a year, for 30 days are read by their months alone."""
    with database() as wh:
        fill(wh, 0.1 if quick else 5, 1)
        found = measured(wh, 1, 1 if quick else REPEATS)
    if quick:
        return found
    with database() as wh:
        fill(wh, 0.5, 100)
        return found + measured(wh, 100, only="30 days")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--scale", type=int, default=1, help="how many organisers of 700 orders a day")
    options.add_argument("--years", type=float, default=5)
    options.add_argument("--plain", action="store_true", help="each chart over the facts alone as well")
    options.add_argument("--json", type=Path, help="a file for the figures, as a list of objects")
    given = options.parse_args()
    console = Console(width=150)
    with database() as wh:
        started = time.perf_counter()
        fill(wh, given.years, given.scale)
        took = time.perf_counter() - started
        count = wh.scalar("SELECT count() FROM fact_sales_attributed_daily")
        console.print(f"{given.years} years at {given.scale}x: {count:,} rows of sales, made in {took:.0f} s")
        found = measured(wh, given.scale, beside_plain=given.plain)
    console.print(table(found, absolute=True))
    if given.json is not None:
        figures_of = [{**asdict(each), "verdict": each.verdict} for each in found]
        given.json.write_text(json.dumps(figures_of, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
