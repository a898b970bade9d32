"""A plan file to lines of text under known column names.

Belongs here: CSV and .xlsx, encodings, which header means what. Does not: what a line means (`rows`).
"""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.parsing.cities import normalise

SOURCE = "plan"
HEADERS = {
    "date": {"date", "day", "дата", "день", "дата продажи", "sales date", "sale date"},
    "event": {"event", "event id", "event name", "мероприятие", "название", "событие", "название мероприятия"},
    "city": {"city", "город"},
    "tickets": {
        "tickets",
        "plan tickets",
        "билеты",
        "билетов",
        "план билетов",
        "план, билетов",
        "билеты план",
        "план билеты",
    },
    "revenue": {
        "revenue",
        "plan revenue",
        "выручка",
        "план выручка",
        "план, руб",
        "сумма",
        "выручка план",
        "план выручки",
    },
}
NEEDED = ("date", "tickets", "revenue")
MAX_BYTES = 20_000_000


@dataclass(frozen=True)
class Line:
    """One line under the header: `number` as an editor counts it; cells by column, '' when absent."""

    number: int
    date: str = ""
    event: str = ""
    city: str = ""
    tickets: str = ""
    revenue: str = ""


@dataclass(frozen=True)
class Sheet:
    """The lines of a file; `decimal_comma` is how its numbers are written when that is ambiguous."""

    lines: Sequence[Line]
    decimal_comma: bool


def read(name: str, data: bytes) -> Sheet:
    """The lines of a plan file."""
    if len(data) > MAX_BYTES:
        raise _unreadable(f"{name} has {len(data)} bytes", f"at most {MAX_BYTES}")
    is_book = data[:2] == b"PK"
    cells = _book(name, data) if is_book else _text(data)
    return Sheet(list(_lines(name, cells)), decimal_comma=not is_book)


def _lines(name: str, cells: Sequence[Sequence[str]]) -> Iterator[Line]:
    headers = (at for at, row in enumerate(cells) if _header(row).keys() >= set(NEEDED))
    head = next(headers, None)
    if head is None:
        raise _unreadable(f"{name} has no header line", f"columns {', '.join(NEEDED)} (Russian names are known too)")
    places = _header(cells[head])
    for number, row in enumerate(cells[head + 1 :], head + 2):
        found = {column: row[place].strip() if place < len(row) else "" for column, place in places.items()}
        if any(found.values()):
            yield Line(number, **found)


def _header(row: Sequence[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, cell in enumerate(row):
        text = normalise(cell).rstrip(".")
        for column, names in HEADERS.items():
            if text in names:
                places.setdefault(column, place)
    return places


def _text(data: bytes) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1251", errors="replace")
    head = text[:4096]
    delimiter = max(";\t,", key=head.count)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _book(name: str, data: bytes) -> list[list[str]]:
    """The first worksheet; cells as their text, dates as ISO."""
    import pandas  # noqa: ICN001  half a second that CSV files need not pay

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl comments on styles nobody asked for
            frame = pandas.read_excel(io.BytesIO(data), header=None, dtype=str, engine="openpyxl")
    except Exception as error:  # noqa: BLE001  a broken package raises whatever its parsers do
        raise _unreadable(
            f"{name} cannot be read as .xlsx ({type(error).__name__})", "a workbook or a CSV file"
        ) from None
    return [["" if pandas.isna(cell) else str(cell) for cell in row] for row in frame.itertuples(index=False)]


def _unreadable(what: str, expected: str) -> ShapeChanged:
    return ShapeChanged(what, source=SOURCE, expected=expected, next_step="nothing was changed; correct the file")
