"""Days that were never loaded, or loaded before they were over: gaps that a fresh last load hides.

Belongs here: this pure rule over the ledger. Does not: loading them.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from zakaz_dagster.health.watched import MORNING, Seen, Watched, end_of
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.verdicts import Status, Verdict

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
