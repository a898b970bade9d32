"""Loading a mailbox, and what it left behind."""

# ruff: noqa: S608
from __future__ import annotations

from zakaz_dagster.ingest.mails import MailLoad, load_mails
from zakaz_dagster_tests.contract.gmail.box import window


def load(box, warehouse, *, days: int = 7, run_id: str = "run", **options):
    return load_mails(box.mailbox(), warehouse, window(days), MailLoad(run_id, **options))


def day_rows(warehouse, day: str = "2026-11-20") -> list[tuple]:
    """(city, tickets, revenue) of the mail channel's day."""
    rows = warehouse.rows(
        "SELECT city_key, sum(tickets) AS sold, toFloat64(sum(price_rub)) AS revenue FROM stg_qtickets_sales_raw FINAL"
        f" WHERE channel = 'mail' AND sale_date = '{day}' GROUP BY city_key ORDER BY city_key"
    )
    return [tuple(row.values()) for row in rows]


def tables(warehouse) -> dict[str, list[tuple]]:
    """Everything the mails left behind, without when and by which run."""
    found = {}
    for table, where in (
        ("stg_gmail_messages", "1"),
        ("stg_gmail_sales_raw", "1"),
        ("stg_qtickets_sales_raw", "channel = 'mail'"),
        ("stg_rejects", "source = 'gmail'"),
        ("meta_day_loads", "source = 'gmail'"),
    ):
        rows = warehouse.rows(f"SELECT COLUMNS('^[^_]') FROM {table} FINAL WHERE {where} ORDER BY ALL")
        found[table] = [tuple(row.values()) for row in rows]
    return found
