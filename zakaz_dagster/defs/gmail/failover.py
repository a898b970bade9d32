"""The failover in Dagster: a sensor that lets the mail take over while QTickets is away, and gives the days back.

    QTickets stale   mail loads every quarter of an hour, one alert           (`marts_follow_loads` builds the facts)
    QTickets back    the days it missed are loaded again, with their facts, and one all-clear

A tick is three short questions to ClickHouse and two to Dagster; no vendor is asked.
Belongs here: gathering the facts and carrying out the decision. Does not: the rule (`health.failover`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from zakaz_dagster import timezone
from zakaz_dagster.defs._private import AssetJob
from zakaz_dagster.defs.qtickets.assets import REFRESH, RELOAD
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.params import AlertsParam, WatchParam
from zakaz_dagster.defs.shared.partitions import ranges
from zakaz_dagster.defs.shared.requests import UNFINISHED
from zakaz_dagster.errors import ConfigFault, Failure
from zakaz_dagster.health.failover import Decision, Facts, State, decide, is_late
from zakaz_dagster.timezone import MOSCOW

if TYPE_CHECKING:
    from zakaz_dagster.health.look import Subjects

NAME = "gmail_failover"
MAILS = "gmail_load"
WATCHED = "qtickets"
Job = dg.JobDefinition | AssetJob


@dataclass(frozen=True)
class Backup:
    """The mailbox as the sensor knows it: `limit` is the age of QTickets at which it takes over.

    `configured` and `ready` raise a ConfigFault: nobody has set it up; it cannot be read.
    """

    limit: timedelta
    days_back: int
    configured: Callable[[], object]
    ready: Callable[[], object]


def definitions(jobs: Sequence[Job], start: date, backup: Backup) -> dg.Definitions:
    """The sensor over the jobs `gmail_load` and `qtickets_reload`, found among `jobs`."""
    return dg.Definitions(sensors=[_takes_over([job for job in jobs if job.name in (MAILS, RELOAD)], start, backup)])


def _takes_over(jobs: Sequence[Job], start: date, backup: Backup) -> dg.SensorDefinition:
    @dg.sensor(
        name=NAME,
        jobs=list(jobs),
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Lets the report mails fill the days while QTickets is away, and gives them back afterwards",
    )
    @explained()
    def tick(
        context: dg.SensorEvaluationContext, watch: WatchParam, alerts: AlertsParam
    ) -> dg.SensorResult | dg.SkipReason:
        now, state = timezone.now(), State.of(context.cursor)
        try:
            backup.configured()
            facts = _facts(context.instance, watch, backup, state, now)
        except Failure as failure:  # no mailbox, or no ClickHouse, which has its own alert
            return dg.SkipReason(str(failure))
        decision = decide(facts, state)
        alerts.notify(decision.verdicts, now)
        requests = [*_requests(decision, start)]
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason(decision.why),
            cursor=decision.state.text(),
        )

    return tick


def _facts(instance: DagsterInstance, subjects: Subjects, backup: Backup, state: State, now: datetime) -> Facts:
    from zakaz_dagster.health.reading import days_from_mail

    loaded_at = _last_load(subjects, now)
    facts = Facts(now, loaded_at, backup.limit)
    if not is_late(facts, state):
        return facts
    first = now.astimezone(MOSCOW).date() - timedelta(days=backup.days_back + 1)
    failed = RunsFilter(job_name=REFRESH, statuses=[DagsterRunStatus.FAILURE], created_after=loaded_at)
    return Facts(
        now,
        loaded_at,
        backup.limit,
        api_failed=bool(instance.get_run_records(failed, limit=1)),
        covered=days_from_mail(subjects.warehouse.tagged(statement=NAME), first),
        is_loading=bool(instance.get_run_records(RunsFilter(job_name=MAILS, statuses=UNFINISHED), limit=1)),
        unready=_unready(backup),
    )


def _last_load(subjects: Subjects, now: datetime) -> datetime | None:
    """By the rule of the check `fresh`: loading an old day again makes nothing fresh."""
    from zakaz_dagster.health import reading
    from zakaz_dagster.health.freshness import freshness

    source = next(each for each in subjects.watched if each.name == WATCHED)
    found = freshness(source, reading.seen(subjects.warehouse, source, now), now, working=True)
    minutes = found.minutes_since_load if found else None
    return None if minutes is None else now - timedelta(minutes=minutes)


def _unready(backup: Backup) -> str:
    try:
        backup.ready()
    except ConfigFault as fault:
        return str(fault)
    return ""


def _requests(decision: Decision, start: date) -> list[dg.RunRequest]:
    at = decision.state.looked_at
    mails = [dg.RunRequest(run_key=f"{NAME}:{at:%Y-%m-%dT%H:%M:%S}", job_name=MAILS)] if decision.start else []
    missed = ranges([day for day in decision.reload if day >= start])
    return mails + [
        dg.RunRequest(run_key=f"{NAME}:back:{at:%Y-%m-%dT%H:%M:%S}:{days.first}", job_name=RELOAD, tags=days.tags)
        for days in missed
    ]
