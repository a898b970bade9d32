"""Daily partitions in Moscow time, and the days of a run.

A range run carries its days as two tags and is one run; `context.has_partition_key` is False in it, so the keys decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import dagster as dg

from zakaz_dagster.timezone import MOSCOW

RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"


@dataclass(frozen=True)
class Days:
    """An unbroken range of days, both ends included."""

    first: date
    last: date

    @property
    def tags(self) -> dict[str, str]:
        """The tags that make one run of the whole range."""
        return {RANGE_START: self.first.isoformat(), RANGE_END: self.last.isoformat()}


def daily(start: date, *, includes_today: bool) -> dg.DailyPartitionsDefinition:
    """Days from `start` to yesterday, or to the running day."""
    return dg.DailyPartitionsDefinition(
        start.isoformat(), timezone="Europe/Moscow", end_offset=1 if includes_today else 0
    )


def days_of(context: dg.AssetExecutionContext) -> Days:
    """The days this run was asked for."""
    keys = sorted(context.partition_keys)
    return Days(date.fromisoformat(keys[0]), date.fromisoformat(keys[-1]))


def trailing(at: datetime, count: int, start: date, *, includes_today: bool) -> Days:
    """The last `count` days as seen at `at` (aware), ending today or yesterday, none before `start`."""
    last = at.astimezone(MOSCOW).date() - timedelta(days=0 if includes_today else 1)
    return Days(max(start, last - timedelta(days=count - 1)), last)


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
