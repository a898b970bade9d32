"""Days that a vendor's change touches in what we hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from zakaz_dagster.warehouse.client import Warehouse

BATCH = 1000  # ids travel in the address


def held_days(warehouse: Warehouse, orders: Sequence[int]) -> set[date]:
    """Moscow days on which we hold these QTickets orders; a payment's date may have moved or vanished since."""
    query = "SELECT DISTINCT sale_date FROM stg_qtickets_orders_raw WHERE order_id IN {ids:Array(UInt64)}"
    return {
        row["sale_date"]
        for first in range(0, len(orders), BATCH)
        for row in warehouse.rows(query, {"ids": list(orders[first : first + BATCH])})
    }
