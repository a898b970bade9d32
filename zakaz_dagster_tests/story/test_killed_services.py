"""kill -9 of daemon, web server, code server and a run's worker, while days are loaded: no tick and no day is lost.

The services are processes of their own, as the units of deploy/systemd start them and as systemd would restart them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from zakaz_dagster import resources
from zakaz_dagster.dev.reconcile import compare
from zakaz_dagster.dev.stack import enter, stack
from zakaz_dagster.installation import UNITS
from zakaz_dagster.settings import Settings
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse import schema
from zakaz_dagster_tests._private import TickStatus
from zakaz_dagster_tests.story.dagster_dev import Dagster, _answers, wait
from zakaz_dagster_tests.story.every_two_minutes import EVERY_SECONDS
from zakaz_dagster_tests.story.test_backfill import CATALOGUE, DIMENSIONS, TABLES, ended
from zakaz_dagster_tests.supervisor import Supervisor, as_env, free, here

SCHEDULE = "qtickets_every_15_minutes"
DAYS, PATIENCE = 12, 240
SERVICES = ("code", "daemon", "webserver")
OFTEN = {"zakaz_dagster.code_server": "zakaz_dagster_tests.story.every_two_minutes"}
AT_WORK = [dg.DagsterRunStatus.STARTED]
OPEN = [*AT_WORK, dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED]


@dataclass
class Services:
    supervisor: Supervisor
    dagster: Dagster
    instance: dg.DagsterInstance

    def at_work(self) -> list[dg.DagsterRun]:
        return list(self.instance.get_runs(dg.RunsFilter(statuses=AT_WORK)))

    def kill(self, service: str) -> None:
        """While a run is at work, the code server and the daemon so that they miss a tick's moment."""
        if service != "webserver":
            time.sleep(max(0.0, EVERY_SECONDS - time.time() % EVERY_SECONDS - 5))
        wait(self.at_work, PATIENCE)
        before = len(self.supervisor.starts[f"zakaz-{service}"])
        self.supervisor.kill(f"zakaz-{service}")
        wait(lambda: len(self.supervisor.starts[f"zakaz-{service}"]) > before, 30)
        wait(lambda: _answers(self.dagster.port), PATIENCE)

    def kill_worker(self) -> dg.DagsterRun:
        for _ in range(20):
            for run in wait(self.at_work, PATIENCE):
                with suppress(ProcessLookupError):
                    os.kill(wait(lambda run=run: self.dagster.worker(run.run_id), 30), signal.SIGKILL)
                    return run
        raise AssertionError("no worker could be killed")

    def ticks(self) -> list[Any]:
        states = [each for each in self.instance.all_instigator_state() if each.instigator_name == SCHEDULE]
        found = [
            tick for each in states for tick in self.instance.get_ticks(each.instigator_origin_id, each.selector_id)
        ]
        return sorted(found, key=lambda each: each.timestamp)


@contextmanager
def services(home: Path, options: list[str]) -> Iterator[Services]:
    with stack(home, options) as running:
        kept = dict(os.environ)
        ports = {"CODE_PORT": free(), "UI_PORT": free()}
        enter(running)
        os.environ["CODE_PORT"] = str(ports["CODE_PORT"])
        (home / "dagster" / "workspace.yaml").write_text((UNITS / "workspace.yaml").read_text())
        warehouse = resources.warehouse(Settings())
        schema.apply(warehouse)
        supervisor = Supervisor(as_env, home / "logs", dict(os.environ))
        try:
            supervisor.start(*(here(name, home, ports, OFTEN) for name in SERVICES))
            wait(lambda: _answers(ports["UI_PORT"]), PATIENCE)
            with dg.DagsterInstance.get() as instance:
                yield Services(supervisor, Dagster(ports["UI_PORT"], running, warehouse), instance)
        finally:
            supervisor.stop()
            os.environ.clear()
            os.environ.update(kept)


def code_children(pid: int) -> list[int]:
    """The processes that a code server started, and theirs."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    found = [int(word) for word in listed.split()]
    return [*found, *(each for child in found for each in code_children(child))]


@pytest.mark.slow
def test_whatever_is_killed_no_tick_and_no_day_is_lost(tmp_path: Path) -> None:
    today = datetime.now(MOSCOW).date()
    last, first = today - timedelta(days=1), today - timedelta(days=DAYS)
    keys = [(first + timedelta(days=offset)).isoformat() for offset in range(DAYS)]
    with services(tmp_path, ["--days", str(DAYS), "--orders-per-day", "15", "--groups", "1"]) as found:
        wait(found.ticks, PATIENCE)
        ended(found.dagster, found.dagster.launch("__ASSET_JOB", {}, [*CATALOGUE, *DIMENSIONS]), PATIENCE)
        for service, vendor in (("daemon", "qtickets"), ("webserver", "vk_ads"), ("code", "yandex_direct")):
            backfill = found.dagster.backfill(TABLES[vendor], keys)
            found.kill(service)
            loaded_in_the_end(found, backfill)
        found.dagster.backfill(TABLES["vk_ads"], keys)
        retried(found, found.kill_worker())
        # The machine: code server, its helper and the workers at once. Nobody is left who could tell of the runs.
        found.dagster.backfill(TABLES["qtickets"], keys)
        run = wait(found.at_work, PATIENCE)[0]
        wait(lambda: found.dagster.worker(run.run_id), 30)
        main = found.supervisor.processes["zakaz-code"].pid
        for pid in [*code_children(main), main]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        retried(found, run)
        wait(lambda: not found.instance.get_runs(dg.RunsFilter(statuses=OPEN)), PATIENCE)
        every_tick_ran(found)
        for book, cells, wrong in compare(found.dagster.warehouse, found.dagster.stack.sandbox.url, first, last):
            assert cells > DAYS / 2, book
            assert wrong == [], book


def loaded_in_the_end(found: Services, backfill: str) -> None:
    """A run of it may have died with the code server; then the one that was started in its place is of it, too."""

    def well() -> bool:
        runs = found.dagster.runs(backfill)
        return bool(runs) and all(done(found, run["runId"]) for run in runs)

    wait(well, PATIENCE)


def retried(found: Services, run: dg.DagsterRun) -> None:
    """It ends as failed, and another one does its work."""
    wait(lambda: found.instance.get_run_by_id(run.run_id).is_finished, PATIENCE)  # type: ignore[union-attr]
    again = dg.RunsFilter(tags={"dagster/parent_run_id": run.run_id}, statuses=[dg.DagsterRunStatus.SUCCESS])
    if found.instance.get_run_by_id(run.run_id).status is dg.DagsterRunStatus.FAILURE:  # type: ignore[union-attr]
        wait(lambda: found.instance.get_runs(again), PATIENCE)


def every_tick_ran(found: Services) -> None:
    """No tick is missing, and each asked for a run that has succeeded."""
    until = time.time()
    ticks = wait(lambda: (ticks := found.ticks()) and ticks[-1].timestamp > until and ticks, PATIENCE)[:-1]
    assert len(ticks) > 3
    assert {later.timestamp - earlier.timestamp for earlier, later in pairwise(ticks)} == {EVERY_SECONDS}
    assert {tick.status for tick in ticks} == {TickStatus.SUCCESS}
    assert all(tick.run_ids for tick in ticks)
    for run in (run for tick in ticks for run in tick.run_ids):
        assert done(found, run), run


def done(found: Services, run: str) -> bool:
    """It or the one that was started in its place."""
    again = dg.RunsFilter(tags={"dagster/root_run_id": run}, statuses=[dg.DagsterRunStatus.SUCCESS])
    return found.dagster.run(run)["status"] == "SUCCESS" or bool(found.instance.get_runs(again))
