"""Reloads of the days whose orders webhooks named: one at a time, so that a rush of sales is one run and not hundreds.

Without WEBHOOKS_SECRET this sensor does not exist. Belongs here: the sensor. Does not: receiving (`ingest`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.defs.qtickets.assets import RELOAD
from zakaz_dagster.defs.shared.change_sensor import Found, Watch, changes_sensor
from zakaz_dagster.ingest.inbox import FILE, Inbox

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

__all__ = ["FILE", "SENSOR", "definitions"]

SENSOR = "qtickets_webhooks"
SECONDS = 10
# An unpaid, removed or exchanged order may not say when it was paid; what we hold of it does.
HELD = "SELECT DISTINCT sale_date FROM stg_qtickets_orders_raw WHERE has({orders:Array(UInt64)}, order_id)"


def definitions(start: date, inbox: Path, make: Callable[[], Warehouse]) -> dg.Definitions:
    """`inbox` is the receiver's file, `make` connects to the warehouse."""

    def look(mark: str) -> Found:
        box = Inbox(inbox)
        box.forget(mark)
        waiting = box.after(mark)
        if not waiting.orders:
            return Found((), waiting.mark)
        held = {row["sale_date"] for row in make().rows(HELD, {"orders": list(waiting.orders)})}
        return Found(sorted(day for day in held | {*waiting.days} if day <= timezone.today()), waiting.mark)

    watch = Watch(
        name=SENSOR,
        job=RELOAD,
        seconds=SECONDS,
        description="Reloads the days whose orders QTickets' webhooks named, one run at a time",
        look=look,
        begin=_from_the_start,
        one_at_a_time=True,
    )
    return dg.Definitions(sensors=[changes_sensor(watch, start)])


def _from_the_start(_now: datetime) -> str:
    return ""
