"""A table whose rows decide days of facts is replaced, and these days are owed.

    new rows in a side table ─▶ what do they change? ─▶ owed ─▶ swap ─▶ owed once more

The first mark stands before what it marks: nothing that breaks off in between loses it, and a retry, which sees no
difference any more, need not find it again. The second is for what was built between the first one and the swap.
Belongs here: this order. Does not: which days a change touches (`dictionaries`, `catalogue`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date

from zakaz_dagster.warehouse import build_ledger
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.replace_table import rebuild_whole
from zakaz_dagster.warehouse.sql_files import load


@dataclass(frozen=True)
class Touched:
    """Days of the facts that read the table (`whole`: of those made whole), and why they are to be built again."""

    days: Collection[date]
    reason: str
    whole: bool = False


def rebuild_and_owe(
    warehouse: Warehouse, table: str, touched: Callable[[str], Iterable[Touched]], *, run_id: str
) -> int:
    """Rebuild the table whole; returns its rows. `touched`: what the new rows, in the table of that name, change."""
    found: list[Touched] = []

    def owe() -> None:
        for each in found:
            build_ledger.owe(warehouse, table, each.days, each.reason, run_id=run_id, whole=each.whole)

    def ready(side: str) -> None:
        found.extend(touched(side))
        owe()

    rows = rebuild_whole(warehouse, load("builds")[table], run_id=run_id, ready=ready).rows_after
    owe()
    return rows
