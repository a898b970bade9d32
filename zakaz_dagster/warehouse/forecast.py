"""Forecasts written once a day: curves and shows from the facts, and one row a show that is never changed afterwards.

    is the day complete? ─▶ forecast_curve ─▶ forecast_shows ─▶ forecast_asked ─▶ + fact_forecast_daily
                         ─▶ decision_spend ─▶ decision_shows ─▶ + fact_decisions_daily

Belongs here: whether a day is complete, and writing its forecasts. Does not: the reckoning (`sql/builds`), when
(`defs`).
"""

# ruff: noqa: S608  (names come from our own files; values are parameters)
from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from zakaz_dagster.errors import Retriable
from zakaz_dagster.timezone import bounds
from zakaz_dagster.warehouse import build_ledger
from zakaz_dagster.warehouse.sql_files import load

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

FORECAST, DECISIONS = "fact_forecast_daily", "fact_decisions_daily"
INPUTS = ("forecast_curve", "forecast_shows", "forecast_asked")  # in the order of what reads what
KNOWN = ("decision_spend", "decision_shows")
TABLES = (*INPUTS, FORECAST, *KNOWN, DECISIONS)
BUILDS = {
    "forecast_curve": "forecast_curve",
    "forecast_shows": "forecast_shows",
    "forecast_asked": "forecast_questions",
    FORECAST: "forecast",
    "decision_spend": "decision_spending",
    "decision_shows": "decision_facts",
    DECISIONS: "decisions",
}
SOURCES = ("qtickets", "vk_ads", "yandex_direct")
BEHIND = """
SELECT source, maxIf(covered_until, day = {day:Date}) AS until
FROM meta_day_loads FINAL
WHERE source IN {sources:Array(String)} AND day BETWEEN {day:Date} - 30 AND {day:Date}
GROUP BY source
HAVING until < {end:DateTime('Europe/Moscow')}
ORDER BY source
"""


@dataclass(frozen=True)
class Written:
    """Forecasts of a day: how many rows it has, and whether they are new or stood there before."""

    day: date
    rows: int
    is_new: bool


def lacking(wh: Warehouse, day: date) -> list[str]:
    """What the day's forecasts still wait for, in words; a source that loaded nothing for a month is not waited for."""
    known = {"day": day, "sources": list(SOURCES), "end": bounds(day)[1]}
    behind = [str(row["source"]) for row in wh.rows(BEHIND, known)]
    loaded = "SELECT count() FROM meta_day_loads FINAL WHERE source = 'qtickets' AND day = {day:Date}"
    missing = [] if wh.scalar(loaded, known) or "qtickets" in behind else ["qtickets"]
    owed = sorted({each.fact for each in build_ledger.owed(wh, day, day)})
    return [*(f"{name}: the day is not loaded to its end" for name in [*missing, *behind]),
            *(f"{name} is older than what it reads" for name in owed)]  # fmt: skip


def is_written(wh: Warehouse, day: date) -> bool:
    """Whether the day has its advice, which is added last."""
    return _has(wh, DECISIONS, "data_day", day)


def _has(wh: Warehouse, table: str, column: str, day: date) -> bool:
    return bool(wh.scalar(f"SELECT count() FROM {table} WHERE {column} = {{day:Date}}", {"day": day}))


def write(wh: Warehouse, day: date, *, run_id: str = "") -> Written:
    """Rebuild the inputs as of the end of a day and add its forecasts and advice; those that it has stay as they are.

    Raises Retriable while sales or spend of the day are incomplete.
    """
    if waits := lacking(wh, day):
        raise Retriable(
            f"forecasts of {day} wait: {'; '.join(waits)}",
            source="forecast",
            day=str(day),
            expected="sales and spend of the whole day",
            next_step="they are made when the day is complete; see the loads that are named",
        )
    from zakaz_dagster.warehouse.replace_table import rebuild_whole

    builds = load("builds")
    for name in ("forecast_curve", "forecast_shows"):
        rebuild_whole(wh, builds[name], run_id=run_id)
    _refill(wh, "forecast_asked", {"first": day, "last": day, "horizons": list[int]()}, run_id)
    is_new = not is_written(wh, day)
    add(wh, day, run_id=run_id)
    rows = wh.scalar(f"SELECT count() FROM {FORECAST} FINAL WHERE as_of = {{day:Date}}", {"day": day})
    return Written(day, int(rows), is_new)


def add(wh: Warehouse, day: date, *, run_id: str = "") -> None:
    """Add the answers to what stands in forecast_asked, and the advice that follows, where the day has none."""
    if not _has(wh, FORECAST, "as_of", day):
        _insert(wh, FORECAST, {}, run_id)
    for name in KNOWN:
        _refill(wh, name, {"last": day}, run_id)
    if not is_written(wh, day):
        _insert(wh, DECISIONS, {"last": day}, run_id)


def _refill(wh: Warehouse, table: str, params: dict[str, object], run_id: str) -> None:
    wh.command(f"TRUNCATE TABLE {table}")
    _insert(wh, table, params, run_id)


def _insert(wh: Warehouse, table: str, params: dict[str, object], run_id: str) -> None:
    from zakaz_dagster.warehouse import lineage_cache

    build = load("builds")[BUILDS[table]]
    names = ", ".join(lineage_cache.outputs(build))
    service = "now('Europe/Moscow') AS _loaded_at, {ver:UInt64} AS _ver, {run:String} AS _run_id"
    wh.tagged(statement=f"forecast.insert {table}").command(
        f"INSERT INTO {table} ({names}, _loaded_at, _ver, _run_id) SELECT {names}, {service} FROM ({build.sql})",
        {**params, "ver": time.time_ns(), "run": run_id},
        {"async_insert": 0},
    )
