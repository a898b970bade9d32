"""How many mails pending notices become: one each while they are few, one digest when they are many.

Belongs here: this pure decision. Does not: what a mail looks like (`mail`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from zakaz_dagster.alerts.incidents import Notice

Batch = tuple[Notice, ...]

SINGLES = 3  # more than this at once is one digest
BURST = 6  # mails in WINDOW; what comes after waits and goes as one digest
WINDOW = timedelta(minutes=15)


def batches(pending: Sequence[Notice], mailed: Sequence[datetime], now: datetime) -> list[Batch]:
    """The mails to send now, oldest first; empty while the channel has had its burst of mails."""
    ordered = sorted(pending, key=lambda notice: (notice.at, notice.id))
    room = BURST - sum(1 for at in mailed if now - WINDOW < at <= now)
    if not ordered or room <= 0:
        return []
    if len(ordered) > min(SINGLES, room):
        return [tuple(ordered)]
    return [(notice,) for notice in ordered]
