"""Retention: Dagster never forgets a run by itself, so old ones go every night, with their files.

What is kept whatever its age: the newest run of every day of every table (deleting it would un-materialise the day),
the newest run of everything else, the newest evaluation of every check, and what has not ended. Ticks have their
retention in dagster.yaml. The audit in ClickHouse outlives the runs and is dropped by whole months.

What a clock has asked for goes after an hour and a half already, once the audit has it, when all of it was green and a
later run of the same job and days has taken its place: it says nothing that the later one does not. 96 refreshes of a
day are 90 MB on SQLite otherwise.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster import AssetKey, AssetRecordsFilter, DagsterEventType, DagsterInstance, RunsFilter

from zakaz_dagster import timezone
from zakaz_dagster.defs._private import (
    delete_check_evaluations,
    delete_evaluations_of,
    keep_value,
    read_value,
    sqlite_file,
)
from zakaz_dagster.defs.shared.params import AlertsParam, WarehouseParam
from zakaz_dagster.defs.shared.partitions import days_of_tags
from zakaz_dagster.defs.shared.requests import FINISHED
from zakaz_dagster.defs.shared.schedules import SCHEDULE

MOST = 2000  # runs a night: about a minute; a long history goes in several nights
LEFT = "zakaz/runs_left"  # where the last night says how many runs it had to leave for the next one
CHUNK = 500
ROUTINE = timedelta(minutes=90)  # so long a green run that was repeated since can be looked at in the UI
LOOKED = timedelta(days=2)  # so far back they are looked for
SENSOR = "dagster/sensor_name"
SIDE_FILES = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True)
class Keep:
    """How long things are kept."""

    runs_days: int = 14
    audit_months: int = 25
    alerts_days: int = 90


def definitions(keep: Keep) -> dg.Definitions:
    """The nightly job."""

    @dg.op
    def forget(context: dg.OpExecutionContext, warehouse: WarehouseParam, alerts: AlertsParam) -> None:
        from zakaz_dagster.warehouse import run_ledger

        now = timezone.now()
        runs = forget_runs(context.instance, now - timedelta(days=keep.runs_days))
        checks = delete_check_evaluations(context.instance, now - timedelta(days=keep.runs_days))
        tagged = warehouse.tagged(run=context.run.run_id, asset="housekeeping")
        months = run_ledger.forget(tagged, first_of(now.date(), keep.audit_months))
        sent = alerts.forget(now - timedelta(days=keep.alerts_days))
        keep_value(context.instance, LEFT, str(runs.left))
        context.log.info(
            "forgotten: %d runs, %d check evaluations, %d months of the audit, %d sent notices; runs left for the next"
            " night: %d",
            runs.gone, checks, months, sent, runs.left,
        )  # fmt: skip

    @dg.job(description="Forget old runs, except those that say which days are loaded; old audit; old notices")
    def housekeeping() -> None:
        forget()

    return dg.Definitions(
        jobs=[housekeeping],
        schedules=[
            dg.ScheduleDefinition(
                name="housekeeping_nightly",
                job=housekeeping,
                cron_schedule="40 4 * * *",
                execution_timezone="Europe/Moscow",
                default_status=dg.DefaultScheduleStatus.RUNNING,
            )
        ],
    )


@dataclass(frozen=True)
class Forgotten:
    """How many runs were deleted, and how many more could have been."""

    gone: int
    left: int


def forget_runs(instance: DagsterInstance, before: datetime, most: int = MOST) -> Forgotten:
    """Delete finished runs made before then that nothing needs, the oldest first, with their files; at most `most`."""
    kept = needed(instance)
    old = [run_id for run_id in _old(instance, before) if run_id not in kept]
    for run_id in old[:most]:
        instance.delete_run(run_id)
        _remove_files(instance, run_id)
    return Forgotten(len(old[:most]), len(old[most:]))


def forget_routine(instance: DagsterInstance, before: datetime) -> int:
    """Delete the green runs of clocks that were made before then and that a later run repeated; how many."""
    recent = RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], created_after=before - LOOKED)
    repeated: set[tuple[object, ...]] = set()
    gone = 0
    for record in instance.get_run_records(recent):  # the newest first
        run, made = record.dagster_run, record.create_timestamp.replace(tzinfo=UTC)
        what: tuple[object, ...] = (run.job_name, run.asset_selection, days_of_tags(run.tags))
        if (
            what in repeated
            and made < before
            and run.tags.keys() & {SCHEDULE, SENSOR}
            and is_green(instance, run.run_id)
        ):
            delete_evaluations_of(instance, run.run_id)
            instance.delete_run(run.run_id)
            _remove_files(instance, run.run_id)
            gone += 1
        repeated.add(what)
    return gone


def is_green(instance: DagsterInstance, run_id: str) -> bool:
    """Whether none of the checks that it evaluated was red, as a warning or as an error."""
    entries = instance.all_logs(run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    return all(each.get_dagster_event().asset_check_evaluation_data.passed for each in entries)


def runs_left(instance: DagsterInstance) -> int:
    """How many runs the last night had to leave for the next one."""
    return int(read_value(instance, LEFT) or 0)


def _old(instance: DagsterInstance, before: datetime) -> Iterator[str]:
    """Finished runs made before then, the oldest first; read in pieces, for there may be many that are needed."""
    cursor = None
    while True:
        records = instance.get_run_records(
            RunsFilter(statuses=list(FINISHED), created_before=before), limit=CHUNK, ascending=True, cursor=cursor
        )
        yield from (record.dagster_run.run_id for record in records)
        if len(records) < CHUNK:
            return
        cursor = records[-1].dagster_run.run_id


def needed(instance: DagsterInstance) -> set[str]:
    """Runs that say what is loaded: the newest of every day and table."""
    return {run_id for key in instance.get_asset_keys() for run_id in _newest(instance, key)}


def _newest(instance: DagsterInstance, key: AssetKey) -> Iterator[str]:
    by_day = instance.get_latest_storage_id_by_partition(key, DagsterEventType.ASSET_MATERIALIZATION)
    ids = sorted(by_day.values())
    for start in range(0, len(ids), CHUNK):
        yield from _run_ids(instance, AssetRecordsFilter(key, storage_ids=ids[start : start + CHUNK]), CHUNK)
    yield from _run_ids(instance, AssetRecordsFilter(key), 1)


def _run_ids(instance: DagsterInstance, records: AssetRecordsFilter, limit: int) -> Iterator[str]:
    return (record.event_log_entry.run_id for record in instance.fetch_materializations(records, limit).records)


def _remove_files(instance: DagsterInstance, run_id: str) -> None:
    """SQLite keeps a file for every run, and local logs a folder; deleting the run leaves both behind."""
    shutil.rmtree(Path(instance.storage_directory()) / run_id, ignore_errors=True)
    if (file := sqlite_file(instance, run_id)) is not None:
        for suffix in SIDE_FILES:
            Path(f"{file}{suffix}").unlink(missing_ok=True)


def first_of(today: date, months: int) -> date:
    """The first day of the month so many months ago."""
    month = today.year * 12 + today.month - 1 - months
    return date(month // 12, month % 12 + 1, 1)
