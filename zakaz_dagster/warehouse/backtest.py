"""How forecasts would have come true: the forecast's own SQL, asked for days that are past, beside simpler rules.

    shows, curves, places ─▶ tables of a scratch database ─▶ forecasts at 60 … 1 days ─▶ errors, cover, what came true

Whoever calls it brings the history: of a made-up world or of the organiser. Belongs here: asking, widening intervals by
how earlier ones came true, measuring. Does not: which history (`dev`, `cli`), the reckoning itself (`sql/builds`).
"""

# ruff: noqa: S608  (names come from our own files)
from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from zakaz_dagster.table_schemas import arrow_type
from zakaz_dagster.warehouse.arrow import fit, is_nullable, with_service_columns
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.seeds import replace
from zakaz_dagster.warehouse.sql_files import ANYWHERE, load
from zakaz_dagster.warehouse.table_info import SERVICE_COLUMNS, shape

HORIZONS = (60, 30, 14, 7, 3, 1)
INPUTS = ("forecast_shows", "forecast_curve", "forecast_asked", "dim_settings")
METHODS = ("naive", "rate", "ratio", "mean", "pace", "blend")
LEAST, MOST, STEP, MISSES = 0.7, 4.0, 0.05, 0.2  # of kappa; docs/metrics.md
ROOM = ("tickets_left_lo", "tickets_left_hi")
GOAL = 0.9  # of the places for paid tickets


@dataclass(frozen=True)
class Outcome:
    """One forecast of the past beside what came. `said` is each method's forecast; `silent` why it was not shown."""

    days_left: int
    final: float
    said: Mapping[str, float]
    low: float
    high: float
    goal: float | None
    silent: str


@dataclass(frozen=True)
class Measured:
    """One horizon: errors in percent of all tickets, by method, and how the intervals held."""

    days_left: int
    forecasts: int
    wape: Mapping[str, float]
    bias: float
    cover: float
    width: float
    reached: tuple[int, int]
    missed: tuple[int, int]


def scratch(wh: Warehouse) -> None:
    """The tables that the forecast reads, empty, and the settings, in a database of their own."""
    wh.command(f"CREATE DATABASE IF NOT EXISTS {wh.config.database}", settings=ANYWHERE)
    for name in INPUTS:
        wh.command(load("tables")[name].sql)
    replace(wh, "dim_settings")


def fill(wh: Warehouse, table: str, records: Sequence[Mapping[str, object]]) -> None:
    """Make these records the whole content of a scratch table; columns that they do not name are empty."""
    wh.command(f"TRUNCATE TABLE {table}")
    types = {name: kind for name, kind in shape(wh, table).types.items() if name not in SERVICE_COLUMNS}
    columns = {
        name: pa.array([record.get(name, _empty(kind)) for record in records], arrow_type(kind))
        for name, kind in types.items()
    }
    full = with_service_columns(
        pa.table(columns), shape(wh, table).types, loaded_at=datetime.now(UTC), ver=1, run_id="backtest"
    )
    wh.insert(table, fit(full, shape(wh, table).types, table=table))


def _empty(kind: str) -> object:
    if is_nullable(kind):
        return None
    return 0 if kind.startswith(("UInt", "Int", "Float")) else ""


def replay(wh: Warehouse, finals: Mapping[str, float], sold_out: Iterable[str]) -> list[Outcome]:
    """Forecast what `forecast_asked` asks; `finals` are the true ends by show, `sold_out` the shows that sold out."""
    rows = wh.rows(f"SELECT * FROM ({load('builds')['forecast'].sql})")
    kappas, out = _widened(rows, finals, frozenset(sold_out)), []
    for row, kappa in zip(rows, kappas, strict=True):
        low, high = interval(row, kappa)
        silent = str(row["silence"])
        if silent in ("", "width"):
            silent = "width" if high - low > row["forecast_tickets"] else ""
        goal = None if row["tickets_left"] is None else GOAL * (row["tickets_sold"] + row["tickets_left"])
        final = finals[row["show_key"]]
        out.append(Outcome(int(row["days_left"]), final, _said(row), low, high, goal, silent))
    return out


def interval(row: Mapping[str, Any], kappa: float) -> tuple[float, float]:
    """The bounds of a forecast whose errors are widened by `kappa`."""
    sold, rest, c = row["tickets_sold"], row["rest"], max(3.0, 0.02 * row["tickets_sold"])
    least, most = (math.inf if row[name] is None else max(0.0, sold + row[name]) for name in ROOM)
    low = math.floor(sold + (rest + c) * math.exp(row["log_low"] * kappa) - c)
    high = math.ceil(sold + (rest + c) * math.exp(row["log_high"] * kappa) - c)
    return min(least, max(0.0, low)), min(most, max(0.0, high))


def _widened(rows: Sequence[Mapping[str, Any]], finals: Mapping[str, float], sold_out: frozenset[str]) -> list[float]:
    """Kappa of each forecast: that of its horizon after the shows that had finished by then."""
    kappas = [1.0] * len(rows)
    by_horizon: defaultdict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        by_horizon[int(row["days_left"])].append(place)
    for horizon, places in by_horizon.items():
        kappa, waiting = 1.0, list[tuple[date, bool]]()
        for place in sorted(places, key=lambda at: (rows[at]["as_of"], rows[at]["show_key"])):
            row = rows[place]
            while waiting and (row["as_of"] - waiting[0][0]).days >= horizon:
                kappa = min(MOST, max(LEAST, kappa * math.exp(STEP * (waiting.pop(0)[1] - MISSES))))
            kappas[place] = kappa
            if row["silence"] in ("", "width") and row["show_key"] not in sold_out:
                low, high = interval(row, kappa)
                waiting.append((row["as_of"], not low <= finals[row["show_key"]] <= high))
    return kappas


def _said(row: Mapping[str, Any]) -> dict[str, float]:
    """Each method's forecast, bounded by places; one that has nothing to say is taken by the mean rest."""
    sold, mean = row["tickets_sold"], row["rest_by_mean"] or 0.0
    rests = {
        "naive": 0.0, "rate": row["rest_by_rate"], "mean": mean, "blend": row["rest"],
        "ratio": mean if row["rest_by_ratio"] is None else row["rest_by_ratio"],
        "pace": mean if row["rest_by_pace"] is None else row["rest_by_pace"],
    }  # fmt: skip
    top = math.inf if row["tickets_left"] is None else sold + row["tickets_left"]
    return {name: min(top, sold + rest) for name, rest in rests.items()}


def measure(outcomes: Iterable[Outcome]) -> list[Measured]:
    """Errors and cover by horizon, over forecasts that had comparables enough."""
    found: defaultdict[int, list[Outcome]] = defaultdict(list)
    for each in outcomes:
        if each.silent != "comparables":
            found[each.days_left].append(each)
    return [_measured(horizon, found[horizon]) for horizon in sorted(found, reverse=True)]


def _measured(horizon: int, some: Sequence[Outcome]) -> Measured:
    whole = sum(each.final for each in some) or 1.0
    wape = {name: 100 * sum(abs(each.said[name] - each.final) for each in some) / whole for name in METHODS}
    shown = [each for each in some if not each.silent and each.goal is not None]
    sure = [each.final >= (each.goal or 0) for each in shown if each.low >= (each.goal or 0)]
    hopeless = [each.final >= (each.goal or 0) for each in shown if each.high < (each.goal or 0)]
    return Measured(
        horizon,
        len(some),
        wape,
        100 * sum(each.said["blend"] - each.final for each in some) / whole,
        100 * sum(each.low <= each.final <= each.high for each in some) / len(some),
        100 * sum((each.high - each.low) / max(1.0, each.said["blend"]) for each in some) / len(some),
        (sum(sure), len(sure)),
        (sum(hopeless), len(hopeless)),
    )
