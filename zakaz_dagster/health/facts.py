"""What the watch knows about Dagster as plain values: `defs.operations.run_history` reads, `processes` judges them.

Belongs here: the shapes. Does not: Dagster, or any judgement; what is known of sources (`freshness`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from zakaz_dagster.verdicts import Verdict


@dataclass(frozen=True)
class RunFact:
    """A run. `family` is its job, or its assets when it has none; `days` the first and last, None without partitions.

    `scheduled`: a schedule asked for it; `missing`: a sensor did that asks for whatever is missing until nothing is.
    `again` counts how often in a row it was started anew.
    Of a failed one: `error` is the message with its next step, `error_source` where it arose (a vendor, clickhouse),
    `error_passes` whether it may go away by itself, `failed_checks` the blocking checks that stopped it, by their
    verdict names.
    """

    run_id: str
    family: str
    status: str  # queued, started, success, failure or canceled
    created: datetime
    ended: datetime | None = None
    days: tuple[date, date] | None = None
    scheduled: bool = False
    missing: bool = False
    assets: tuple[str, ...] = ()
    error: str = ""
    error_source: str = ""
    next_step: str = ""
    failed_checks: tuple[str, ...] = ()
    longest_minutes: float | None = None
    error_passes: bool = False
    again: int = 0


@dataclass(frozen=True)
class CheckFact:
    """The newest state of an asset check: its verdict, or None when the run that planned it has not evaluated it.

    `before` is then the verdict of its newest evaluation.
    """

    name: str
    asset: str
    run_id: str
    verdict: Verdict | None
    run_ended: bool = False
    at: datetime | None = None
    before: Verdict | None = None


@dataclass(frozen=True)
class ScheduleFact:
    """A schedule or sensor: whether it runs, and whether the code says that it does."""

    name: str
    running: bool
    runs_by_default: bool


@dataclass(frozen=True)
class TickFact:
    """A schedule or sensor whose newest looks all failed: how many of the newest ones, since when, and why."""

    name: str
    failures: int
    since: datetime
    error: str


@dataclass(frozen=True)
class DaemonFact:
    """A daemon that must run, and its last sign of life."""

    name: str
    healthy: bool
    heartbeat: datetime | None = None
    error: str = ""


@dataclass(frozen=True)
class PolicyFact:
    """An asset with a freshness policy. `state` is Dagster's: pass, warn, fail, unknown or not_applicable."""

    asset: str
    state: str
    fail_minutes: float
    materialised: datetime | None = None


@dataclass(frozen=True)
class DagsterFacts:
    """Everything at one moment. `families` are all there can be; `failed` and `succeeded` are newest first.

    `installed` is when the first run was made: nothing can be late before that. `cut` has a sentence for everything
    that a limit has left out, `rivals` the daemon processes that live beside each other.
    """

    failed: Sequence[RunFact] = ()
    succeeded: Sequence[RunFact] = ()
    unfinished: Sequence[RunFact] = ()
    checks: Sequence[CheckFact] = ()
    schedules: Sequence[ScheduleFact] = ()
    ticks: Sequence[TickFact] = ()
    daemons: Sequence[DaemonFact] = ()
    policies: Sequence[PolicyFact] = ()
    families: Sequence[str] = ()
    check_names: Sequence[str] = ()
    installed: datetime | None = None
    cut: Sequence[str] = ()
    rivals: Sequence[str] = ()
