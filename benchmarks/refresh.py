"""CPU seconds of one 15-minute refresh of QTickets beside a bare script that does the same reads and inserts.

The refresh is a run of the job `qtickets_refresh`: created as a schedule's tick creates it, launched in a code server
as the queue launches it. It costs what the code server, the process that runs are forked from and the run used
meanwhile, and this process to create and to launch it. Told apart: the load without Dagster but with its proofs (side
tables, control sums, ledger), its imports included. What that leaves is Dagster's own: steps, and events in its log for
every step, table and check. The peak is that of the run's process, with what it shares with others.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from dagster import DagsterRunStatus
from rich.console import Console

from benchmarks.child import run
from benchmarks.code_server import CodeServer, children, peak_mb, serving
from benchmarks.figures import Figure, table
from benchmarks.refresh_steps import BUILDS
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.dev.stack import stack
from zakaz_dagster.resources import warehouse
from zakaz_dagster.settings import Settings
from zakaz_dagster.sources.qtickets.description import DIMENSIONS
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.sql_files import load

JOB = "qtickets_refresh"
TIMES, PEAK_MB = 3, 180


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
            dagster, peak = _launched(Path(running.environment["DAGSTER_HOME"]), day)
            proven = _cheapest(["-m", "benchmarks.refresh_steps", "proven", day, *checks])
            bare = _cheapest(["-m", "benchmarks.refresh_steps", "bare", day, *checks])
    return [
        Figure("one refresh through Dagster", dagster, bare, "CPU s", "a bare script", goal=2.0),
        Figure("the proven load, without Dagster", proven, bare, "CPU s", "a bare script"),
        Figure("peak memory of a refresh", peak, PEAK_MB, "MB", "its limit", goal=1.0),
    ]


def _launched(home: Path, day: str) -> tuple[float, float]:
    """CPU seconds of the cheapest of a few refreshes, and the most that the process of one had resident."""
    with serving(home, os.environ) as server:
        costs = [_refresh(server, day) for _ in range(TIMES + 1)]
    return min(cpu for cpu, _ in costs[1:]), max(peak for _, peak in costs)


def _refresh(server: CodeServer, day: str) -> tuple[float, float]:
    before, own = server.cpu(), time.process_time()
    run_id = server.create(JOB, {"dagster/partition": day})
    server.launch(run_id)
    own = time.process_time() - own
    peak = 0.0
    while at_work := children(server.forking):
        with contextlib.suppress(OSError, IndexError):  # it has just ended
            peak = max(peak, peak_mb(at_work[0]))
        time.sleep(0.1)
    if server.status(run_id) is not DagsterRunStatus.SUCCESS:
        raise SystemExit(f"the refresh ended as {server.status(run_id)}")
    return server.cpu() - before + own, peak


def _prepare() -> None:
    store = warehouse(Settings())
    schema.apply(store)
    store.close()


def _same_work() -> list[str]:
    """The names of the checks that the job evaluates in SQL; the script has to build what the job builds."""
    job = build_definitions().resolve_job_def(JOB)
    built = {key.to_user_string() for key in job.asset_layer.selected_asset_keys} & set(load("builds"))
    if built != {*DIMENSIONS, *BUILDS, "dim_ads"}:
        raise SystemExit(f"the refresh builds {sorted(built)}: bring benchmarks/refresh_steps.py in line")
    evaluated = {
        f"{key.asset_key.to_user_string()}__{key.name}" for key in job.asset_layer.asset_graph.asset_check_keys
    }
    return [name for name in load("checks") if name in evaluated]


def _cheapest(arguments: list[str]) -> float:
    run(arguments)
    return min(run(arguments).cpu for _ in range(TIMES))


if __name__ == "__main__":
    found = figures(quick=False)
    Console(width=150).print(table(found, absolute=True))
    if "--json" in sys.argv:
        Console(soft_wrap=True).print_json(json.dumps([{**asdict(each), "ratio": each.ratio} for each in found]))
