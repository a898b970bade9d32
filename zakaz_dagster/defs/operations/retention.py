"""Retention: Dagster never forgets a run by itself, so old ones go every night, with their files.

What is kept whatever its age: the newest run of every day of every table (deleting it would un-materialise the day),
the newest run of everything else, the newest evaluation of every check, and what has not ended. Ticks have their
retention in dagster.yaml. The audit in ClickHouse outlives the runs and is dropped by whole months.

Measured on SQLite with all assets and 66 checks: 0.61 MB a run of qtickets_refresh (96 a day), 1.08 MB a run of
all_checks (12 a day), so 72 MB a day and 1 GB for the 14 days kept; deleting takes 60 ms a run on two busy cores.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster import AssetKey, DagsterEventType, DagsterInstance, RunsFilter
from dagster._core.event_api import AssetRecordsFilter
from dagster._core.storage.dagster_run import FINISHED_STATUSES

if TYPE_CHECKING:
    from zakaz_dagster.alerts.service import Alerts


if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

MOST = 2000  # runs a night: about a minute; a long history goes in several nights
CHUNK = 500
SIDE_FILES = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True)
class Keep:
    """How long things are kept."""

    runs_days: int = 14
    audit_months: int = 25
    alerts_days: int = 90


def definitions(keep: Keep) -> dg.Definitions:
    """The nightly job; wants the resources `warehouse` and `alerts`."""

    @dg.op(required_resource_keys={"warehouse", "alerts"})
    def forget(context: dg.OpExecutionContext) -> None:
        from zakaz_dagster.warehouse import run_ledger

        now = datetime.now(UTC)
        runs = forget_runs(context.instance, now - timedelta(days=keep.runs_days))
        checks = forget_evaluations(context.instance, now - timedelta(days=keep.runs_days))
        warehouse: Warehouse = context.resources.warehouse.tagged(run=context.run_id, asset="housekeeping")
        months = run_ledger.forget(warehouse, first_of(now.date(), keep.audit_months))
        alerts: Alerts = context.resources.alerts
        sent = alerts.forget(now - timedelta(days=keep.alerts_days))
        context.log.info(
            "forgotten: %d runs, %d check evaluations, %d months of the audit, %d sent notices",
            runs, checks, months, sent,
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


def forget_runs(instance: DagsterInstance, before: datetime, most: int = MOST) -> int:
    """Delete finished runs made before then, the oldest first, with their files; how many."""
    old = instance.get_run_records(
        RunsFilter(statuses=list(FINISHED_STATUSES), created_before=before), limit=most, ascending=True
    )
    if not old:
        return 0
    kept = needed(instance)
    gone = [record.dagster_run.run_id for record in old if record.dagster_run.run_id not in kept]
    for run_id in gone:
        instance.delete_run(run_id)
        _remove_files(instance, run_id)
    return len(gone)


def forget_evaluations(instance: DagsterInstance, before: datetime) -> int:
    """Delete evaluations of checks made before then, but the newest of each; runs do not take theirs with them."""
    import sqlalchemy as db
    from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
    from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return 0
    table = AssetCheckExecutionsTable
    newest = db.select(db.func.max(table.c.id)).group_by(table.c.asset_key, table.c.check_name)
    old = table.c.create_timestamp < before.astimezone(UTC).replace(tzinfo=None)
    with storage.index_connection() as connection:
        return int(connection.execute(table.delete().where(old).where(table.c.id.not_in(newest))).rowcount)


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
    from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

    shutil.rmtree(Path(instance.storage_directory()) / run_id, ignore_errors=True)
    storage = instance.event_log_storage
    if isinstance(storage, SqliteEventLogStorage):
        for suffix in SIDE_FILES:
            Path(f"{storage.path_for_shard(run_id)}{suffix}").unlink(missing_ok=True)


def first_of(today: date, months: int) -> date:
    """The first day of the month so many months ago."""
    month = today.year * 12 + today.month - 1 - months
    return date(month // 12, month % 12 + 1, 1)
