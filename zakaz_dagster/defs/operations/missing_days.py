"""Days that were never loaded, or only before they ended, are loaded again without anybody asking.

Those of the last quarter: after an outage of weeks the nights' loads alone would leave a hole for ever. Older holes are
red and wait for somebody who wants them. What the vendor no longer keeps is not asked for.
Belongs here: when, and the runs. Does not: which days are missing (`health.freshness`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.defs._private import AssetJob
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.params import WatchParam
from zakaz_dagster.defs.shared.partitions import Days, ranges
from zakaz_dagster.defs.shared.requests import Requests
from zakaz_dagster.errors import Failure
from zakaz_dagster.sources.base import SourceDescription

if TYPE_CHECKING:
    from zakaz_dagster.health.look import Subjects

SENSOR = "missing_days_load"
BACK = 92  # days
MOST_RUNS = 3  # of one source in one look


@dataclass(frozen=True)
class Loads:
    """A source, and the job that loads its days."""

    about: SourceDescription
    job: str


def definitions(sources: Sequence[Loads], jobs: Sequence[dg.JobDefinition | AssetJob]) -> dg.Definitions:
    """The sensor over the jobs of these sources, found among `jobs`."""
    wanted = {source.job for source in sources}

    @dg.sensor(
        name=SENSOR,
        jobs=[job for job in jobs if job.name in wanted],
        minimum_interval_seconds=15 * 60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Loads days of the last quarter that were never loaded, or only before they ended",
    )
    @explained()
    def load(context: dg.SensorEvaluationContext, watch: WatchParam) -> dg.SensorResult | dg.SkipReason:
        now, requests = timezone.now(), Requests.of(context.cursor)
        try:
            found = [(source, days) for source in sources for days in missing(watch, source, now)]
        except Failure as failure:  # ClickHouse is away, which has its own alert
            return dg.SkipReason(str(failure))
        runs, spans = [], {f"{source.about.name}:{days}": (source, days) for source, days in found}
        for name, (source, days) in spans.items():
            attempt = requests.attempt(context.instance, name, None, now)
            if attempt is not None:
                key = f"{SENSOR}:{name}:{now:%Y-%m-%dT%H:%M:%S}:{attempt}"
                runs.append(dg.RunRequest(run_key=key, job_name=source.job, tags=days.tags))
                requests.ask(name, key, attempt, now)
        requests.keep_only(spans)
        idle = f"{len(spans)} ranges are asked for already" if spans else "no day is missing"
        return dg.SensorResult(
            run_requests=runs, skip_reason=None if runs else dg.SkipReason(idle), cursor=requests.cursor()
        )

    return dg.Definitions(sensors=[load])


def missing(subjects: Subjects, source: Loads, now: datetime) -> list[Days]:
    """Ranges of days that a configured source lacks and can still give, near ones joined."""
    from zakaz_dagster.health import freshness, reading

    about = source.about
    watched = next((each for each in subjects.watched if each.name == about.name and each.enabled), None)
    if watched is None:
        return []
    seen = reading.seen(subjects.warehouse, watched, now)
    today = now.astimezone(timezone.MOSCOW).date()
    oldest = max(today - timedelta(days=BACK), about.oldest_day(today) if about.oldest_day else date.min)
    found = {*freshness.missing(watched, seen, now), *freshness.unfinished(watched, seen, now)}
    return ranges([day for day in found if day >= oldest], at_most=MOST_RUNS)
