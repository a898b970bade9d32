"""CPU seconds of one 15-minute refresh of QTickets beside a bare script that does the same reads and inserts.

The refresh is a run of the job `qtickets_refresh`: created as a schedule's tick creates it, launched in a code server
as the queue launches it. It costs what the code server, the process that runs are forked from and the run used
meanwhile, and this process to create and to launch it. Told apart: the load without Dagster but with its proofs (side
tables, control sums, ledger), its imports included. What that leaves is Dagster's own: steps, and events in its log for
every step, table and check. The peak is that of the run's process, with what it shares with others.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from dagster import DagsterRunStatus
from rich.console import Console

from benchmarks.child import run
from benchmarks.code_server import CodeServer, children, peak_mb, serving
from benchmarks.event_log import of_a_day, postgres_bytes, sqlite_bytes
from benchmarks.figures import Figure, keep, table
from benchmarks.refresh_steps import BUILDS
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.shared.schedules import SCHEDULE
from zakaz_dagster.dev.stack import stack
from zakaz_dagster.resources import warehouse
from zakaz_dagster.settings import Settings
from zakaz_dagster.sources.qtickets.description import DIMENSIONS
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.plugins.postgres import BIN, dagster_yaml, postgres

JOB = "qtickets_refresh"
TIMES, PEAK_MB = 3, 180
LOG, SQLITE_MB, POSTGRES_MB = "event log of a day of refreshes", 10, 8


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
            home = Path(running.environment["DAGSTER_HOME"])
            dagster, peak, sqlite = _launched(home, day, lambda: sqlite_bytes(home))
            logs = [
                Figure(LOG, sqlite, SQLITE_MB, "MB", "its limit", goal=1.0, note="SQLite"),
                *_on_postgres(home, day),
            ]
            proven = _cheapest(["-m", "benchmarks.refresh_steps", "proven", day, *checks])
            bare = _cheapest(["-m", "benchmarks.refresh_steps", "bare", day, *checks])
    return [
        Figure("one refresh through Dagster", dagster, bare, "CPU s", "a bare script", goal=2.0),
        Figure("the proven load, without Dagster", proven, bare, "CPU s", "a bare script"),
        Figure("peak memory of a refresh", peak, PEAK_MB, "MB", "its limit", goal=1.0),
        *logs,
    ]


def _launched(home: Path, day: str, size: Callable[[], int]) -> tuple[float, float, float]:
    """Of a few refreshes: CPU seconds of the cheapest, the most that one had resident, a day of them in the log."""
    with serving(home, os.environ) as server:
        costs = [_refresh(server, day)]
        log = of_a_day(server.instance, size, lambda: costs.append(_refresh(server, day)), TIMES)
    return min(cpu for cpu, _ in costs[1:]), max(peak for _, peak in costs), log


def _on_postgres(home: Path, day: str) -> Iterator[Figure]:
    """The same log in Debian's PostgreSQL, where there is one."""
    if BIN is None:
        return
    with postgres() as url:
        other = home.with_name("postgres")
        other.mkdir()
        (other / "dagster.yaml").write_text(dagster_yaml(url), encoding="utf-8")
        os.environ["DAGSTER_HOME"] = str(other)
        *_, log = _launched(other, day, lambda: postgres_bytes(url))
    yield Figure(LOG, log, POSTGRES_MB, "MB", "its limit", 1.0, note="PostgreSQL")


def _refresh(server: CodeServer, day: str) -> tuple[float, float]:
    before, own = server.cpu(), time.process_time()
    run_id = server.create(JOB, {"dagster/partition": day, SCHEDULE: "qtickets_every_15_minutes"})
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
    keep("refresh", found)
    Console(width=150).print(table(found, absolute=True))
