"""The catalogue into staging, and events, shows and cities as facts read them, built from it and the seed.

Belongs here: these tables, and naming the days of sales that were built before they changed. Does not: reading the
vendor (`sources.qtickets`), building facts (`warehouse.rebuild`).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date

from zakaz_dagster.ingest.dependent_days import days_of_changed_shows, runs
from zakaz_dagster.sources.qtickets.catalogue import Catalogue
from zakaz_dagster.sources.qtickets.description import CATALOGUE, DIMENSIONS
from zakaz_dagster.timezone import today
from zakaz_dagster.warehouse import build_ledger
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.replace_table import rebuild_whole, replace_whole
from zakaz_dagster.warehouse.sql_files import load


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
    builds = load("builds")
    shows, cities, sessions = runs(warehouse), _cities(warehouse), _sessions(warehouse)
    rows = {name: rebuild_whole(warehouse, builds[name], run_id=run_id).rows_after for name in DIMENSIONS}
    tagged = days_of_changed_shows(warehouse, shows, runs(warehouse))
    days = sorted({*tagged, *outdated_days(warehouse)})
    build_ledger.owe(warehouse, "dim_shows", days, "the catalogue or the list of cities changed", run_id=run_id)
    if sessions != _sessions(warehouse):
        build_ledger.owe(warehouse, "dim_shows", [today()], "the catalogue changed", run_id=run_id, whole=True)
    if cities != _cities(warehouse):
        build_ledger.owe(warehouse, "dim_cities", _nowhere(warehouse), "another city is known", run_id=run_id)
    return Dimensions(rows, days)


def outdated_days(warehouse: Warehouse) -> list[date]:
    """Moscow days of sales whose facts are older than the catalogue they name; a rebuild heals them."""
    return [row["sale_date"] for row in warehouse.rows("SELECT sale_date FROM v_sales_outdated ORDER BY sale_date")]


def _cities(warehouse: Warehouse) -> set[str]:
    return {row["city"] for row in warehouse.rows("SELECT CAST(city AS String) AS city FROM dim_cities FINAL")}


def _sessions(warehouse: Warehouse) -> int:
    """What the catalogue says of all its shows, as one number."""
    said = "show_id, event_id, event_name, city, show_date, finish_date, is_deleted"
    return int(warehouse.scalar(f"SELECT sum(cityHash64({said})) FROM dim_shows FINAL"))  # noqa: S608


def _nowhere(warehouse: Warehouse) -> list[date]:
    """Days with a mail that names no city: it speaks of every city there is."""
    query = "SELECT DISTINCT date FROM fact_sales_channel_daily WHERE city = 'не указано' ORDER BY date"
    return [row["date"] for row in warehouse.rows(query)]
