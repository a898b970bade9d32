"""The ticket vendor's sales report as of a moment, written as people find it in mails.

Belongs here: the table and its spellings (HTML, CSV, .xlsx). Does not: mails around it (`mails`).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from html import escape
from xml.sax.saxutils import escape as xml_escape

from zakaz_dagster.dev.sandbox.world import World
from zakaz_dagster.dev.sandbox.world.truth import Sales, money

RUSSIAN = {
    "date": "Дата продажи",
    "event_id": "ID мероприятия",
    "event": "Мероприятие",
    "show_id": "ID сеанса",
    "show": "Дата и время сеанса",
    "city": "Город",
    "tickets": "Продано билетов, шт.",
    "free": "в т.ч. бесплатных",
    "returned": "Возвращено билетов",
    "revenue": "Сумма продажи, руб.",
    "refunds": "Возвраты, руб.",
    "currency": "Валюта",
}
ENGLISH = {
    "date": "date", "event_id": "event_id", "event": "event_name", "show_id": "show_id", "show": "show_date",
    "city": "city", "tickets": "tickets_sold", "free": "free_tickets", "returned": "refunded_tickets",
    "revenue": "revenue", "refunds": "refunds", "currency": "currency",
}  # fmt: skip
FULL = tuple(RUSSIAN)
SHORT = ("date", "event", "city", "tickets", "revenue", "refunds")  # two shows of an evening look alike here
MONTHS = ("", "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября",
          "ноября", "декабря")  # fmt: skip
DATES: tuple[Callable[[date], str], ...] = (
    lambda day: f"{day:%d.%m.%Y}",
    lambda day: day.isoformat(),
    lambda day: f"{day.day} {MONTHS[day.month]} {day.year}",
    lambda day: f"{day:%d/%m/%Y}",
)
MONEY: tuple[Callable[[str], str], ...] = (
    lambda text: text.replace(".", ","),
    lambda text: text,
    lambda text: f"{float(text):,.2f}".replace(",", "\u00a0").replace(".", ","),
    lambda text: f"{float(text):,.2f} руб.".replace(",", " ").replace(".", ",", 1),
    lambda text: f"{float(text):,.2f}",
)
HIDDEN = "\u0000hidden"  # stands before a row that HTML hides; no other dress has it
USUAL, COMMAS = 4, 4  # forms of money in clean reports, and the one that only dirty ones have
FIGURES = ("tickets", "free", "returned", "revenue", "refunds")


@dataclass(frozen=True, slots=True)
class Style:
    """How a report is written down."""

    names: dict[str, str] = field(default_factory=lambda: RUSSIAN)
    columns: tuple[str, ...] = FULL
    dates: int = 0
    money: int = 0
    total: bool = True
    wrong_total: bool = False


Row = dict[str, object]


def rows(world: World, days: Iterable[date], now: int) -> list[Row]:
    """One row per day of sale and show that sold or gave back anything by `now`."""
    wanted = sorted(days)
    cells = world.sales(wanted[0], wanted[-1], now)
    return [_row(world, day, show, sales) for (day, show), sales in sorted(cells.items()) if day in wanted]


def _row(world: World, day: date, show_id: int, sales: Sales) -> Row:
    event, show = world.tours.event_of_show(show_id), world.tours.show(show_id)
    if event is None or show is None:
        raise LookupError(show_id)
    return {
        "date": day, "event_id": event.id, "event": event.name, "show_id": show_id,
        "show": datetime.fromtimestamp(show.starts, event.city.tzinfo).strftime("%d.%m.%Y %H:%M"),
        "city": event.city.name, "tickets": sales.tickets_sold, "free": sales.tickets_free,
        "returned": sales.tickets_refunded, "revenue": sales.revenue, "refunds": sales.refunds, "currency": "RUB",
    }  # fmt: skip


def table(found: list[Row], style: Style) -> list[list[str]]:
    """Header, lines, and the total row that vendors like."""
    return [header(style), *(line(row, style) for row in found), *([total(found, style)] if style.total else [])]


def header(style: Style) -> list[str]:
    return [style.names[name] for name in style.columns]


def line(row: Row, style: Style) -> list[str]:
    return [_cell(name, row[name], style) for name in style.columns]


def total(found: list[Row], style: Style, label: str = "") -> list[str]:
    """A row of sums; its label stands in the first column."""
    extra = 1 if style.wrong_total else 0
    sums: Row = {name: sum(int(str(row[name])) for row in found) + extra for name in FIGURES}
    _, *cells = [_cell(name, sums[name], style) if name in sums else "" for name in style.columns]
    return [label or ("Итого" if style.names is RUSSIAN else "Total"), *cells]


def _cell(name: str, value: object, style: Style) -> str:
    if isinstance(value, date):
        return DATES[style.dates](value)
    if name in ("revenue", "refunds"):
        return MONEY[style.money](money(int(str(value))))
    return str(value)


def as_csv(cells: list[list[str]], delimiter: str) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerows(cells)
    return buffer.getvalue()


def as_html(cells: list[list[str]], *, greeting: str, meta: str = "") -> str:
    """The data table within two layout tables; the total's label spans the columns before the figures."""
    header = "".join(f"<td><b>{escape(cell)}</b></td>" for cell in cells[0])
    body = "".join(_tr(row) for row in cells[1:])
    data = f'<table border="1">\r\n<tr>{header}</tr>\r\n{body}</table>'
    layout = f"<tr><td colspan=2><h2>{escape(greeting)}</h2></td></tr><tr><td>&nbsp;</td><td>{data}</td></tr>"
    inner = f"<table width=100%>{layout}<tr><td colspan=2>С уважением, ваш билетный сервис</td></tr></table>"
    return f"<html><head>{meta}</head><body><table><tr><td>{inner}</td></tr></table></body></html>"


def _tr(row: list[str]) -> str:
    if row[0] == HIDDEN:
        return _tr(row[1:]).replace("<tr>", '<tr style="display: none">', 1)
    wide = next((at for at, cell in enumerate(row) if at and cell), len(row)) if row[0] in ("Итого", "Total") else 1
    first = f'<td colspan="{wide}">{escape(row[0])}</td>' if wide > 1 else f"<td>{escape(row[0])}</td>"
    return f"<tr>{first}{''.join(f'<td>{escape(cell)}</td>' for cell in row[wide:])}</tr>\r\n"


def as_zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def as_xlsx(cells: list[list[str]]) -> bytes:
    """The least workbook a spreadsheet opens: text in shared-nothing inline strings, as report generators write."""
    body = "".join(f"<row>{''.join(map(_c, row))}</row>" for row in cells)
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="applic'
        f'ation/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="'
        f'{kinds}.sheet.main+xml"/><Override PartName="/xl/sheet1.xml" ContentType="{kinds}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/'
        f'officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}"><sheets><sheet name="Отчёт" sheetId="1" r:id="r1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type='
        f'"{office}/worksheet" Target="sheet1.xml"/></Relationships>',
        "xl/sheet1.xml": f"<worksheet {main}><sheetData>{body}</sheetData></worksheet>",
    }
    return as_zip({name: text.encode() for name, text in files.items()})


def _c(text: str) -> str:
    return f'<c t="inlineStr"><is><t>{xml_escape(text)}</t></is></c>'
