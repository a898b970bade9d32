"""Histories for a backtest: those of the made-up worlds, and the organiser's own, copied from the warehouse.

The reckoning runs in a local engine: the organiser's server is read and never written or loaded.
Belongs here: histories and that engine. Does not: measuring (`warehouse.backtest`), demands and tables (`cli`).
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from zakaz_dagster.dev.sandbox.world import World, WorldParams
from zakaz_dagster.dev.sandbox.world.ads import Scale
from zakaz_dagster.dev.sandbox.world.histories import History, free_share
from zakaz_dagster.dev.stack import start
from zakaz_dagster.warehouse import backtest
from zakaz_dagster.warehouse.backtest import HORIZONS, Outcome
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig
from zakaz_dagster.warehouse.sql_files import load

FIRST, LAST = date(2024, 7, 1), date(2026, 6, 30)  # of the made-up histories
SHORTEST = 3  # days of a run: what lasts longer is an exhibition
Record = dict[str, Any]


@dataclass(frozen=True)
class Past:
    """Rows of the forecast's three tables, the true end of each show, and which sold out."""

    shows: Sequence[Record]
    curve: Sequence[Record]
    asked: Sequence[Record]
    finals: Mapping[str, float]
    sold_out: frozenset[str]


@contextmanager
def engine() -> Iterator[Warehouse]:
    """A local engine with an empty scratch database, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="zakaz-backtest-") as folder:
        home = Path(folder)
        arguments = ["-m", "zakaz_dagster.dev.clickhouse", "--data-dir", str(home / "data"), "--port", "0"]
        service = start("clickhouse", [*arguments, "--exit-with-parent"], home)
        port = int(str(service.facts["port"]))
        wh = Warehouse.connect(WarehouseConfig("127.0.0.1", port, password=service.password, database="backtest"))
        try:
            backtest.scratch(wh)
            yield wh
        finally:
            wh.close()
            service.stop()


def outcomes(wh: Warehouse, past: Past) -> list[Outcome]:
    """Every forecast of the past beside what came."""
    for table, records in (("shows", past.shows), ("curve", past.curve), ("asked", past.asked)):
        backtest.fill(wh, f"forecast_{table}", records)
    return backtest.replay(wh, past.finals, past.sold_out)


def made_up(seed: int, orders_per_day: int, *, stress: bool) -> Past:
    """The whole history of one made-up organiser."""
    world = World(WorldParams(seed, FIRST, Scale(orders_per_day), stress=stress))
    every = world.histories(FIRST, LAST)
    some = [each for each in every if each.opened is not None and each.event.opens >= FIRST and each.final() > 0]
    programmes: defaultdict[int, list[History]] = defaultdict(list)
    for each in some:
        programmes[each.event.project.number].append(each)
    return Past(
        [_show(each) for each in some],
        [{"show_key": each.key, "day": day, "paid": paid} for each in some for day, paid in each.paid.items()],
        [_ask(each, day, programmes[each.event.project.number]) for each in some for day in _days(each)],
        {each.key: float(each.final()) for each in some},
        frozenset(each.key for each in some if each.sold_out() is not None),
    )


def _show(each: History) -> Record:
    return {
        "show_key": each.key, "event_id": each.event.id, "city": each.event.city.name, "show_date": each.show_date,
        "programme": each.event.project.title, "is_run": int((each.finish - each.show_date).days >= SHORTEST),
        "opened_on": each.opened, "finish_on": each.finish, "sold_out_on": each.sold_out(),
    }  # fmt: skip


def _days(each: History) -> Iterator[date]:
    for horizon in HORIZONS:
        day = each.finish - timedelta(horizon)
        if each.opened is not None and each.opened <= day:
            yield day


def _ask(each: History, day: date, programme: Sequence[History]) -> Record:
    room = free_share(programme, day).paid(max(0, each.left(day)))
    names = ("tickets_left", "tickets_left_lo", "tickets_left_hi")
    return {"show_key": each.key, "as_of": day, "kappa": 1.0, **dict(zip(names, map(float, room), strict=True))}


def organisers_own(wh: Warehouse) -> Past:
    """What the warehouse holds; places left are those of the day's last snapshot where there is one."""
    shows = wh.rows("SELECT * FROM forecast_shows WHERE is_cancelled = 0")
    curve = wh.rows("SELECT show_key, day, paid FROM forecast_curve")
    span = {"first": date(2000, 1, 1), "last": date(2100, 1, 1), "days_left": list(HORIZONS)}
    asked = wh.rows(load("builds")["forecast_questions"].sql, span)
    ends, finals = {row["show_key"]: row["finish_on"] for row in shows}, defaultdict[str, float](float)
    for row in curve:
        if row["show_key"] in ends and row["day"] <= ends[row["show_key"]]:
            finals[row["show_key"]] += row["paid"]
    return Past(
        shows, curve, [{**row, "kappa": 1.0} for row in asked if row["show_key"] in finals],
        finals, frozenset(row["show_key"] for row in shows if row["sold_out_on"] is not None),
    )  # fmt: skip
