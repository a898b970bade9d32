"""Is a source fresh, and is every day of it there? By loads and by data, for a load that brings old data is stale, too.

    loads   since the newest day was loaded: the description's limits; at night a late load only warns.
            Loading an old day again makes nothing fresh.
    data    days from the newest day with rows to the one that could be there: one warns, two or more are an error
    days    every day from the first one ever loaded (not before the start date): never loaded, or read before it ended
    follows every day of every fact is as new as what it reads
    start   what is late or missing when the platform starts is pending until its first scheduled load has had its time

Belongs here: these pure rules, what is watched of a source (entry points translate descriptions into it), what was seen
of it (`reading` asks). Does not: asking ClickHouse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from zakaz_dagster.timezone import MOSCOW, bounds
from zakaz_dagster.verdicts import Status, Verdict, gravest
from zakaz_dagster.warehouse.build_ledger import Owed

MORNING = timedelta(hours=6)  # a daily source is expected by six
BUSY_DAYS = 25  # of 28: a source with rows on so many days has no empty days
LATE_DAYS, STALE_DAYS = 1, 2
FOLLOWS = "follows"  # the name of that check
FOLLOWS_WITHIN = timedelta(minutes=20)
SHOWN = 6  # ranges of missing days; their number and the first one are always said


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


@dataclass(frozen=True)
class Freshness:
    """A source's freshness as the health endpoints show it; `minutes_since_load` is of the newest day."""

    source: str
    verdict: Verdict
    latest_date: date | None
    days_behind: int | None
    minutes_since_load: float | None


def freshness(
    source: Watched, seen: Seen, now: datetime, *, working: bool, started: datetime | None = None
) -> Freshness | None:
    """The freshness of a source; None for one that is switched off and has never been loaded.

    `working` says whether it is day; `started` when the platform began to run, None for long ago.
    """
    if seen.first_day is None and not source.enabled:
        return None
    minutes = _minutes(source, seen, now)
    by_load, by_data = _by_load(source, minutes, working=working), _by_data(source, seen, now)
    status = gravest(by_load, by_data)
    verdict = Verdict(
        f"{source.table}__fresh",
        "data",
        status,
        f"{_load_text(source, seen, now)}; {_data_text(seen, now)}",
        "" if status is Status.OK else _action(source, by_load),
        None if minutes is None else round(minutes, 1),
        float(source.warn_minutes if status is not Status.ERROR else source.fail_minutes),
        None if status is Status.OK else _since(source, seen, by_load, now),
        (source.table,),
        link=f"assets/{source.table}",
    )
    if started is not None:
        due = started + timedelta(minutes=source.warn_minutes) if source.includes_today else next_morning(started)
        verdict = pending_until(verdict, due, now)
    behind = (now.astimezone(MOSCOW).date() - seen.newest_day).days if seen.newest_day else None
    return Freshness(source.name, verdict, seen.newest_day, behind, minutes)


def pending_until(verdict: Verdict, due: datetime, now: datetime) -> Verdict:
    """What is bad before its first load since the start was due is not judged yet, and says until when."""
    if verdict.status is Status.OK or now >= due:
        return verdict
    detail = f"{verdict.detail}; just started, judged from {due.astimezone(MOSCOW):%d.%m. %H:%M} (Moscow) on"
    return replace(verdict, status=Status.OK, detail=detail, action="", since=None, pending=True)


def next_morning(at: datetime) -> datetime:
    """The first morning after the night that follows this moment: nightly loads have had their time."""
    return end_of(at.astimezone(MOSCOW).date()) + MORNING


def _fresh_until(source: Watched, seen: Seen, now: datetime) -> datetime | None:
    """When the newest day was loaded; its end, when a newer one should be there by now."""
    if not seen.loads:
        return end_of(seen.first_day) if seen.first_day else None
    newest = max(seen.loads)
    return seen.loads[newest].loaded_at if newest >= source.expected_last(now) else end_of(newest)


def _minutes(source: Watched, seen: Seen, now: datetime) -> float | None:
    at = _fresh_until(source, seen, now)
    return (now - at).total_seconds() / 60 if at else None


def _by_load(source: Watched, minutes: float | None, *, working: bool) -> Status:
    if minutes is None:
        return Status.ERROR
    if minutes > source.fail_minutes:
        return Status.ERROR if working or not source.includes_today else Status.WARNING
    return Status.WARNING if minutes > source.warn_minutes else Status.OK


def _by_data(source: Watched, seen: Seen, now: datetime) -> Status:
    """A source that sometimes has nothing for days (paused campaigns) only warns."""
    if seen.newest_day is None:
        return Status.ERROR if seen.first_day is None else Status.WARNING
    last = source.expected_last(now) - timedelta(days=1 if source.includes_today else 0)  # today may have no sale yet
    late = (last - seen.newest_day).days
    if late >= STALE_DAYS and seen.busy_days >= BUSY_DAYS:
        return Status.ERROR
    return Status.WARNING if late >= LATE_DAYS else Status.OK


def _since(source: Watched, seen: Seen, by_load: Status, now: datetime) -> datetime | None:
    """When it began to be late."""
    if by_load is not Status.OK:
        at = _fresh_until(source, seen, now)
        return at + timedelta(minutes=source.warn_minutes) if at else None
    return end_of(seen.newest_day + timedelta(days=1)) if seen.newest_day else None


def _action(source: Watched, by_load: Status) -> str:
    if by_load is Status.OK:
        return f"loads succeed but bring nothing newer: look at {source.label}'s cabinet and at the filter of the run"
    return f"open the last runs of {source.name}; if there are none, look at its schedule and at the daemon"


def _load_text(source: Watched, seen: Seen, now: datetime) -> str:
    """When anything was loaded last, and how far loads reach when that is not far enough."""
    if not seen.loads:
        return "never loaded" if seen.first_day is None else "not loaded for a long time"
    last = max(load.loaded_at for load in seen.loads.values())
    newest = max(seen.loads)
    reach = "" if newest >= source.expected_last(now) else f", days up to {newest} are loaded"
    return f"last loaded {_ago(now - last)} ago{reach}"


def _data_text(seen: Seen, now: datetime) -> str:
    if seen.newest_day is None:
        return "no data"
    behind = (now.astimezone(MOSCOW).date() - seen.newest_day).days
    return f"data up to day {seen.newest_day}" + (f", {behind} days behind today" if behind else "")


def _ago(length: timedelta) -> str:
    minutes = max(int(length.total_seconds() // 60), 0)
    if minutes < 60 * 4:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 60 * 72 else f"{minutes // 1440} days"


def follows(fact: str, owed: Sequence[Owed], now: datetime, started: datetime | None = None) -> Verdict:
    """The verdict on a fact's days that are older than what they read; they are built within a few minutes.

    `owed` are its own. Other SQL or other seeds have no moment from which they could be late, so they only warn.
    """
    late = [each for each in owed if each.since is not None and now - each.since > FOLLOWS_WITHIN]
    other = [each for each in owed if each.since is None]
    shown = late or other
    days = ranges(each.day for each in shown)
    causes = ", ".join(sorted({each.because for each in shown}))
    since = min((each.since for each in late if each.since), default=None)
    verdict = Verdict(
        f"{fact}__{FOLLOWS}",
        "data",
        Status.ERROR if late else Status.WARNING if other else Status.OK,
        f"not built since this changed: {causes}; days: {days}" if shown else f"{len(owed)} days are being built",
        "run the job reload_days for these days" if shown else "",
        float(len(shown)),
        0.0,
        since,
        (fact,),
        link=f"assets/{fact}?view=partitions",
    )
    return verdict if started is None else pending_until(verdict, started + FOLLOWS_WITHIN, now)


def missing_days(source: Watched, seen: Seen, now: datetime, started: datetime | None = None) -> Verdict | None:
    """The verdict on all days since the first load; None when there was none (freshness says that)."""
    if seen.first_day is None:
        return None
    gaps = missing(source, seen, now)
    half = unfinished(source, seen, now)
    parts = [
        f"{word}: {ranges(days)}" for word, days in (("never loaded", gaps), ("read before it ended", half)) if days
    ]
    first = min([*gaps, *half], default=None)
    begins = max(seen.first_day, source.start)
    verdict = Verdict(
        f"{source.table}__no_missing_days",
        "data",
        Status.ERROR if parts else Status.OK,
        "; ".join(parts) or f"every day since {begins} is loaded{_not_loaded_before(source, seen)}",
        "run the job reload_days for these days" if parts else "",
        float(len(gaps) + len(half)),
        0.0,
        end_of(first) if first else None,
        (source.table,),
        link=f"assets/{source.table}?view=partitions",
    )
    # What the nights before the start have left open, the first night fills.
    return verdict if started is None else pending_until(verdict, next_morning(started), now)


def missing(source: Watched, seen: Seen, now: datetime) -> list[date]:
    """Past days, since the first one ever loaded, without a load; the running one has its freshness."""
    if seen.first_day is None:
        return []
    last = min(source.expected_last(now), now.astimezone(MOSCOW).date() - timedelta(days=1))
    first = max(seen.first_day, source.start)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day not in seen.loads]


def unfinished(source: Watched, seen: Seen, now: datetime) -> list[date]:
    """Past days whose last reading was made while they still ran; the night's reload has had its time."""
    settled = (now.astimezone(MOSCOW) - MORNING).date()
    return sorted(
        day for day, load in seen.loads.items() if source.start <= day < settled and load.covered_until < end_of(day)
    )


def ranges(days: Iterable[date]) -> str:
    """`2026-01-03, 2026-02-01..2026-02-20 (21 days)`: days as ranges, their number when they are many."""
    found: list[tuple[date, date]] = []
    ordered = sorted(days)
    for day in ordered:
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    shown = [f"{first}" if first == last else f"{first}..{last}" for first, last in found[:SHOWN]]
    more = [f"and {len(found) - SHOWN} more ranges up to {found[-1][1]}"] if len(found) > SHOWN else []
    count = f" ({len(ordered)} days)" if len(ordered) > 1 else ""
    return ", ".join([*shown, *more]) + count


def _not_loaded_before(source: Watched, seen: Seen) -> str:
    """History that was never asked for is no fault; that it is not there is said."""
    if seen.first_day is None or seen.first_day <= source.start:
        return ""
    return f"; nothing before it, from {source.start} on, has ever been loaded"


def end_of(day: date) -> datetime:
    """The moment a Moscow day is over."""
    return bounds(day)[1]
