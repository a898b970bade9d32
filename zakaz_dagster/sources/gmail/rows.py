"""Mails read to the rows of `stg_gmail_messages` and `stg_gmail_sales_raw`.

Belongs here: columns. Does not: names, addresses, subjects and file names; they are not kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

from zakaz_dagster.parsing.cities import city_key
from zakaz_dagster.parsing.names import name_key
from zakaz_dagster.sources.gmail.parts import PartRead
from zakaz_dagster.sources.gmail.report import MailRead, Statement
from zakaz_dagster.sources.gmail.report_lines import ZERO, Line, RefusedLine
from zakaz_dagster.table_schemas import schema_of
from zakaz_dagster.timezone import MOSCOW

MESSAGES, LINES = schema_of("stg_gmail_messages"), schema_of("stg_gmail_sales_raw")


def message_rows(reads: Iterable[MailRead], reader: str, now: datetime) -> tuple[pa.Table, pa.Table]:
    """The ledger's rows of the parts, and of the messages: the latter are written last."""
    parts: list[dict[str, Any]] = []
    wholes: list[dict[str, Any]] = []
    for read in reads:
        about = {
            "message_id": read.mail.message_id,
            "received_at": _second(read.mail.received_at or now),
            "reader": reader,
        }
        parts += [{**about, **_part(part)} for part in read.parts]
        wholes.append({**about, **_whole(read)})
    return pa.Table.from_pylist(parts, MESSAGES), pa.Table.from_pylist(wholes, MESSAGES)


def line_rows(reads: Iterable[MailRead]) -> pa.Table:
    """Every line of every report in these mails, accepted or put aside."""
    return pa.Table.from_pylist([row for read in reads for row in _lines(read)], LINES)


def _part(part: PartRead) -> dict[str, Any]:
    return {
        "part": part.leaf.path,
        "kind": str(part.kind),
        "size": part.leaf.size,
        "content_hash": part.digest,
        "outcome": str(part.outcome),
        "reason": part.reason,
        "tables": len(part.tables),
        "rows": part.rows,
        "rejected": part.refused,
    }


def _whole(read: MailRead) -> dict[str, Any]:
    return {
        "part": "",
        "kind": "mail",
        "size": sum(leaf.size for leaf in read.mail.leaves),
        "content_hash": "",
        "outcome": str(read.outcome),
        "reason": read.reason,
        "tables": sum(len(part.tables) for part in read.parts),
        "rows": sum(len(statement.lines) for statement in read.statements),
        "rejected": len(read.refused),
    }


def _lines(read: MailRead) -> Iterator[dict[str, Any]]:
    accepted = [(statement, line) for statement in read.statements for line in statement.lines]
    for number, (statement, line) in enumerate(accepted):
        yield {**_about(read, number), **_said(statement), **_line(line)}
    for number, refused in enumerate(read.refused, start=len(accepted)):
        yield {**_about(read, number), **_put_aside(refused, read)}


def _about(read: MailRead, number: int) -> dict[str, Any]:
    return {"message_id": read.mail.message_id, "line_no": number, "received_at": _second(read.mail.received_at)}


def _said(statement: Statement) -> dict[str, Any]:
    return {
        "sale_date": statement.day,
        "statement": statement.name,
        **_stated(statement.stated_at),
        "is_forward": int(statement.is_forward),
        "digest": statement.digest,
        "reason": "",
        "payload": "",
    }


def _line(line: Line) -> dict[str, Any]:
    counted = line.counted
    return {
        "place": line.where,
        "event_id": line.event_id,
        "show_id": line.show_id,
        "event_name": line.event_name,
        "event_key": name_key(line.event_name),
        "city_raw": line.city_raw,
        "city_key": city_key(line.city_raw),
        "show_date": line.show_date,
        "show_time": line.show_time,
        "tickets": counted.tickets,
        "tickets_free": counted.tickets_free,
        "refunded_tickets": counted.refunded_tickets,
        "revenue_rub": counted.revenue,
        "refunds_rub": counted.refunds,
    }


def _stated(moment: datetime | None) -> dict[str, Any]:
    return {"stated_at": _second(moment), "stated_ms": round(moment.timestamp() * 1000) if moment else None}


def _second(moment: datetime | None) -> datetime | None:
    return moment.replace(microsecond=0) if moment else None


_EMPTY_TEXTS: Sequence[str] = ("digest", "event_name", "event_key", "city_raw", "city_key", "show_time")
_EMPTY_NUMBERS: Sequence[str] = ("is_forward", "event_id", "show_id", "tickets", "tickets_free", "refunded_tickets")


def _put_aside(refused: RefusedLine, read: MailRead) -> dict[str, Any]:
    received = read.mail.received_at
    return {
        **dict.fromkeys(_EMPTY_TEXTS, ""),
        **dict.fromkeys(_EMPTY_NUMBERS, 0),
        "sale_date": refused.sale_date or (received.astimezone(MOSCOW).date() if received else None),
        "statement": read.mail.message_id,
        **_stated(received),
        "place": refused.where,
        "reason": refused.reason,
        "payload": refused.payload,
        "show_date": None,
        "revenue_rub": ZERO,
        "refunds_rub": ZERO,
    }
