"""One round of the watch: look at everything, say what the sensor tells and which runs it starts again.

Belongs here: what happens when a check or the sensor runs, with all it imports. Does not: the definitions (`watch`),
which Dagster loads for every run.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

import dagster as dg
from dagster import DagsterInstance, RepositoryDefinition

from zakaz_dagster import timezone
from zakaz_dagster.alerts.service import Alerts
from zakaz_dagster.defs.operations.run_history import AGAIN, read_facts
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.defs.shared.requests import is_due
from zakaz_dagster.defs.shared.specs import OUTSIDE
from zakaz_dagster.errors import Failure
from zakaz_dagster.health import infrastructure, probe, reading
from zakaz_dagster.health.facts import DagsterFacts, RunFact
from zakaz_dagster.health.failover import FROM_MAIL, NO_BACKUP
from zakaz_dagster.health.freshness import Watched, freshness, missing_days
from zakaz_dagster.health.look import Depth, Look, Subjects, Watch
from zakaz_dagster.health.look import following as look_following
from zakaz_dagster.health.processes import cures
from zakaz_dagster.verdicts import Status, Verdict

AGAIN_WITHIN = timedelta(days=2)


def platform(
    subjects: Subjects, instance: DagsterInstance, repository: RepositoryDefinition | None
) -> dict[str, Verdict]:
    """Every verdict of a thorough look by its name."""
    return {verdict.name: verdict for verdict in look(subjects, instance, repository, Depth.THOROUGH).verdicts}


def outside(subjects: Subjects, found: Mapping[str, Verdict]) -> dict[str, dict[str, int]]:
    """What a look saw of the platform, and of the tables that no run of their own writes: figures by asset."""
    red = sum(verdict.status is Status.ERROR for verdict in found.values())
    seen = {"platform": {"looked at": len(found), "red": red}}
    try:
        for name in OUTSIDE:
            seen[name] = {"dagster/row_count": int(subjects.warehouse.scalar(f"SELECT count() FROM {name}"))}  # noqa: S608
    except Failure:  # away, or without its tables: both have a check of their own
        return seen
    return seen


def age(subjects: Subjects, source: Watched) -> dict[str, Verdict | None]:
    """The verdicts on one source's age; None where there is nothing to judge."""
    at = timezone.now()
    with explained():
        seen = reading.seen(subjects.warehouse, source, at)
    started = subjects.started(at)
    fresh = freshness(source, seen, at, working=subjects.working(at), started=started)
    gaps = missing_days(source, seen, at, started)
    return {"fresh": fresh.verdict if fresh else None, "no_missing_days": gaps}


def following(subjects: Subjects) -> dict[str, Verdict]:
    """The verdict on each fact, whether it is as new as what it reads."""
    with explained():
        return {verdict.assets[0]: verdict for verdict in look_following(subjects, timezone.now())}


def unseen(name: str, found: Mapping[str, Verdict]) -> Verdict:
    """A source that was never switched on has nothing to judge; without ClickHouse nothing can be judged."""
    away = found.get(infrastructure.CLICKHOUSE)
    if away is not None and away.status is Status.ERROR:
        detail = f"could not be looked at: {away.detail}"
        return Verdict(name, "infrastructure", Status.WARNING, detail, away.action)
    return Verdict(name, "data", Status.OK, "nothing to look at here")


def look(
    subjects: Subjects, instance: DagsterInstance, repository: RepositoryDefinition | None, depth: Depth = Depth.QUICK
) -> Look:
    if repository is not None:
        subjects = replace(subjects, dagster=lambda: read_facts(instance, repository, timezone.now()))
    return Watch(subjects, timezone.now, depth).look()


def notify(
    alerts: Alerts,
    subjects: Subjects,
    instance: DagsterInstance,
    repository: RepositoryDefinition,
    own: Iterable[str],
    startable: Container[str],
) -> dg.SensorResult:
    """Tell people, and start again what can be made good; `own` names are always known, `startable` jobs only."""
    known: list[DagsterFacts] = []

    def read() -> DagsterFacts:
        known.append(read_facts(instance, repository, timezone.now()))
        return known[-1]

    seen = Watch(replace(subjects, dagster=read), timezone.now).look()
    # Without Dagster's storage nothing is known of its checks, so none of them counts as gone.
    facts = known[-1] if known else None
    told = alerts.notify(seen.verdicts, timezone.now(), existing(own, facts, seen) if facts else None)
    broken = [run for run in broken_by_clickhouse(facts, seen) if run.family in startable] if facts else []
    bad = [verdict.name for verdict in seen.verdicts if verdict.status is not Status.OK]
    said = dg.SkipReason(f"{len(told.mails)} mails; not ok: {', '.join(bad) or 'nothing'}")
    return dg.SensorResult(run_requests=[again(run) for run in broken], skip_reason=None if broken else said)


def existing(own: Iterable[str], facts: DagsterFacts, look: Look) -> set[str]:
    """Every name a verdict can have; an incident of another name is one of a check that is gone."""
    return {*own, probe.NAME, FROM_MAIL, NO_BACKUP, *facts.check_names, *(verdict.name for verdict in look.verdicts)}


def broken_by_clickhouse(facts: DagsterFacts, look: Look) -> list[RunFact]:
    """Failed runs that can be made good now: ClickHouse was why, and it answers again.

    What only a person can mend is left alone. Of runs that one of them would make good, as those of a schedule, only
    that one is started; one that failed anew waits, longer each time.
    """
    states = {verdict.name: verdict.status for verdict in look.verdicts}
    if states.get(infrastructure.CLICKHOUSE) is not Status.OK:
        return []
    recent = [run for run in facts.failed if _broken(run) and look.at - run.created < AGAIN_WITHIN]
    waiting = {run.family for run in facts.unfinished}
    open_ = [
        run
        for run in recent
        if run.family not in waiting and not any(cures(success, run) for success in facts.succeeded)
    ]
    chosen: list[RunFact] = []
    for run in open_:  # newest first
        if not any(cures(replace(each, created=look.at), run) for each in chosen):
            chosen.append(run)
    return [run for run in chosen if not run.again or is_due(_ended(run), run.again, look.at)]


def _broken(run: RunFact) -> bool:
    return run.error_source == "clickhouse" and run.error_passes


def _ended(run: RunFact) -> int:
    return int((run.ended or run.created).timestamp())


def again(run: RunFact) -> dg.RunRequest:
    """The same days once more; the key is the failed run's, so that it is asked for once."""
    tags = {AGAIN: str(run.again + 1), **(Days(*run.days).tags if run.days else {})}
    return dg.RunRequest(run_key=f"again:{run.run_id}", job_name=run.family, tags=tags)
