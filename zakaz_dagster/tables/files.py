"""A file's content to tables: the decoding and the delimiter in which most of it is understood.

Belongs here: trying the readings. Does not: telling kinds of files apart where a mail says more (`sources.gmail`).
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
        if data.startswith(b"PK"):
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
