"""The one time zone of every day, schedule and report: Europe/Moscow. Imports nothing of ours.

Belongs here: the zone, the present moment, the bounds of a day. Does not: the zones of venues (`parsing.dates`).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MOSCOW = ZoneInfo("Europe/Moscow")


def now() -> datetime:
    """The present moment, aware (UTC)."""
    return datetime.now(UTC)


def today() -> date:
    """The running day in Moscow."""
    return now().astimezone(MOSCOW).date()


def bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of a Moscow day and of the day after it, aware."""
    start = datetime(day.year, day.month, day.day, tzinfo=MOSCOW)
    following = day + timedelta(days=1)
    return start, datetime(following.year, following.month, following.day, tzinfo=MOSCOW)


def days_between(first: date, last: date) -> list[date]:
    """Every day of first..last, both inclusive; none when `last` is before `first`."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
