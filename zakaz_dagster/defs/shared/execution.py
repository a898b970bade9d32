"""Running jobs in this process, for the demo and tests: the same jobs, checks and resources as the daemon's runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import dagster as dg
from dagster._core.instance import DagsterInstance

from zakaz_dagster.defs.shared.partitions import Days


@dataclass(frozen=True)
class Outcome:
    """What a run did: rows per asset, and each check with whether it passed."""

    run_id: str
    success: bool
    rows: dict[str, int]
    checks: dict[str, bool]
    error: str = ""


@contextmanager
def instance_at_home() -> Iterator[DagsterInstance]:
    """The instance of DAGSTER_HOME, closed at the end."""
    with DagsterInstance.get() as instance:
        yield instance


def pool_names(definitions: dg.Definitions) -> set[str]:
    """Every pool an asset of ours names."""
    return {
        pool
        for asset in definitions.resolve_asset_graph().assets_defs
        for pool in [getattr(asset.op, "pool", None) if asset.is_executable else None]
        if pool
    }


def set_pool_limits(definitions: dg.Definitions, instance: DagsterInstance) -> None:
    """One run at a time in every pool, from the first pair of runs on."""
    for pool in sorted(pool_names(definitions)):
        instance.event_log_storage.set_concurrency_slots(pool, 1)


def run_job(definitions: dg.Definitions, instance: DagsterInstance, name: str, days: Days | None = None) -> Outcome:
    """Run one job to its end; a failed run is an Outcome, not an exception."""
    result = definitions.resolve_job_def(name).execute_in_process(
        instance=instance, tags=days.tags if days else None, raise_on_error=False
    )
    rows: dict[str, int] = {}
    for event in result.get_asset_materialization_events():
        materialization = event.step_materialization_data.materialization
        value = materialization.metadata.get("dagster/row_count")
        if value is not None:
            rows[materialization.asset_key.to_user_string()] = int(str(value.value))
    checks = {
        f"{each.asset_key.to_user_string()}.{each.check_name}": each.passed
        for each in result.get_asset_check_evaluations()
    }
    errors = [
        event.step_failure_data.error_display_string
        for event in result.filter_events(lambda each: each.is_step_failure)
    ]
    return Outcome(result.run_id, result.success, rows, checks, "\n".join(errors))
