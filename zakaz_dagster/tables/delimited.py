"""Text cut by a delimiter to grids. Which delimiter is right is the caller's choice: the first with a known header."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from zakaz_dagster.tables.grid import Cell, Grid, Row
from zakaz_dagster.tables.limits import LIMITS, Limits, Refused

DELIMITERS = (";", ",", "\t", "|")


def text_grids(text: str, limits: Limits = LIMITS, title: str = "") -> Iterator[Grid]:
    """The text cut by each delimiter that occurs in it."""
    head, _, rest = text.partition("\n")
    declared = head.strip().lower()
    skipped = int(declared.startswith("sep=") and len(declared) == len("sep=;"))
    for delimiter in DELIMITERS:
        if delimiter in text:
            yield Grid(_rows(rest if skipped else text, delimiter, limits, 1 + skipped), title)


def _rows(text: str, delimiter: str, limits: Limits, first: int) -> list[Row]:
    rows: list[Row] = []
    cells = 0
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=first):
            cells += len(row)
            if len(rows) >= limits.rows or cells > limits.cells:
                raise Refused(f"more than {limits.rows} lines or {limits.cells} cells")
            rows.append(Row(number, [Cell(" ".join(cell.split())) for cell in row]))
    except csv.Error as error:
        raise Refused(f"the CSV cannot be read: {error}") from None
    return rows
