"""A table is as old as the mail it was written in: replies quote, forwards enclose, and both say when."""

from __future__ import annotations

import time

import pytest

from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster_tests.unit.gmail.mailing import mail, read_eml

HEAD = "Дата;Событие;Город;Билетов;Сумма"
OLD = (10, "20.11 21:00", True)
NEW = (12, "21.11 12:00", False)


def table(tickets: int) -> str:
    cells = "".join(f"<td>{cell}</td>" for cell in HEAD.split(";"))
    return f"<table><tr>{cells}</tr><tr><td>20.11.2026<td>Шоу<td>Томск<td>{tickets}<td>{tickets * 1000}</tr></table>"


def csv(tickets: int) -> str:
    return f"{HEAD}\n20.11.2026;Шоу;Томск;{tickets};1000\n"


def said(
    body: str, *, html: bool = True, subject: str = "Re: отчёт", attached: str = ""
) -> list[tuple[int, str, bool]]:
    """(tickets, when it was said in Moscow, whether in a quote) of every statement, the newest first."""
    message = mail(subject, "Sat, 21 Nov 2026 12:00:00 +0300")
    message.set_content("Ответ" if html else body)
    if html:
        message.add_alternative(body, subtype="html")
    if attached:
        message.add_attachment(attached.encode(), maintype="text", subtype="csv", filename="report.csv")
    found = sorted(read_eml(message).statements, key=lambda each: each.stated_at, reverse=True)
    return [
        (each.lines[0].counted.tickets, f"{each.stated_at.astimezone(MOSCOW):%d.%m %H:%M}", each.is_forward)
        for each in found
    ]


RU = "пт, 20 нояб. 2026 г. в 21:00, QTickets &lt;r@qtickets.ru&gt;:"
THUNDERBIRD = (
    "-------- Перенаправленное сообщение --------<table class='moz-email-headers-table'>"
    "<tr><th>Тема:</th><td>отчёт</td></tr><tr><th>Дата:</th><td>Fri, 20 Nov 2026 21:00:00 +0300</td></tr>"
    "<tr><th>От:</th><td>QT</td></tr></table>"
)
QUOTED = [
    f'<div class="gmail_quote"><div class="gmail_attr">{RU}<br></div><blockquote>{table(10)}</blockquote></div>',
    f"<div class='gmail_quote'>On Fri, Nov 20, 2026 at 9:00 PM QTickets wrote:<br><blockquote>{table(10)}</blockquote></div>",
    f'<div class="moz-cite-prefix">20.11.2026 21:00, QTickets пишет:<br></div><blockquote type="cite">{table(10)}</blockquote>',
    f"<blockquote>Пятница, 20 ноября 2026, 21:00 +03:00 от QTickets:<br>{table(10)}</blockquote>",
    f"<p><b>From:</b> QT<br><b>Sent:</b> Friday, November 20, 2026 9:00 PM<br><b>To:</b> x<br></p>{table(10)}",
    f"<p>От: QT<br>Отправлено: 20 ноября 2026 г. 21:00<br>Кому: x<br>Тема: отчёт за 19.11.2026</p><div>{table(10)}</div>",
    f"<div>-------- Пересылаемое сообщение --------</div><div>20.11.2026, 21:00, QTickets:</div><div>{table(10)}</div>",
    f"---------- Forwarded message ---------<br>От: x<br>Date: Fri, 20 Nov 2026 18:00:00 +0000<br>To: y<br>{table(10)}",
    f"<div class='moz-forward-container'>{THUNDERBIRD}<br>{table(10)}</div>",
    f"<p>{THUNDERBIRD}</p>{table(10)}",
]


@pytest.mark.parametrize("quote", QUOTED)
def test_a_quoted_table_is_as_old_as_its_header_lines_say(quote):
    assert said(f"<p>см. ниже</p>{quote}") == [OLD]
    assert said(f"<div>исправлено:{table(12)}</div>{quote}") == [NEW, OLD]


def test_a_table_below_a_closed_quote_is_new_and_a_quote_in_a_quote_older():
    assert said(f"<blockquote>20.11.2026 21:00 X пишет:{table(10)}</blockquote><p>верно так:</p>{table(12)}") == [
        NEW,
        OLD,
    ]
    inner = f"<blockquote>19.11.2026 21:00 Y пишет:{table(9)}</blockquote>"
    assert said(f"<blockquote>20.11.2026 21:00 X пишет:{table(10)}{inner}</blockquote>") == [
        OLD,
        (9, "19.11 21:00", True),
    ]


def test_a_quote_within_one_cell_of_a_layout_table_is_told_from_the_rest():
    quote = f"<blockquote>20.11.2026 в 21:00 QTickets написал(а):{table(10)}</blockquote>"
    assert said(f"<table><tr><td>Ответ {table(12)}{quote}</td></tr></table>") == [NEW, OLD]


@pytest.mark.parametrize("date", ["", "вчера", "31.02.2026 21:00", "20.11.2126 21:00", "25:99"])
def test_a_quote_of_unknown_age_may_be_as_old_as_the_day_it_speaks_of(date):
    assert said(f"<blockquote>{date} X пишет:{table(10)}</blockquote>") == [(10, "20.11 00:00", True)]


def test_quoted_lines_of_a_plain_text_are_told_by_their_marks():
    quoted = "".join(f"> {line}\n" for line in csv(10).splitlines())
    assert said(f"Спасибо\n\n20.11.2026 21:00, QTickets пишет:\n{quoted}", html=False) == [OLD]
    assert said(f"{csv(12)}\n20.11.2026 21:00, QTickets пишет:\n{quoted}", html=False) == [NEW, OLD]
    original = "-----Original Message-----\nFrom: a\nSent: Friday, November 20, 2026 9:00 PM\nTo: b\n\n"
    assert said(f"Здравствуйте\n{original}{csv(10)}", html=False) == [OLD]
    assert said(1000 * "слова\n" + original + csv(10), html=False) == [OLD]


def test_what_is_attached_to_a_forward_is_as_old_as_the_forwarded_mail():
    mark = "<div>-------- Пересылаемое сообщение --------</div><div>20.11.2026, 21:00, QTickets:</div>"
    assert said(mark, subject="Fwd: отчёт", attached=csv(10)) == [OLD]
    assert said(f"{table(12)}{mark}{table(10)}", subject="Fwd: отчёт") == [NEW, OLD]
    assert said("<p>см.</p>", subject="Re: Fwd: отчёт", attached=csv(10)) == [(10, "20.11 00:00", True)]
    assert said(f"<blockquote>{table(9)}</blockquote>", attached=csv(12))[0] == NEW, "a reply's file is its own"


def test_words_that_only_resemble_a_quote_do_not_make_a_report_old():
    for words in ("Отчёт от: QTickets. Дата: 21.11.2026", "От: QTickets<br>Дата: 21.11.2026 06:00<br>Всего хорошего"):
        assert said(f"<p>{words}</p>{table(12)}", subject="QTickets: отчёт") == [NEW]
    assert said(table(12), subject="Отчёт: форвард не нужен") == [NEW]


def test_thousands_of_quotes_cost_no_time():
    started = time.monotonic()
    said("<blockquote>x</blockquote>" * 5000 + table(12))
    said("<blockquote>" * 150 + table(12))
    said("".join(f"{'>' * (n % 9 + 1)} line {n}\n" for n in range(20_000)), html=False)
    said("От: x\n" * 20_000 + "-" * 100_000, html=False)
    assert time.monotonic() - started < 20
