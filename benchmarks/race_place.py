"""Where a runner of the race reads and writes, and what it left there.

Belongs here: addresses, the tables that scripts fill, counting. Does not: loading.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import clickhouse_connect
import httpx

from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig

TICKETS = (
    "sale_date Date, sold_at DateTime('Europe/Moscow'), order_id UInt64, ticket_id UInt64, event_id UInt64, "
    "show_id UInt64, price_rub Decimal(18, 2), original_price_rub Decimal(18, 2), "
    "refunded_at Nullable(DateTime('Europe/Moscow')), refunded_rub Decimal(18, 2), "
    "deleted_at Nullable(DateTime('Europe/Moscow')), client_id String, utm_source String, utm_medium String, "
    "utm_campaign String, utm_content String, utm_term String"
)
REPORT = (
    "date Date, campaign_id UInt64, campaign_name String, ad_group_id UInt64, ad_group_name String, ad_id UInt64, "
    "network String, impressions UInt64, clicks UInt64, cost_rub Decimal(18, 2), conversions Nullable(UInt64)"
)
KEYS = {"tickets": ("sale_date", "(sale_date, ticket_id)"), "report": ("date", "(date, campaign_id, ad_id)")}
OURS = {"tickets": ("stg_qtickets_sales_raw", "price_rub"), "report": ("fact_direct_daily", "cost_rub")}


@dataclass(frozen=True)
class Place:
    """A vendor's address and a database; `file` is dlt's own database."""

    vendor: str
    port: int
    password: str
    file: str

    @property
    def text(self) -> str:
        return json.dumps(asdict(self))

    @contextmanager
    def warehouse(self) -> Iterator[Warehouse]:
        warehouse = Warehouse.connect(WarehouseConfig(port=self.port, password=self.password))
        yield warehouse
        warehouse.close()

    def client(self) -> Any:
        """The driver as a script would use it."""
        return clickhouse_connect.get_client(
            host="127.0.0.1", port=self.port, password=self.password, database="zakaz", autogenerate_session_id=False
        )

    def lie(self, name: str) -> None:
        httpx.put(f"{self.vendor}/fault/{name}")

    @property
    def requests(self) -> int:
        return int(httpx.get(f"{self.vendor}/count", timeout=5).text)

    def prepare(self, what: str) -> None:
        """Empty tables, as on a first day."""
        day, key = KEYS[what]
        columns = TICKETS if what == "tickets" else REPORT
        client = self.client()
        for name, partition in ((f"race_{what}", ""), (f"race_{what}_by_day", f"PARTITION BY toYYYYMMDD({day})")):
            client.command(f"DROP TABLE IF EXISTS {name} SYNC")
            client.command(f"CREATE TABLE {name} ({columns}) ENGINE = MergeTree {partition} ORDER BY {key}")
        for table in (OURS[what][0], *(("stg_qtickets_orders_raw",) if what == "tickets" else ())):
            client.command(f"TRUNCATE TABLE {table}")
        client.close()
        Path(self.file).unlink(missing_ok=True)
        shutil.rmtree(Path(self.file).parent / "dlt", ignore_errors=True)

    def held(self, runner: str, what: str) -> tuple[int, float]:
        """Rows and roubles that a dashboard on this runner's table would show."""
        if runner.startswith("dlt"):
            return _in_file(self.file, what)
        if runner == "ours":
            table, money = OURS[what]
        else:
            table, money = f"race_{what}{'_by_day' if runner.endswith('by day') else ''}", OURS[what][1]
        client = self.client()
        ((rows, roubles),) = client.query(f"SELECT count(), sum({money}) FROM {table}").result_rows  # noqa: S608
        client.close()
        return int(rows), float(roubles)


def _in_file(file: str, what: str) -> tuple[int, float]:
    import duckdb

    if not Path(file).exists():
        return 0, 0.0
    table, money = ("orders__baskets", "price") if what == "tickets" else ("report", "cost")
    with duckdb.connect(file, read_only=True) as connection:
        try:
            found = connection.execute(f"SELECT count(*), sum({money}::DOUBLE) FROM race.{table}").fetchone()  # noqa: S608
        except duckdb.CatalogException:
            return 0, 0.0
    return (int(found[0]), float(found[1] or 0)) if found else (0, 0.0)
