"""The mailbox as a source: the mails of a window that are not known yet, each read whole.

Gmail is read by message, not by day: a mail states days, and which mail holds for a day is decided by SQL over all
mails known (`sql/builds/mail_sales.sql`), so it does not matter when or in which order they were read.
Belongs here: which messages, their attachments. Does not: protocol (`api`), content (`report`), the warehouse.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.gmail import file_types
from zakaz_dagster.sources.gmail.api import Arrivals, GmailApi
from zakaz_dagster.sources.gmail.mail import Leaf, Mail, epoch_ms
from zakaz_dagster.sources.gmail.mime_tree import mail_of_part, top_of
from zakaz_dagster.sources.gmail.parts import Outcome
from zakaz_dagster.sources.gmail.records import SOURCE, Message
from zakaz_dagster.sources.gmail.report import MailRead, read_mail
from zakaz_dagster.sources.gmail.report_lines import Reading
from zakaz_dagster.sources.gmail.senders import Senders
from zakaz_dagster.tables.limits import Refused

READER = "3"  # raise it when the same mail gives other lines: known mails of a window are then read again


@dataclass(frozen=True)
class Window:
    """Moments of arrival, from `after` up to but not including `before` (aware)."""

    after: datetime
    before: datetime

    @property
    def query(self) -> str:
        """Epoch seconds: dates in a search mean midnight in California."""
        return f"after:{int(self.after.timestamp())} before:{int(self.before.timestamp())}"


@dataclass(frozen=True)
class Found:
    """What a window holds: every message id oldest first, and those that have to be read."""

    ids: Sequence[str]
    fresh: Sequence[str]


class Mailbox:
    """The mailbox that gets the vendor's reports. `reader` names the way mails are read."""

    def __init__(
        self, api: GmailApi, reading: Reading, senders: Senders, *, query: str, reader: str, max_messages: int = 10_000
    ) -> None:
        self._api = api
        self._reading = reading
        self._senders = senders
        self._query = query
        self._max_messages = max_messages
        self.reader = reader

    @property
    def requests(self) -> int:
        return self._api.stats.requests

    def find(self, window: Window, known: Mapping[str, str]) -> Found:
        """The window's messages; `known` are message ids with the reader that read them.

        Raises BadData when the query finds more than `max_messages`, Retriable or Fatal as the API's errors say.
        """
        ids: list[str] = []
        for message_id in self._api.ids(f"{self._query} {window.query}"):
            ids.append(message_id)
            if len(ids) > self._max_messages:
                raise BadData(
                    f"GMAIL_QUERY finds more than {self._max_messages} messages",
                    source=SOURCE,
                    expected="a few report mails a day",
                    next_step="narrow GMAIL_QUERY or the window, or raise GMAIL_MAX_MESSAGES",
                )
        ids.reverse()
        return Found(ids, [message_id for message_id in ids if known.get(message_id) != self.reader])

    def read(self, ids: Iterable[str]) -> Iterator[MailRead]:
        """Each message with what it states, in the given order; moments are aware, days are Moscow's, money is roubles.

        A mail that was deleted meanwhile, has an unknown sender or cannot be read is yielded with that outcome and
        its reason. Raises ShapeChanged for an answer of another shape, Retriable or Fatal as the API's errors say.
        """
        for message_id in ids:
            message = self._api.message(message_id)
            yield MailRead.gone(message_id) if message is None else self._read(message)

    def arrivals(self, cursor: str) -> Arrivals:
        """What came since a history id: a look that costs one request."""
        return self._api.arrivals(cursor)

    def mark(self, ids: Sequence[str], label: str) -> None:
        """Put the label on messages that are in the warehouse."""
        if ids:
            self._api.mark(ids, label)

    def _read(self, message: Message) -> MailRead:
        received_at = epoch_ms(message.internal_date)
        whole = Mail(message.id, received_at, is_forward=False, leaves=())
        if received_at is None:
            return MailRead.refused_whole(whole, "Gmail gave no time of arrival")
        try:
            top = top_of(message, self._reading.limits)
            unknown = self._senders.unknown(top)
            mail = mail_of_part(top, message.id, received_at, self._reading.limits)
        except Refused as error:
            return MailRead.refused_whole(whole, str(error))
        except Exception as error:  # noqa: BLE001  the seam of a mail: whatever its tree does to a library, others go on
            reason = f"the mail could not be read: {type(error).__name__} in the reader; keep the mail and report it"
            return MailRead.refused_whole(whole, reason)
        if unknown:
            return MailRead.refused_whole(mail, unknown, Outcome.UNKNOWN_SENDER)
        leaves = [self._fetched(message.id, leaf) for leaf in mail.leaves]
        if any(leaf is None for leaf in leaves):
            return MailRead.gone(message.id)
        return read_mail(replace(mail, leaves=[leaf for leaf in leaves if leaf is not None]), self._reading)

    def _fetched(self, message_id: str, leaf: Leaf) -> Leaf | None:
        """The leaf with its bytes, if it is going to be read; None when its message was deleted meanwhile."""
        wanted = not (leaf.superseded or leaf.fault or file_types.unread_reason(leaf))
        if leaf.data is not None or not wanted or leaf.size > self._reading.limits.part_bytes:
            return leaf
        try:
            data = self._api.attachment(message_id, leaf.attachment_id)
        except Refused as error:
            return replace(leaf, fault=str(error))
        if data is None:
            return None
        fault = f"its content came empty instead of {leaf.size} bytes" if leaf.size and not data else ""
        return replace(leaf, data=data, fault=fault)


def reader_of(reading: Reading, senders: Senders, seeds: Iterable[Mapping[str, str]]) -> str:
    """A name that changes with the code's READER, the hand-kept tables and the settings that mails are read by."""
    about = [READER, reading.vocabulary.fingerprint, reading.decimal, list(senders.allowed), senders.server, *seeds]
    return hashlib.sha256(json.dumps(about, ensure_ascii=False).encode()).hexdigest()[:12]
