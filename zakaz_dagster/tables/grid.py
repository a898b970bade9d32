"""A table as it is seen: rows of cells, with what a merged cell covers and what a spreadsheet knows exactly.

Belongs here: the shape between the readers of files and the reader of lines. Does not: what a column means.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Span(Enum):
    """A cell that covers rows stands in the first of them (`TOP`) and is repeated in the others (`BELOW`).

    `RIGHT` is any repetition to the right of the first column it covers.
    """

    NONE = ""
    TOP = "top"
    BELOW = "below"
    RIGHT = "right"


class Cell(NamedTuple):
    """`is_exact`: a spreadsheet's own number or date, whose text has one meaning in every convention.

    `fault`: why no number can be read of what stands here, whatever its text looks like.
    """

    text: str = ""
    span: Span = Span.NONE
    is_exact: bool = False
    fault: str = ""

    @classmethod
    def of_lines(cls, lines: Iterable[str]) -> Cell:
        """A cell as it is seen: a name may go on in the next line, a number does not."""
        seen = [" ".join(line.split()) for line in lines]
        several = len(seen) > 1 and sum(any(map(str.isdigit, line)) for line in seen) > 1
        return cls(" ".join(filter(None, seen)), fault="several numbers, one beneath the other" if several else "")


class Row(NamedTuple):
    """`number` as an editor counts it, from 1."""

    number: int
    cells: Sequence[Cell]

    def at(self, column: int) -> Cell:
        """The cell of a column; a short row has empty ones at its end."""
        return self.cells[column] if column < len(self.cells) else Cell()


@dataclass(frozen=True)
class Grid:
    """`title` is what stands over the table or names its sheet, `language` what its file declares ("ru", "" unknown).

    `hidden` counts rows that the reader of the file does not see; they are not among `rows`.
    """

    rows: Sequence[Row]
    title: str = ""
    language: str = ""
    hidden: int = 0
