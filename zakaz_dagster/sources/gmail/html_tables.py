"""HTML to grids of text: each table by its own rows, spanned cells put where a reader sees them.

Markup is only read: nothing in it is run, fetched or resolved. Belongs here: HTML. Does not: what a column means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias

from bs4 import BeautifulSoup
from bs4.element import Tag

from zakaz_dagster.sources.gmail.limits import LIMITS, Limits, Refused

Grid: TypeAlias = list[list[str]]

END = "zakaz-end-of-mail"
_HIDDEN = ("script", "style", "template", "noscript")
_DIGITS = re.compile(r"\s*(\d{1,4})")


def looks_like_html(text: str) -> bool:
    """Markup, by its first character or by a table in it."""
    return (
        text.lstrip("\ufeff \r\n\t")[:1] == "<" or re.search(r"<(table|html|body)\b", text, re.IGNORECASE) is not None
    )


def html_grids(text: str, limits: Limits = LIMITS) -> list[Grid]:
    """Every table in document order; a cell that holds a table is empty in the outer one, so nothing comes twice."""
    if len(text) > limits.text_chars:
        raise Refused(f"the HTML has {len(text)} characters; the limit is {limits.text_chars}")
    if re.search(r"<!ENTITY", text, re.IGNORECASE):
        raise Refused("hostile HTML: it declares entities")
    soup = _whole(text)
    if _depth(soup) > limits.depth:
        raise Refused(f"hostile HTML: nested deeper than {limits.depth} elements")
    for tag in soup.find_all(_HIDDEN):
        tag.decompose()
    tables = soup.find_all("table")
    if len(tables) > limits.tables:
        raise Refused(f"{len(tables)} tables; the limit is {limits.tables}")
    return [grid for grid in (_grid(table, limits) for table in tables) if grid]


def _whole(text: str) -> BeautifulSoup:
    """The parsed document; an end mark that is not found again means that its end was swallowed."""
    soup = BeautifulSoup(f'{text}<hr data-mark="{END}">', "lxml")
    if soup.find("hr", attrs={"data-mark": END}) is None:
        raise Refused("the HTML is cut off or cannot be read to its end")
    return soup


def _depth(soup: BeautifulSoup) -> int:
    depths = {id(soup): 0}
    for tag in soup.find_all(True):
        depths[id(tag)] = depths.get(id(tag.parent), 0) + 1
    return max(depths.values())


def _grid(table: Tag, limits: Limits) -> Grid:
    """Rows of equal columns: a cell spanning columns has its text in the first, one spanning rows repeats below."""
    rows: Grid = []
    below: dict[int, tuple[int, str]] = {}  # column: rows still covered, text
    cells = 0
    for tag in _own_rows(table):
        row, below = _row(tag, below, limits)
        cells += len(row)
        if len(rows) >= limits.rows or cells > limits.cells:
            raise Refused(f"a table of more than {len(rows)} rows or {limits.cells} cells")
        rows.append(row)
    return rows


def _own_rows(table: Tag) -> Iterator[Tag]:
    for group in [table, *table.find_all(["thead", "tbody", "tfoot"], recursive=False)]:
        yield from group.find_all("tr", recursive=False)


def _row(tag: Tag, above: dict[int, tuple[int, str]], limits: Limits) -> tuple[list[str], dict[int, tuple[int, str]]]:
    row: list[str] = []
    below: dict[int, tuple[int, str]] = {}

    def covered() -> None:
        while len(row) in above:
            left, text = above[len(row)]
            if left > 1:
                below[len(row)] = (left - 1, text)
            row.append(text)

    for cell in tag.find_all(["td", "th"], recursive=False):
        covered()
        text, wide, tall = _text(cell, limits), _span(cell, "colspan"), _span(cell, "rowspan")
        if len(row) + wide > limits.columns:
            raise Refused(f"a table wider than {limits.columns} columns")
        for offset in range(wide):
            shown = text if offset == 0 else ""
            if tall > 1:
                below[len(row)] = (tall - 1, shown)
            row.append(shown)
    covered()
    return row, below


def _text(cell: Tag, limits: Limits) -> str:
    if cell.find("table") is not None:
        return ""
    text = " ".join(" ".join(islice(cell.stripped_strings, limits.cell_chars)).split())
    if len(text) > limits.cell_chars:
        raise Refused(f"a cell of {len(text)} characters")
    return text


def _span(cell: Tag, name: str) -> int:
    """How many columns or rows a cell covers; what cannot be read is 1, as browsers have it."""
    found = _DIGITS.match(str(cell.get(name) or ""))
    return max(1, int(found[1])) if found else 1
