"""Text cut by a delimiter to grids. Which delimiter is right is the caller's choice: the first with a known header.

A quotation mark that opens a cell and is not closed in a line that is as wide as the others is part of a name: the
lines beneath it are lines, and not the rest of that cell.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from zakaz_dagster.tables.grid import Cell, Grid, Row
from zakaz_dagster.tables.limits import LIMITS, Limits, Refused

DELIMITERS = (";", ",", "\t", "|")
BLANKS = 5  # lines in which the next one that is not blank is looked for


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
    lines = list(io.StringIO(text, newline=""))
    counts = Counter(line.count(delimiter) for line in lines if delimiter in line)
    width = counts.most_common(1)[0][0] if counts else 0
    try:
        reader = csv.reader(_unmistaken(lines, delimiter, width), delimiter=delimiter)
        for number, row in enumerate(reader, start=first):
            cells += len(row)
            if len(rows) >= limits.rows or cells > limits.cells:
                raise Refused(f"more than {limits.rows} lines or {limits.cells} cells")
            if any("\n" in cell and cell.count(delimiter) >= width for cell in row):
                raise Refused(f"row {number}: a quotation mark that is never closed, and lines in its cell")
            rows.append(Row(number, [Cell.of_lines(cell.splitlines()) for cell in row]))
    except csv.Error as error:
        raise Refused(f"the CSV cannot be read: {error}") from None
    return rows


def _unmistaken(lines: Sequence[str], delimiter: str, width: int) -> Iterator[str]:
    """The lines; in those that only seem to open a cell of several lines, every cell is in quotes."""
    marked = [at for at, line in enumerate(lines) if '"' in line]
    start = re.escape(delimiter)
    closed = re.compile(rf'(?:^|(?<={start}))"(?:[^"]|"")*+"')
    opens = re.compile(rf'(?:^|{start})"')
    for at, line in enumerate(lines):
        if '"' in line and line.count(delimiter) == width and opens.search(closed.sub("", line)):
            following = next((each for each in lines[at + 1 : at + BLANKS] if each.strip()), "")
            if at == marked[-1] or following.count(delimiter) == width:
                plain = line.rstrip("\r\n")
                cells = ('"' + cell.replace('"', '""') + '"' for cell in plain.split(delimiter))
                yield delimiter.join(cells) + line[len(plain) :]
                continue
        yield line
