"""What a dirty world left behind, for people: records put aside with their reasons, money without a name, red checks.

Belongs here: that list. Does not: what is put aside, and why (sources, views).
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from zakaz_dagster.warehouse.client import Warehouse

# Numbers of tickets, messages and rows are left out of a reason, so that equal ones are counted together.
RECORDS = """
SELECT source, replaceRegexpAll(why, '\\\\b[0-9]+\\\\b', 'N') AS reason, count() AS records
FROM (
    SELECT CAST(source AS String) AS source, reason AS why FROM stg_rejects FINAL
    UNION ALL
    SELECT 'gmail' AS source, reason AS why FROM stg_gmail_messages FINAL WHERE outcome IN ('refused', 'unknown_sender')
)
GROUP BY source, reason ORDER BY source, records DESC, reason
"""
MONEY = """
SELECT what, reason, sum(money_rub) AS money_rub
FROM (
    SELECT kind AS what, name AS reason, revenue_rub AS money_rub FROM v_sales_unmapped
    UNION ALL
    SELECT CAST(side AS String) AS what, CAST(reason AS String) AS reason, money_rub FROM v_utm_unmapped
)
GROUP BY what, reason ORDER BY what, money_rub DESC, reason
"""


def aside(out: Console, warehouse: Warehouse, red: Mapping[str, str]) -> None:
    """Print what was put aside, and the red checks with what to do."""
    records = Table("source", "reason", box=SIMPLE_HEAD, title="Put aside")
    records.add_column("records", justify="right")
    for row in warehouse.rows(RECORDS):
        records.add_row(row["source"], row["reason"], str(row["records"]))
    money = Table("what", "reason", box=SIMPLE_HEAD, title="Counted, but not understood")
    money.add_column("RUB", justify="right")
    for row in warehouse.rows(MONEY):
        money.add_row(row["what"], row["reason"], f"{row['money_rub']:,.0f}".replace(",", " "))
    out.print(records)
    out.print(money)
    for name, remedy in sorted(red.items()):
        out.print(f"[red]{name}[/]: {remedy}", highlight=False)
