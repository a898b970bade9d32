"""Everything of Dagster that has no public name, a line each with its reason; nobody else imports from `dagster._…`.

An upgrade of Dagster is tried here first: what moved fails at this one place. What only a nightly job needs is imported
when it is called, because it brings SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster._check import CheckError  # what a context raises that has no repository (a job run on its own)
from dagster._core.definitions.freshness import (
    TimeWindowFreshnessPolicy,  # the class behind FreshnessPolicy.time_window
)
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition as AssetJob,  # what define_asset_job gives
)
from dagster._core.execution.plan.objects import StepFailureData  # the event data of a failed step
from dagster._core.scheduler.instigation import InstigatorStatus, TickStatus  # states of schedules and their ticks
from dagster._core.storage.asset_check_execution_record import (  # the newest record of a check, evaluated or not
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)
from dagster_shared.error import SerializableErrorInfo  # an exception as the event log keeps it

__all__ = [
    "AssetCheckExecutionRecord",
    "AssetCheckExecutionRecordStatus",
    "AssetJob",
    "CheckError",
    "InstigatorStatus",
    "SerializableErrorInfo",
    "StepFailureData",
    "TickStatus",
    "TimeWindowFreshnessPolicy",
    "delete_check_evaluations",
    "keep_value",
    "read_value",
    "run_loggers",
    "sqlite_file",
]

if TYPE_CHECKING:
    Loggers = Sequence[tuple[dg.LoggerDefinition, Mapping[str, object]]]


def run_loggers(loggers: Callable[[dg.DagsterInstance | None], Loggers]) -> None:
    """Replace the loggers of runs whose configuration names none: there is no setting for that."""
    from dagster._core.execution import context_creation_job

    setattr(context_creation_job, "default_system_loggers", loggers)  # noqa: B010  it is no exported name


def delete_check_evaluations(instance: dg.DagsterInstance, before: datetime) -> int:
    """Delete evaluations of checks made before then, but the newest of each: Dagster itself never deletes any.

    Of runs that have ended, also what they had planned to check, whenever that was: one row for each check and day of
    a range (36,520 for ten years), though a check of ours is evaluated once for all of them.
    """
    import sqlalchemy as db
    from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
    from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

    from zakaz_dagster.defs.shared.requests import UNFINISHED

    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return 0
    table = AssetCheckExecutionsTable
    newest = db.select(db.func.max(table.c.id)).group_by(table.c.asset_key, table.c.check_name)
    old = table.c.create_timestamp < before.astimezone(UTC).replace(tzinfo=None)
    running = [run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=list(UNFINISHED)))]
    planned = (table.c.execution_status == "PLANNED") & table.c.partition.is_not(None) & table.c.run_id.not_in(running)
    with storage.index_connection() as connection:
        return int(connection.execute(table.delete().where(old | planned).where(table.c.id.not_in(newest))).rowcount)


def sqlite_file(instance: dg.DagsterInstance, run_id: str) -> Path | None:
    """The file that SQLite keeps for a run, which deleting the run leaves behind; None in other storages."""
    from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

    storage = instance.event_log_storage
    return Path(storage.path_for_shard(run_id)) if isinstance(storage, SqliteEventLogStorage) else None


def read_value(instance: dg.DagsterInstance, key: str) -> str:
    """A value of ours that outlives processes, kept by Dagster's own storage; '' when there is none."""
    storage = instance.daemon_cursor_storage
    return storage.get_cursor_values({key}).get(key, "") if storage else ""


def keep_value(instance: dg.DagsterInstance, key: str, value: str) -> None:
    """Keep a value under a key of ours."""
    if storage := instance.daemon_cursor_storage:
        storage.set_cursor_values({key: value})
