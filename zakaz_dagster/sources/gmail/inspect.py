"""`zakaz inspect gmail-message` and `mail-file`: what the loader makes of a saved mail or report.

Belongs here: bytes of a file to an Inspection. Does not: the mailbox, the warehouse.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from zakaz_dagster.errors import BadData
from zakaz_dagster.parsing.names import name_key
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.base import Inspection
from zakaz_dagster.sources.gmail import eml, mime_tree
from zakaz_dagster.sources.gmail.errors import Problem
from zakaz_dagster.sources.gmail.mail import Leaf, Mail, epoch_ms
from zakaz_dagster.sources.gmail.parts import Outcome, PartRead
from zakaz_dagster.sources.gmail.records import SOURCE, Message, changed, shaped
from zakaz_dagster.sources.gmail.report import MailRead, Statement, read_mail
from zakaz_dagster.sources.gmail.report_lines import MONEY, ZERO, Line, Reading, RefusedLine, sales_columns
from zakaz_dagster.sources.gmail.senders import RESULTS, proved
from zakaz_dagster.tables.limits import Refused

FILE = "file"


def message(raw: bytes, options: Mapping[str, str]) -> Inspection:
    """A message as the Gmail API gave it (JSON, format full or raw), or the mail's source (.eml).

    `proved` in the totals are the domains of DKIM and SPF in its topmost Authentication-Results, under the name of the
    server that wrote it; whether they are believed is decided by GMAIL_ALLOWED_SENDERS and GMAIL_AUTHSERV_ID.
    """
    del options
    try:
        body = raw.lstrip(b"\xef\xbb\xbf \r\n\t")
        if body.startswith(b"{"):
            problem = Problem.of(0, body)
            if problem.reason or problem.words:
                raise _unusable(f"the file is an error of Gmail's: {problem.reason} {problem.words}".strip())
            found = shaped(body, Message, "the file")
            if found.payload is None and not found.raw:
                raise changed("the file: neither `payload` nor `raw`")
            top, received_at = mime_tree.top_of(found), epoch_ms(found.internal_date)
        else:
            top, received_at = eml.part_of(raw), None
        mail = mime_tree.mail_of_part(top, FILE, received_at)
    except Refused as error:
        raise _unusable(str(error)) from None
    server = top.header(RESULTS).partition(";")[0].split()[:1]
    domains = proved(top, server[0]) if server else []
    return _shown(
        read_mail(mail, _reading()),
        {"proved": f"{', '.join(domains) or 'nothing'} by {' '.join(server) or 'no server'}"},
    )


def file(raw: bytes, options: Mapping[str, str]) -> Inspection:
    """A report as a file: .html, .csv, .xlsx or a .zip of them."""
    del options
    leaf = Leaf(path=FILE, mime="", attached=True, size=len(raw), data=raw)
    return _shown(read_mail(Mail(FILE, None, is_forward=False, leaves=[leaf]), _reading()), {})


def _unusable(what: str) -> BadData:
    return BadData(
        what,
        source=SOURCE,
        expected="an answer of users.messages.get as JSON, or a mail's source (.eml)",
        next_step="save the mail once more («Show original», then «Download»), or inspect its attachment as mail-file",
    )


def _reading() -> Reading:
    return Reading(sales_columns(), city_index())


def _shown(read: MailRead, about: Mapping[str, object]) -> Inspection:
    """All rows; the totals are of what holds, without the lines that a newer statement in the mail replaces."""
    newest = sorted(read.statements, key=_age, reverse=True)
    holding = [each for number, each in enumerate(newest) if not any(_same(each, newer) for newer in newest[:number])]
    older = sum(len(each.lines) for each in newest) - sum(len(each.lines) for each in holding)
    return Inspection(
        rows=[_row(line, statement) for statement in read.statements for line in statement.lines],
        rejects=[*(_reject(line) for line in read.refused), *_unread(read)],
        totals={
            **_sums(line for statement in holding for line in statement.lines),
            "rows": sum(len(each.lines) for each in newest),
            **({"rows_replaced_by_newer": older} if older else {}),
            "parts": len(read.parts),
            "attachments": sum(leaf.attached for leaf in read.mail.leaves),
            "tables": sum(len(part.tables) for part in read.parts),
            "outcome": str(read.outcome),
            **about,
        },
    )


def _age(statement: Statement) -> float:
    """When it was said; the words of a mail without a date of its own are newer than what they quote."""
    return statement.stated_at.timestamp() if statement.stated_at else math.inf


def _same(one: Statement, other: Statement) -> bool:
    """Whether both speak of the same day and of any show in common, as sql/builds/mail_sales.sql has it."""
    shows, others = (
        {(line.show_id or line.event_id or name_key(line.event_name), line.city) for line in each.lines}
        for each in (one, other)
    )
    return one.day == other.day and bool(shows & others)


def _sums(lines: Iterable[Line]) -> dict[str, object]:
    counted = [line.counted for line in lines]
    gross = sum((each.revenue for each in counted), ZERO)
    refunds = sum((each.refunds or ZERO for each in counted), ZERO)
    return {
        "tickets": sum(each.tickets for each in counted),
        "free_tickets": sum(each.tickets_free or 0 for each in counted),
        "refunded_tickets": sum(each.refunded_tickets or 0 for each in counted),
        "gross_rub": f"{gross:.2f}",
        "refunds_rub": f"{refunds:.2f}",
        "net_rub": f"{gross - refunds:.2f}",
    }


def _row(line: Line, statement: Statement) -> dict[str, object]:
    """Empty where the report has no such column."""
    counted = {name: "" if value is None else value for name, value in asdict(line.counted).items()}
    money = {f"{name}_rub": f"{value:.2f}" if (value := counted.pop(name)) != "" else "" for name in MONEY}
    return {
        "date": line.sale_date.isoformat(),
        "event_id": line.event_id,
        "show_id": line.show_id,
        "event_name": line.event_name,
        "city": line.city,
        "show_date": line.show_date.isoformat() if line.show_date else "",
        "show_time": line.show_time,
        **counted,
        **money,
        "stated_at": statement.stated_at.isoformat() if statement.stated_at else "",
        "quoted": statement.is_forward,
        "where": line.where.removeprefix(f"part {FILE}, "),
    }


def _reject(line: RefusedLine) -> dict[str, object]:
    return {"reason": line.reason, "where": line.where.removeprefix(f"part {FILE}, "), "payload": line.payload}


def _unread(read: MailRead) -> list[dict[str, object]]:
    """Parts that gave nothing, with their reasons; a body without a table is worth a word only if nothing was read."""
    said = {Outcome.SKIPPED, Outcome.REFUSED} | (set() if read.statements or read.refused else {Outcome.NO_TABLE})
    return [
        {"reason": part.reason or "no table with a report's header", "where": _place(part), "payload": ""}
        for part in read.parts
        if part.outcome in said and not part.refused
    ]


def _place(part: PartRead) -> str:
    return "the file" if part.leaf.path == FILE else f"part {part.leaf.path} ({part.leaf.mime or part.kind})"
