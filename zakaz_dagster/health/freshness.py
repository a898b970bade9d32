"""Is a source fresh? By its loads and by its data, because a load that succeeds with old data is stale all the same.

    loads   minutes since the newest day was loaded: the description's limits; at night a late load only warns.
            Loading an old day again makes nothing fresh.
    data    days from the newest day with rows to the one that could be there: one warns, two or more are an error

    days    days that were never loaded, or loaded before they were over: gaps that a fresh last load hides

Belongs here: these pure rules. Does not: asking ClickHouse (`reading`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from zakaz_dagster.health.facts import MORNING, Seen, Watched, end_of
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.verdicts import Status, Verdict, gravest

BUSY_DAYS = 25  # of 28: a source with rows on so many days has no empty days
LATE_DAYS, STALE_DAYS = 1, 2


@dataclass(frozen=True)
class Freshness:
    """A source's freshness as the health endpoints show it."""

    source: str
    verdict: Verdict
    latest_date: date | None
    days_behind: int | None
    minutes_since_load: float | None


def freshness(source: Watched, seen: Seen, now: datetime, *, working: bool) -> Freshness | None:
    """The freshness of a source; None for one that is switched off and has never been loaded."""
    if seen.first_day is None and not source.enabled:
        return None
    today = now.astimezone(MOSCOW).date()
    minutes = _minutes(source, seen, now)
    by_load, by_data = _by_load(source, minutes, working=working), _by_data(source, seen, now)
    status = gravest(by_load, by_data)
    verdict = Verdict(
        f"{source.table}__fresh",
        "data",
        status,
        f"{_load_text(minutes)}; {_data_text(seen, today)}",
        "" if status is Status.OK else _action(source, by_load),
        None if minutes is None else round(minutes, 1),
        float(source.warn_minutes if status is not Status.ERROR else source.fail_minutes),
        None if status is Status.OK else _since(source, seen, by_load, now),
        (source.table,),
        link=f"assets/{source.table}",
    )
    behind = (today - seen.newest_day).days if seen.newest_day else None
    return Freshness(source.name, verdict, seen.newest_day, behind, minutes)


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


def _load_text(minutes: float | None) -> str:
    return "never loaded" if minutes is None else f"last good load {minutes:.0f} min ago"


def _data_text(seen: Seen, today: date) -> str:
    if seen.newest_day is None:
        return "no data"
    return f"newest data {seen.newest_day}, {(today - seen.newest_day).days} days behind today"


SHOWN = 6


def missing_days(source: Watched, seen: Seen, now: datetime) -> Verdict | None:
    """The verdict on the window's days; None when the source has never been loaded (freshness says that)."""
    if seen.first_day is None:
        return None
    gaps = missing(source, seen, now)
    half = unfinished(seen, now)
    parts = [
        f"{word}: {_shown(days)}" for word, days in (("never loaded", gaps), ("read before it ended", half)) if days
    ]
    first = min([*gaps, *half], default=None)
    return Verdict(
        f"{source.table}__no_missing_days",
        "data",
        Status.ERROR if parts else Status.OK,
        "; ".join(parts)
        or f"{len(seen.loads)} days of the last {source.window_days} are in the ledger, none is missing",
        "materialise these days of the table in the UI" if parts else "",
        float(len(gaps) + len(half)),
        0.0,
        end_of(first) if first else None,
        (source.table,),
        link=f"assets/{source.table}?view=partitions",
    )


def missing(source: Watched, seen: Seen, now: datetime) -> list[date]:
    """Past days of the window, since the first one ever loaded, without a load; the running one has its freshness."""
    if seen.first_day is None:
        return []
    last = min(source.expected_last(now), now.astimezone(MOSCOW).date() - timedelta(days=1))
    first = max(seen.first_day, last - timedelta(days=source.window_days - 1))
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day not in seen.loads]


def unfinished(seen: Seen, now: datetime) -> list[date]:
    """Past days whose last reading was made while they still ran; the night's reload has had its time."""
    settled = (now.astimezone(MOSCOW) - MORNING).date()
    return sorted(day for day, load in seen.loads.items() if day < settled and load.covered_until < end_of(day))


def _shown(days: list[date]) -> str:
    more = f" and {len(days) - SHOWN} more" if len(days) > SHOWN else ""
    return ", ".join(day.isoformat() for day in days[:SHOWN]) + more
