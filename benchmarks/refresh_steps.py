"""The steps of one refresh without Dagster: `python -m benchmarks.refresh_steps bare|proven DAY`.

bare     the same requests and rows, inserted as they are; the fact by one INSERT … SELECT
proven   the platform's own load: side tables, control sums, swaps, ledger
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, date, datetime

import pyarrow as pa

from zakaz_dagster.loading import Load, load_days
from zakaz_dagster.settings import Settings
from zakaz_dagster.sources.qtickets.description import DESCRIPTION
from zakaz_dagster.sources.qtickets.inventory import inventory_of
from zakaz_dagster.sources.qtickets.source import QTicketsSource
from zakaz_dagster.warehouse.catalog import shape
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.columns import fit, with_service_columns
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.statements import load
from zakaz_dagster.warehouse.whole import append, replace_whole
from zakaz_dagster.wiring import qtickets, warehouse

FACT = "fact_qtickets_sales_daily"
SEATS = "stg_qtickets_inventory_raw"
RUN = "bench"


def bare(source: QTicketsSource, store: Warehouse, day: date) -> None:
    for read in source.read(day, day):
        for table, rows in read.tables.items():
            _insert(store, table, rows)
    found = source.catalogue()
    _insert(store, "dim_events", found.events)
    _insert(store, "dim_shows", found.shows)
    _insert(store, SEATS, _seats(source))
    build = load("builds")[FACT]
    columns = ", ".join(name for name in shape(store, FACT).types if not name.startswith("_"))
    insert = f"INSERT INTO {FACT} ({columns}) SELECT {columns} FROM ({build.sql})"  # noqa: S608  names of our own files
    store.command(insert, {"first": str(day), "last": str(day)})


def proven(source: QTicketsSource, store: Warehouse, day: date) -> None:
    load_days(source, DESCRIPTION, store, day, day, Load(RUN, guard=None))
    found = source.catalogue()
    replace_whole(store, "dim_events", found.events, ver=time.time_ns(), run_id=RUN)
    replace_whole(store, "dim_shows", found.shows, ver=time.time_ns(), run_id=RUN)
    append(store, SEATS, _seats(source), ver=time.time_ns(), run_id=RUN)
    rebuild(store, load("builds")[FACT], day, day, run_id=RUN)


def _seats(source: QTicketsSource) -> pa.Table:
    now = source.now()
    shows = source.catalogue().on_sale(now)
    return inventory_of(((show, event, source.api.seats(show).data) for show, event in shows), now).rows


def _insert(store: Warehouse, table: str, rows: pa.Table) -> None:
    types = shape(store, table).types
    full = with_service_columns(rows, types, loaded_at=datetime.now(UTC), ver=time.time_ns(), run_id=RUN)
    store.insert(table, fit(full, types, table=table))


if __name__ == "__main__":
    steps, text = sys.argv[1:]
    settings = Settings()
    {"bare": bare, "proven": proven}[steps](qtickets(settings), warehouse(settings), date.fromisoformat(text))
