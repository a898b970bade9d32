"""Delimited text and spreadsheets to grids of text.

Formulas come as their text (`=SUM(A1)`), never as a computed or remembered value.
Belongs here: CSV and .xlsx. Does not: which delimiter is right (the caller takes the first with a known header).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import islice
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from zakaz_dagster.sources.gmail.html_tables import Grid
from zakaz_dagster.sources.gmail.limits import LIMITS, Limits, Refused

DELIMITERS = (";", ",", "\t", "|")
FLOAT_DIGITS = 6  # a spreadsheet's 0.1 + 0.2 has noise far below this
# Every prolog is within this; a document type is how entities are declared, and no spreadsheet has one.
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))


def text_grids(text: str, limits: Limits = LIMITS) -> Iterator[Grid]:
    """The text cut by each delimiter that occurs in it."""
    if len(text) > limits.text_chars:
        raise Refused(f"the file has {len(text)} characters; the limit is {limits.text_chars}")
    head, _, rest = text.partition("\n")
    declared = head.strip().lower()
    if declared.startswith("sep=") and len(declared) == len("sep=;"):
        text = rest
    for delimiter in DELIMITERS:
        if delimiter in text:
            yield _delimited(text, delimiter, limits)


def _delimited(text: str, delimiter: str, limits: Limits) -> Grid:
    rows: Grid = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(rows) >= limits.rows:
                raise Refused(f"more than {limits.rows} lines")
            rows.append([" ".join(cell.split()) for cell in row])
    except csv.Error as error:
        raise Refused(f"the CSV cannot be read: {error}") from None
    return rows


def xlsx_grids(data: bytes, limits: Limits = LIMITS) -> list[Grid]:
    """One grid per visible worksheet."""
    _check_package(data, limits)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            return [_sheet(sheet, limits) for sheet in book.worksheets if sheet.sheet_state == "visible"]
        finally:
            book.close()
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001  a broken package raises whatever openpyxl's parsers do
        raise Refused(f"the .xlsx cannot be read ({type(error).__name__})") from None


def _check_package(data: bytes, limits: Limits) -> None:
    """Bounded when unpacked, and free of document types, before any XML parser sees it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            if sum(member.file_size for member in package.infolist()) > limits.part_bytes:
                raise Refused(f"the .xlsx unpacks to more than {limits.part_bytes} bytes")
            for member in package.infolist():
                with package.open(member) as file:
                    body = file.read(limits.part_bytes + 1)
                if len(body) > limits.part_bytes:
                    raise Refused(f"the .xlsx unpacks to more than {limits.part_bytes} bytes")
                if any(mark in body for mark in _DOCTYPES):
                    raise Refused("hostile .xlsx: it declares a document type (entities)")
    except (BadZipFile, InvalidFileException, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise Refused(f"the .xlsx cannot be unpacked ({type(error).__name__})") from None


def _sheet(sheet: object, limits: Limits) -> Grid:
    sheet.reset_dimensions()  # type: ignore[attr-defined]  # a wrong stated extent would hide rows
    rows = sheet.iter_rows(max_col=limits.columns + 1, values_only=True)  # type: ignore[attr-defined]
    grid: Grid = []
    for values in islice(rows, limits.rows + 1):
        if len(grid) >= limits.rows:
            raise Refused(f"more than {limits.rows} rows in a sheet")
        cells = [_cell(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > limits.columns:
            raise Refused(f"a sheet wider than {limits.columns} columns")
        grid.append(cells)
    return grid


def _cell(value: object) -> str:
    """The text that our own number and date readers take for exactly this value."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.time() != time() else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return " ".join(str(value).split())


def _float(value: float) -> str:
    """Decimals that cannot be taken for thousands: 1.234 is written 1.2340."""
    text = f"{value:.{FLOAT_DIGITS}f}".rstrip("0").rstrip(".")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals}0" if len(decimals) == len("000") else text
