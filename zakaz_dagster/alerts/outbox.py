"""The outbox of one channel: notices wait in it until the channel has taken them, as a bounded number of mails.

A notice is claimed for the time of sending, so that two processes do not send it twice; if the sender dies, the claim
runs out and the notice goes again under the same id. Two mails go at once; after that everything that waits goes as
one digest, at growing intervals while mails keep coming, so that a red check more every minute is six mails in four
hours. A digest holds all that waited for it.
Belongs here: this bookkeeping and these limits. Does not: sending (`send`), what a mail looks like (`mail`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from zakaz_dagster.alerts.incidents import Notice
from zakaz_dagster.alerts.store import Store, notice_of

Batch = tuple[Notice, ...]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AT_ONCE = 2  # mails that nothing holds back
STORM = timedelta(hours=6)  # mails of so long ago count as the same storm
SPACING = (0, 0, 1, 3, 9, 12)  # before the next mail, by the number of mails of the storm, in hours / `per_hour`
LEASE = timedelta(minutes=2)
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(minutes=15)


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


@dataclass(frozen=True)
class Backlog:
    """What a channel has not accepted: how many notices wait, since when it refuses, with its last error.

    Without `refusing_since` they wait for the next digest only. `note` is a remark on its last accepted mail, such as
    recipients that were refused.
    """

    channel: str
    waiting: int = 0
    refusing_since: datetime | None = None
    error: str = ""
    note: str = ""


class Outbox:
    """The notices of `channel` in a store."""

    def __init__(self, store: Store, channel: str) -> None:
        self._store = store
        self.channel = channel

    def due(self, now: datetime) -> list[Notice]:
        """What to try now, oldest first; none while the oldest waits, so that "resolved" never overtakes "opened"."""
        query = "SELECT body, not_before FROM outbox WHERE channel = ? AND sent IS NULL ORDER BY at, id"
        with self._store.reading() as connection:
            rows = connection.execute(query, (self.channel,)).fetchall()
        if not rows or rows[0][1] > now.timestamp():
            return []
        ready = [notice_of(body) for body, not_before in rows if not_before <= now.timestamp()]
        return [notice for notice in ready if notice is not None]

    def claim(self, notices: Sequence[Notice], now: datetime) -> bool:
        """Take these for sending; false when another process has one of them, or has sent it."""
        with self._store.writing() as connection:
            free = 0
            for notice in notices:
                key = (self.channel, notice.id, now.timestamp())
                query = "SELECT count() FROM outbox WHERE channel = ? AND id = ? AND sent IS NULL AND not_before <= ?"
                free += connection.execute(query, key).fetchone()[0]
            if free < len(notices):
                return False
            connection.executemany(
                "UPDATE outbox SET not_before = ?, attempts = attempts + 1 WHERE channel = ? AND id = ?",
                [((now + LEASE).timestamp(), self.channel, notice.id) for notice in notices],
            )
            return True

    def accepted(self, notices: Sequence[Notice], mail_id: str, now: datetime, note: str = "") -> None:
        """The channel has these."""
        with self._store.writing() as connection:
            connection.executemany(
                "UPDATE outbox SET sent = ? WHERE channel = ? AND id = ?",
                [(now.timestamp(), self.channel, notice.id) for notice in notices],
            )
            row = (self.channel, mail_id, now.timestamp(), note)
            connection.execute("INSERT OR REPLACE INTO mail VALUES (?, ?, ?, ?)", row)
            connection.execute("DELETE FROM refusal WHERE channel = ?", (self.channel,))

    def refused(self, notices: Sequence[Notice], error: str, now: datetime) -> None:
        """The channel did not take these; they wait, longer after each attempt."""
        with self._store.writing() as connection:
            for notice in notices:
                key = (self.channel, notice.id)
                query = "SELECT attempts FROM outbox WHERE channel = ? AND id = ?"
                (attempts,) = connection.execute(query, key).fetchone()
                pause = min(FIRST_RETRY * 2 ** min(attempts - 1, 10), LONGEST_RETRY)
                update = "UPDATE outbox SET not_before = ? WHERE channel = ? AND id = ?"
                connection.execute(update, ((now + pause).timestamp(), *key))
            refusal = "INSERT INTO refusal VALUES (?, ?, ?) ON CONFLICT (channel) DO UPDATE SET error = excluded.error"
            connection.execute(refusal, (self.channel, now.timestamp(), error))

    def mailed(self, since: datetime) -> list[datetime]:
        """When the channel accepted mails since then."""
        query = "SELECT at FROM mail WHERE channel = ? AND at >= ? ORDER BY at"
        with self._store.reading() as connection:
            rows = connection.execute(query, (self.channel, since.timestamp()))
            return [datetime.fromtimestamp(at, since.tzinfo) for (at,) in rows]

    def backlog(self, now: datetime) -> Backlog:
        """What is not accepted yet."""
        waiting = "SELECT count() FROM outbox WHERE channel = ? AND sent IS NULL"
        refusal = "SELECT since, error FROM refusal WHERE channel = ?"
        note = "SELECT note FROM mail WHERE channel = ? ORDER BY at DESC, id DESC LIMIT 1"
        with self._store.reading() as connection:
            (count,) = connection.execute(waiting, (self.channel,)).fetchone()
            since, error = connection.execute(refusal, (self.channel,)).fetchone() or (None, "")
            (remark,) = connection.execute(note, (self.channel,)).fetchone() or ("",)
        at = None if since is None else datetime.fromtimestamp(since, now.tzinfo)
        return Backlog(self.channel, int(count), at, error, remark)
