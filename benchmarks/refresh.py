"""CPU seconds of one 15-minute refresh of QTickets beside a bare script that does the same reads and inserts.

The refresh is a run of the job `qtickets_refresh` in a process of its own, as the daemon's launcher starts one. The
rest is told apart: imports, and the load without Dagster but with its proofs (side tables, control sums, ledger). What
neither names is Dagster's own: its steps, and an event in its log, each by a new SQLite connection, for every step,
every table and every one of the checks.
"""

from __future__ import annotations

import json
import os
import tempfile
from datetime import datetime
from pathlib import Path

from rich.console import Console

from benchmarks.child import run
from benchmarks.figures import Figure, table
from benchmarks.refresh_steps import BUILDS
from benchmarks.start_up import OURS, cheapest
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.dev.stack import stack
from zakaz_dagster.resources import warehouse
from zakaz_dagster.settings import Settings
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.sql_files import load

TIMES = 3


def figures(*, quick: bool) -> list[Figure]:
    """Best of a few; the first run of each is a warm-up."""
    if quick:
        return []  # services and four processes: longer than a quick look may take
    now = datetime.now(MOSCOW)
    with tempfile.TemporaryDirectory() as place:
        options = ["--now", now.isoformat(), "--days", "3"]
        with stack(Path(place), options) as running:
            os.environ.update(running.environment)
            _prepare()
            checks = _same_work()
            day = now.date().isoformat()
            job = ["-m", "dagster", "job", "execute", "-m", "zakaz_dagster.definitions", "-j", "qtickets_refresh"]
            dagster = _cheapest([*job, "--tags", json.dumps({"dagster/partition": day})])
            proven = _cheapest(["-m", "benchmarks.refresh_steps", "proven", day, *checks])
            bare = _cheapest(["-m", "benchmarks.refresh_steps", "bare", day, *checks])
    imports = cheapest(OURS, TIMES)
    return [
        Figure("one refresh through Dagster", dagster, bare, "CPU s", "a bare script", goal=3.0),
        Figure("… of it: imports of the definitions", imports, dagster, "CPU s", "the refresh"),
        Figure("… of it: the proven load, without Dagster", proven, dagster, "CPU s", "the refresh"),
    ]


def _prepare() -> None:
    store = warehouse(Settings())
    schema.apply(store)
    store.close()


def _same_work() -> list[str]:
    """The names of the checks that the job evaluates in SQL; the script has to build what the job builds."""
    job = build_definitions().resolve_job_def("qtickets_refresh")
    built = {key.to_user_string() for key in job.asset_layer.selected_asset_keys} & set(load("builds"))
    if built != {*BUILDS, "dim_ads"}:
        raise SystemExit(f"the refresh builds {sorted(built)}: bring benchmarks/refresh_steps.py in line")
    evaluated = {
        f"{key.asset_key.to_user_string()}__{key.name}" for key in job.asset_layer.asset_graph.asset_check_keys
    }
    return [name for name in load("checks") if name in evaluated]


def _cheapest(arguments: list[str]) -> float:
    run(arguments)
    return min(run(arguments).cpu for _ in range(TIMES))


if __name__ == "__main__":
    Console(width=150).print(table(figures(quick=False), absolute=True))
