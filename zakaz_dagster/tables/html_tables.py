"""HTML to grids of text: each table by its own rows, without what a person does not see.

Markup is only read: nothing in it is run, fetched or resolved. Belongs here: HTML. Does not: what a column means, where
in a mail a table stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TypeAlias

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag
from soupsieve import SelectorSyntaxError

from zakaz_dagster.tables.grid import Cell, Grid, Row, Span
from zakaz_dagster.tables.limits import LIMITS, Limits, Refused

END = "zakaz-end-of-mail"
_CELLS = ("td", "th")
_BREAKING = frozenset(
    ["br", "p", "div", "li", "dt", "dd", "center", "pre", "blockquote", "section", "h1", "h2", "h3", "h4", "h5", "h6"]
)
_NO_TEXT = ("script", "style", "template", "noscript")
_DIGITS = re.compile(r"\s*(\d{1,4})")
_HIDES = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?![.\d])"
    r"|mso-hide\s*:\s*all"
    r"|(?:left|top|text-indent)\s*:\s*-\d{3}|(?=.*max-height\s*:\s*0(?![.\d])).*overflow\s*:\s*hidden",
    re.IGNORECASE | re.DOTALL,
)
_GONE = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_NO_SIZE = re.compile(r"font-size\s*:\s*0(?![.\d])", re.IGNORECASE)
_SHOWS = re.compile(r"display\s*:|visibility\s*:\s*visible|opacity\s*:", re.IGNORECASE)
_CSS_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_CSS_RULE = re.compile(r"([^{}@;]{1,300})\{([^{}]{0,2000})\}")
MAX_RULES = 300
TITLE_CHARS = 120
_Covered: TypeAlias = dict[int, tuple[int, Cell]]  # column: rows still covered, and what stands there


def looks_like_html(text: str) -> bool:
    """Markup, by its first character or by a table in it."""
    return (
        text.lstrip("\ufeff \r\n\t")[:1] == "<" or re.search(r"<(table|html|body)\b", text, re.IGNORECASE) is not None
    )


def html_grids(text: str, limits: Limits = LIMITS) -> list[Grid]:
    """Every visible table in document order; one that is held by a cell is no text of that cell."""
    if re.search(r"<!ENTITY", text, re.IGNORECASE):
        raise Refused("hostile HTML: it declares entities")
    soup = _whole(text)
    if _depth(soup) > limits.depth:
        raise Refused(f"hostile HTML: nested deeper than {limits.depth} elements")
    language = next((str(tag["lang"]) for tag in soup.find_all(["html", "body"], lang=True)), "")
    hidden = _remove_hidden(soup)
    tables = soup.find_all("table")
    if len(tables) > limits.tables:
        raise Refused(f"{len(tables)} tables; the limit is {limits.tables}")
    found = ((table, _rows(table, limits)) for table in tables)
    return [Grid(rows, _title(table), language[:2].lower(), hidden) for table, rows in found if rows]


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


def _remove_hidden(soup: BeautifulSoup) -> int:
    """Take out what is not shown, but keep the place of a cell that is only unseen; gives the table rows among it."""
    by_sheets = _hidden_by_sheets(soup)
    hidden = {id(tag): tag for tag in soup.find_all(True) if tag.name in _NO_TEXT or _is_hidden(tag, by_sheets)}
    rows = 0
    for tag in [tag for tag in hidden.values() if not any(id(outer) in hidden for outer in tag.parents)]:
        rows += len(tag.find_all("tr")) + (tag.name == "tr")
        if tag.name in _CELLS and not _is_gone(tag, by_sheets):
            tag.clear()
        else:
            tag.decompose()
    return rows


def _is_gone(tag: Tag, by_sheets: Mapping[int, str]) -> bool:
    """Not displayed at all: what stands to the right of it moves to its place."""
    style = str(tag.attrs.get("style") or "")
    return "hidden" in tag.attrs or _GONE.search(f"{by_sheets.get(id(tag), '')};{style}") is not None


def _is_hidden(tag: Tag, by_sheets: Mapping[int, str]) -> bool:
    style = str(tag.attrs.get("style") or "")
    if _HIDES.search(style) or "hidden" in tag.attrs or (_NO_SIZE.search(style) and not _is_sized_inside(tag)):
        return True
    return id(tag) in by_sheets and not _SHOWS.search(style)


def _is_sized_inside(tag: Tag) -> bool:
    """Mail templates take the size from a frame and give it back to what stands in it."""
    return any("font" in str(inner.attrs.get("style") or "").lower() for inner in tag.find_all(True))


def _hidden_by_sheets(soup: BeautifulSoup) -> dict[int, str]:
    """Tags that a style sheet hides, with its words; rules for other media (`@media` …) are not this reader's, the last
    rule wins.
    """
    hidden: dict[int, str] = {}
    sheets = " ".join(tag.get_text() for tag in soup.find_all("style"))
    for selector, declared in islice(_CSS_RULE.findall(_without_at_rules(_CSS_COMMENT.sub(" ", sheets))), MAX_RULES):
        hides = _HIDES.search(declared) is not None
        if hides or (hidden and _SHOWS.search(declared)):
            try:
                tags = {id(tag) for tag in soup.select(selector.strip())}
            except (SelectorSyntaxError, NotImplementedError, ValueError):
                continue
            kept = {tag: words for tag, words in hidden.items() if tag not in tags}
            hidden = kept | (dict.fromkeys(tags, declared) if hides else {})
    return hidden


def _without_at_rules(sheet: str) -> str:
    kept, depth, at_rule = [], 0, False
    for sign in sheet:
        at_rule = at_rule or (sign == "@" and not depth)
        depth += (sign == "{") - (sign == "}")
        kept.append(" " if at_rule else sign)
        if depth <= 0 and sign in "};":
            depth, at_rule = 0, False
    return "".join(kept)


def _title(table: Tag) -> str:
    """The caption, or the nearest text above that belongs to no other table."""
    caption = table.find("caption", recursive=False)
    if isinstance(caption, Tag):
        return " ".join(caption.get_text(" ").split())[:TITLE_CHARS]
    for text in islice(table.find_all_previous(string=True), 20):
        if text.strip():
            other = text.find_parent("table")
            is_other = other is not None and other not in table.parents
            return "" if is_other else " ".join(text.split())[:TITLE_CHARS]
    return ""


def _rows(table: Tag, limits: Limits) -> list[Row]:
    """Rows of equal columns: a merged cell stands wherever it covers, marked as such."""
    rows: list[Row] = []
    below: _Covered = {}
    cells = 0
    layout = {id(cell) for inner in table.find_all("table") for cell in inner.parents}
    for number, tag in enumerate(_own_rows(table), start=1):
        row, below = _row(tag, below, layout, limits)
        cells += len(row)
        if len(rows) >= limits.rows or cells > limits.cells:
            raise Refused(f"a table of more than {len(rows)} rows or {limits.cells} cells")
        rows.append(Row(number, row))
    return rows


def _own_rows(table: Tag) -> Iterator[Tag]:
    for group in [table, *table.find_all(["thead", "tbody", "tfoot"], recursive=False)]:
        yield from group.find_all("tr", recursive=False)


def _row(tag: Tag, above: _Covered, layout: set[int], limits: Limits) -> tuple[list[Cell], _Covered]:
    """`layout` are cells that hold a table: what is read there is no text of theirs."""
    row: list[Cell] = []
    below: _Covered = {}

    def covered() -> None:
        while len(row) in above:
            left, cell = above[len(row)]
            if left > 1:
                below[len(row)] = (left - 1, cell)
            row.append(cell)

    for cell in tag.children:
        if not isinstance(cell, Tag) or cell.name not in _CELLS:
            continue
        covered()
        content = _holder(cell, limits) if id(cell) in layout else _content(cell, limits)
        wide, tall = _span(cell, "colspan"), _span(cell, "rowspan")
        if len(row) + wide > limits.columns:
            raise Refused(f"a table wider than {limits.columns} columns")
        for offset in range(wide):
            if tall > 1:
                below[len(row)] = (tall - 1, content._replace(span=Span.RIGHT if offset else Span.BELOW))
            row.append(content._replace(span=Span.RIGHT if offset else Span.TOP if tall > 1 else Span.NONE))
    covered()
    return row, below


def _holder(cell: Tag, limits: Limits) -> Cell:
    """A cell with a table in it: what the only cell inside says, else nothing that could be read as its own."""
    owners: list[Tag] = []
    for text in islice(cell.strings, limits.cell_chars):
        owner = text.find_parent(_CELLS)
        if text.strip() and isinstance(owner, Tag) and not any(owner is other for other in owners):
            owners.append(owner)
            if len(owners) > 1:
                break
    return _content(owners[0], limits) if len(owners) == 1 else Cell(fault="a table of its own in the cell")


def _content(cell: Tag, limits: Limits) -> Cell:
    content = Cell.of_lines("".join(_pieces(cell)).split("\n"))
    if len(content.text) > limits.cell_chars:
        raise Refused(f"a cell of {len(content.text)} characters")
    return content


def _pieces(tag: Tag) -> Iterator[str]:
    """The texts of a cell, with the ends of the lines that a browser makes of it."""
    for child in tag.contents:
        if isinstance(child, Tag):
            edge = "\n" if child.name in _BREAKING else " "
            yield edge
            yield from _pieces(child)
            yield edge
        elif isinstance(child, NavigableString) and not isinstance(child, PreformattedString):
            yield " ".join(child.split())
            yield " "


def _span(cell: Tag, name: str) -> int:
    """How many columns or rows a cell covers; what cannot be read is 1, as browsers have it."""
    found = _DIGITS.match(str(cell.get(name) or ""))
    return max(1, int(found[1])) if found else 1
