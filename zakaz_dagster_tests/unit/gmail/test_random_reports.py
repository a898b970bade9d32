"""Random reports, written in every way a vendor may choose, give back exactly the numbers they were made of."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from html import escape

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zakaz_dagster.seeds import seed
from zakaz_dagster_tests.unit.gmail.mailing import lines, mail, read_eml, read_file, zipped
from zakaz_dagster_tests.unit.parsing.test_dates import MONTHS

SPELLINGS: dict[str, list[str]] = {}
for entry in seed("mail_columns"):
    SPELLINGS.setdefault(entry["column"], []).append(entry["header"])
NEEDED = ("sale_date", "tickets", "revenue", "city")
OPTIONAL = ("event_id", "show_id", "event_name", "show_date", "tickets_free", "refunded_tickets", "refunds", "currency")
CITIES = {
    "Томск": "томск",
    "СПБ": "санкт-петербург",
    "г. Омск": "омск",
    "Н.Новгород": "нижний новгород",
    "Ёлкино": "елкино",
}
NAMES = ("Шоу", "Спектакль <Ночь>; бис", "Выставка, часть 2", 'Мюзикл "Корабль"', "Tour <live> & more", "Ёлка-2027")
DATES = (
    lambda day: day.isoformat(),
    lambda day: f"{day:%d.%m.%Y}",
    lambda day: f"{day:%d/%m/%Y}",
    lambda day: f"{day.day} {MONTHS[day.month - 1]} {day.year}",
    lambda day: f"{day:%d.%m.%y}",
    lambda day: f"{day.isoformat()} 00:00:00",
)
MONEY = (
    lambda value: f"{value:.2f}",
    lambda value: f"{value:.2f}".replace(".", ","),
    lambda value: f"{value:,.2f}",
    lambda value: f"{value:,.2f}".replace(",", "\u00a0").replace(".", ","),
    lambda value: f"{value:,.2f}".replace(",", "\u202f"),
    lambda value: f"{value:,.2f}".replace(",", ";").replace(".", ",").replace(";", "."),
    lambda value: f"{value:.2f} руб.".replace(".", ",", 1),
    lambda value: f"{value:,.2f} ₽".replace(",", " "),
)
COUNTS = (str, lambda value: f"{value:,}".replace(",", " "), lambda value: f"{value},00")

line_values = st.fixed_dictionaries(
    {
        "sale_date": st.dates(date(2020, 1, 1), date(2026, 11, 20)),
        "event_id": st.integers(1, 10**6),
        "show_id": st.integers(1, 10**9),
        "event_name": st.sampled_from(NAMES),
        "city": st.sampled_from(list(CITIES)),
        "show_date": st.dates(date(2026, 11, 21), date(2027, 5, 1)),
        "tickets": st.integers(0, 2_000_000),
        "tickets_free": st.just(0),
        "refunded_tickets": st.integers(0, 5000),
        "revenue": st.decimals(0, 10**9, places=2),
        "refunds": st.decimals(0, 10**6, places=2),
        "currency": st.sampled_from(["RUB", "руб.", ""]),
    }
)


@dataclass(frozen=True)
class Style:
    container: str
    encoding: str
    declared: str
    delimiter: str
    date: int
    money: int
    count: int
    total: str
    chance: random.Random


styles = st.builds(
    Style,
    container=st.sampled_from(["csv", "html", "xlsx", "zip", "mail-html", "mail-both"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1251", "utf-16", "koi8-r"]),
    declared=st.sampled_from(["", "utf-8", "windows-1251", "koi8-r"]),
    delimiter=st.sampled_from(";,\t|"),
    date=st.integers(0, len(DATES) - 1),
    money=st.integers(0, len(MONEY) - 1),
    count=st.integers(0, len(COUNTS) - 1),
    total=st.sampled_from(["", "Итого", "ВСЕГО:", "Total", "Итого за период"]),
    chance=st.randoms(use_true_random=False),
)
reports = st.tuples(st.lists(line_values, min_size=1, max_size=8), st.sets(st.sampled_from(OPTIONAL)), styles)


def grid(rows: list[dict], roles: list[str], style: Style) -> list[list[str]]:
    """The table as text, header first, total row last."""
    table = [[_header(style.chance.choice(SPELLINGS[role]), style.chance) for role in roles]]
    table += [[_cell(role, row, style) for role in roles] for row in rows]
    if style.total:
        table.append([_total(role, rows, style) for role in roles])
    return table


def _header(text: str, chance: random.Random) -> str:
    return chance.choice([text, text.upper(), text.capitalize(), f" {text} ", text.replace(" ", "_"), f"{text}:"])


def _cell(role: str, row: dict, style: Style) -> str:
    value = row[role]
    if role in ("sale_date", "show_date"):
        return DATES[style.date](value)
    if role in ("revenue", "refunds"):
        return MONEY[style.money](value)
    if role in ("tickets", "tickets_free", "refunded_tickets"):
        return COUNTS[style.count](value)
    return str(value)


def _total(role: str, rows: list[dict], style: Style) -> str:
    if role in ("revenue", "refunds", "tickets", "tickets_free", "refunded_tickets"):
        return _cell(role, {role: sum(row[role] for row in rows)}, style)
    return style.total if role == "city" else ""


def csv_text(table: list[list[str]], delimiter: str) -> str:
    def quoted(cell: str) -> str:
        needs = any(sign in cell for sign in f'{delimiter}"\n')
        return '"' + cell.replace('"', '""') + '"' if needs else cell

    return "\r\n".join(delimiter.join(quoted(cell) for cell in row) for row in table)


def html_text(table: list[list[str]], chance: random.Random) -> str:
    """A data table inside layout tables, with header cells of either kind."""
    tag = chance.choice(["td", "th"])
    head = "".join(f"<{tag} bgcolor='#eee'>{escape(cell)}</{tag}>" for cell in table[0])
    body = "".join("<tr>" + "".join(f"<td><b>{escape(cell)}</b></td>" for cell in row) + "</tr>" for row in table[1:])
    data = f"<table border=1><tr>{head}</tr>{body}</table>"
    return (
        f"<html><body><table><tr><td colspan=2>Отчёт</td></tr><tr><td>{data}</td><td></td></tr></table></body></html>"
    )


def xlsx_bytes(rows: list[dict], roles: list[str], style: Style) -> bytes:
    """Native dates and numbers, as spreadsheets hold them."""
    book = openpyxl.Workbook()
    book.active.append(["Отчёт о продажах"])
    book.active.append(grid([], roles, style)[0])
    for row in rows:
        book.active.append([float(row[role]) if isinstance(row[role], Decimal) else row[role] for role in roles])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def sent(rows: list[dict], roles: list[str], style: Style):
    """The report in its container, through the loader."""
    if style.container == "xlsx":
        return read_file(xlsx_bytes(rows, roles, style), "report.xlsx")
    table = grid(rows, roles, style)
    if "".join(table[0]).isascii() and style.encoding == "cp1251":
        style = replace(style, declared="")  # nothing in the file could contradict a wrong KOI8-R
    csv = csv_text(table, style.delimiter).encode(style.encoding)
    html = html_text(table, style.chance).encode(style.encoding, "xmlcharrefreplace")
    if style.container == "csv":
        return read_file(csv, "Report.CSV", charset=style.declared)
    if style.container == "zip":
        return read_file(zipped({"отчет.csv": csv}), "r.zip")
    if style.container == "html":
        return read_file(html, mime="text/html", charset=style.declared)
    message = mail()
    message.set_content("Отчёт")
    message.add_alternative(html_text(table, style.chance), subtype="html", charset="utf-8")
    if style.container == "mail-both":
        message.add_attachment(csv, maintype="application", subtype="octet-stream", filename="Отчёт.csv")
    return read_eml(message)


def expected(rows: list[dict], roles: list[str]) -> list[tuple]:
    return sorted(
        (
            (
                row["sale_date"],
                CITIES[row["city"]],
                row["event_name"] if "event_name" in roles else "",
                row["event_id"] if "event_id" in roles else 0,
                row["show_id"] if "show_id" in roles else 0,
                row["tickets"],
                row["refunded_tickets"] if "refunded_tickets" in roles else None,
                row["revenue"],
                row["refunds"] if "refunds" in roles else None,
            )
            for row in rows
        ),
        key=str,
    )


def got(read) -> list[tuple]:
    return sorted(
        (
            (
                line.sale_date,
                line.city,
                line.event_name,
                line.event_id,
                line.show_id,
                line.counted.tickets,
                line.counted.refunded_tickets,
                line.counted.revenue,
                line.counted.refunds,
            )
            for line in lines(read)
        ),
        key=str,
    )


def prove(report) -> None:
    rows, optional, style = report
    roles = [*NEEDED, *sorted(optional)]
    style.chance.shuffle(roles)
    if style.encoding in ("cp1251", "koi8-r") and style.money in (4, 7):
        style = replace(style, money=1)  # U+202F and the rouble sign do not exist there
    if style.encoding == "koi8-r":
        style = replace(style, declared="koi8-r")
    read = sent(rows, roles, style)
    assert [line.reason for line in read.refused] == []
    assert got(read) == expected(rows, roles)


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=500, deadline=None, suppress_health_check=CHECKS)
@given(reports)
def test_random_reports_give_their_numbers_back(report):
    prove(report)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=CHECKS)
@given(reports)
def test_ten_thousand_random_reports_give_their_numbers_back(report):
    prove(report)
