"""Days that a vendor's change touches in what we hold, and the moments since when a change may be missing in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from zakaz_dagster.warehouse.client import Warehouse

BATCH = 1000  # ids travel in the address
# The version of a load is the moment (ns) at which it began, before it read anything.
OLDEST = "SELECT count() AS days, min(_ver) AS at FROM meta_day_loads FINAL WHERE source = {source:String}"
NEWEST = """SELECT count() AS days, max(_ver) AS at FROM meta_day_loads FINAL
WHERE source = {source:String} AND _ver < toUInt64({before:UInt32}) * 1000000000"""
RESTORED = """SELECT max(toUnixTimestamp(started_at)) AS at FROM meta_backup_runs
WHERE kind = 'restore' AND status = 'success'"""


def held_days(warehouse: Warehouse, orders: Sequence[int]) -> set[date]:
    """Moscow days on which we hold these QTickets orders; a payment's date may have moved or vanished since."""
    query = "SELECT DISTINCT sale_date FROM stg_qtickets_orders_raw WHERE order_id IN {ids:Array(UInt64)}"
    return {
        row["sale_date"]
        for first in range(0, len(orders), BATCH)
        for row in warehouse.rows(query, {"ids": list(orders[first : first + BATCH])})
    }


def oldest_reading(warehouse: Warehouse, source: str) -> datetime | None:
    """When the oldest reading began that a day still has; None when no day was loaded."""
    return _moment(warehouse.rows(OLDEST, {"source": source})[0])


def last_restore(warehouse: Warehouse) -> int:
    """When the warehouse was restored from a backup (seconds since 1970); 0 for never."""
    return int(warehouse.rows(RESTORED)[0]["at"])


def newest_reading(warehouse: Warehouse, source: str, before: int) -> datetime | None:
    """When the newest of the readings began that were made before that moment and still stand."""
    return _moment(warehouse.rows(NEWEST, {"source": source, "before": before})[0])


def _moment(row: Mapping[str, Any]) -> datetime | None:
    return datetime.fromtimestamp(int(row["at"]) // 1_000_000_000, UTC) if row["days"] else None
