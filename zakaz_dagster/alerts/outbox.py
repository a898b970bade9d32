"""The outbox of one channel: notices wait in it until the channel has accepted them.

A notice is claimed for the time of sending, so that two processes do not send it twice; if the sender dies, the claim
runs out and the notice goes again under the same id.
Belongs here: this bookkeeping. Does not: sending (`send`), how many mails the notices become (`batches`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from zakaz_dagster.alerts.incidents import Notice
from zakaz_dagster.alerts.store import Store, notice_of

LEASE = timedelta(minutes=2)
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(minutes=15)


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
        return [notice_of(body) for body, not_before in rows if not_before <= now.timestamp()]

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
