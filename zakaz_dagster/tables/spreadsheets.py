"""Workbooks (.xlsx) to grids: visible sheets, rows and columns, merged cells as they are seen, numbers exactly.

Formulas come as their text (`=SUM(A1)`), never as a computed or remembered value.
Belongs here: .xlsx. Does not: what a column means.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache
from itertools import islice
from typing import Any

from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]
from openpyxl import load_workbook
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.cell import range_boundaries

from zakaz_dagster.tables.grid import Cell, Grid, Row, Span
from zakaz_dagster.tables.limits import LIMITS, Limits, Refused

_SHEET = re.compile(rb"<(?:\w+:)?sheet\s")
_ANEW = "open it and save it as .xlsx anew, or as .csv"
_USUAL = {
    name.lower(): name
    for name in (
        "[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/sharedStrings.xml",
        "xl/styles.xml",
    )
}  # fmt: skip
_CODE = re.compile(r"\[\$([^\]-]*)[^\]]*\]")  # [$₸-43F] is a sign and a place, [$-419] a place only
_ROOM = re.compile(r"_.")  # as much space as a character takes
FLOAT_DIGITS = 6  # a spreadsheet's 0.1 + 0.2 has noise far below this
# Every prolog is within this; a document type is how entities are declared, and no spreadsheet has one.
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))


@dataclass
class _Shape:
    """What a sheet says about its look: hidden rows and columns (from 1), and what each merged cell covers."""

    rows: set[int] = field(default_factory=set)
    columns: list[tuple[int, int]] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)  # columns and rows: left, top, right, bottom


def xlsx_grids(data: bytes, limits: Limits = LIMITS, title: str = "") -> list[Grid]:
    """One grid per visible worksheet, under the sheet's name after the title."""
    data = _renamed(data)
    package = _checked_package(data, limits)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            if len(book.sheetnames) < len(_SHEET.findall(package.read("xl/workbook.xml"))):
                raise Refused(f"a sheet of the .xlsx is not in the file; {_ANEW}")
            visible = (sheet for sheet in book.worksheets if sheet.sheet_state == "visible")
            return [_sheet(sheet, package, f"{title} {sheet.title}".strip(), limits) for sheet in visible]
        finally:
            book.close()
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001  a broken package raises whatever openpyxl's parsers do
        raise Refused(f"the .xlsx cannot be read ({type(error).__name__}); {_ANEW}") from None


def _checked_package(data: bytes, limits: Limits) -> zipfile.ZipFile:
    """Bounded when unpacked, and free of document types, before any XML parser sees it."""
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
        _check(package, limits)
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001  a broken archive raises whatever its parts do
        raise Refused(f"the .xlsx cannot be unpacked ({type(error).__name__}); {_ANEW}") from None
    return package


def is_workbook(names: Collection[str]) -> bool:
    """Whether an archive with these files is a workbook, however its program wrote their names."""
    return any(_plain(name) == "xl/workbook.xml" for name in names)


def _plain(name: str) -> str:
    return name.replace("\\", "/").lower()


def _renamed(data: bytes) -> bytes:
    """The package under the usual names: some programs write them with backslashes, or other capitals."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            usual = {name: _USUAL.get(_plain(name), name.replace("\\", "/")) for name in package.namelist()}
            if all(name == other for name, other in usual.items()):
                return data
            _check(package, LIMITS)
            out = io.BytesIO()
            with zipfile.ZipFile(out, "w") as made:
                for name, other in usual.items():
                    made.writestr(other, package.read(name))
            return out.getvalue()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        return data  # for its reader to refuse


def _check(package: zipfile.ZipFile, limits: Limits) -> None:
    if not is_workbook(package.namelist()):
        raise Refused("an archive or another document, and no workbook: the table itself is needed, .csv or .xlsx")
    unpacked = 0
    for member in package.infolist():
        with package.open(member) as file:
            body = file.read(limits.part_bytes + 1)
        unpacked += len(body)
        if max(unpacked, member.file_size) > limits.part_bytes:
            raise Refused(f"the .xlsx unpacks to more than {limits.part_bytes} bytes")
        if any(mark in body for mark in _DOCTYPES):
            raise Refused("hostile .xlsx: it declares a document type (entities)")


def _sheet(sheet: Any, package: zipfile.ZipFile, title: str, limits: Limits) -> Grid:
    sheet.reset_dimensions()  # a wrong stated extent would hide rows
    shape = _shape(package, sheet._worksheet_path)  # noqa: SLF001  where the sheet's own XML stands in the package
    rows: list[Row] = []
    cells = 0
    for number, values in enumerate(islice(sheet.iter_rows(max_col=limits.columns + 1), limits.rows + 1), start=1):
        if number > limits.rows:
            raise Refused(f"more than {limits.rows} rows in a sheet")
        row = [_cell(value) for value in values]
        while row and not row[-1].text:
            row.pop()
        cells += len(row)
        if len(row) > limits.columns or cells > limits.cells:
            raise Refused(f"a sheet wider than {limits.columns} columns, or of more than {limits.cells} cells")
        rows.append(Row(number, row))
    seen = _merged(rows, shape, limits)
    hidden = sum(row.number in shape.rows and any(cell.text for cell in row.cells) for row in seen)
    visible = [Row(row.number, _shown(row.cells, shape)) for row in seen if row.number not in shape.rows]
    return Grid(visible, title, hidden=hidden)


def _shape(package: zipfile.ZipFile, path: str) -> _Shape:
    shape, at = _Shape(), 0
    with package.open(path) as file:
        for _, element in iterparse(file):
            name, given = element.tag.rpartition("}")[2], element.attrib
            if name == "row":
                at = int(given.get("r") or at + 1)
                if _is_hidden(given, "ht"):
                    shape.rows.add(at)
            elif name == "col" and _is_hidden(given, "width"):
                shape.columns.append((int(given["min"]), int(given["max"])))
            elif name == "mergeCell":
                shape.merged.append(range_boundaries(given["ref"]))  # type: ignore[arg-type]
            element.clear()
    return shape


def _is_hidden(given: Mapping[str, str], size: str) -> bool:
    return given.get("hidden") in ("1", "true") or float(given.get(size) or 1) == 0


def _merged(rows: list[Row], shape: _Shape, limits: Limits) -> list[Row]:
    """Each merged cell repeated over the rows and columns it covers, as far as the sheet has rows."""
    grid = [list(row.cells) for row in rows]
    area = 0
    for left, top, right, bottom in shape.merged:
        last, wide = min(bottom, len(grid)), min(right, limits.columns)
        if top > len(grid) or not (covered := _at(grid[top - 1], left)).text:
            continue
        area += (last + 1 - top) * (wide + 1 - left)
        if area > limits.cells:
            raise Refused(f"merged cells that cover more than {limits.cells} cells")
        for at in range(top, last + 1):
            row = grid[at - 1]
            row += [Cell()] * (wide - len(row))
            for column in range(left, wide + 1):
                span = Span.RIGHT if column > left else Span.BELOW if at > top else Span.TOP
                row[column - 1] = covered._replace(span=Span.NONE if span is Span.TOP and top == bottom else span)
    return [Row(row.number, cells) for row, cells in zip(rows, grid, strict=True)]


def _at(row: list[Cell], column: int) -> Cell:
    return row[column - 1] if column <= len(row) else Cell()


def _shown(cells: Sequence[Cell], shape: _Shape) -> list[Cell]:
    """Hidden columns are empty, so that the others keep their places."""
    hidden = {column for first, last in shape.columns for column in range(first, min(last, len(cells)) + 1)}
    return [Cell() if column in hidden else cell for column, cell in enumerate(cells, start=1)]


def _cell(given: Any) -> Cell:
    """The text that our own number and date readers take for exactly this value."""
    value = given.value
    if value is None or isinstance(value, bool):
        return Cell() if value is None else Cell(str(value))
    if isinstance(value, int | float):
        text = _float(value) if isinstance(value, float) else str(value)
        return Cell(text + _unit(str(given.number_format)), is_exact=True)
    if isinstance(value, datetime):
        text = value.isoformat(sep=" ") if value.time() != time() else value.date().isoformat()
        return Cell(text, is_exact=True)
    if isinstance(value, date):
        return Cell(value.isoformat(), is_exact=True)
    return Cell.of_lines(str(value).splitlines())


@lru_cache(maxsize=1024)
def _unit(number_format: str) -> str:
    """What the cell's format shows beside its number: a per cent sign, or a currency that the file itself names."""
    percent = "%" * ("%" in number_format)
    if number_format in BUILTIN_FORMATS.values():  # whose currency is that of the computer which shows them
        return percent
    signs = [sign for sign in _ROOM.sub("", _CODE.sub("", number_format)) if unicodedata.category(sign) == "Sc"]
    shown = [*(code.strip() for code in _CODE.findall(number_format)), *signs]
    return percent + next((f" {sign}" for sign in shown if sign), "")


def _float(value: float) -> str:
    """Decimals that cannot be taken for thousands: 1.234 is written 1.2340."""
    text = f"{value:.{FLOAT_DIGITS}f}".rstrip("0").rstrip(".")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals}0" if len(decimals) == len("000") else text
