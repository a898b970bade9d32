"""What the platform needs to know of QTickets before it is read: its tables, rhythm and limits.

Belongs here: names and numbers. Does not: anything that costs time to import; Dagster loads this for every run.
"""

from __future__ import annotations

from zakaz_dagster.sources.base import SourceDescription

DESCRIPTION = SourceDescription(
    name="qtickets",
    label="QTickets",
    tables={"stg_qtickets_orders_raw": ("sale_date", "order_id"), "stg_qtickets_sales_raw": ("channel", "line_id")},
    trailing_days=7,
    weekly_days=30,
    includes_today=True,
    cron="*/15 * * * *",
    warn_minutes=45,
    fail_minutes=120,
    partition={"stg_qtickets_sales_raw": {"channel": "api"}},
    controls=("price_rub",),
)
# What facts read of the catalogue, built from its two tables and the seed of cities; in the order of what reads what.
CATALOGUE = ("stg_qtickets_events_raw", "stg_qtickets_shows_raw")
DIMENSIONS = ("dim_cities", "dim_events", "dim_shows")
