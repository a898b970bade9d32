"""A mail to what it states: lines by sale day, each content counted once however often the mail repeats it.

The same report may stand in the body and be attached. Tables are taken in the order of trust (CSV, .xlsx, HTML file,
body); of a later one, only what no earlier one says is added. Where two disagree, the earlier holds and the difference
becomes refused lines. All of it depends on the mail alone, so loading it again, or in another order, changes nothing.
Belongs here: one mail. Does not: which of several mails holds for a day (`sql/builds/mail_sales.sql`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time

from zakaz_dagster.sources.gmail.file_types import Kind
from zakaz_dagster.sources.gmail.mail import Mail
from zakaz_dagster.sources.gmail.parts import Outcome, PartRead, read_leaf
from zakaz_dagster.sources.gmail.quotes import Quote
from zakaz_dagster.sources.gmail.reconcile import agreed, digest_of
from zakaz_dagster.sources.gmail.report_lines import Line, Reading, RefusedLine, TableRead
from zakaz_dagster.timezone import MOSCOW

_TRUST = {Kind.CSV: 0, Kind.XLSX: 1, Kind.HTML: 2}


@dataclass(frozen=True)
class Statement:
    """What one mail, or one enclosed or quoted in it, says about one day of sales. `digest` names its content."""

    name: str
    day: date
    stated_at: datetime | None
    is_forward: bool
    digest: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class MailRead:
    """One mail read; `refused` are lines put aside, `reason` is why nothing of it was read, if nothing was."""

    mail: Mail
    parts: Sequence[PartRead] = ()
    statements: Sequence[Statement] = ()
    refused: Sequence[RefusedLine] = ()
    outcome: Outcome = Outcome.NO_TABLE
    reason: str = ""

    @classmethod
    def gone(cls, message_id: str) -> MailRead:
        """A mail that was listed and then deleted."""
        mail = Mail(message_id, None, is_forward=False, leaves=())
        return cls(mail, outcome=Outcome.GONE, reason="deleted from the mailbox before it was read")

    @classmethod
    def refused_whole(cls, mail: Mail, reason: str, outcome: Outcome = Outcome.REFUSED) -> MailRead:
        """A mail none of whose parts is read."""
        return cls(replace(mail, leaves=()), outcome=outcome, reason=reason)


def read_mail(mail: Mail, reading: Reading) -> MailRead:
    """Everything the mail states; its leaves must hold their content, or say why they do not."""
    if mail.received_at is not None:
        reading = replace(reading, received=mail.received_at.astimezone(MOSCOW).date())
    parts = [part for leaf in mail.leaves for part in read_leaf(leaf, reading)]
    statements: list[Statement] = []
    refused = [line for part in parts for said in part.tables for line in said.table.refused]
    for source, tables in _by_source(mail, parts).items():
        days, contradictions = agreed(tables)
        refused += contradictions
        statements += [_statement(mail, source, day, lines) for day, lines in sorted(days.items())]
    return MailRead(mail, parts, statements, refused, _gravest(parts))


def _gravest(parts: Iterable[PartRead]) -> Outcome:
    """Of the whole mail: read if any part of it was, else the gravest thing that happened to one."""
    found = {part.outcome for part in parts}
    return next((each for each in (Outcome.READ, Outcome.REFUSED, Outcome.SKIPPED) if each in found), Outcome.NO_TABLE)


@dataclass(frozen=True)
class _Source:
    """Who said it: the mail itself (no place), a mail enclosed in it, or one quoted in the text of either."""

    place: str = ""
    is_forward: bool = False
    dated: datetime | None = None


def _by_source(mail: Mail, parts: Sequence[PartRead]) -> dict[_Source, list[TableRead]]:
    """The tables of each source, the most trusted first."""
    forwards = {_enclosure(part): part.forward for part in reversed(parts) if part.forward}
    found: dict[_Source, list[TableRead]] = defaultdict(list)
    for part in sorted(parts, key=_trust):
        for said in part.tables if part.outcome is Outcome.READ else ():
            found[_source(mail, part, said.quote, forwards.get(_enclosure(part)))].append(said.table)
    return found


def _enclosure(part: PartRead) -> str:
    return part.leaf.enclosed.path if part.leaf.enclosed else ""


def _source(mail: Mail, part: PartRead, quote: Quote | None, forward: Quote | None) -> _Source:
    """What is attached to a forward is as old as the forwarded mail; what stands above that in the body is not."""
    enclosure = _enclosure(part)
    if quote is not None:
        return _Source(f"{enclosure}/{part.leaf.path}:quote{quote.number}".lstrip("/"), True, quote.dated)
    if part.leaf.enclosed is not None:
        return _Source(enclosure, True, part.leaf.enclosed.dated)
    if part.leaf.attached and forward is not None:
        return _Source("", True, forward.dated)
    if mail.is_forward and forward is None:
        return _Source("", True)
    return _Source("", False, mail.received_at)


def _trust(part: PartRead) -> tuple[bool, int, str]:
    return (not part.leaf.attached, _TRUST.get(part.kind, len(_TRUST)), part.leaf.path)


def _statement(mail: Mail, source: _Source, day: date, lines: Sequence[Line]) -> Statement:
    """What is quoted is as old as it says it is; if it does not say, it may be as old as the day it speaks of."""
    stated_at, received = source.dated, mail.received_at
    if source.is_forward and (stated_at is None or (received is not None and stated_at > received)):
        stated_at = datetime.combine(day, time(), MOSCOW)
    name = f"{mail.message_id}/{source.place}" if source.place else mail.message_id
    return Statement(name, day, stated_at, source.is_forward, digest_of(lines), lines)
