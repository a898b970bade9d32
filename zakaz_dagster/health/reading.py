"""What the watch asks ClickHouse, each question short and cheap.

Belongs here: the questions. Does not: judging the answers (`freshness`, `days`, `infrastructure`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from zakaz_dagster.health.failover import Covered
from zakaz_dagster.health.freshness import Load, Seen, Watched
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse.sql_files import ANYWHERE

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

BUSY_WINDOW = 28
EPOCH = date(1970, 1, 1)  # ClickHouse's Date knows no earlier one
LEDGER = (
    "SELECT day, covered_until, _loaded_at AS loaded_at FROM meta_day_loads FINAL"
    " WHERE source = {source:String} AND day BETWEEN {first:Date} AND {today:Date}"
)
FIRST = "SELECT min(day) AS first, count() AS n FROM meta_day_loads WHERE source = {source:String}"
PING = "SELECT toUnixTimestamp64Milli(now64(3)) AS ms, toString(toDateTime(0)) AS epoch, version() AS version"
DISKS = "SELECT name, free_space AS free, total_space AS total FROM system.disks WHERE total_space > 0"
BACKUPS = "SELECT name, toString(status) AS status, error, end_time FROM system.backups ORDER BY end_time"


@dataclass(frozen=True)
class Ping:
    """An answer of the server: its clock against ours (aware moments), and midnight of 1970 in its session zone."""

    version: str
    seconds: float
    server_time: datetime
    our_time: datetime
    epoch: str


@dataclass(frozen=True)
class Disk:
    """Room on a disk, in bytes."""

    name: str
    free: int
    total: int


@dataclass(frozen=True)
class Backup:
    """A BACKUP the server remembers."""

    name: str
    status: str
    error: str
    ended: datetime


def ping(wh: Warehouse) -> Ping:
    """Ask for the time; ours is taken in the middle of the question."""
    before, started = datetime.now(UTC), time.monotonic()
    row = wh.tagged(statement="health.ping").rows(PING, settings=ANYWHERE)[0]
    seconds = time.monotonic() - started
    server = datetime.fromtimestamp(row["ms"] / 1000, UTC)
    return Ping(row["version"], seconds, server, before + timedelta(seconds=seconds / 2), row["epoch"])


def disks(wh: Warehouse) -> Iterator[Disk]:
    """The server's disks."""
    for row in wh.tagged(statement="health.disks").rows(DISKS):
        yield Disk(f"ClickHouse {row['name']}", int(row["free"]), int(row["total"]))


def backups(wh: Warehouse) -> list[Backup]:
    """Backups the server remembers, oldest first."""
    rows = wh.tagged(statement="health.backups").rows(BACKUPS)
    return [Backup(row["name"], row["status"], row["error"], row["end_time"]) for row in rows]


def seen(wh: Warehouse, source: Watched, now: datetime) -> Seen:
    """What the ledger and the table say of a source."""
    wh = wh.tagged(statement=f"health.{source.name}")
    today = now.astimezone(MOSCOW).date()
    known = wh.rows(FIRST, {"source": source.name})[0]
    ledger = wh.rows(LEDGER, {"source": source.name, "first": max(source.start, EPOCH), "today": today})
    newest, busy = _data(wh, source, today)
    return Seen(
        loads={row["day"]: Load(row["loaded_at"], row["covered_until"]) for row in ledger},
        first_day=known["first"] if known["n"] else None,
        newest_day=newest,
        busy_days=busy,
    )


def _data(wh: Warehouse, source: Watched, today: date) -> tuple[date | None, int]:
    """The newest day with rows, no later than today, and how many of the days up to it have rows."""
    day, where = source.day_column, _where(source.among)
    rows = wh.rows(
        f"SELECT max({day}) AS newest, count() AS n FROM {source.table} WHERE {day} <= {{today:Date}}{where}",  # noqa: S608  names of our own files
        {"today": today, **source.among},
    )
    if not rows[0]["n"]:
        return None, 0
    newest: date = rows[0]["newest"]
    span = {"first": newest - timedelta(days=BUSY_WINDOW - 1), "newest": newest, **source.among}
    query = f"SELECT uniqExact({day}) FROM {source.table} WHERE {day} BETWEEN {{first:Date}} AND {{newest:Date}}{where}"  # noqa: S608
    return newest, int(wh.scalar(query, span))


def _where(columns: Iterable[str]) -> str:
    return "".join(f" AND {column} = {{{column}:String}}" for column in columns)


def days_from_mail(warehouse: Warehouse, first: date) -> dict[date, Covered]:
    """Days from `first` on whose sales are taken from the mail at present, and what it says of them."""
    rows = warehouse.rows(
        "SELECT s.sale_date AS day, sum(s.tickets) AS tickets, sum(s.price_rub) AS revenue,"
        " toUnixTimestamp(max(coalesce(s.reported_at, s._loaded_at))) AS at FROM stg_qtickets_sales_raw AS s FINAL"
        " WHERE s.channel = 'mail' AND s.sale_date >= {first:Date} AND s.sale_date IN"
        " (SELECT date FROM v_sales_days WHERE sales_source = 'mail' AND date >= {first:Date})"
        " GROUP BY day ORDER BY day",
        {"first": str(first)},
    )
    return {
        row["day"]: Covered(int(row["tickets"]), row["revenue"], datetime.fromtimestamp(int(row["at"]), UTC))
        for row in rows
    }
