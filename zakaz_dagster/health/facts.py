"""What the watch knows, as plain values: sources and what the warehouse holds of them, and Dagster's own state.

Entry points translate descriptions into `Watched`, `reading` fills `Seen`, `defs.operations.run_history` reads Dagster.
Belongs here: the shapes. Does not: asking anybody, or any judgement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from zakaz_dagster.timezone import MOSCOW, bounds
from zakaz_dagster.verdicts import Verdict


@dataclass(frozen=True)
class RunFact:
    """A run. `family` is its job, or its assets when it has none; `days` the first and last, None without partitions.

    Of a failed one: `error` is the message with its next step, `error_source` where it arose (a vendor, clickhouse),
    `failed_checks` the blocking checks (verdict names) that stopped it.
    """

    run_id: str
    family: str
    status: str  # queued, started, success, failure or canceled
    created: datetime
    ended: datetime | None = None
    days: tuple[date, date] | None = None
    scheduled: bool = False
    assets: tuple[str, ...] = ()
    error: str = ""
    error_source: str = ""
    next_step: str = ""
    failed_checks: tuple[str, ...] = ()
    longest_minutes: float | None = None


@dataclass(frozen=True)
class CheckFact:
    """The newest state of an asset check: its verdict, or None when the run that planned it has not evaluated it."""

    name: str
    asset: str
    run_id: str
    verdict: Verdict | None
    run_ended: bool = False
    at: datetime | None = None


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
    that a limit has left out.
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


MORNING = timedelta(hours=6)  # a daily source is expected by six


@dataclass(frozen=True)
class Watched:
    """A source. `table` holds its days in `day_column`, in the rows where the columns of `among` have those values.

    `start` is the first day that can be loaded. A source that is not `enabled` and has never been loaded is left alone.
    """

    name: str
    label: str
    table: str
    day_column: str
    warn_minutes: int
    fail_minutes: int
    includes_today: bool
    start: date = date.min
    among: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True

    def expected_last(self, now: datetime) -> date:
        """The newest day that should be loaded by now."""
        grace = timedelta(minutes=self.warn_minutes) if self.includes_today else MORNING
        local = now.astimezone(MOSCOW) - grace
        return local.date() - timedelta(days=0 if self.includes_today else 1)

    def first_due(self, started: datetime) -> datetime:
        """By when the first load of a platform that started then must have come."""
        return started + timedelta(minutes=self.warn_minutes) if self.includes_today else next_morning(started)


@dataclass(frozen=True)
class Load:
    """The last load of a day: when it was made, and up to which moment the vendor was asked."""

    loaded_at: datetime
    covered_until: datetime


@dataclass(frozen=True)
class Seen:
    """What the warehouse holds of a source.

    `loads` are the days of the ledger since the start date, `first_day` the first one ever; `newest_day` is the newest
    with rows, `busy_days` how many of the 28 days up to it have rows.
    """

    loads: Mapping[date, Load] = field(default_factory=dict)
    first_day: date | None = None
    newest_day: date | None = None
    busy_days: int = 0


def next_morning(at: datetime) -> datetime:
    """The first morning after the night that follows this moment: nightly loads have had their time."""
    return end_of(at.astimezone(MOSCOW).date()) + MORNING


def end_of(day: date) -> datetime:
    """The moment a Moscow day is over."""
    return bounds(day)[1]
