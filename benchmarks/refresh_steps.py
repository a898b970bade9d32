"""The steps of one refresh without Dagster: `python -m benchmarks.refresh_steps bare|proven DAY CHECK…`.

bare     the same requests and rows, inserted as they are; each fact by one INSERT … SELECT; the same pages,
         the checks' own queries
proven   the platform's own load: side tables, control sums, swaps, ledger
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa

from zakaz_dagster.datalens import preview
from zakaz_dagster.ingest.catalogue import build_dimensions, replace_catalogue
from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.ingest.dictionaries import list_ads, read_tags
from zakaz_dagster.resources import qtickets, warehouse
from zakaz_dagster.settings import Settings
from zakaz_dagster.sources.qtickets.description import CATALOGUE, DESCRIPTION, DIMENSIONS
from zakaz_dagster.sources.qtickets.source import QTicketsSource
from zakaz_dagster.warehouse.arrow import fit, with_service_columns
from zakaz_dagster.warehouse.checks import evaluate_all
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.replace_table import append
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster.warehouse.table_info import shape

# What the refresh builds, in the order in which one reads another.
BUILDS = (
    "fact_qtickets_sales_daily",
    "fact_utm_daily",
    "fact_marketing_daily",
    "fact_utm_matches_daily",
    "fact_sales_attributed_daily",
    "fact_inventory_daily",
    "fact_inventory_monthly",
    "fact_sales_channel_daily",
    "fact_sales_counted_daily",
    "fact_campaigns_daily",
    "fact_channels_daily",
    "fact_show_totals",
    "fact_show_curves",
    "fact_accounts_daily",
)
SEATS = "stg_qtickets_inventory_raw"
RUN = "bench"


def bare(source: QTicketsSource, store: Warehouse, day: date, checks: Sequence[str]) -> None:
    for read in source.read(day, day):
        for table, rows in read.tables.items():
            _insert(store, table, rows)
    found = source.catalogue()
    for table, rows in zip(CATALOGUE, (found.events, found.shows), strict=True):
        _insert(store, table, rows)
    _insert(store, SEATS, source.inventory().rows)
    _dictionaries(store, day)
    builds = load("builds")
    for name in (*DIMENSIONS, *BUILDS):
        columns = ", ".join(name for name in shape(store, name).types if not name.startswith("_"))
        insert = f"INSERT INTO {name} ({columns}) SELECT {columns} FROM ({builds[name].sql})"  # noqa: S608  our own files
        store.command(insert, {"first": str(day), "last": str(day), "ver": time.time_ns()})
    _pages(store)
    statements = load("checks")
    for name in checks:
        store.rows(statements[name].sql)


def proven(source: QTicketsSource, store: Warehouse, day: date, checks: Sequence[str]) -> None:
    load_days(source, DESCRIPTION, store, day, day, Load(RUN, guard=None))
    replace_catalogue(store, source.catalogue(), run_id=RUN)
    build_dimensions(store, RUN)
    append(store, SEATS, source.inventory().rows, ver=time.time_ns(), run_id=RUN)
    _dictionaries(store, day)
    builds = load("builds")
    for fact in BUILDS:
        rebuild(store, builds[fact], day, day, run_id=RUN)
    _pages(store)
    statements = load("checks")
    evaluate_all(store, [statements[name] for name in checks])


def _dictionaries(store: Warehouse, day: date) -> None:
    read_tags(store, day, day, run_id=RUN)
    list_ads(store, run_id=RUN)


def _pages(store: Warehouse) -> None:
    with tempfile.TemporaryDirectory() as folder:
        preview.write(store, Path(folder), datetime.now(UTC))


def _insert(store: Warehouse, table: str, rows: pa.Table) -> None:
    types = shape(store, table).types
    full = with_service_columns(rows, types, loaded_at=datetime.now(UTC), ver=time.time_ns(), run_id=RUN)
    store.insert(table, fit(full, types, table=table))


if __name__ == "__main__":
    steps, text, *checks = sys.argv[1:]
    settings = Settings()
    {"bare": bare, "proven": proven}[steps](qtickets(settings), warehouse(settings), date.fromisoformat(text), checks)
