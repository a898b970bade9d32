"""Jobs and schedules of the day sources, from their descriptions. Days come from the tick's own time, never the clock.

A job loads staging and builds the facts in one run, in one process: a run costs 2.4 s instead of 8.5 s, and a kill
leaves no orphan step behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from zakaz_dagster.defs.shared.partitions import Days, trailing
from zakaz_dagster.sources.base import SourceDescription
from zakaz_dagster.timezone import MOSCOW

MAX_RUNTIME_SECONDS = 3 * 3600  # a year's backfill; without a limit a crashed host blocks the source for ever


@dataclass(frozen=True)
class Reload:
    """A schedule that re-reads the last `days` days."""

    name: str
    cron: str
    days: int
    about: str


def job(name: str, assets: Sequence[str], description: str) -> UnresolvedAssetJobDefinition:
    """A job over these assets and their checks, in one process."""
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.assets(*assets),
        description=description,
        executor_def=dg.in_process_executor,
        tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS)},
    )


def reload_schedule(
    about: SourceDescription, plan: Reload, target: UnresolvedAssetJobDefinition, start: date, *, running: bool = True
) -> dg.ScheduleDefinition:
    """One run for the trailing days."""

    @dg.schedule(
        job=target,
        name=plan.name,
        cron_schedule=plan.cron,
        execution_timezone="Europe/Moscow",
        description=plan.about,
        default_status=dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED,
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        days = trailing(context.scheduled_execution_time, plan.days, start, includes_today=about.includes_today)
        return dg.RunRequest(run_key=f"{plan.name}:{context.scheduled_execution_time:%Y-%m-%dT%H:%M}", tags=days.tags)

    return tick


def refresh_schedule(
    about: SourceDescription, name: str, target: UnresolvedAssetJobDefinition, start: date
) -> dg.ScheduleDefinition:
    """The running day; in its first hour also the day before, whose last orders may have come late."""

    @dg.schedule(
        job=target,
        name=name,
        cron_schedule=about.cron,
        execution_timezone="Europe/Moscow",
        description=f"{about.label}: the running day, and yesterday in the first hour",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    def tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        at = context.scheduled_execution_time.astimezone(MOSCOW)
        days = Days(max(start, (at - timedelta(hours=1)).date()), at.date())
        return dg.RunRequest(run_key=f"{name}:{at:%Y-%m-%dT%H:%M}", tags=days.tags)

    return tick
