"""Verdicts on Dagster itself: daemons, schedules against the code and their looks, freshness policies, checks.

Belongs here: these pure rules. Does not: reading Dagster (`defs.operations.run_history`), runs (`runs`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from zakaz_dagster.health.facts import CheckFact, DaemonFact, DagsterFacts, PolicyFact, RunFact, ScheduleFact, TickFact
from zakaz_dagster.health.runs import ERROR_TEXT, queue, run_verdicts
from zakaz_dagster.verdicts import Status, Verdict

DAGSTER = "platform__dagster"
DAEMONS = "platform__daemons"
SCHEDULES = "platform__schedules"
TICKS = "platform__ticks"
DAY = timedelta(days=1)
POLICY = {"pass": Status.OK, "not_applicable": Status.OK, "warn": Status.WARNING, "fail": Status.ERROR}


def judged(facts: DagsterFacts, now: datetime, *, working: bool = True) -> list[Verdict]:
    """Every verdict that Dagster's own state gives; what is seen now comes after what a check remembers."""
    runs = list(run_verdicts(facts.failed, facts.succeeded, facts.families))
    explained = {run.run_id for run in facts.failed}
    return [
        *checks(facts.checks, explained),
        Verdict(DAGSTER, "infrastructure", Status.OK, "Dagster's storage answers"),
        daemons(facts.daemons),
        schedules(facts.schedules),
        ticks(facts.ticks, facts.failed),
        queue(facts.unfinished, now),
        *runs,
        *(policy(each, facts.installed, now, working=working) for each in facts.policies),
    ]


def storage_away(error: str) -> Verdict:
    """Dagster cannot be asked at all."""
    action = "look at the disk and the database behind DAGSTER_HOME, then restart Dagster's services"
    return Verdict(DAGSTER, "infrastructure", Status.ERROR, f"Dagster's storage does not answer: {error}", action)


def daemons(found: Sequence[DaemonFact]) -> Verdict:
    """Without the daemon no schedule ticks, no run is dequeued and no freshness is judged."""
    dead = [each for each in found if not each.healthy]
    if found and not dead:
        return Verdict(DAEMONS, "infrastructure", Status.OK, f"{len(found)} daemons are alive", "", 0.0, 0.0)
    last = max((each.heartbeat for each in dead if each.heartbeat), default=None)
    errors = next((f": {each.error}" for each in dead if each.error), "")
    names = ", ".join(each.name.lower() for each in dead) or "no daemon has ever started"
    return Verdict(
        DAEMONS,
        "infrastructure",
        Status.ERROR,
        f"without a heartbeat: {names}{errors}",
        "restart the dagster-daemon service and read its log",
        float(len(dead)),
        0.0,
        last,
        link="deployment/daemons",
    )


def schedules(found: Sequence[ScheduleFact]) -> Verdict:
    """A state set in the UI wins over the code for ever, so it is listed until it is reset."""
    stopped = [each.name for each in found if each.runs_by_default and not each.running]
    started = [each.name for each in found if each.running and not each.runs_by_default]
    parts = [
        f"{word}: {', '.join(names)}"
        for word, names in (("stopped by hand", stopped), ("started by hand", started))
        if names
    ]
    return Verdict(
        SCHEDULES,
        "processes",
        Status.WARNING if stopped else Status.OK,
        "; ".join(parts) or f"{len(found)} schedules and sensors are as the code says",
        "start them in the UI, or reset them to the code's state" if stopped else "",
        float(len(stopped)),
        0.0,
        link="automation",
    )


def ticks(found: Sequence[TickFact], failed: Sequence[RunFact]) -> Verdict:
    """A look that fails makes no run, so no failed run tells of it: what a sensor watches for stays unread."""
    if not found:
        return Verdict(TICKS, "processes", Status.OK, "no schedule or sensor fails", "", 0.0, 0.0)
    worst = max(found, key=lambda each: each.failures)
    others = f"; also: {', '.join(each.name for each in found if each is not worst)}" if len(found) > 1 else ""
    cause = next((run for run in failed if run.error_source and run.error_source in worst.error), None)
    return Verdict(
        TICKS,
        "processes",
        Status.ERROR,
        f"{worst.name} failed {worst.failures} times in a row: {worst.error[:ERROR_TEXT]}{others}",
        "open it in the UI (Automation): the error of its last tick says what to do",
        float(len(found)),
        0.0,
        min(each.since for each in found),
        because=f"run__{cause.family}" if cause else "",
        link="automation",
    )


def policy(fact: PolicyFact, installed: datetime | None, now: datetime, *, working: bool = True) -> Verdict:
    """Dagster's freshness policy of an asset; never loaded counts as late once it could have been loaded.

    Outside working hours what is due within the day only warns, as its data's freshness does.
    """
    limit = timedelta(minutes=fact.fail_minutes)
    status = POLICY.get(fact.state)
    if status is None:
        late = fact.materialised is None and installed is not None and now - installed > limit
        status = Status.ERROR if late else Status.OK
    if status is Status.ERROR and not working and limit < DAY:
        status = Status.WARNING
    age = (now - fact.materialised).total_seconds() / 60 if fact.materialised else None
    loaded = f"last materialised {age:.0f} min ago" if age is not None else "never materialised"
    return Verdict(
        f"{fact.asset}__loaded_in_time",
        "data",
        status,
        f"{loaded}; the policy says {fact.state}",
        "open the asset's last runs; materialise it when they are gone" if status is not Status.OK else "",
        age,
        fact.fail_minutes,
        fact.materialised if status is not Status.OK else None,
        (fact.asset,),
        link=f"assets/{fact.asset}",
    )


def checks(found: Sequence[CheckFact], explained: Collection[str]) -> Iterator[Verdict]:
    """Checks as last evaluated; one that its run left behind is an error, unless that run's own failure says so."""
    for check in found:
        if check.verdict is not None:
            yield replace(check.verdict, link=f"assets/{check.asset}?view=checks")
        elif check.run_ended and check.run_id not in explained:
            yield Verdict(
                check.name,
                "data",
                Status.ERROR,
                f"run {check.run_id[:8]} ended without evaluating it",
                "run the asset's checks again from its page",
                since=check.at,
                assets=(check.asset,),
                link=f"runs/{check.run_id}",
            )
