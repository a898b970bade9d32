"""What can go wrong with what everything stands on: by Dagster's own records, processes, locks and statements.

Each fault is broken and cured by the means of whoever really breaks and cures it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from dagster import DagsterRunStatus

from zakaz_dagster.defs.operations import alert_round
from zakaz_dagster.defs.operations.run_history import read_facts
from zakaz_dagster.errors import Failure
from zakaz_dagster.health import reading
from zakaz_dagster.warehouse import schema
from zakaz_dagster_tests._private import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    LoadableTargetOrigin,
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
    ScheduleInstigatorData,
    SensorInstigatorData,
    SerializableErrorInfo,
    TickData,
    TickStatus,
)
from zakaz_dagster_tests.story.watch_faults import SALES, SPEND, Fault, loaded, spoilt
from zakaz_dagster_tests.story.watch_stage import Stage


def schema_applied(stage: Stage) -> None:
    schema.apply(stage.warehouse)


def clickhouse_down(stage: Stage) -> None:
    """Away, and a run finds it so."""
    stage.stop_clickhouse()
    assert not stage.run("marts_refresh", 1).success


def clickhouse_back(stage: Stage) -> None:
    """The run that found it away is one the sensor starts again."""
    stage.start_clickhouse()
    repository = stage.definitions.get_repository_def()
    facts = read_facts(stage.instance, repository, stage.now())
    again = alert_round.broken_by_clickhouse(facts, alert_round.look(stage.subjects, stage.instance, repository))
    assert [alert_round.again(run).job_name for run in again] == ["marts_refresh"]
    loaded(stage, "marts_refresh", 1)


def backup_fails(stage: Stage) -> None:
    try:
        stage.sql("BACKUP TABLE dim_settings TO File('/nowhere')")
    except Failure:
        stage.check("platform__backups")
    else:
        raise AssertionError("the backup succeeded")


def backup_succeeds(stage: Stage) -> None:
    stage.sql("BACKUP TABLE dim_settings TO Memory('story')")
    stage.check("platform__backups")


def disk_fills(stage: Stage) -> None:
    """The disk stays as it is; less than all of it being free counts as full."""
    stage.setting("HEALTH_DISK_ERROR_PCT", "100")


def disk_is_freed(stage: Stage) -> None:
    stage.setting("HEALTH_DISK_ERROR_PCT", "0.001")


class Ahead(datetime):
    """Our clock, five minutes fast."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(minutes=5)


def clock(stage: Stage, value: type[datetime]) -> None:
    stage.patch.setattr(reading, "datetime", value)


def daemons_die(stage: Stage) -> None:
    stage.alive = False
    stage.beat(timedelta(hours=1))


def daemons_start(stage: Stage) -> None:
    stage.alive = True


def storage_locked(stage: Stage) -> None:
    """Another process holds the database of runs and does not let go."""
    stage.alive = False  # nobody can write a heartbeat either
    rival = sqlite3.connect(stage.runs_file, isolation_level=None)
    rival.execute("PRAGMA locking_mode = EXCLUSIVE")
    rival.execute("BEGIN EXCLUSIVE")
    rival.execute("CREATE TABLE held (x)")
    stage.held = rival


def storage_released(stage: Stage) -> None:
    stage.held.close()
    stage.alive = True


def memory_broken(stage: Stage) -> None:
    stage.alerts.path.unlink()
    stage.alerts.path.mkdir()


def memory_whole(stage: Stage) -> None:
    stage.alerts.path.rmdir()


def origin(name: str) -> RemoteInstigatorOrigin:
    target = LoadableTargetOrigin(module_name="zakaz_dagster.definitions")
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name="zakaz_dagster")
    return RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), name)


def switched(stage: Stage, name: str, kind: InstigatorType, status: InstigatorStatus) -> InstigatorState:
    """The state that the UI's switch writes."""
    sensor = kind is InstigatorType.SENSOR
    state = InstigatorState(
        origin(name), kind, status, SensorInstigatorData() if sensor else ScheduleInstigatorData("@daily")
    )
    known = stage.instance.get_instigator_state(state.instigator_origin_id, state.selector_id)
    (stage.instance.update_instigator_state if known else stage.instance.add_instigator_state)(state)
    return state


def schedule_stopped(stage: Stage) -> None:
    switched(stage, "vk_ads_daily", InstigatorType.SCHEDULE, InstigatorStatus.STOPPED)


def schedule_started(stage: Stage) -> None:
    switched(stage, "vk_ads_daily", InstigatorType.SCHEDULE, InstigatorStatus.RUNNING)


def ticks(stage: Stage, *statuses: TickStatus) -> None:
    """The daemon's own records of a sensor's looks."""
    state = switched(stage, "qtickets_changed_orders", InstigatorType.SENSOR, InstigatorStatus.RUNNING)
    error = SerializableErrorInfo("qtickets: the token was refused; next: correct QTICKETS_TOKEN", [], "Fatal")
    for status in statuses:
        at = datetime.now(UTC).timestamp()
        failed = error if status is TickStatus.FAILURE else None
        stage.instance.create_tick(
            TickData(
                state.instigator_origin_id,
                state.instigator_name,
                InstigatorType.SENSOR,
                status,
                at,
                error=failed,
                selector_id=state.selector_id,
            )  # fmt: skip
        )


def begun(stage: Stage, job: str, *, retries: int = 0) -> str:
    """A run whose worker has started and says nothing more."""
    day = str(stage.day(1))
    made = stage.instance.create_run_for_job(
        stage.definitions.resolve_job_def(job),
        status=DagsterRunStatus.STARTED,
        tags={
            "dagster/asset_partition_range_start": day,
            "dagster/asset_partition_range_end": day,
            "dagster/max_retries": str(retries),
        },
    )
    stage.held = made.run_id
    return made.run_id


def run_killed(stage: Stage, *, retries: int = 0) -> None:
    run = stage.instance.get_run_by_id(begun(stage, "marts_refresh", retries=retries))
    stage.instance.report_run_failed(run, message="the worker was killed: signal 9")


def run_hangs(stage: Stage) -> None:
    run = begun(stage, "marts_refresh")
    with closing(sqlite3.connect(stage.runs_file)) as runs:
        runs.execute("UPDATE runs SET create_timestamp = datetime('now', '-9 hours') WHERE run_id = ?", (run,))
        runs.commit()


def run_cancelled(stage: Stage) -> None:
    stage.instance.report_run_canceled(stage.instance.get_run_by_id(stage.held))


PLATFORM = {
    "ClickHouse down": Fault(
        "platform__clickhouse", "ClickHouse не отвечает", ("Запустите ClickHouse", "Загрузка marts_refresh"),
        clickhouse_down, clickhouse_back, views=SALES,
    ),
    "failed backup": Fault(
        "platform__backups", "Резервной копии нет или она не удалась", ("File('/nowhere') failed", "BACKUP вручную"),
        backup_fails, backup_succeeds,
    ),
    "disk full": Fault(
        "platform__disk", "Заканчивается место на диске", ("are free", "Освободите место", "на диске ClickHouse"),
        disk_fills, disk_is_freed,
    ),
    "clock wrong": Fault(
        "platform__clock", "Часы или часовой пояс", ("-300", "NTP"),
        lambda stage: clock(stage, Ahead), lambda stage: clock(stage, datetime),
    ),
    "daemon dead": Fault(
        "platform__daemons", "Демон Dagster не работает", ("without a heartbeat", "dagster-daemon"),
        daemons_die, daemons_start,
    ),
    "schedule switched off": Fault(
        "platform__schedules", "Расписание остановлено вручную", ("vk_ads_daily", "Включите его"),
        schedule_stopped, schedule_started, status="warning",
    ),
    "Dagster's storage locked": Fault(
        "platform__dagster", "Хранилище Dagster не отвечает", ("database is locked", "DAGSTER_HOME"),
        storage_locked, storage_released,
    ),
    "memory of alerts cannot be written": Fault(
        "platform__alert_store", "Память оповещений не пишется", ("alerts.sqlite3 cannot be written", "ZAKAZ_DATA_DIR"),
        memory_broken, memory_whole,
    ),
    "corrections unread": Fault(
        "platform__ticks", "Расписание или сенсор не срабатывает", ("qtickets_changed_orders", "QTICKETS_TOKEN"),
        lambda stage: ticks(stage, TickStatus.FAILURE, TickStatus.FAILURE),
        lambda stage: ticks(stage, TickStatus.SKIPPED),
    ),
    "run killed": Fault(
        "run__marts_refresh", "Загрузка marts_refresh не удалась", ("signal 9", "Откройте запуск"),
        run_killed, lambda stage: loaded(stage, "marts_refresh", 1), views=SPEND,
    ),
    "run hangs": Fault(
        "platform__queue", "Запуск завис", ("marts_refresh", "Остановите его"), run_hangs, run_cancelled, views=SPEND,
    ),
    "column dropped by hand": Fault(
        "platform__schema", "отличаются от sql/", ("fact_vk_ads_daily", "zakaz schema"), views=SPEND,
        **spoilt("ALTER TABLE fact_vk_ads_daily DROP COLUMN landing_url", check="platform__schema", cure=schema_applied),
    ),
    "stale view": Fault(
        "platform__schema", "отличаются от sql/", ("v_romi_kpi", "zakaz schema apply"), views=("v_romi_kpi",),
        **spoilt("CREATE OR REPLACE VIEW v_romi_kpi AS SELECT 1 AS x", check="platform__schema", cure=schema_applied),
    ),
    "foreign object": Fault(
        "platform__schema", "отличаются от sql/", ("somebodys_copy",), status="warning",
        **spoilt(
            "CREATE TABLE somebodys_copy (x UInt8) ENGINE = Memory", check="platform__schema",
            cure=lambda stage: stage.sql("DROP TABLE somebodys_copy"),
        ),
    ),
}  # fmt: skip
