"""The catalogue into staging, and events, shows and cities as facts read them, built from it and the seed.

Belongs here: these tables, and naming the days of sales that were built before they changed. Does not: reading the
vendor (`sources.qtickets`), building facts (`warehouse.rebuild`).
"""

# ruff: noqa: S608  (names come from our own files and the catalogue; values are parameters)
from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from zakaz_dagster.ingest.dependent_days import days_of_changed_shows, runs
from zakaz_dagster.ingest.owing import Touched, rebuild_and_owe
from zakaz_dagster.sources.qtickets.catalogue import Catalogue
from zakaz_dagster.sources.qtickets.description import CATALOGUE, DIMENSIONS
from zakaz_dagster.timezone import today
from zakaz_dagster.warehouse import build_ledger
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.replace_table import replace_whole

CITIES, SHOWS = "dim_cities", "dim_shows"
CHANGED = "the catalogue or the list of cities changed"


def replace_catalogue(
    warehouse: Warehouse, found: Catalogue, *, run_id: str, guard: float | None = None
) -> dict[str, int]:
    """Make the catalogue that was read the content of its staging tables; returns the rows of each.

    `guard`: the share of rows that may go, None for any. Raises BadData when more would.
    """
    version = time.time_ns()
    tables = dict(zip(CATALOGUE, (found.events, found.shows), strict=True))
    for name, rows in tables.items():
        replace_whole(warehouse, name, rows, ver=version, run_id=run_id, guard=guard)
    return {name: rows.num_rows for name, rows in tables.items()}


@dataclass(frozen=True)
class Dimensions:
    """Rows of each dimension, and the Moscow days of facts that say something else now and are marked as owed."""

    rows: dict[str, int]
    days: list[date]


def build_dimensions(warehouse: Warehouse, run_id: str) -> Dimensions:
    """Build the dimensions whole, each in one atomic swap, and mark the days of facts that this changes."""
    tagged: set[date] = set()

    def cities(side: str) -> Iterator[Touched]:
        if _cities(warehouse, CITIES) != _cities(warehouse, side):
            yield Touched(_nowhere(warehouse), "another city is known")

    def shows(side: str) -> Iterator[Touched]:
        tagged.update(days_of_changed_shows(warehouse, runs(warehouse, SHOWS), runs(warehouse, side)))
        yield Touched(tagged, CHANGED)
        if _sessions(warehouse, SHOWS) != _sessions(warehouse, side):
            yield Touched([today()], "the catalogue changed", whole=True)

    touched = {CITIES: cities, SHOWS: shows}
    rows = {
        name: rebuild_and_owe(warehouse, name, touched.get(name, lambda _: ()), run_id=run_id) for name in DIMENSIONS
    }
    outdated = outdated_days(warehouse)  # by the state of the tables: what breaks off here is found by the next build
    build_ledger.owe(warehouse, SHOWS, outdated, CHANGED, run_id=run_id)
    return Dimensions(rows, sorted({*tagged, *outdated}))


def outdated_days(warehouse: Warehouse) -> list[date]:
    """Moscow days of sales whose facts are older than the catalogue they name; a rebuild heals them."""
    return [row["sale_date"] for row in warehouse.rows("SELECT sale_date FROM v_sales_outdated ORDER BY sale_date")]


def _cities(warehouse: Warehouse, table: str) -> set[str]:
    return {row["city"] for row in warehouse.rows(f"SELECT CAST(city AS String) AS city FROM {table} FINAL")}


def _sessions(warehouse: Warehouse, table: str) -> int:
    """What the catalogue says of all its shows, as one number."""
    said = "show_id, event_id, event_name, city, show_date, finish_date, is_deleted"
    return int(warehouse.scalar(f"SELECT sum(cityHash64({said})) FROM {table} FINAL"))


def _nowhere(warehouse: Warehouse) -> list[date]:
    """Days with a mail that names no city: it speaks of every city there is."""
    query = "SELECT DISTINCT date FROM fact_sales_channel_daily WHERE city = 'не указано' ORDER BY date"
    return [row["date"] for row in warehouse.rows(query)]
