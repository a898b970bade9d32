"""A load of made-up days in a process of its own, which can be told to die: `python -m … PORT PASSWORD DATABASE VERSION [N]`.

Every ticket of version V costs V roubles, so that a table tells which version each of its days holds. With N the process
kills itself before its N-th statement; without, it prints how many statements the load took.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.sources.base import DayRead
from zakaz_dagster.sources.qtickets.answers import ORDER, page_of
from zakaz_dagster.sources.qtickets.description import DESCRIPTION
from zakaz_dagster.sources.qtickets.rows import sale_rows
from zakaz_dagster.transport.log import Stats
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig
from zakaz_dagster_tests.bodies_qtickets import order, page, ticket

FIRST = date(2026, 3, 1)
DAYS, ORDERS = 8, 5
TABLES = tuple(DESCRIPTION.tables)


class Made:
    """A vendor whose every day has the same orders, at the price of the version."""

    stats = Stats()

    def __init__(self, version):
        self.version = version

    def read(self, first, last):
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            orders = [self._order(day, n) for n in range(ORDERS)]
            rows = sale_rows(page_of(page(*orders), ORDER, "test").data, str)
            tables = dict(zip(TABLES, (rows.orders, rows.lines), strict=True))
            totals = {"price_rub": Decimal(ORDERS * self.version)}
            yield DayRead(day, tables, ORDERS, ORDERS, totals=totals)

    def _order(self, day, number):
        made = order(ticket(self.version), paid=f"{day}T10:00:00+03:00")
        made["id"] = int(f"{day:%m%d}{number:02d}")
        made["baskets"][0]["id"] = made["id"]
        return made


def load(warehouse, version):
    last = FIRST + timedelta(days=DAYS - 1)
    load_days(Made(version), DESCRIPTION, warehouse, FIRST, last, Load(run_id=f"v{version}", guard=None))


def counting(die_at):
    """Count statements as they are sent; the process ends before the given one."""
    numbers, once = count(1), Warehouse._once

    def sent(self, *arguments):
        number = counting.last = next(numbers)
        if number == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return once(self, *arguments)

    Warehouse._once = sent


if __name__ == "__main__":
    port, password, database, version, *die_at = sys.argv[1:]
    counting(int(die_at[0]) if die_at else None)
    load(Warehouse.connect(WarehouseConfig(port=int(port), password=password, database=database)), int(version))
    sys.stdout.write(str(counting.last))
