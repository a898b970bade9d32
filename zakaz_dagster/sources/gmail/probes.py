"""Read-only questions to the mailbox for `zakaz doctor --live` and `zakaz gmail check`.

Belongs here: the questions. Does not: judging the answers, changing anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from zakaz_dagster.sources.gmail.parts import Outcome
from zakaz_dagster.sources.gmail.report import MailRead
from zakaz_dagster.sources.gmail.source import Mailbox, Window
from zakaz_dagster.timezone import MOSCOW

DAYS = 7
LOOKED_AT = 20  # newest mails; a report is among them, or the query is wrong


def facts(mailbox: Mailbox, now: datetime) -> Iterator[tuple[str, str]]:
    """(question, answer) pairs."""
    found = mailbox.find(Window(now - timedelta(days=DAYS), now), {})
    yield f"mails that GMAIL_QUERY finds in {DAYS} days", str(len(found.ids))
    unknown: list[str] = []
    newest = _newest_report(mailbox, list(reversed(found.ids))[:LOOKED_AT], unknown)
    if unknown:
        yield f"mails of unknown senders among the newest {LOOKED_AT}", f"{len(unknown)}: {unknown[0]}"
    if newest is None:
        answer = f"not answered: none of the newest {LOOKED_AT} mails holds a report; check GMAIL_QUERY"
        yield "newest report", f"{answer} and GMAIL_ALLOWED_SENDERS" if unknown else answer
        return
    at = newest.mail.received_at
    yield "newest report", f"{at.astimezone(MOSCOW):%Y-%m-%d %H:%M} Moscow" if at else "of unknown time"
    for statement in newest.statements:
        tickets = sum(line.counted.tickets for line in statement.lines)
        revenue = sum(line.counted.revenue for line in statement.lines)
        yield f"it says of {statement.day}", f"{len(statement.lines)} lines, {tickets} tickets, {revenue} RUB"
    if newest.refused:
        yield "lines of it that were put aside", f"{len(newest.refused)}: {newest.refused[0].reason}"


def _newest_report(mailbox: Mailbox, newest_first: list[str], unknown: list[str]) -> MailRead | None:
    """The first that holds a report; why the senders of mails before it are unknown is added to `unknown`."""
    for read in mailbox.read(newest_first):
        if read.outcome is Outcome.READ and read.statements:
            return read
        if read.outcome is Outcome.UNKNOWN_SENDER:
            unknown.append(read.reason)
    return None
