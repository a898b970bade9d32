"""What is watched of a source, and what was seen of it: plain values for the rules in `freshness` and `days`.

Belongs here: the shapes. Does not: descriptions of sources (`sources`; entry points translate), asking ClickHouse
(`reading`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from zakaz_dagster.timezone import MOSCOW, bounds

MORNING = timedelta(hours=6)  # a daily source is expected by six


@dataclass(frozen=True)
class Watched:
    """A source. `table` holds its days in `day_column`, in the rows where the columns of `among` have those values.

    `window_days` is how far back missing days are looked for. A source that is not `enabled` and has never been loaded
    is left alone.
    """

    name: str
    label: str
    table: str
    day_column: str
    warn_minutes: int
    fail_minutes: int
    includes_today: bool
    window_days: int
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

    `loads` are the days of the ledger within the window, `first_day` the first one ever; `newest_day` is the newest
    with rows, `busy_days` how many of the 28 days up to it have rows.
    """

    loads: Mapping[date, Load] = field(default_factory=dict)
    first_day: date | None = None
    newest_day: date | None = None
    busy_days: int = 0


def end_of(day: date) -> datetime:
    """The moment a Moscow day is over."""
    return bounds(day)[1]
