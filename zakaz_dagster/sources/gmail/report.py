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
from datetime import date, datetime

from zakaz_dagster.sources.gmail.file_types import Kind
from zakaz_dagster.sources.gmail.mail import Leaf, Mail
from zakaz_dagster.sources.gmail.parts import Outcome, PartRead, read_leaf
from zakaz_dagster.sources.gmail.reconcile import agreed, digest_of
from zakaz_dagster.sources.gmail.report_lines import Line, Reading, RefusedLine
from zakaz_dagster.timezone import MOSCOW

_TRUST = {Kind.CSV: 0, Kind.XLSX: 1, Kind.HTML: 2}


@dataclass(frozen=True)
class Statement:
    """What one mail, or one mail enclosed in it, says about one day of sales. `digest` names its content."""

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
    def refused_whole(cls, mail: Mail, reason: str) -> MailRead:
        """A mail whose very tree is refused."""
        return cls(mail, outcome=Outcome.REFUSED, reason=reason)


def read_mail(mail: Mail, reading: Reading) -> MailRead:
    """Everything the mail states; its leaves must hold their content, or say why they do not."""
    if mail.received_at is not None:
        reading = replace(reading, received=mail.received_at.astimezone(MOSCOW).date())
    parts = [part for leaf in mail.leaves for part in read_leaf(leaf, reading)]
    statements: list[Statement] = []
    refused = [line for part in parts for table in part.tables for line in table.refused]
    for enclosure, own in _by_enclosure(parts).items():
        days, contradictions = agreed(table for part in sorted(own, key=_trust) for table in part.tables)
        refused += contradictions
        statements += [_statement(mail, enclosure, own[0].leaf, day, lines) for day, lines in sorted(days.items())]
    return MailRead(mail, parts, statements, refused, _gravest(parts))


def _gravest(parts: Iterable[PartRead]) -> Outcome:
    """Of the whole mail: read if any part of it was, else the gravest thing that happened to one."""
    found = {part.outcome for part in parts}
    return next((each for each in (Outcome.READ, Outcome.REFUSED, Outcome.SKIPPED) if each in found), Outcome.NO_TABLE)


def _by_enclosure(parts: Iterable[PartRead]) -> dict[str, list[PartRead]]:
    """Parts of the mail itself under '', those of each enclosed mail under its place."""
    found: dict[str, list[PartRead]] = defaultdict(list)
    for part in parts:
        if part.outcome is Outcome.READ:
            found[part.leaf.enclosed.path if part.leaf.enclosed else ""].append(part)
    return found


def _trust(part: PartRead) -> tuple[bool, int, str]:
    return (not part.leaf.attached, _TRUST.get(part.kind, len(_TRUST)), part.leaf.path)


def _statement(mail: Mail, enclosure: str, leaf: Leaf, day: date, lines: Sequence[Line]) -> Statement:
    """An enclosed report is as old as the mail it came in, if that says so credibly."""
    stated_at = mail.received_at
    dated = leaf.enclosed.dated if leaf.enclosed else None
    if dated is not None and (stated_at is None or dated < stated_at):
        stated_at = dated
    name = f"{mail.message_id}/{enclosure}" if enclosure else mail.message_id
    return Statement(name, day, stated_at, bool(enclosure) or mail.is_forward, digest_of(lines), lines)
