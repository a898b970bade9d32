"""Runs whose process is gone: after a crash of the machine nobody else ends them, and each keeps its vendor to itself.

Dagster's code server tells when a process dies that it started itself. When it died as well (power, memory, a container
replaced), the run stands as started until its longest runtime is over, hours later. Here such runs end within two
minutes, and Dagster's `run_retries` starts them again.
Belongs here: which runs, and their end. Does not: what a crash left in tables (`healing`).
"""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

SENSOR = "lost_runs"
AT_WORK = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
PROCESS = re.compile(r"Started process for run \(pid: (\d+)\)")
PATIENCE = timedelta(minutes=10)  # for a process to say that it is there
LATE = timedelta(minutes=2)  # clocks are set; a number is given again much later
PROC = Path("/proc")


def definitions() -> dg.Definitions:
    """The sensor."""

    @dg.sensor(
        name=SENSOR,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Ends runs whose process died with the machine or the code server, so that they are started again",
    )
    def lost_runs(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        instance = context.instance
        if not here(instance):
            return dg.SkipReason("runs are at work on other machines, which tell when one dies")
        seen, gone = set(json.loads(context.cursor or "[]")), lost(instance, datetime.now(UTC))
        for run_id in gone & seen:  # twice, because the code server may be about to tell by itself
            end(instance, run_id)
        words = dg.SkipReason(f"{len(gone)} runs without a process" if gone else "every run at work has its process")
        return dg.SensorResult(skip_reason=words, cursor=json.dumps(sorted(gone - seen)))

    return dg.Definitions(sensors=[lost_runs])


def here(instance: dg.DagsterInstance) -> bool:
    """Whether runs are children of the code server, on its machine."""
    return type(instance.run_launcher).__name__ == "DefaultRunLauncher"


def lost(instance: dg.DagsterInstance, now: datetime) -> set[str]:
    """The runs at work that have no process."""
    records = instance.get_run_records(dg.RunsFilter(statuses=AT_WORK))
    return {record.dagster_run.run_id for record in records if _lost(instance, record, now)}


def _lost(instance: dg.DagsterInstance, record: dg.RunRecord, now: datetime) -> bool:
    """Runs that were not launched by a code server (`zakaz load history`) have no such event, and are left alone."""
    run_id = record.dagster_run.run_id
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        found = PROCESS.search(entry.message or entry.user_message or "")
        if found:
            return not alive(int(found[1]), datetime.fromtimestamp(entry.timestamp, UTC))
    starting = record.dagster_run.status is dg.DagsterRunStatus.STARTING
    return starting and now - record.update_timestamp.replace(tzinfo=UTC) > PATIENCE


def alive(pid: int, said: datetime) -> bool:
    """Whether that process runs; one that began well after the event is another one with the same number."""
    try:
        state, *rest = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    [booted] = [int(line.split()[1]) for line in (PROC / "stat").read_text().splitlines() if line.startswith("btime ")]
    began = datetime.fromtimestamp(booted + int(rest[18]) / os.sysconf("SC_CLK_TCK"), UTC)
    return state not in "ZX" and began <= said + LATE


def end(instance: dg.DagsterInstance, run_id: str) -> None:
    """As failed, unless it has ended meanwhile."""
    run = instance.get_run_by_id(run_id)
    if run is not None and not run.is_finished:
        instance.report_run_failed(
            run, "Its process is gone: machine or code server died with it. It is started again."
        )
