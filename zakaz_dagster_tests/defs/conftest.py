"""`platform`: the definitions over the sandbox and a real warehouse, with one instance of Dagster for the whole test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from zakaz_dagster import resources
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.dev.stack import environment
from zakaz_dagster.resources import watch
from zakaz_dagster.settings import Settings
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster_tests._private import connect_once
from zakaz_dagster_tests.plugins.sandbox import Sandbox

FOLLOW = "facts_follow_loads"


@dataclass
class Platform:
    """What the daemon and people do: runs, ticks, and what a tick asks for."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    warehouse: Warehouse
    sandbox: Sandbox
    set_now: Callable[[datetime], None]
    cursors: dict[str, str | None] = field(default_factory=dict)

    def at(self, moment: str) -> datetime:
        """It is that moment, for the vendors as well, and a minute later for us."""
        self.sandbox.clock(moment)
        now = datetime.fromisoformat(moment)
        self.set_now(now + timedelta(minutes=1))
        return now

    def run(self, job: str, days: Days | None = None, **tags: str) -> dg.ExecuteInProcessResult:
        resolved = self.definitions.resolve_job_def(job)
        wanted = {**(days.tags if days else {}), **tags}
        return resolved.execute_in_process(instance=self.instance, tags=wanted, raise_on_error=False)

    def materialize(self, *assets: str, days: Days | None = None) -> dg.ExecuteInProcessResult:
        """As the button on these assets' pages does."""
        keys = {dg.AssetKey(name) for name in assets}
        job = self.definitions.resolve_job_def("__ASSET_JOB").get_subset(asset_selection=keys)
        return job.execute_in_process(instance=self.instance, tags=days.tags if days else None, raise_on_error=False)

    def tick(self, sensor: str) -> Any:
        """One look of a sensor, going on from its last."""
        definition = self.definitions.resolve_sensor_def(sensor)
        settings = Settings()
        made = {"warehouse": resources.warehouse, "watch": watch.subjects, "alerts": watch.alerts}
        given = {name: made[name](settings) for name in definition.required_resource_keys}
        with dg.build_sensor_context(
            self.instance,
            self.cursors.get(sensor),
            repository_def=self.definitions.get_repository_def(),
            resources=given,
        ) as context:
            result = definition.evaluate_tick(context)
        self.cursors[sensor] = result.cursor
        return result

    def obey(self, sensor: str, result: Any) -> list[dg.ExecuteInProcessResult]:
        """Run what a tick asked for, as the daemon does."""
        done = []
        for request in result.run_requests or []:
            job = self.definitions.resolve_job_def(
                request.job_name or self.definitions.resolve_sensor_def(sensor).job_name
            )
            if request.asset_selection:
                job = job.get_subset(asset_selection={*request.asset_selection})
            tags = {**request.tags, "dagster/run_key": request.run_key}
            done.append(job.execute_in_process(instance=self.instance, tags=tags, raise_on_error=False))
        return done

    def follow(self) -> list[dg.ExecuteInProcessResult]:
        """Ticks until nothing is asked for any more."""
        done: list[dg.ExecuteInProcessResult] = []
        for _ in range(5):
            runs = self.obey(FOLLOW, self.tick(FOLLOW))
            if not runs:
                return done
            done += runs
        raise AssertionError("it asks for ever")

    def rows(self, table: str, column: str, days: Days) -> int:
        query = f"SELECT count() FROM {table} WHERE {column} BETWEEN {{first:Date}} AND {{last:Date}}"
        return int(self.warehouse.scalar(query, {"first": days.first, "last": days.last}))


def add_run(instance: dg.DagsterInstance, job: str, status: dg.DagsterRunStatus, **tags: str) -> dg.DagsterRun:
    """A run as Dagster remembers it, without its work."""
    return instance.add_run(dg.DagsterRun(job, status=status, tags=tags))


def words(result: dg.ExecuteInProcessResult) -> str:
    """What a run's failed steps say."""
    return " ".join(str(event.event_specific_data) for event in result.all_events if event.is_step_failure)


@pytest.fixture
def start_date() -> str:
    """The first partition; every day since then is listed again and again, so a module that needs old ones says so."""
    return "2025-09-01"


@pytest.fixture
def platform(
    sandbox: Sandbox, warehouse: Warehouse, start_date: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Platform]:
    given = environment(str(warehouse.config.port), sandbox.url, tmp_path)
    own = {
        "CLICKHOUSE_PASSWORD": warehouse.config.password,
        "CLICKHOUSE_DATABASE": warehouse.config.database,
        "ZAKAZ_START_DATE": start_date,
    }
    for name, value in {**given, **own}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("zakaz_dagster.datalens.preview.write", lambda *_: [])  # the pages have a story of their own
    monkeypatch.setattr(dg.RetryPolicy, "calculate_delay", lambda *_: 0)
    monkeypatch.setattr("zakaz_dagster.alerts.service.Alerts.watching_since", lambda *_: None)  # for a long time
    with ExitStack() as stack:
        instance = stack.enter_context(dg.DagsterInstance.ephemeral())
        connect_once(instance)
        yield Platform(
            build_definitions(),
            instance,
            warehouse,
            sandbox,
            lambda now: monkeypatch.setattr("zakaz_dagster.timezone.now", lambda: now),
        )


def day(text: str) -> date:
    return date.fromisoformat(text)
