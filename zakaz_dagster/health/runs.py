"""Verdicts on runs: failures nobody has made good, and runs that hang.

Belongs here: these pure rules. Does not: reading runs (`defs.operations.run_history`), or the data (`sources`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from zakaz_dagster.health.facts import RunFact
from zakaz_dagster.verdicts import Status, Verdict

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
    check of their own); what somebody asked for must be done for the same assets and all of the same days.
    """
    if success.created <= failed.created:
        return False
    if success.family == failed.family and failed.scheduled:
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
