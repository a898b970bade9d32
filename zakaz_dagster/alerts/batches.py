"""How many mails pending notices become: one each while they are few, then digests, further and further apart.

Two mails go at once; after that everything that waits goes as one digest, at growing intervals while mails keep
coming, so that a red check more every minute is six mails in four hours and not one every other minute. No notice is
dropped: a digest holds all that waited for it. Belongs here: this pure decision. Does not: what a mail looks like
(`mail`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from zakaz_dagster.alerts.incidents import Notice

Batch = tuple[Notice, ...]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AT_ONCE = 2  # mails that nothing holds back
STORM = timedelta(hours=6)  # mails of so long ago count as the same storm
SPACING = (0, 0, 1, 3, 9, 12)  # before the next mail, by the number of mails of the storm, in hours / `per_hour`


@dataclass(frozen=True)
class Limits:
    """The most mails a channel gets."""

    per_hour: int = 6
    per_day: int = 30


def batches(pending: Sequence[Notice], mailed: Sequence[datetime], now: datetime, limits: Limits) -> list[Batch]:
    """The mails to send now, oldest first; empty while they have to wait. `mailed` has the last day's mails."""
    ordered = tuple(sorted(pending, key=lambda notice: (notice.at, notice.id)))
    sent = [at for at in mailed if at <= now]
    room = min(limits.per_hour - _count(sent, now, HOUR), limits.per_day - _count(sent, now, DAY))
    if not ordered or room <= 0:
        return []
    storm = _count(sent, now, STORM)
    if len(ordered) <= min(AT_ONCE - storm, room):
        return [(notice,) for notice in ordered]
    pause = SPACING[min(storm, len(SPACING) - 1)] * HOUR / limits.per_hour
    return [] if storm and now - max(sent) < pause else [ordered]


def _count(sent: Sequence[datetime], now: datetime, within: timedelta) -> int:
    return sum(now - at < within for at in sent)
