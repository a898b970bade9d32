"""The one calendar of days in Moscow time, and the days of a run.

Every daily asset has the same days, from the start of the data to the running one, so any of them can be chosen
together and one job can hold them all. A range run carries its days as two tags and is one run;
`context.has_partition_key` is False in it, so the tags decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.timezone import MOSCOW

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"


@dataclass(frozen=True)
class Days:
    """An unbroken range of days, both ends included."""

    first: date
    last: date

    @property
    def tags(self) -> dict[str, str]:
        """The tags that make one run of the whole range."""
        return {RANGE_START: self.first.isoformat(), RANGE_END: self.last.isoformat()}

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"


def daily(start: date) -> dg.DailyPartitionsDefinition:
    """Days from `start` to the running one."""
    return dg.DailyPartitionsDefinition(start.isoformat(), timezone="Europe/Moscow", end_offset=1)


def days_of(context: dg.AssetExecutionContext) -> Days:
    """The days this run was asked for; a ConfigFault says what is wrong with them, before anything is asked."""
    keys = _keys(context.run.tags)
    try:
        days = Days(*(date.fromisoformat(key) for key in keys))
    except (TypeError, ValueError):
        raise _no_days(f"the days {' … '.join(map(repr, keys))} cannot be read", "two dates like 2026-11-01") from None
    if days.last < days.first:
        raise _no_days(f"the range {days.first} … {days.last} ends before it begins", "the earlier day first")
    calendar = context.assets_def.partitions_def
    start = calendar.start.date() if isinstance(calendar, dg.DailyPartitionsDefinition) else date.min
    if days.first < start:
        raise _no_days(f"{days.first} lies before the start of the data", f"days from {start} on (ZAKAZ_START_DATE)")
    if days.last > timezone.today():
        raise _no_days(f"{days.last} has not begun in Moscow", f"days up to {timezone.today()}")
    return days


def days_of_tags(tags: Mapping[str, str]) -> Days | None:
    """The days that a run's tags name; None without any, or when its partitions are no days."""
    try:
        return Days(*(date.fromisoformat(key) for key in _keys(tags)))
    except (TypeError, ValueError):
        return None


def _keys(tags: Mapping[str, str]) -> tuple[str, ...]:
    one = tags.get(PARTITION)
    return tuple(key for key in (tags.get(RANGE_START) or one, tags.get(RANGE_END) or one) if key)


def _no_days(what: str, expected: str) -> ConfigFault:
    step = "choose the days in Dagster (Materialize, partitions) and start it again; nothing was changed"
    return ConfigFault(what, source="run", expected=expected, next_step=step)


def trailing(at: datetime, count: int, start: date, *, includes_today: bool) -> Days | None:
    """The last `count` days that a source answers as seen at `at` (aware), up to the running one; none before `start`.

    None when the data begins later than that.
    """
    today = at.astimezone(MOSCOW).date()
    newest = today if includes_today else today - timedelta(days=1)
    return Days(max(start, newest - timedelta(days=count - 1)), today) if newest >= start else None


def ranges(days: Sequence[date], *, at_most: int | None = None) -> list[Days]:
    """The days as unbroken ranges, ascending; not more than `at_most`, for which the narrowest gaps are filled."""
    ordered = sorted(set(days))
    if not ordered:
        return []
    gaps = [place for place in range(1, len(ordered)) if ordered[place] - ordered[place - 1] > timedelta(days=1)]
    if at_most is not None:
        gaps = sorted(sorted(gaps, key=lambda place: ordered[place - 1] - ordered[place])[: at_most - 1])
    edges = [0, *gaps, len(ordered)]
    return [Days(ordered[first], ordered[end - 1]) for first, end in pairwise(edges)]
