"""Verdicts on Dagster itself: daemons, schedules and their looks, runs, freshness policies, checks.

Belongs here: these pure rules. Does not: reading Dagster (`defs.operations.run_history`), or the data (`sources`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from zakaz_dagster.health.facts import CheckFact, DaemonFact, DagsterFacts, PolicyFact, RunFact, ScheduleFact, TickFact
from zakaz_dagster.health.freshness import next_morning, pending_until
from zakaz_dagster.verdicts import Status, Verdict

DAGSTER = "platform__dagster"
DAEMONS = "platform__daemons"
SCHEDULES = "platform__schedules"
TICKS = "platform__ticks"
HISTORY = "platform__history"
DAY = timedelta(days=1)
POLICY = {"pass": Status.OK, "not_applicable": Status.OK, "warn": Status.WARNING, "fail": Status.ERROR}


def dagster_verdicts(
    facts: DagsterFacts, now: datetime, *, working: bool = True, started: datetime | None = None
) -> list[Verdict]:
    """Every verdict that Dagster's own state gives; what is seen now comes after what a check remembers.

    `started` is when the platform began to run, None for long ago: until the first loads are due nothing is late.
    """
    runs = list(run_verdicts(facts.failed, facts.succeeded, facts.families))
    explained = {run.run_id for run in facts.failed}
    return [
        *checks(facts.checks, explained),
        Verdict(DAGSTER, "infrastructure", Status.OK, "Dagster's storage answers"),
        daemons(facts.daemons, facts.rivals),
        schedules(facts.schedules),
        ticks(facts.ticks, facts.failed),
        queue(facts.unfinished, now),
        history(facts.cut),
        *runs,
        *(policy(each, facts.installed, now, working=working, started=started) for each in facts.policies),
    ]


def storage_away(error: str) -> Verdict:
    """Dagster cannot be asked at all."""
    action = "look at the disk and the database behind DAGSTER_HOME, then restart Dagster's services"
    return Verdict(DAGSTER, "infrastructure", Status.ERROR, f"Dagster's storage does not answer: {error}", action)


def daemons(found: Sequence[DaemonFact], rivals: Sequence[str] = ()) -> Verdict:
    """Without the daemon no schedule ticks, no run is dequeued, no freshness is judged; with two each may run twice."""
    dead = [each for each in found if not each.healthy]
    if len(rivals) > 1 and not dead:
        return Verdict(
            DAEMONS,
            "infrastructure",
            Status.ERROR,
            f"{len(rivals)} daemon processes work on the same DAGSTER_HOME, so a tick may run twice",
            "end all but one of them: `ps aux | grep dagster-daemon`, also `zakaz dev` and `dagster dev` elsewhere",
            float(len(rivals)),
            1.0,
            link="deployment/daemons",
        )
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


def history(cut: Sequence[str]) -> Verdict:
    """What a limit left out of this look at Dagster's history: such a look may miss that a failure was made good."""
    if not cut:
        return Verdict(HISTORY, "processes", Status.OK, "Dagster's history was read as far back as it matters")
    action = "make good or delete old failed runs, or keep fewer days of them (ZAKAZ_KEEP_RUNS_DAYS)"
    return Verdict(HISTORY, "processes", Status.WARNING, "; ".join(cut), action, float(len(cut)), 0.0, link="runs")


def policy(
    fact: PolicyFact,
    installed: datetime | None,
    now: datetime,
    *,
    working: bool = True,
    started: datetime | None = None,
) -> Verdict:
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
    verdict = Verdict(
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
    if started is None:
        return verdict
    return pending_until(verdict, started + limit if limit < DAY else next_morning(started), now)


def checks(found: Sequence[CheckFact], explained: Collection[str]) -> Iterator[Verdict]:
    """Checks as last evaluated; one that its run left behind is an error, unless that run's own failure says so.

    What was bad stays bad while a run only plans the check, or was cancelled before it had looked.
    """
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
        elif check.before is not None and check.before.status is not Status.OK:
            yield replace(check.before, link=f"assets/{check.asset}?view=checks")


LONGEST_QUEUE = timedelta(hours=1)
LONGEST_RUN = timedelta(hours=4)
QUEUE = "platform__queue"
ERROR_TEXT = 600


def run_verdicts(failed: Sequence[RunFact], succeeded: Sequence[RunFact], families: Sequence[str]) -> Iterator[Verdict]:
    """One verdict per job: red while one of its failed runs has not been made good."""
    open_: defaultdict[str, list[RunFact]] = defaultdict(list)
    for run in failed:
        if not any(cures(success, run) for success in succeeded):
            open_[run.family].append(run)
    for family in sorted({*families, *open_, *(run.family for run in failed)}):
        yield _failed(family, open_[family]) if open_[family] else _fine(family)


def cures(success: RunFact, failed: RunFact) -> bool:
    """Whether a later success makes a failure good.

    A scheduled run repeats itself over overlapping days, so the next one of its job is enough (missing days have a
    check of their own). A sensor that looks for what is missing asks for other days and assets each time: the next
    success that was asked for after the failure is enough, for what is still missing has a check of its own as well.
    What somebody asked for must be done for the same assets and all of the same days.
    """
    if success.created <= failed.created:
        return False
    if success.family == failed.family and failed.scheduled:
        return True
    if success.family == failed.family and failed.missing and success.created >= (failed.ended or failed.created):
        return True
    return set(success.assets) >= set(failed.assets) and _covers(success, failed)


def queue(unfinished: Sequence[RunFact], now: datetime) -> Verdict:
    """Runs that wait or work longer than any run should; they block their source."""
    stuck = [run for run in unfinished if now - run.created > _limit(run)]
    longest = max((now - run.created for run in stuck), default=timedelta(0))
    if not stuck:
        return Verdict(QUEUE, "processes", Status.OK, f"{len(unfinished)} runs wait or work, none for too long")
    oldest = min(stuck, key=lambda run: run.created)
    return Verdict(
        QUEUE,
        "processes",
        Status.ERROR,
        f"{len(stuck)} runs hang; the oldest is {oldest.family} {oldest.run_id[:8]}, {oldest.status} "
        f"for {longest.total_seconds() / 60:.0f} min",
        "terminate it in the UI; when runs stay queued, restart the code server and the daemon",
        longest.total_seconds() / 60,
        _limit(oldest).total_seconds() / 60,
        oldest.created,
        oldest.assets,
        link=f"runs/{oldest.run_id}",
    )


def _failed(family: str, runs: Sequence[RunFact]) -> Verdict:
    newest, oldest = max(runs, key=lambda run: run.created), min(runs, key=lambda run: run.created)
    days = f" for {newest.days[0]}..{newest.days[1]}" if newest.days else ""
    count = f"{len(runs)} runs failed and none has succeeded since; the newest" if len(runs) > 1 else "run"
    return Verdict(
        f"run__{family}",
        "processes",
        Status.ERROR,
        f"{count} {newest.run_id[:8]}{days}: {newest.error[:ERROR_TEXT] or 'it left no error'}",
        newest.next_step or "open the run: its error says what to do",
        float(len(runs)),
        0.0,
        oldest.ended or oldest.created,
        newest.assets,
        because=_cause(newest),
        link=f"runs/{newest.run_id}",
    )


def _cause(run: RunFact) -> str:
    if run.failed_checks:
        return run.failed_checks[0]
    return "platform__clickhouse" if run.error_source == "clickhouse" else ""


def _fine(family: str) -> Verdict:
    return Verdict(f"run__{family}", "processes", Status.OK, "no failure is open", "", 0.0, 0.0)


def _covers(success: RunFact, failed: RunFact) -> bool:
    if failed.days is None:
        return True
    return success.days is not None and success.days[0] <= failed.days[0] and failed.days[1] <= success.days[1]


def _limit(run: RunFact) -> timedelta:
    if run.status != "started":
        return LONGEST_QUEUE
    return timedelta(minutes=run.longest_minutes) if run.longest_minutes else LONGEST_RUN
