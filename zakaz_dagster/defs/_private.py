"""Everything of Dagster that has no public name, a line each with its reason; nobody else imports from `dagster._…`.

An upgrade of Dagster is tried here first: what moved fails at this one place. What only a nightly job needs is imported
when it is called, because it brings SQLAlchemy.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from multiprocessing import forkserver
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    "EVALUATED",
    "RUN_MODULES",
    "AssetCheckExecutionRecord",
    "AssetCheckExecutionRecordStatus",
    "AssetJob",
    "CheckError",
    "InstigatorStatus",
    "SerializableErrorInfo",
    "StepFailureData",
    "TickStatus",
    "TimeWindowFreshnessPolicy",
    "command_line",
    "delete_check_evaluations",
    "delete_evaluations_of",
    "fork_runs",
    "keep_engines",
    "keep_value",
    "read_value",
    "run_loggers",
    "sqlite_file",
]

# A record of a check that says something; every other is a plan, of which a range run makes one for each day.
EVALUATED = frozenset({AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED})

# What Dagster imports only when a run is at work.
RUN_MODULES = (
    "dagster._core.execution.plan.active",
    "dagster._core.execution.plan.execute_step",
    "dagster._core.executor.in_process",
    "dagster._core.instance.factory",
    "dagster._core.instance.runs.run_domain",
    "dagster._core.launcher.default_run_launcher",
    "dagster._core.run_coordinator.queued_run_coordinator",
    "dagster._core.secrets.env_file",
    "dagster._core.storage.local_compute_log_manager",
    "dagster._core.storage.root",
    "dagster._core.storage.sqlite_storage",
    "dagster._daemon.auto_run_reexecution.auto_run_reexecution",
    "dagster._grpc.impl",
)

if TYPE_CHECKING:
    from sqlalchemy import Engine, Pool

    Loggers = Sequence[tuple[dg.LoggerDefinition, Mapping[str, object]]]


def run_loggers(loggers: Callable[[dg.DagsterInstance | None], Loggers]) -> None:
    """Replace the loggers of runs whose configuration names none: there is no setting for that."""
    from dagster._core.execution import context_creation_job

    setattr(context_creation_job, "default_system_loggers", loggers)  # noqa: B010  it is no exported name


def keep_engines() -> None:
    """Let this process make each of SQLite's engines once.

    Dagster makes one for every event that it writes, and one that is new compiles each of its statements anew: a third
    of what a refresh costs. None of them keeps a connection, so they are safe to share, also by forked processes.
    """
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from dagster._core.storage.runs.sqlite import sqlite_run_storage
    from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage

    for storage in (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage):
        setattr(storage, "create_engine", _engine)  # noqa: B010  the name by which these modules make engines


def _engine(url: str, **given: Any) -> Engine:
    return _kept_engine(url, given["poolclass"], given.get("connect_args", {}).get("timeout"))


@lru_cache(maxsize=64)  # a file for every run
def _kept_engine(url: str, poolclass: type[Pool], timeout: float | None) -> Engine:
    from sqlalchemy import create_engine

    return create_engine(url, poolclass=poolclass, connect_args={} if timeout is None else {"timeout": timeout})


def delete_check_evaluations(instance: dg.DagsterInstance, before: datetime) -> int:
    """Delete evaluations of checks made before then: Dagster itself never deletes any.

    The newest record of each stays, and where that is only planned the newest evaluation as well: `blocked_by` asks it.
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
    evaluated = newest.where(table.c.execution_status.in_([each.value for each in EVALUATED]))
    old = table.c.create_timestamp < before.astimezone(UTC).replace(tzinfo=None)
    running = [run.run_id for run in instance.get_runs(dg.RunsFilter(statuses=list(UNFINISHED)))]
    planned = (table.c.execution_status == "PLANNED") & table.c.partition.is_not(None) & table.c.run_id.not_in(running)
    outdated = table.delete().where(old | planned).where(table.c.id.not_in(newest), table.c.id.not_in(evaluated))
    with storage.index_connection() as connection:
        return int(connection.execute(outdated).rowcount)


def delete_evaluations_of(instance: dg.DagsterInstance, run_id: str) -> None:
    """Delete the evaluations of a run that is about to be deleted: Dagster leaves them behind."""
    from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
    from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

    storage = instance.event_log_storage
    if isinstance(storage, SqlEventLogStorage):
        with storage.index_connection() as connection:
            connection.execute(AssetCheckExecutionsTable.delete().where(AssetCheckExecutionsTable.c.run_id == run_id))


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


def command_line() -> None:
    """The command `dagster`, with the arguments of this process."""
    from dagster._cli import main

    main()  # type: ignore[no-untyped-call]


def fork_runs(modules: Sequence[str]) -> None:
    """Code servers of this process fork their runs from a process that has imported `modules`: no setting for that."""
    from dagster._grpc.server import DagsterApiServer

    forking = multiprocessing.get_context("forkserver")
    forking.set_forkserver_preload(list(modules))
    own = DagsterApiServer.__init__

    def init(server: DagsterApiServer, *args: object, **named: object) -> None:
        own(server, *args, **named)  # type: ignore[arg-type]
        setattr(server, "_mp_ctx", forking)  # noqa: B010  its name for how processes start
        forkserver.ensure_running()  # now, with the variables that the server has: the first run finds it warm

    setattr(DagsterApiServer, "__init__", init)  # noqa: B010  a method of a class that is not ours
