"""The mailbox: which mails arrive when, and each as a real MIME message.

Every four hours the ticket vendor mails a report of yesterday and today, each time in another dress (HTML, CSV, .xlsx,
zip; UTF-8 and CP1251). Around them stand the mails that make reading hard: a resend, forwards of older reports, a
short table without numbers of shows, a wrong declared character set, winmail.dat, pictures, letters without a table.
All of it follows from (seed, day); a mail shows the world as of its own moment.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from zakaz_dagster.dev.sandbox.gmail import dirt, reports
from zakaz_dagster.dev.sandbox.gmail.reports import Style
from zakaz_dagster.dev.sandbox.world import World
from zakaz_dagster.dev.sandbox.world.chance import draw
from zakaz_dagster.dev.sandbox.world.moments import MOSCOW, day_of, days, midnight, shift
from zakaz_dagster.dev.sandbox.world.oddities import DIRTY_REPORTS, REPLIES
from zakaz_dagster.dev.sandbox.world.people import Person

VENDOR = "Билетный сервис <reports@qtickets.ru>"
REPORTS = tuple(hour * 3600 + 25 * 60 for hour in (0, 4, 8, 12, 16, 20))
DRESSES = ("html", "html-1251", "csv", "csv-1251", "both", "xlsx", "zip")
# seconds after midnight, kind, every how many days
OTHERS = (
    (9 * 3600, "letter", 2),
    (10 * 3600, "winmail", 5),
    (11 * 3600, "resend", 2),
    (13 * 3600, "wrong-charset", 3),
    (14 * 3600, "picture", 6),
    (15 * 3600, "forward", 1),
    (15 * 3600 + 60, "forward-inline", 2),
    (12 * 3600 + 600, "short", 2),
    (17 * 3600, "stranger", 1),
)
REPLY = 23 * 3600 + 50 * 60
SUBJECTS = {"letter": "QTickets: новости сервиса", "stranger": "Счёт на оплату № 77", "winmail": "QTickets, отчёт"}
PDF = b"%PDF-1.4\n%invented\n"


@dataclass(frozen=True, slots=True)
class Sent:
    """A mail that exists: its moment, and what makes it. `raw` is one that a test put there."""

    at: int
    kind: str
    id: str
    raw: bytes = b""

    @property
    def day(self) -> date:
        return day_of(self.at)


def sent(world: World, first: int, last: int) -> Iterator[Sent]:
    """Every mail of the moments first..last, oldest first."""
    for day in days(max(day_of(first), world.start), day_of(last)):
        found = [(moment, "report") for moment in REPORTS]
        found += [(moment, kind) for moment, kind, every in OTHERS if day.toordinal() % every == 0]
        found += [(REPLY, "reply")] if REPLIES in world.params.dirt else []
        for moment, kind in sorted(found):
            at = midnight(day) + moment
            if first <= at <= last:
                yield Sent(at, kind, f"{at:010x}{draw(world.params.seed, kind, at) % 16**6:06x}")


def moment_of(message_id: str) -> int:
    """When a mail of this id was sent, if it is one of the world's own; 0 for any other."""
    try:
        return int(message_id[:10], 16)
    except ValueError:
        return 0


def put(switch: Mapping[str, Any]) -> Sent:
    """A mail given by a test: {"id", "at" (epoch seconds), "eml" (base64)}."""
    return Sent(int(switch["at"]), "put", str(switch["id"]), base64.b64decode(switch["eml"]))


def subject(mail: Sent) -> str:
    if mail.kind.startswith("forward"):
        return "Fwd: QTickets: отчёт о продажах"
    if mail.kind == "reply":
        return "Re: QTickets: отчёт о продажах"
    return SUBJECTS.get(mail.kind, f"QTickets: отчёт о продажах за {mail.day:%d.%m.%Y}")


def sender(mail: Sent) -> str:
    """A forward comes from the organiser's own people, a stranger from anywhere."""
    if mail.kind in ("report", "reply", "resend", "letter", "short", "wrong-charset", "picture", "winmail"):
        return VENDOR
    person = Person(mail.at % 1000)
    return f"{person.first_name} {person.surname} <{person.email}>"


def written(world: World, mail: Sent, *, wrong_total: bool = False) -> EmailMessage:
    """The message itself."""
    message = EmailMessage()
    person = Person(mail.at % 1000)
    message["From"], message["To"] = sender(mail), f"{person.first_name} <{person.email}>"
    message["Subject"] = subject(mail)
    message["Date"] = format_datetime(datetime.fromtimestamp(mail.at, MOSCOW))
    message["Message-ID"] = f"<{mail.id}@planted.example>"
    _fill(world, mail, message, wrong_total=wrong_total)
    return message


def _fill(world: World, mail: Sent, message: EmailMessage, *, wrong_total: bool) -> None:
    greeting = f"Здравствуйте, {Person(mail.at % 1000).first_name}!"
    if mail.kind in ("letter", "stranger"):
        message.set_content(f"{greeting}\n\nБез таблиц.\n")
        message.add_alternative(f"<p>{greeting}</p><table><tr><td>Без</td><td>отчёта</td></tr></table>", subtype="html")
    elif mail.kind == "winmail":
        message.set_content(greeting)
        message.add_attachment(b"\x78\x9f\x3e\x22" + mail.id.encode(), maintype="application", subtype="ms-tnef",
                               filename="winmail.dat")  # fmt: skip
    elif mail.kind == "picture":
        message.set_content(greeting)
        message.add_attachment(b"\xff\xd8\xff\xe0invented", maintype="image", subtype="jpeg", filename="афиша.jpg")
        message.add_attachment(PDF, maintype="application", subtype="pdf", filename="отчёт.pdf", cid="<report>")
    elif mail.kind == "forward":
        message.set_content("см. вложенное письмо")
        message.add_attachment(written(world, _report_at(world, mail, 1)))
    elif mail.kind == "reply":
        message.set_content("Ответ ниже.")
        message.add_alternative(_answer(world, _report_at(world, mail, 1)), subtype="html")
    else:
        _report(world, mail, message, greeting, wrong_total=wrong_total)


def _answer(world: World, about: Sent) -> str:
    """A few words over the report of the night, as mail programs quote it."""
    style = Style(dates=0)
    at = datetime.fromtimestamp(about.at, MOSCOW)
    quoted = reports.as_html(reports.table(_rows(world, about), style), greeting="Отчёт")
    return (
        f"<p>Добрый вечер! Продажи учтены, всё верно.</p><p>{at:%d.%m.%Y}, {at:%H:%M}, Билетный сервис "
        f"&lt;reports@qtickets.ru&gt;:</p><blockquote>{quoted}</blockquote>"
    )


def _rows(world: World, about: Sent) -> list[reports.Row]:
    return reports.rows(world, [shift(about.day, -1), about.day], about.at)


def _report_at(world: World, mail: Sent, nth: int) -> Sent:
    at = midnight(mail.day) + REPORTS[nth]
    return Sent(at, "report", f"{at:010x}{draw(world.params.seed, 'report', at) % 16**6:06x}")


def _report(world: World, mail: Sent, message: EmailMessage, greeting: str, *, wrong_total: bool) -> None:
    """A table as of its moment: a resend and an inline forward repeat the figures of the morning."""
    about = _report_at(world, mail, 2) if mail.kind in ("resend", "forward-inline") else mail
    style, dress = _dress(world, about)
    if mail.kind == "short":
        style, dress = Style(columns=reports.SHORT), "html"
    if wrong_total:
        style = Style(style.names, style.columns, style.dates, style.money, wrong_total=True)
    found, chance = _rows(world, about), draw(world.params.seed, "dirty", about.at)
    is_dirty = DIRTY_REPORTS in world.params.dirt and style.columns == reports.FULL and found
    cells = dirt.dirty_table(found, style, chance) if is_dirty else reports.table(found, style)
    if mail.kind == "wrong-charset":
        message.set_content(greeting)
        _attach(message, reports.as_csv(dirt.seen(cells), ";").encode("cp1251"), "отчет.csv", charset="koi8-r")
        return
    _clothe(message, cells, dress, greeting)


def _dress(world: World, mail: Sent) -> tuple[Style, str]:
    chance = draw(world.params.seed, "dress", mail.at)
    names = reports.ENGLISH if chance % 4 == 0 else reports.RUSSIAN
    style = Style(names, reports.FULL, (chance >> 8) % len(reports.DATES), (chance >> 16) % reports.USUAL)
    return style, DRESSES[(chance >> 24) % len(DRESSES)]


def _clothe(message: EmailMessage, cells: list[list[str]], dress: str, greeting: str) -> None:
    if dress in ("html", "html-1251", "both"):
        charset = "windows-1251" if dress == "html-1251" else "utf-8"
        meta = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">'
        message.set_content("Отчёт в таблице ниже.", charset=charset)
        message.add_alternative(reports.as_html(cells, greeting=greeting, meta=meta), subtype="html", charset=charset)
    else:
        message.set_content(f"{greeting}\nОтчёт во вложении.")
    cells = dirt.seen(cells)
    if dress in ("csv", "both"):
        _attach(message, reports.as_csv(cells, ";").encode("utf-8-sig"), "Отчёт.Csv", charset="utf-8")
    elif dress == "csv-1251":
        _attach(message, reports.as_csv(cells, "\t").encode("cp1251"), "report.txt", charset="windows-1251")
    elif dress == "xlsx":
        _attach(message, reports.as_xlsx(cells), "отчёт.xlsx")
    elif dress == "zip":
        _attach(message, reports.as_zip({"отчет.csv": reports.as_csv(cells, ",").encode()}), "отчёт.zip")


def _attach(message: EmailMessage, data: bytes, name: str, charset: str = "") -> None:
    message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    if charset:
        list(message.iter_attachments())[-1].set_param("charset", charset)
