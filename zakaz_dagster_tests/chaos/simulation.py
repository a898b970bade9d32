"""Weeks of the platform's life in minutes: the sandbox world, an engine, Dagster's instance, and nothing but ticks.

Time is simulated: the vendors' clock, ours and the engine's go from step to step, minutes within a scene and a day or
two between scenes. At each step everything is done that the daemon would do then: schedules that came due (of several
times since the last step the latest), sensors, the runs they ask for, retries of runs whose worker died.

Belongs here: time, ticks and runs. Does not: what goes wrong (`faults`), what was seen (`reader`).
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import dagster as dg
import time_machine

from zakaz_dagster import resources
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.defs.shared.requests import RUN_KEY, UNFINISHED
from zakaz_dagster.dev.stack import environment, gmail_consent
from zakaz_dagster.resources import watch
from zakaz_dagster.settings import Settings, is_ours
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.client import COMMON, Warehouse, WarehouseConfig
from zakaz_dagster_tests._private import (
    ActiveExecution,
    connect_once,
    context_creation_job,
    get_latest_completed_cron_tick,
    schedule_context,
)
from zakaz_dagster_tests.chaos.stage import Killed, Stage
from zakaz_dagster_tests.engines.in_process import warehouse_on
from zakaz_dagster_tests.plugins.sandbox import Sandbox, running
from zakaz_dagster_tests.plugins.warehouse import FEW_ROWS

PATIENCE = 0.3  # real seconds with a dead engine; one that comes back at once is met
BRIEF = {
    f"{vendor}_{name}_SECONDS": "1.5"
    for vendor in ("QTICKETS", "VK_ADS", "DIRECT", "GMAIL")
    for name in ("DEADLINE", "TIMEOUT")
}
FAST = {f"{vendor}_REQUESTS_PER_SECOND": "1000" for vendor in ("QTICKETS", "VK_ADS", "DIRECT")}
LEFT_OUT = {"views_and_seeds_on_change", "audit", "housekeeping_nightly"}  # what moves no number
RELOAD, MAILS, MAILS_EVERY = "reload_days", "gmail_load", "gmail_every_4_hours"


@dataclass
class Simulation:
    """The platform in its world. `figures` counts what happened."""

    sandbox: Sandbox
    engine: Stage
    warehouse: Warehouse
    link: Any
    instance: dg.DagsterInstance
    clock: time_machine.Traveller
    now: datetime
    definitions: dg.Definitions = field(default_factory=build_definitions)
    cursors: dict[str, str | None] = field(default_factory=dict)
    ticked: dict[str, datetime] = field(default_factory=dict)
    looked: dict[str, datetime] = field(default_factory=dict)
    died: list[dg.DagsterRun] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)  # of the newest run that failed
    daemon: bool = True
    code: bool = True
    switched_on: set[str] = field(default_factory=set)  # schedules that are off by themselves
    forgets: bool = False  # the daemon dies before it has kept a sensor's cursor

    def __post_init__(self) -> None:
        self.repository, self.installed = self.definitions.get_repository_def(), self.now

    def go_to(self, moment: datetime) -> None:
        """It is that moment, for vendors as well."""
        self.now = max(moment, datetime.now(UTC))  # waits of retries have moved it as well
        self.sandbox.clock(self.now.astimezone(MOSCOW).isoformat(timespec="seconds"))
        self.clock.move_to(self.now + timedelta(seconds=30))

    def step(self) -> None:
        """Everything that the daemon does at this moment."""
        if not self.daemon:
            return
        self._clear_up()
        if not self.code:
            return
        for schedule in self.repository.schedule_defs:
            if (at := self._due(schedule)) is not None:
                self._scheduled(schedule, at)
        for sensor in self.repository.sensor_defs:
            if self._to_look(sensor):
                self._looked(sensor)

    def run(self, job: str, tags: dict[str, str], selection: Any = None, **more: str) -> bool:
        """One run in a worker of its own, to its end or the worker's."""
        resolved = self.repository.get_job(job)
        if selection:
            resolved = resolved.get_subset(asset_selection={*selection})
        self.figures["runs"] += 1
        try:
            done = resolved.execute_in_process(instance=self.instance, tags={**tags, **more}, raise_on_error=False)
        except Killed:
            return self._died()
        if self.engine.worker_dead:
            return self._died()
        if not done.success:
            self.figures["failed runs"] += 1
            self.failures = [str(each.event_specific_data) for each in done.all_events if each.is_step_failure]
        return bool(done.success)

    def _died(self) -> bool:
        self.engine.worker_dead = False
        self.died += [run for run in self.unfinished() if run.run_id not in {each.run_id for each in self.died}]
        return False

    def meanwhile(self, job: str, days: Days) -> None:
        """A run of somebody else, from its beginning to its end, between two statements of the run at work."""
        self.figures["runs beside another"] += 1
        with self.engine.unharmed():
            self.run(job, days.tags)

    def unfinished(self) -> list[dg.DagsterRun]:
        return list(self.instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)))

    def _clear_up(self) -> None:
        """The monitoring finds runs without a worker, fails them, and starts each once more."""
        died, self.died = self.died, []
        for run in died:
            self.instance.report_run_failed(run, "the worker process is gone")
            if "dagster/retry_number" not in run.tags:
                again = {
                    "dagster/retry_number": "1",
                    "dagster/parent_run_id": run.run_id,
                    "dagster/root_run_id": run.run_id,
                }
                self.run(run.job_name, {**run.tags, **again}, run.asset_selection)

    def _due(self, schedule: dg.ScheduleDefinition) -> datetime | None:
        is_on = schedule.default_status.value == "RUNNING" or schedule.name in self.switched_on
        if schedule.name in LEFT_OUT or not is_on:
            return None
        at = get_latest_completed_cron_tick(str(schedule.cron_schedule), self.now, schedule.execution_timezone)
        return at if at > self.ticked.get(schedule.name, self.installed) else None

    def _scheduled(self, schedule: dg.ScheduleDefinition, at: datetime) -> None:
        self.ticked[schedule.name] = at
        data = schedule.evaluate_tick(schedule_context(self.instance, at, repository_def=self.repository))
        self._obey(schedule.job_name, data.run_requests or [], **{"dagster/schedule_name": schedule.name})

    def _to_look(self, sensor: dg.SensorDefinition) -> bool:
        every = timedelta(seconds=sensor.minimum_interval_seconds or 30)
        return (
            sensor.name not in LEFT_OUT
            and self.now - self.looked.get(sensor.name, datetime.min.replace(tzinfo=UTC)) >= every
        )

    def _looked(self, sensor: dg.SensorDefinition) -> None:
        self.looked[sensor.name] = self.now
        settings = Settings()
        made = {"warehouse": resources.warehouse, "watch": watch.subjects, "alerts": watch.alerts}
        given = {name: made[name](settings) for name in sensor.required_resource_keys}
        try:
            with dg.build_sensor_context(
                self.instance, self.cursors.get(sensor.name), repository_def=self.repository, resources=given
            ) as context:
                data = sensor.evaluate_tick(context)
        except (dg.DagsterError, dg.Failure):
            self.figures["failed ticks"] += 1
            return
        except Killed:  # the process that evaluates the tick: nothing of it is kept, the next one begins anew
            self.engine.worker_dead = False
            self.figures["processes killed inside a tick"] += 1
            return
        if self.forgets:  # dead after it has launched the runs, before it kept where it was
            self.forgets = False
        else:
            self.cursors[sensor.name] = data.cursor
        job = sensor.targets[0].job_name if sensor.targets else ""
        self._obey(job, data.run_requests or [])

    def _obey(self, job: str, requests: Any, **tags: str) -> None:
        for request in requests:
            if request.run_key and self.instance.get_runs(dg.RunsFilter(tags={RUN_KEY: request.run_key}), limit=1):
                continue
            keyed = {RUN_KEY: request.run_key} if request.run_key else {}
            self.run(request.job_name or job, {**request.tags, **keyed, **tags}, request.asset_selection)

    def lend(self, engine: Stage) -> Stage:
        """Use another engine from now on; the one used until now."""
        before, self.engine = self.engine, engine
        self.link.client = lambda: engine
        return before

    @property
    def today(self) -> date:
        return self.now.astimezone(MOSCOW).date()

    @property
    def start(self) -> date:
        """The first day of the data."""
        return Settings().platform.start_date

    @property
    def days(self) -> Days:
        return Days(self.start, self.today)


@contextmanager
def simulated(folder: Path, begin: datetime, seed: int) -> Iterator[Simulation]:
    """A platform installed at `begin` (aware) over a small organiser, with three days loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    start = begin.astimezone(MOSCOW).date() - timedelta(days=3)
    world = {"start": start - timedelta(days=2), "orders_per_day": 6, "groups": 1, "ads": 1, "seed": seed}
    with ExitStack() as stack:
        sandbox = stack.enter_context(running(now=begin.isoformat(), **world))
        clock = stack.enter_context(time_machine.travel(begin, tick=True))
        wh, engine = stack.enter_context(warehouse_on(Path(sys.executable), folder, made=Stage))
        link = _enter(stack, sandbox, engine, folder, start)
        schema.apply(wh)
        instance = stack.enter_context(dg.DagsterInstance.ephemeral())
        connect_once(instance)
        _mute_the_dead(stack, instance, engine)
        _no_waiting(stack, clock)
        made = Simulation(sandbox, engine, Warehouse.connect(wh.config), link, instance, clock, begin)
        made.go_to(begin)
        assert made.run(RELOAD, made.days.tags), made.failures
        yield made


def _enter(stack: ExitStack, sandbox: Sandbox, engine: Stage, folder: Path, start: date) -> Any:
    """Settings, and every warehouse that is made of them on this engine."""
    own = {
        **environment("9", sandbox.url, folder),
        **BRIEF,
        **FAST,
        "ZAKAZ_START_DATE": str(start),
        "GMAIL_DAYS_BACK": "90",  # all mails of a life, however late they are read
        "CLICKHOUSE_PASSWORD": "none",
    }
    kept = {name: value for name, value in os.environ.items() if not is_ours(name)}
    stack.enter_context(mock.patch.dict(os.environ, {**kept, **own}, clear=True))
    gmail_consent(folder)
    link: Any = SimpleNamespace(client=lambda: engine, close=lambda: None)

    def connect(_: WarehouseConfig) -> Warehouse:
        return Warehouse(WarehouseConfig(database=engine.database, patience=PATIENCE), link, {})

    stack.enter_context(mock.patch.object(Warehouse, "connect", staticmethod(connect)))
    stack.enter_context(mock.patch.dict(COMMON, FEW_ROWS))
    stack.enter_context(mock.patch("zakaz_dagster.datalens.preview.write", return_value=[]))
    stack.enter_context(mock.patch("zakaz_dagster.alerts.service.Alerts.watching_since", return_value=None))
    return link


def _mute_the_dead(stack: ExitStack, instance: dg.DagsterInstance, engine: Stage) -> None:
    """A worker that was killed tells Dagster nothing, either."""
    handle = instance.handle_new_event

    def unless_dead(*arguments: Any, **named: Any) -> None:
        if not engine.worker_dead:
            handle(*arguments, **named)

    stack.enter_context(mock.patch.object(instance, "handle_new_event", unless_dead))


def _no_waiting(stack: ExitStack, clock: time_machine.Traveller) -> None:
    """The wait before a step's retry moves the clock instead; runs write no log beside their events."""

    def wait(execution: ActiveExecution) -> None:
        clock.shift(max(0.0, execution.sleep_interval()))

    stack.enter_context(mock.patch.object(ActiveExecution, "sleep_til_ready", wait))
    stack.enter_context(mock.patch.object(context_creation_job, "default_system_loggers", return_value=[]))
