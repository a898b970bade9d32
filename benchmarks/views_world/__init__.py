"""A made-up organiser inside the engine: years of facts by the SQL of this folder, the size of one organiser or many.

    a day at scale 1    700 orders for 60 shows on sale, 300 ads, the seats of every show on sale

Belongs here: the world. Does not: asking the views (`views`).
"""

# ruff: noqa: S608  (names come from our own files)
from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.sql_files import load

LAST = date(2026, 11, 22)
ORDERS, ADS, EVENTS = 700, 300, 60
LIFE = 60  # days a show is on sale; one opens each day
MONTH = 30
CITIES = [
    "томск",
    "омск",
    "новосибирск",
    "красноярск",
    "барнаул",
    "кемерово",
    "иркутск",
    "чита",
    "хабаровск",
    "находка",
]
WHOLE = ("dim_events", "dim_shows", "meta_day_loads", "meta_job_runs")
MONTHLY = (
    "fact_sales_attributed_daily",
    "fact_qtickets_sales_daily",
    "fact_marketing_daily",
    "fact_inventory_daily",
)
BUILT = (
    "fact_sales_counted_daily",
    "fact_campaigns_daily",
    "fact_channels_daily",
    "fact_inventory_monthly",
)
WHOLE_BUILT = ("fact_show_totals", "fact_show_curves", "fact_accounts_daily")
BULK = {"async_insert": 0, "max_partitions_per_insert_block": 0}


def fill(wh: Warehouse, years: float, scale: int) -> date:
    """Every fact up to LAST, a month at a time so that memory stays small; returns the first day."""
    days = round(365 * years)
    first = LAST - timedelta(days=days - 1)
    world: dict[str, object] = {
        "first": str(first),
        "last": str(LAST),
        "days": days,
        "cities": CITIES,
        "life": LIFE,
        "opening": scale,
        "orders": ORDERS * scale,
        "ads": ADS * scale,
        "events": EVENTS * scale,
    }
    for table in WHOLE:
        wh.command(_sql(table), world, BULK)
    for begin in range(0, days, MONTH):
        length = min(MONTH, days - begin)
        for table in MONTHLY:
            wh.command(_sql(table), {**world, "begin": begin, "length": length}, BULK)
    for table in BUILT:
        _build(wh, table, first)
    for table in WHOLE_BUILT:
        rebuild(wh, load("builds")[table], first, LAST)
    for table in (*MONTHLY, *BUILT):
        wh.command(f"OPTIMIZE TABLE {table} FINAL")
    return first


def _build(wh: Warehouse, table: str, first: date) -> None:
    """What is made of the facts, by calendar months as the platform makes it."""
    select = load("builds")[table].sql
    insert = f"INSERT INTO {table} (* EXCEPT (_ver, _run_id)) SELECT *, now() AS _loaded_at FROM ({select})"
    month = first.replace(day=1)
    while month <= LAST:
        following = (month + timedelta(days=31)).replace(day=1)
        wh.command(insert, {"first": str(month), "last": str(following - timedelta(days=1))}, BULK)
        month = following


def _sql(table: str) -> str:
    return (Path(__file__).parent / f"{table}.sql").read_text("utf-8")
