"""What tests need of Dagster and has no public name: the records that its daemon and its UI write.

Nobody else imports from `dagster._…`; `zakaz_dagster.defs._private` is the same for the platform itself.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

import dagster as dg
from dagster._cli import create_dagster_cli  # the command line that documents name
from dagster._cli.job import _create_run as create_remote_run  # a run as a tick of a schedule creates it
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.execution import context_creation_job  # whose default loggers runs_as_json replaces
from dagster._core.execution.plan.active import ActiveExecution  # where a run's worker can be stopped between steps
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.remote_representation.external_data import RepositorySnap
from dagster._core.scheduler.instigation import (  # what the switch of a schedule and the look of a sensor leave
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.test_utils import create_run_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import (  # what its web server is made over
    WorkspaceProcessContext,
    WorkspaceRequestContext,
)
from dagster._core.workspace.load_target import (
    EmptyWorkspaceTarget,
    GrpcServerTarget,
    PyProjectFileTarget,
    WorkspaceFileTarget,
)
from dagster._daemon.types import DaemonHeartbeat  # the daemon's sign of life
from dagster._utils.schedules import get_latest_completed_cron_tick
from dagster_shared.error import SerializableErrorInfo


def schedule_context(instance: dg.DagsterInstance, at: datetime, **more: Any) -> dg.ScheduleEvaluationContext:
    """A tick at `at` that sees `instance`, which may be in memory: Dagster's own context gives only stored ones."""
    made = dg.build_schedule_context(instance, at, **more)
    made._instance_ref, made._instance = object(), instance
    return made


def connect_once(instance: dg.DagsterInstance) -> None:
    """The log of an ephemeral instance asks over the connection that it holds, instead of a new one for each event."""
    log: Any = instance.event_log_storage
    own, another = threading.get_ident(), log._connect

    @contextmanager
    def held() -> Iterator[Any]:
        with log._db_lock, log._held_conn.begin():
            yield log._held_conn

    def connect() -> AbstractContextManager[Any]:
        return held() if threading.get_ident() == own else another()

    log._connect = connect


__all__ = [
    "ActiveExecution",
    "PyProjectFileTarget",
    "RepositorySnap",
    "WorkspaceFileTarget",
    "connect_once",
    "create_dagster_cli",
    "create_remote_run",
    "create_run_for_test",
    "get_latest_completed_cron_tick",
    "DaemonHeartbeat",
    "EmptyWorkspaceTarget",
    "GrpcServerTarget",
    "InstigatorState",
    "InstigatorStatus",
    "InstigatorType",
    "LoadableTargetOrigin",
    "ManagedGrpcPythonEnvCodeLocationOrigin",
    "RemoteInstigatorOrigin",
    "RemoteRepositoryOrigin",
    "ScheduleInstigatorData",
    "SensorInstigatorData",
    "SerializableErrorInfo",
    "TickData",
    "TickStatus",
    "WorkspaceProcessContext",
    "WorkspaceRequestContext",
    "context_creation_job",
    "schedule_context",
]
