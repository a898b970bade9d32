"""A run whose process died together with the code server ends within two looks; a run that is at work never does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from zakaz_dagster.defs.operations import lost_runs
from zakaz_dagster_tests.defs.conftest import add_run

STARTED, STARTING, FAILURE = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.FAILURE


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def launched(instance: dg.DagsterInstance, pid: int, status: dg.DagsterRunStatus = STARTED) -> dg.DagsterRun:
    run = add_run(instance, "qtickets_refresh", status)
    instance.report_engine_event(f"Started process for run (pid: {pid}).", run)
    return run


def look(instance: dg.DagsterInstance, cursor: str | None = None) -> str | None:
    [sensor] = lost_runs.definitions().sensors or []
    with dg.build_sensor_context(instance, cursor) as context:
        return sensor.evaluate_tick(context).cursor  # type: ignore[union-attr]


def state(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


@pytest.mark.parametrize("status", [STARTED, STARTING])
def test_a_run_without_its_process_ends_at_the_second_look(
    instance: dg.DagsterInstance, gone: int, status: dg.DagsterRunStatus
) -> None:
    run = launched(instance, gone, status)
    cursor = look(instance)
    assert state(instance, run) is status, "its code server may be about to tell"
    look(instance, cursor)
    assert state(instance, run) is FAILURE
    said = [entry.message for entry in instance.all_logs(run.run_id)]
    assert any("Its process is gone" in each for each in said)


def test_a_run_at_work_and_one_that_ended_meanwhile_are_left_alone(instance: dg.DagsterInstance, gone: int) -> None:
    at_work, by_hand, done = launched(instance, os.getpid()), add_run(instance, "x", STARTED), launched(instance, gone)
    cursor = look(instance)
    instance.report_run_canceled(done)
    for _ in range(2):
        cursor = look(instance, cursor)
    assert [state(instance, run) for run in (at_work, by_hand, done)] == [
        STARTED,
        STARTED,
        dg.DagsterRunStatus.CANCELED,
    ]


def test_a_start_that_never_told_its_process_is_waited_for_ten_minutes(instance: dg.DagsterInstance) -> None:
    run = add_run(instance, "qtickets_refresh", STARTING)
    now = datetime.now(UTC)
    assert lost_runs.lost(instance, now + timedelta(minutes=9)) == set()
    assert lost_runs.lost(instance, now + timedelta(minutes=11)) == {run.run_id}


def test_a_younger_process_of_the_same_number_is_another_one_and_a_dead_child_is_none() -> None:
    now = datetime.now(UTC)
    assert lost_runs.alive(os.getpid(), now)
    assert not lost_runs.alive(os.getpid(), now - timedelta(days=1))
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and nobody has asked how
    assert not lost_runs.alive(child.pid, now)
    child.wait()


def test_runs_on_other_machines_are_not_judged(gone: int) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run = launched(instance, gone)
        look(instance, look(instance))
        assert state(instance, run) is STARTED
