"""The reader of a simulated life: asks what dashboards show after every write, beside the world's own books.

A figure is right when the world had it at some moment up to now; refunds of a day may lie between two of its values,
because the days whose orders they belong to are read one after the other. A wrong figure is allowed for twenty minutes,
and only if something is red by then.

Belongs here: what is seen, what is true, and the comparison at the end. Does not: time, faults.
"""

# ruff: noqa: S608
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from zakaz_dagster.defs.operations import alert_round
from zakaz_dagster.health import failover, infrastructure, look
from zakaz_dagster.health.look import Depth
from zakaz_dagster.resources import watch
from zakaz_dagster.settings import Settings
from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse import forecast, healing, lineage_cache
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster.warehouse.table_info import shape
from zakaz_dagster_tests.chaos.simulation import Simulation

WITHIN = timedelta(minutes=20)
SALES = "SELECT toString(date) AS day, sum(tickets_sold) AS sold, sum(revenue_rub) AS revenue, sum(refunds_rub) AS refunds FROM v_sales_daily GROUP BY date"
SPEND = "SELECT toString(date) AS day, sumIf(spend_raw_rub, source = 'vk_ads') AS vk_ads, sumIf(spend_raw_rub, source = 'yandex_direct') AS yandex_direct FROM v_marketing_daily GROUP BY date"
SHOWN = ("v_sales_daily", "v_marketing_daily")
KOPECK = Decimal("0.01")
# Of the platform's own verdicts those that concern figures; nobody runs a daemon here, and disks are the machine's.
CONCERN = {infrastructure.CLICKHOUSE, healing.ONE_VERSION}
TOLD = {healing.ONE_VERSION, failover.FROM_MAIL}  # yellow, and says that figures are others for the time being
Cell = tuple[str, str]


@dataclass
class Sight:
    """A wrong figure as it was seen for the first time, until something was red."""

    at: datetime
    cell: Cell
    figure: Decimal
    known: tuple[Decimal, ...]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {' '.join(self.cell)}: {self.figure}, the world had {sorted(self.known)}"


@dataclass
class Reader:
    """`history` is every figure that the world had; `open` are wrong ones that nothing red has told yet."""

    sim: Simulation
    history: dict[Cell, set[Decimal]] = field(default_factory=lambda: defaultdict(set))
    open: dict[tuple[Cell, Decimal], Sight] = field(default_factory=dict)
    missed: list[Sight] = field(default_factory=list)
    red: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.start = self.sim.start

    def learn(self) -> None:
        """What is true at this moment, of the days that can still change."""
        first = max(self.start, self.sim.today - timedelta(days=35))
        for day in self.sim.sandbox.truths(first, self.sim.today)["days"]:
            for book, figure in _told(day):
                self.history[book, day["day"]].add(figure)

    def read(self) -> None:
        """One look at the dashboards; at what is red as well, when a figure is wrong that was not before."""
        self.sim.figures["readings"] += 1
        before = set(self.open)
        for row in [row for query in (SALES, SPEND) for row in self.sim.warehouse.rows(query)]:
            for book in row.keys() - {"day"}:
                self._judge((book, row["day"]), Decimal(str(row[book])).quantize(KOPECK).normalize())
        if self.open.keys() - before:
            self.look()

    def _judge(self, cell: Cell, figure: Decimal) -> None:
        if cell[1] >= str(self.start) and not self._right(cell, figure) and (cell, figure) not in self.open:
            self.sim.figures["wrong figures seen"] += 1
            self.open[cell, figure] = Sight(self.sim.now, cell, figure, tuple(self.history[cell]))

    def _right(self, cell: Cell, figure: Decimal) -> bool:
        known = self.history[cell] | {Decimal(0)}
        return figure in known or (cell[0] == "refunds" and min(known) <= figure <= max(known))

    def look(self) -> None:
        """What is red now; what was wrong for too long without that is missed."""
        self.red = {name for name, status in self._verdicts() if status is Status.ERROR or name in TOLD}
        self.red = {name for name in self.red if not name.startswith("platform__") or name in CONCERN}
        self.red |= watch.alerts(Settings()).incidents().keys() & TOLD
        for key, sight in list(self.open.items()):
            if self.red or self.sim.now - sight.at > WITHIN:
                del self.open[key]
                if not self.red:
                    self.missed.append(sight)

    def _verdicts(self) -> Iterator[tuple[str, Status]]:
        look._seldom.clear()
        found = alert_round.look(watch.subjects(Settings()), self.sim.instance, self.sim.repository, Depth.QUICK)
        for verdict in found.verdicts:
            if verdict.status is not Status.OK:
                yield verdict.name, verdict.status


def _told(day: Mapping[str, Any]) -> Iterator[tuple[str, Decimal]]:
    cities = day["sales"]["cities"]
    for book, name in (("sold", "tickets_sold"), ("revenue", "revenue"), ("refunds", "refunds")):
        yield book, sum((Decimal(str(city[name])) for city in cities), Decimal(0)).normalize()
    for book, rows in (("vk_ads", day["vk"]["groups"]), ("yandex_direct", day["direct"]["ads"])):
        yield book, sum((Decimal(row["spend"]) for row in rows), Decimal(0)).normalize()


def behind(*views: str) -> frozenset[str]:
    """The tables that views read, directly or through others."""
    direct = frozenset(name for view in views for name in lineage_cache.reads(load("views")[view]))
    deeper = direct & load("views").keys()
    return direct - deeper | (behind(*deeper) if deeper else frozenset())


# What was observed at moments, which nobody can observe again, and what the facts of such a moment were read for once;
# versions are compared by their newest rows elsewhere.
OBSERVED = {
    "stg_qtickets_inventory_raw",
    "fact_inventory_daily",
    "fact_inventory_monthly",
    "stg_gmail_messages",
    "stg_gmail_sales_raw",
    *forecast.INPUTS,
}
SERVICE = {"_loaded_at", "_ver", "_run_id", "_recorded_ns", "valid_from", "covered_until", "as_of", "changed_ns"}
SERVICE |= {"known_from", "known_until", "api_covered_until"}  # moments of loads, like as_of
SERVICE |= {"capacity", "measured"}  # of seats as they were observed


def hashes(wh: Warehouse) -> dict[tuple[str, str], tuple[int, int]]:
    """Rows and a hash of every partition of every table that is a function of the truth."""
    found = {}
    for table, about in load("tables").items():
        if table in OBSERVED or "versions" in about.meta:
            continue
        kept = ", ".join(name for name in shape(wh, table).types if name not in SERVICE)
        query = f"SELECT _partition_id AS id, count() AS n, sum(cityHash64(tuple({kept}))) AS h FROM {table}"
        for row in wh.rows(f"{query} GROUP BY id"):
            found[table, row["id"]] = (row["n"], row["h"])
    return found
