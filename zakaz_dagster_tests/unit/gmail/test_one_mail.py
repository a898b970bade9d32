"""One mail is one statement: repeated content counts once, forwards keep their age, every part has an outcome."""

from __future__ import annotations

import io
import json
from email.message import EmailMessage

import msgspec
import openpyxl
import pytest

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.sources.gmail.inspect import file as inspect_file
from zakaz_dagster.sources.gmail.inspect import message as inspect_message
from zakaz_dagster.sources.gmail.mail import epoch_ms, is_forward
from zakaz_dagster.sources.gmail.mime_tree import from_base64url, mail_of_part, top_of
from zakaz_dagster.sources.gmail.parts import Outcome
from zakaz_dagster.sources.gmail.records import Body, Message, Part, shaped
from zakaz_dagster.sources.gmail.report import read_mail
from zakaz_dagster.sources.gmail.rows import message_rows
from zakaz_dagster_tests.unit.gmail.mailing import HEADER, figures, mail, moment, read_eml, reading, reasons
from zakaz_dagster_tests.unit.gmail.test_earlier_defects import csv, html

TOMSK, OMSK = "20.11.2026;Шоу;Томск;10;12345,67;0", "20.11.2026;Шоу;Омск;1;500;0"


def attached(text: str, name: str, into: EmailMessage | None = None) -> EmailMessage:
    message = into or mail()
    if into is None:
        message.set_content("Отчёт во вложении")
    message.add_attachment(text.encode(), maintype="application", subtype="octet-stream", filename=name)
    return message


def with_body(markup: str) -> EmailMessage:
    message = mail()
    message.set_content("Отчёт")
    message.add_alternative(markup, subtype="html")
    return message


def test_a_report_in_the_body_and_attached_counts_once():
    read = read_eml(attached(csv(TOMSK, OMSK), "r.csv", with_body(html(TOMSK, OMSK))))
    assert len(figures(read)) == 2
    assert read.refused == []


def test_what_only_one_of_them_says_is_added():
    read = read_eml(attached(csv(TOMSK), "tomsk.csv", attached(csv(OMSK), "omsk.csv")))
    assert [line[2] for line in figures(read)] == ["омск", "томск"]


def test_where_they_disagree_the_attachment_holds_and_the_difference_is_told():
    body = html(TOMSK.replace(";10;", ";9;"), OMSK)
    read = read_eml(attached(csv(TOMSK), "r.csv", with_body(body)))
    assert {line[2]: line[3] for line in figures(read)} == {"томск": 10, "омск": 1}
    assert [line.reason for line in read.refused] == ["it contradicts part 1, table 1: tickets 9 against 10"]


def test_files_with_and_without_numbers_of_events_are_compared_by_name():
    full = "Дата;ID мероприятия;Событие;Город;Билетов;Выручка\n20.11.2026;24012;Шоу;Томск;10;12345,67"
    read = read_eml(attached(full, "r.csv", with_body(html(TOMSK))))
    assert len(figures(read)) == 1
    assert read.refused == []


def test_a_city_summary_in_the_body_repeats_the_shows_of_the_file():
    summary = "<table><tr><td>Дата</td><td>Город</td><td>Билетов</td><td>Выручка</td></tr>"
    summary += "<tr><td>20.11.2026</td><td>Томск</td><td>20</td><td>24691,34</td></tr></table>"
    read = read_eml(attached(csv(TOMSK, TOMSK), "r.csv", with_body(summary)))
    assert len(figures(read)) == 2
    assert read.refused == []


def test_desktop_and_phone_copies_of_a_table_count_once():
    markup = html(TOMSK)
    assert len(figures(read_eml(with_body(markup.replace("</body>", markup))))) == 1


def test_spanned_cells_are_read_where_they_are_seen():
    markup = """<table><tr><td rowspan="2">Дата</td><td rowspan="2">Событие</td><td rowspan="2">Город</td>
      <td colspan="2">Продажи</td></tr><tr><td>Билетов</td><td>Сумма, руб.</td></tr>
      <tr><td rowspan="2">20.11.2026</td><td>Шоу</td><td>Томск</td><td>10</td><td>12 345,67</td></tr>
      <tr><td>Шоу</td><td>Омск</td><td>1</td><td>500</td></tr>
      <tr><td colspan="3">Итого</td><td>11</td><td>12 845,67</td></tr></table>"""
    read = read_eml(with_body(markup))
    assert [(line[0], line[2], line[3]) for line in figures(read)] == [
        ("2026-11-20", "томск", 10),
        ("2026-11-20", "омск", 1),
    ]
    assert reasons(read) == ["the same content as the HTML part beside it"]


def test_an_attached_mail_is_read_once_and_is_as_old_as_itself():
    outer = mail(subject="Fwd: Отчет", date="Sun, 22 Nov 2026 09:00:00 +0300")
    outer.set_content("см. вложение")
    outer.add_attachment(with_body(html(TOMSK)))
    read = read_eml(outer)
    (statement,) = read.statements
    assert len(statement.lines) == 1
    assert statement.is_forward
    assert statement.name == "m1/1"
    assert statement.stated_at == moment("2026-11-21T06:00:00+03:00")


def test_an_attached_mail_as_a_file_is_read_as_well():
    inner = with_body(html(TOMSK)).as_bytes()
    outer = mail(subject="Отчет", date="Sun, 22 Nov 2026 09:00:00 +0300")
    outer.set_content("см. вложение")
    outer.add_attachment(inner, maintype="application", subtype="octet-stream", filename="report.eml")
    (statement,) = read_eml(outer).statements
    assert statement.stated_at == moment("2026-11-21T06:00:00+03:00")


@pytest.mark.parametrize("subject", ["Fwd: Отчет", "FW: x", "Fw:x", "Вл: Отчет", "Пересылка: x", " fwd : x"])
def test_forwards_are_told_by_their_subject(subject):
    assert is_forward(subject)
    assert not is_forward("Отчет QTickets: форвард")


def test_the_digest_names_the_content_and_not_its_order_or_spelling():
    one = read_eml(attached(csv(TOMSK, OMSK), "r.csv")).statements[0]
    other = read_eml(with_body(html(OMSK, TOMSK.replace("20.11.2026", "2026-11-20").replace("Томск", "г. ТОМСК"))))
    changed = read_eml(attached(csv(TOMSK, OMSK.replace(";1;", ";2;")), "r.csv")).statements[0]
    assert one.digest == other.statements[0].digest != changed.digest


def test_days_are_stated_apart():
    read = read_eml(attached(csv(TOMSK, TOMSK.replace("20.", "19.")), "r.csv"))
    assert [statement.day.day for statement in read.statements] == [19, 20]


def test_base64url_needs_no_padding():
    assert from_base64url("aGVsbG8gd29ybGQ") == b"hello world"
    assert from_base64url("PGRpdiBkaXI9Imx0ciI-PGJyPjwvZGl2Pg0K").decode() == '<div dir="ltr"><br></div>\r\n'


def test_an_unknown_shape_names_the_field():
    with pytest.raises(ShapeChanged, match=r"payload\.parts\[0\]\.body\.size"):
        shaped(
            b'{"id": "1", "payload": {"mimeType": "a/b", "parts": [{"mimeType": "c/d", "body": {"size": "x"}}]}}',
            Message,
            "messages.get",
        )


RECORDED = {
    "R01_alternative_no_attachment": (0, [("0", Outcome.SUPERSEDED), ("1", Outcome.NO_TABLE)]),
    "R02_mixed_text_attachment_no_partid_container": (
        1,
        [("0.0", Outcome.SUPERSEDED), ("0.1", Outcome.NO_TABLE), ("1", Outcome.SKIPPED)],
    ),
    "R03_mixed_jpeg_attachment": (1, [("0.0", Outcome.SUPERSEDED), ("0.1", Outcome.NO_TABLE), ("1", Outcome.SKIPPED)]),
    "R04_mixed_pdf_contentid_qp_html": (
        1,
        [("0.0", Outcome.SUPERSEDED), ("0.1", Outcome.NO_TABLE), ("1", Outcome.SKIPPED)],
    ),
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_messages_reach_their_outcomes(recorded, name):
    from zakaz_dagster.sources.gmail.report import read_mail
    from zakaz_dagster_tests.unit.gmail.mailing import reading

    body = json.loads((recorded("gmail") / "recorded" / f"{name}.json").read_bytes())
    read = read_mail(mail_of_part(top_of(msgspec.convert(body, Message)), "m1"), reading())
    attachments, outcomes = RECORDED[name]
    assert sum(leaf.attached for leaf in read.mail.leaves) == attachments
    assert [(part.leaf.path, part.outcome) for part in read.parts] == outcomes
    assert figures(read) == []


def test_recorded_html_is_not_decoded_twice(recorded):
    """R04 says quoted-printable, but the API's data is decoded already."""
    body = json.loads((recorded("gmail") / "recorded" / "R04_mixed_pdf_contentid_qp_html.json").read_bytes())
    html_part = mail_of_part(top_of(msgspec.convert(body, Message)), "m1").leaves[1]
    assert "In gap SOS\u00a0" in html_part.data.decode()
    assert len(html_part.data) == 35


def test_inspect_takes_a_mails_source_and_prints_nobody():
    message = attached(csv(TOMSK, "x;;;;;"), "r.csv", with_body("<p>Добрый день, Иван</p>"))
    shown = inspect_message(message.as_bytes(), {})
    assert shown.totals["gross_rub"] == "12345.67"
    assert shown.rows[0]["revenue_rub"] == "12345.67"
    assert "Иван" not in str(shown)
    assert "example.org" not in str(shown)
    assert HEADER not in str(shown)
    assert shown.totals["proved"] == "nothing by no server"
    message["Authentication-Results"] = "mx.google.com; dkim=pass header.i=@qtickets.ru"
    assert inspect_message(message.as_bytes(), {}).totals["proved"] == "qtickets.ru by mx.google.com"


def test_inspect_adds_up_what_holds_and_shows_how_old_the_rest_is():
    message = mail("Re: отчёт")
    old = TOMSK.replace(";10;", ";7;")
    quote = "\n".join(f"> {line}" for line in ["20.11.2026, 21:00, QTickets пишет:", HEADER, old])
    message.set_content(f"{HEADER}\n{TOMSK}\n\n{quote}\n")
    shown = inspect_message(message.as_bytes(), {})
    assert [(row["tickets"], str(row["stated_at"])[:16], row["quoted"]) for row in shown.rows] == [
        (10, "2026-11-21T06:00", False),
        (7, "2026-11-20T21:00", True),
    ]
    assert (shown.totals["tickets"], shown.totals["rows_replaced_by_newer"]) == (10, 1)


def test_inspect_speaks_to_who_holds_a_file():
    shown = inspect_file(csv(TOMSK, "x;Шоу;Омск;1;5;0").encode(), {})
    assert (shown.rows[0]["where"], shown.rejects[0]["where"]) == ("table 1, row 2", "table 1, row 3")
    assert inspect_file(b"\x89PNG", {}).rejects == [
        {"reason": "an image is not read", "where": "the file", "payload": ""}
    ]
    with pytest.raises(ShapeChanged, match="the file: "):
        inspect_message(b'{"id": "\xff"}', {})


@pytest.mark.parametrize(
    ("text", "year"), [("0", 2000), ("-5", 2000), ("99999999999999999999", 2099), ("1795233600000", 2026)]
)
def test_a_time_of_arrival_stays_within_the_century(text, year):
    assert epoch_ms(text).year == year


def test_an_incredible_date_of_an_attached_mail_is_not_believed():
    for date in ("Mon, 01 Jan 1601 00:00:00 +0000", "", "Sat, 21 Nov 2150 06:00:00 +0300"):
        outer = mail(subject="Fwd: x", date="Sun, 22 Nov 2026 09:00:00 +0300")
        outer.set_content("см. вложение")
        inner = with_body(html(TOMSK))
        del inner["Date"]
        if date:
            inner["Date"] = date
        outer.add_attachment(inner)
        assert read_eml(outer).statements[0].stated_at == moment("2026-11-20T00:00:00+03:00"), "as old as it may be"


@pytest.mark.parametrize("size", [-1, 2**63, 2**64, 10**30])
def test_a_size_that_no_part_has_stops_no_other_mail(size):
    message = Message("a", "1795233600000", payload=Part("text/csv", body=Body(size=size)))
    read = read_mail(mail_of_part(top_of(message), "a", epoch_ms(message.internal_date)), reading())
    parts, wholes = message_rows([read], "r", moment("2026-11-22T09:00"))
    assert (parts.num_rows, wholes.num_rows) == (1, 1)
    assert size < 0 or read.outcome is Outcome.REFUSED


ROWS = [["Дата", "Событие", "Билетов", "Сумма"], ["20.11.2026", "Ёлка", "2", "3000"]]


def as_html(*titles: str) -> EmailMessage:
    table = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in ROWS)
    return with_body("".join(f"<p>{title}</p><table>{table}</table>" for title in titles))


def as_files(*titles: str) -> EmailMessage:
    message = mail()
    for title in titles:
        attached("\n".join(";".join(row) for row in ROWS), f"{title}.csv", message)
    return message


def as_sheets(*titles: str) -> EmailMessage:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title in titles:
        sheet = book.create_sheet(title)
        for row in ROWS:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    message = mail()
    message.add_attachment(file.getvalue(), maintype="application", subtype="octet-stream", filename="report.xlsx")
    return message


@pytest.mark.parametrize("made", [as_html, as_files, as_sheets])
def test_tables_that_only_their_titles_tell_apart_are_of_the_cities_named_there(made):
    both = figures(read_eml(made("Продажи, г. Томск", "Продажи, г. Омск")))
    assert [line[2:5] for line in both] == [("томск", 2, "3000.00"), ("омск", 2, "3000.00")]


@pytest.mark.parametrize("made", [as_html, as_files, as_sheets])
def test_a_repeated_table_is_one_and_a_single_title_places_nothing(made):
    assert [line[2:4] for line in figures(read_eml(made("Отчёт Томск", "Отчёт Томск 2")))] == [("", 2)]
    assert [line[2:4] for line in figures(read_eml(made("Отчёт Томск", "Копия отчёта")))] == [("", 2)]
