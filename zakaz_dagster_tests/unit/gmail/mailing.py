"""Small builders of mails and readings for these tests; no code of the loader makes them."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from email.message import EmailMessage

import openpyxl

from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.gmail.eml import part_of
from zakaz_dagster.sources.gmail.mail import Leaf, Mail
from zakaz_dagster.sources.gmail.mime_tree import mail_of_part
from zakaz_dagster.sources.gmail.parts import Outcome
from zakaz_dagster.sources.gmail.report import MailRead, read_mail
from zakaz_dagster.sources.gmail.report_lines import Reading, sales_columns
from zakaz_dagster.tables.limits import Limits

COLUMNS = sales_columns()
HEADER = "Дата;Событие;Город;Продано билетов;Выручка;Возвраты"


def reading(*, decimal: str = "", **limits: int) -> Reading:
    return Reading(COLUMNS, city_index(), decimal, limits=Limits(**limits))


def read_file(data: bytes | str, name: str = "", *, mime: str = "", charset: str = "", **options) -> MailRead:
    raw = data.encode() if isinstance(data, str) else data
    leaf = Leaf("0", mime, name, charset, attached=True, size=len(raw), data=raw)
    return read_mail(Mail("m1", None, is_forward=False, leaves=[leaf]), reading(**options))


def read_eml(message: EmailMessage | bytes, **options) -> MailRead:
    raw = message if isinstance(message, bytes) else message.as_bytes()
    return read_mail(mail_of_part(part_of(raw), "m1"), reading(**options))


def lines(read: MailRead) -> list:
    return [line for statement in read.statements for line in statement.lines]


def figures(read: MailRead) -> list[tuple[str, str, str, int, str, str]]:
    """(day, event, city, tickets, revenue, refunds) of every line."""
    return [
        (
            line.sale_date.isoformat(),
            line.event_name,
            line.city,
            line.counted.tickets,
            f"{line.counted.revenue:.2f}",
            f"{line.counted.refunds or 0:.2f}",
        )
        for line in lines(read)
    ]


def reasons(read: MailRead) -> list[str]:
    """Why lines and parts were not taken."""
    return [line.reason for line in read.refused] + [part.reason for part in read.parts if part.reason]


def mail(subject: str = "Отчет QTickets", date: str = "Sat, 21 Nov 2026 06:00:00 +0300") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["Date"] = subject, date
    message["From"], message["To"] = "reports@example.org", "owner@example.org"
    return message


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def refused(data, **options) -> str:
    """The reason of a part that gave nothing."""
    read = read_file(data, **options)
    assert figures(read) == []
    assert read.outcome is Outcome.REFUSED
    (reason,) = [part.reason for part in read.parts]
    return reason
