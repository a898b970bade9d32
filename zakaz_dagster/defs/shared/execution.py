"""Processes that run Dagster: the limits of pools, the log of runs, and jobs in this very process (demo, tests)."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import dagster as dg
from dagster import DagsterInstance

from zakaz_dagster.defs._private import keep_engines, run_loggers
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.logs import as_json

LOGGER = "dagster.run"


@dataclass(frozen=True)
class Outcome:
    """What a run did: rows written per asset, each check with whether it passed, and what to do about red ones."""

    run_id: str
    success: bool
    rows: dict[str, int]
    checks: dict[str, bool]
    error: str = ""
    remedies: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def instance_at_home() -> Iterator[DagsterInstance]:
    """The instance of DAGSTER_HOME, closed at the end."""
    keep_engines()
    with DagsterInstance.get() as instance:
        yield instance


def pool_names(definitions: dg.Definitions) -> set[str]:
    """Every pool an asset of ours names."""
    return {
        each.op.pool
        for each in definitions.assets or ()
        if isinstance(each, dg.AssetsDefinition) and each.is_executable and each.op.pool
    }


def set_pool_limits(definitions: dg.Definitions, instance: DagsterInstance) -> None:
    """One run at a time in every pool; Dagster's default limit lets the very first two runs of a pool through."""
    known = {info.name for info in instance.event_log_storage.get_pool_limits()}
    for pool in sorted(pool_names(definitions) - known):
        instance.event_log_storage.set_concurrency_slots(pool, 1)


def serves_definitions(arguments: Sequence[str]) -> bool:
    """Whether this process serves definitions to Dagster's daemon and web server; every way of starting has one."""
    return list(arguments[1:3]) == ["api", "grpc"]


def limit_pools_at_home(definitions: dg.Definitions) -> None:
    """Set the limits in the instance of DAGSTER_HOME, before anything can ask for a run."""
    if os.environ.get("DAGSTER_HOME"):
        with instance_at_home() as instance:
            set_pool_limits(definitions, instance)


def _json_lines(_: dg.InitLoggerContext) -> logging.Logger:
    return as_json(logging.getLogger(LOGGER), level=logging.DEBUG)  # Dagster's own events are DEBUG


json_console = dg.LoggerDefinition(logger_fn=_json_lines, description="One JSON object per event of a run")


def runs_as_json(*, json_lines: bool) -> None:
    """From now on, runs of this process write JSON lines, when that is wanted.

    A logger in `Definitions` is used only by runs whose configuration names it, which schedules' and the UI's do not.
    """

    def loggers(_: DagsterInstance | None) -> Sequence[tuple[dg.LoggerDefinition, Mapping[str, object]]]:
        return [(json_console, {})]

    if json_lines:
        run_loggers(loggers)


def run_job(definitions: dg.Definitions, instance: DagsterInstance, name: str, days: Days | None = None) -> Outcome:
    """Run one job to its end; a failed run is an Outcome, not an exception."""
    result = definitions.resolve_job_def(name).execute_in_process(
        instance=instance, tags=days.tags if days else None, raise_on_error=False
    )
    rows: dict[str, int] = {}
    for event in result.get_asset_materialization_events():
        materialization = event.step_materialization_data.materialization
        value = materialization.metadata.get("rows written")
        if value is not None:
            rows[materialization.asset_key.to_user_string()] = int(str(value.value))
    found = {
        f"{each.asset_key.to_user_string()}.{each.check_name}": each for each in result.get_asset_check_evaluations()
    }
    checks = {name: each.passed for name, each in found.items()}
    remedies = {name: _remedy(each) for name, each in found.items() if not each.passed}
    errors = [
        event.step_failure_data.error_display_string
        for event in result.filter_events(lambda each: each.is_step_failure)
    ]
    return Outcome(result.run_id, result.success, rows, checks, "\n".join(errors), remedies)


def _remedy(evaluation: dg.AssetCheckEvaluation) -> str:
    """The sentence that a red check says to people."""
    said = evaluation.metadata.get("what to do")
    return str(said.value) if said is not None else ""
