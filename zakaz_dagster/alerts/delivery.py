"""Whether alerts reach people: a verdict like any other, told by whichever channel is left.

Belongs here: this pure judgement. Does not: delivering (`dispatch`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from zakaz_dagster.alerts.outbox import Backlog
from zakaz_dagster.verdicts import Status, Verdict

NAME = "platform__alert_delivery"
STORE = "platform__alert_store"
LIMIT_MINUTES = 20.0  # a server that is restarted is no news
MINUTE = 60.0


def delivery(backlogs: Sequence[Backlog], now: datetime) -> Verdict:
    """Red when a channel has refused what waits for twenty minutes; a warning when nobody can be told."""
    if not backlogs:
        action = "set ALERT_SMTP_HOST and ALERT_EMAIL_TO, or ALERT_APPRISE_URLS, then run `zakaz alerts test`"
        return Verdict(NAME, "processes", Status.WARNING, "no channel is configured: nobody is told", action)
    worst = max(backlogs, key=lambda backlog: _minutes(backlog, now))
    minutes = _minutes(worst, now)
    if minutes >= LIMIT_MINUTES:
        detail = (
            f"{worst.channel} has not taken {worst.waiting} notices for {minutes:.0f} min: {worst.error or 'no answer'}"
        )
        status, action = Status.ERROR, "run `zakaz alerts test` and correct what it names"
    elif noted := next((backlog for backlog in backlogs if backlog.note), None):
        status, detail, action = Status.WARNING, f"{noted.channel}: {noted.note}", "correct ALERT_EMAIL_TO"
    else:
        parts = [f"{each.channel} ({each.waiting} wait for the next digest)" if each.waiting else each.channel
                 for each in backlogs]  # fmt: skip
        status, detail, action = Status.OK, f"{', '.join(parts)}: mails are taken", ""
    since = worst.refusing_since if status is Status.ERROR else None
    return Verdict(NAME, "processes", status, detail, action, round(minutes, 1), LIMIT_MINUTES, since)


def store_whole(path: Path) -> Verdict:
    return Verdict(STORE, "processes", Status.OK, f"{path} can be written")


def store_broken(path: Path, error: Exception) -> Verdict:
    """The memory of alerts cannot be written."""
    detail = f"{path} cannot be written ({error}); alerts are kept in memory until it can"
    return Verdict(STORE, "processes", Status.ERROR, detail, "free the disk, or correct the rights of ZAKAZ_DATA_DIR")


def _minutes(backlog: Backlog, now: datetime) -> float:
    if backlog.refusing_since is None or not backlog.waiting:
        return 0.0
    return max((now - backlog.refusing_since).total_seconds() / MINUTE, 0.0)
