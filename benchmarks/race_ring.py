"""Vendors, a database and recorded bodies, and one run of a runner among them: what it cost and what it left.

Belongs here: processes and counting. Does not: who runs, how often, and what is made of it (`race`, `race_faults`).
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from benchmarks.child import PROJECT
from benchmarks.endpoint import serving
from benchmarks.race_pages import FIRST, REPORT_DAYS, Due, last_day, write_pages, write_report
from benchmarks.race_place import Place
from zakaz_dagster.dev.stack import Service, start
from zakaz_dagster.warehouse import schema

RUNNERS: dict[str, dict[str, str]] = {
    "tickets": {
        "ours": "race_ours.tickets",
        "dlt": "race_dlt.tickets",
        "dlt, merge": "race_dlt.merged_tickets",
        "pydantic rows": "race_scripts.rows_tickets",
        "pandas": "race_scripts.pandas_tickets",
        "bare": "race_bare.tickets",
        "bare, by day": "race_bare.tickets_by_day",
    },
    "report": {
        "ours": "race_ours.report",
        "dlt": "race_dlt.report",
        "dlt, Arrow": "race_dlt.arrow_report",
        "pydantic rows": "race_scripts.rows_report",
        "pandas": "race_scripts.pandas_report",
        "bare": "race_bare.report",
        "bare, by day": "race_bare.report_by_day",
    },
}


@dataclass(frozen=True)
class Run:
    """What one run cost and left; `red` is what it said when it refused."""

    cpu: float
    wall: float
    megabytes: float
    requests: int
    rows: int
    roubles: float
    red: str = ""


@dataclass(frozen=True)
class Ring:
    """Everything that runs for the race. `due`: what is right; `middle`: the page in the middle."""

    place: Place
    engine: Service
    last: dict[str, date]
    due: dict[str, Due]
    middle: int

    def run(self, what: str, runner: str, first: date = FIRST) -> Run:
        before = cpu_of(self.engine.process.pid)
        child = self.begin(what, runner, first)
        said, errors = child.communicate()
        red = "" if child.returncode == 0 else errors.strip().splitlines()[-1].partition(": ")[2]
        taken = {"cpu": 0.0, "wall": 0.0, "megabytes": 0.0} if red else json.loads(said.splitlines()[-1])
        endpoint, requests = cpu_of(self.engine.process.pid) - before, self.place.requests
        rows, roubles = self.place.held(runner, what)
        return Run(taken["cpu"] + endpoint, taken["wall"], taken["megabytes"], requests, rows, roubles, red)

    def begin(self, what: str, runner: str, first: date = FIRST) -> subprocess.Popen[str]:
        asked = [RUNNERS[what][runner], self.place.text, str(first), str(self.last[what])]
        env = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONWARNINGS": "ignore"}
        command = [sys.executable, "-m", "benchmarks.race_ring", *asked]
        return subprocess.Popen(
            command, cwd=PROJECT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )


@contextmanager
def ring(orders: int, rows: int) -> Iterator[Ring]:
    """It ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        pages, tickets = write_pages(home, orders)
        report = write_report(home / "report.tsv", rows)
        vendor = start("vendor", ["-m", "benchmarks.race_vendor", folder], home)
        try:
            with serving(home) as (warehouse, engine):
                schema.apply(warehouse)
                place = Place(vendor.url, warehouse.config.port, engine.password, str(home / "dlt.duckdb"))
                last = {"tickets": last_day(orders), "report": FIRST + timedelta(days=REPORT_DAYS - 1)}
                yield Ring(place, engine, last, {"tickets": tickets, "report": report}, pages // 2)
        finally:
            vendor.stop()


def cpu_of(pid: int) -> float:
    """CPU seconds of a process until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """One run in this process: RUNNER PLACE FIRST LAST. Imports are over before anything is counted."""
    runner, place, first, last = sys.argv[1:]
    module, function = runner.split(".")
    run = getattr(importlib.import_module(f"benchmarks.{module}"), function)
    wall, cpu = time.perf_counter(), time.process_time()
    run(Place(**json.loads(place)), date.fromisoformat(first), date.fromisoformat(last))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        json.dumps({"cpu": cpu, "wall": wall, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024})
    )


if __name__ == "__main__":
    main()
