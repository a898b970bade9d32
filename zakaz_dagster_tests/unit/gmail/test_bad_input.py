"""What a mail must not be able to do: cost other parts, be believed when it contradicts itself, or hurt the reader."""

from __future__ import annotations

import base64
import contextlib
import io
import quopri
import time
import zipfile
from datetime import UTC, datetime

import pytest

from zakaz_dagster.sources.gmail import file_types
from zakaz_dagster.sources.gmail.mail import Leaf, Mail
from zakaz_dagster.sources.gmail.parts import Outcome
from zakaz_dagster.sources.gmail.report import read_mail
from zakaz_dagster.tables.limits import Refused
from zakaz_dagster_tests.unit.gmail.mailing import (
    HEADER,
    figures,
    mail,
    read_eml,
    read_file,
    reading,
    reasons,
    refused,
    workbook,
)
from zakaz_dagster_tests.unit.gmail.test_earlier_defects import csv, html

GOOD = "20.11.2026;Шоу;Томск;10;12345,67;0"
ONE = ("2026-11-20", "Шоу", "томск", 10, "12345.67", "0.00")


def test_a_total_that_does_not_agree_costs_the_table_with_its_figures():
    read = read_file(csv(GOOD, "20.11.2026;Шоу;Омск;1;500;0", "Итого;;;12;12845,67;"))
    assert figures(read) == []
    assert [line.where for line in read.refused] == ["part 0, table 1, row 2", "part 0, table 1, row 3"]
    assert all("tickets 12, the lines make 11" in line.reason for line in read.refused)


def test_group_totals_and_the_grand_total_are_both_held():
    rows = [
        GOOD,
        "Итого по Томску;;;10;12345,67;",
        "20.11.2026;Шоу;Омск;1;500;0",
        "Итого по Омску;;;1;500;",
        "Всего;;;11;12845,67;",
    ]
    assert len(figures(read_file(csv(*rows)))) == 2


def test_a_bad_line_does_not_make_the_total_disagree():
    read = read_file(csv(GOOD, "скоро;Шоу;Омск;1;500;0", "20.11.2026;Шоу;Чита;две;300;0", "Итого;;;12;13145,67;"))
    assert figures(read) == [ONE]
    assert reasons(read) == ["sale_date: 'xxxxx' is not a date", "tickets: 'xxx' is not a whole number of things"]


def test_refused_cells_are_shown_without_letters_and_contacts():
    read = read_file(csv("20.11.2026;Шоу ivan@example.org;Томск;Иванов Иван;500;0"))
    told = f"{read.refused[0].reason} {read.refused[0].payload}"
    assert "Иванов" not in told
    assert "ivan@example.org" not in told


@pytest.mark.parametrize("cell", ["=1+1", '=HYPERLINK("http://x")', "@SUM(A1)", "+cmd|' /C calc'!A0"])
def test_a_formula_is_no_name(cell):
    read = read_file(csv(f'20.11.2026;"{cell.replace(chr(34), chr(34) * 2)}";Томск;1;5;0', GOOD))
    assert figures(read) == [ONE]
    assert "formula" in reasons(read)[0]


def test_a_formula_cell_of_a_workbook_is_not_computed():
    read = read_file(workbook(HEADER.split(";"), ["20.11.2026", "Шоу", "Томск", "=5+5", 12345.67, 0]))
    assert figures(read) == []
    assert "tickets" in reasons(read)[0]


def test_other_money_and_negative_figures_are_refused_by_line():
    text = csv(GOOD, "20.11.2026;Шоу;Омск;-1;500;0", "20.11.2026;Шоу;Чита;1;−500;0") + "\n"
    read = read_file(text)
    assert figures(read) == [ONE]
    assert [reason.split(":")[0] for reason in reasons(read)] == ["tickets", "revenue"]
    dollars = read_file("Дата;Событие;Билетов;Сумма;Валюта\n20.11.2026;Шоу;1;5;USD\n20.11.2026;Шоу;1;5;руб.")
    assert (len(figures(dollars)), reasons(dollars)) == (1, ["currency: 'USD' is not roubles"])


@pytest.mark.parametrize("header", ["Выручка, тыс. руб.", "Выручка, %", "Выручка, $", "Возвраты, шт."])
def test_a_column_in_other_units_is_not_the_revenue(header):
    read = read_file(f"Дата;Событие;Город;Билетов;{header}\n20.11.2026;Шоу;Томск;10;12")
    assert figures(read) == []
    assert read.outcome is Outcome.NO_TABLE
    assert reasons(read) == ["a table lacks the columns: revenue"]


def test_a_sale_after_the_mail_is_a_shows_date():
    leaf = Leaf("0", "text/csv", data=csv("20.12.2026;Шоу;Томск;1;5;0", GOOD).encode())
    read = read_mail(Mail("m", datetime(2026, 11, 21, 3, tzinfo=UTC), is_forward=False, leaves=[leaf]), reading())
    assert figures(read) == [ONE]
    assert "2026-12-20 is after the mail of 2026-11-21" in reasons(read)[0]


@pytest.mark.parametrize(
    ("name", "markup"),
    [
        ("nested deeper", "<div>" * 5000 + html(GOOD)),
        ("nested deeper", "<table><tr><td>" * 400 + html(GOOD)),
        ("declares entities", '<!DOCTYPE html [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + html(GOOD)),
        ("wider than", html(GOOD).replace("<td>Дата", '<td colspan="9999">Дата')),
        ("cut off", html(GOOD).replace("</table>", "<!--")),
        ("cut off", html(GOOD).replace("</table>", "<script>")),
        ("tables", html(GOOD) + "<table></table>" * 600),
        ("characters", html("20.11.2026;" + "Ш" * 5000 + ";Томск;1;5;0")),
    ],
)
def test_hostile_html_is_refused_quickly(name, markup):
    started = time.monotonic()
    assert name in refused(markup)
    assert time.monotonic() - started < 5


def test_nothing_in_html_is_run_or_fetched(monkeypatch):
    import socket

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: pytest.fail("a name was looked up"))
    page = html(GOOD, head='<link rel="stylesheet" href="http://example.org/x.css"><script>throw 1</script>')
    page = page.replace("Шоу", 'Шоу<img src="http://example.org/pixel.gif"><style>b{}</style><script>evil()</script>')
    assert figures(read_file(page)) == [ONE]


@pytest.mark.parametrize(
    ("data", "name", "mime", "words"),
    [
        (b"x", "winmail.dat", "application/ms-tnef", "winmail.dat"),
        (b"\x78\x9f\x3e\x22....", "x.csv", "text/csv", "winmail.dat"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", "x.xls", "", ".xlsx or .csv"),
        (b"%PDF-1.4", "x.pdf", "application/pdf", "PDF"),
        (b"Rar!\x1a\x07", "x.rar", "", "archive"),
        (b"\xff\xd8\xff", "x.jpg", "image/jpeg", "image/jpeg is not read"),
        (b"text", "x.ics", "text/calendar", "text/calendar is not read"),
    ],
)
def test_what_is_not_read_says_why(data, name, mime, words):
    read = read_file(data, name, mime=mime)
    assert read.outcome is Outcome.SKIPPED
    assert words in reasons(read)[0]


def test_bytes_that_are_no_text_are_refused():
    assert "undecodable" in refused(bytes(range(256)), name="x.csv")


@pytest.mark.parametrize("declared", ["utf-8", "koi8-r", "us-ascii", "no-such-charset", "utf-16"])
def test_a_wrong_declared_charset_does_not_matter(declared):
    assert figures(read_file(csv(GOOD).encode("cp1251"), charset=declared)) == [ONE]


def test_bad_parts_do_not_cost_the_others():
    message = mail()
    message.set_content("Отчёт во вложении")
    message.add_attachment(bytes(range(256)), maintype="application", subtype="octet-stream", filename="junk.csv")
    message.add_attachment(b"x", maintype="application", subtype="ms-tnef", filename="winmail.dat")
    message.add_attachment(csv(GOOD).encode("cp1251"), maintype="text", subtype="csv", filename="report.csv")
    read = read_eml(message)
    assert figures(read) == [ONE]
    assert [part.outcome for part in read.parts] == [
        Outcome.NO_TABLE,
        Outcome.REFUSED,
        Outcome.SKIPPED,
        Outcome.READ,
    ]


def test_a_part_that_breaks_a_library_costs_no_other_part(monkeypatch):
    broken = workbook(HEADER.split(";"), ["20.11.2026", "Шоу", "Омск", 1, 5, 0])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(broken)) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.namelist():
            new.writestr(
                item, old.read(item).replace(b'<row r="2"', b'<row r="2" ht="x"').replace(b'r="A2"', b'r="2A"')
            )
    message = mail()
    message.set_content("Отчёт во вложении")
    message.add_attachment(out.getvalue(), maintype="application", subtype="octet-stream", filename="broken.xlsx")
    message.add_attachment(csv(GOOD).encode(), maintype="text", subtype="csv", filename="report.csv")
    read = read_eml(message)
    assert figures(read) == [ONE]
    assert read.parts[1].outcome is Outcome.REFUSED
    real = file_types.kind_of

    def failing(data, leaf):
        if leaf.filename == "broken.xlsx":
            raise OverflowError("ivan@example.org")
        return real(data, leaf)

    monkeypatch.setattr(file_types, "kind_of", failing)
    again = read_eml(message)
    assert figures(again) == [ONE]
    assert (
        again.parts[1].reason == "the file could not be read: OverflowError in the reader; keep the mail and report it"
    )


@pytest.mark.parametrize("raw", [b"", b"\x00" * 100, b"From: \xff\xfe\r\nSubject: =?x?y?z?=\r\n\r\n\xff", b"\r\n" * 50])
def test_a_broken_source_is_an_empty_mail_or_refused(raw):
    with contextlib.suppress(Refused):
        assert figures(read_eml(raw)) == []


@pytest.mark.parametrize(
    ("named", "encoded"),
    [
        *((name, base64.encodebytes) for name in ("base64;", '"base64"', "Base64 (MIME)", " BASE64 ")),
        *((name, quopri.encodestring) for name in ("quoted printable", "Quoted-Printable;")),
        *((name, bytes) for name in ("8bits", "7-bit", "")),
    ],
)
def test_a_transfer_encoding_is_known_however_it_is_spelt(named, encoded):
    head = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {named}\r\n\r\n"
    assert figures(read_eml(head.encode() + encoded(f"{HEADER}\n{GOOD}".encode()))) == [ONE]
