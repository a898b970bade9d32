"""A file's content to tables: the decoding and the delimiter in which most of it is understood.

Belongs here: kinds of files by their first bytes, trying the readings. Does not: what a mail says of a file
(`sources.gmail`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from zakaz_dagster.tables.charsets import readings
from zakaz_dagster.tables.delimited import text_grids
from zakaz_dagster.tables.grid import Grid
from zakaz_dagster.tables.headers import Vocabulary
from zakaz_dagster.tables.html_tables import html_grids, looks_like_html
from zakaz_dagster.tables.limits import LIMITS, Limits, Refused
from zakaz_dagster.tables.reader import Rules, Table, read_tables
from zakaz_dagster.tables.spreadsheets import xlsx_grids

OLD_WORKBOOK, HEAD = "<Workbook", 2_000
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
WHY_NOT = {
    "tnef": "winmail.dat is Outlook's own container and is not read: the sender should send plain HTML",
    "ole": "an old .xls or a password-protected workbook is not read: it is needed as .xlsx or .csv",
    "pdf": "a PDF is not read: the report is needed as a table, .csv or .xlsx",
    "image": "an image is not read",
    "archive": "this kind of archive is not read: .zip is",
    "office": "this kind of document is not read: .csv and .xlsx are",
}
_MAGIC = (
    (b"\x78\x9f\x3e\x22", "tnef"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"%PDF-", "pdf"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"\x1f\x8b", "archive"),
)


def why_not(data: bytes) -> str:
    """Why a file that begins so is not read; '' when it has to be looked at."""
    return next((WHY_NOT[name] for magic, name in _MAGIC if data.startswith(magic)), "")


class Form(StrEnum):
    HTML = "html"
    CSV = "csv"
    XLSX = "xlsx"
    TEXT = "text"


@dataclass(frozen=True)
class Reader:
    """What is looked for, and how."""

    vocabulary: Vocabulary
    rules: Rules
    limits: Limits = LIMITS

    def text(self, text: str, *, html: bool = False, title: str = "") -> FileRead:
        """The tables of a decoded text: all of an HTML document, else those of the first delimiter that has any."""
        if len(text) > self.limits.text_chars:
            raise Refused(f"the file has {len(text)} characters; the limit is {self.limits.text_chars}")
        if OLD_WORKBOOK in text[:HEAD]:
            raise Refused("a workbook of Excel 2003 in XML is not read: it is needed as .xlsx or .csv")
        if html or looks_like_html(text):
            return self._grids(Form.HTML, html_grids(text, self.limits))
        found = FileRead(Form.TEXT)
        for grid in text_grids(text, self.limits, title):
            read = self._grids(Form.CSV, [grid])
            if read.tables:
                return read
            found = found if found.lacks else read
        return found

    def xlsx(self, data: bytes, title: str = "") -> FileRead:
        """The tables of all visible sheets."""
        return self._grids(Form.XLSX, xlsx_grids(data, self.limits, title))

    def file(self, data: bytes, title: str = "") -> FileRead:
        """The tables of a file whose kind is told by its first bytes. Raises Refused when it cannot be read at all."""
        if len(data) > self.limits.part_bytes:
            raise Refused(f"the file has {len(data)} bytes; the limit is {self.limits.part_bytes}")
        reason = why_not(data)
        if reason:
            raise Refused(reason)
        if data.startswith(ZIP):
            return self.xlsx(data, title)
        return best(self.text(reading.text, title=title) for reading in readings(data))

    def _grids(self, form: Form, grids: Sequence[Grid]) -> FileRead:
        tables = [table for grid in grids for table in read_tables(grid, self.vocabulary, self.rules)]
        lacks = [] if tables else next((found for grid in grids if (found := self.vocabulary.lacks(grid))), [])
        return FileRead(form, tables, lacks)


@dataclass(frozen=True)
class FileRead:
    """The tables found, or what the likeliest one lacks to be one."""

    form: Form
    tables: Sequence[Table] = ()
    lacks: Sequence[str] = ()

    @property
    def understood(self) -> tuple[int, int, bool]:
        """In a wrong character set only Latin headers and figures are still readable."""
        return (
            sum(len(table.roles) for table in self.tables),
            sum(table.named for table in self.tables),
            bool(self.lacks),
        )


def best(reads: Iterable[FileRead]) -> FileRead:
    """The one of which most is understood; the first of equals."""
    return max(reads, key=lambda read: read.understood)
