"""A grid to lines under known columns: numbers by the table's own evidence, totals held against what they add up.

A line that cannot be read keeps its faults and never costs the others; a total that does not agree, or two columns of
one meaning that differ, cost the table.
Belongs here: what mails, plans and hand exports have in common. Does not: dates' and names' own rules, rows for
ClickHouse (the sources).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from zakaz_dagster.parsing.numbers import Convention, Measure, Unreadable, parse_number
from zakaz_dagster.parsing.unreadable import NOTHING
from zakaz_dagster.tables.charsets import BROKEN
from zakaz_dagster.tables.evidence import LANGUAGES, Evidence, gather
from zakaz_dagster.tables.grid import Cell, Grid, Row, Span
from zakaz_dagster.tables.headers import TELLING, UNSOLD, Layout, TableKind, Vocabulary
from zakaz_dagster.tables.totals import Item, find_totals

SHOWN = 40
EXACT = frozenset({Convention(".", " ")})  # how a spreadsheet's own numbers are written here
_FORMULA = re.compile(r"=|@\w+\(|[+-].*[(|!]")
_LETTER = re.compile(r"[^\W\d_]")
TITLE_ROWS, TITLE_CHARS = 3, 200
_BREAKDOWN = re.compile(r"(?:в\s*т\.?\s*ч\b|в том числе|из них|including|of which).*", re.IGNORECASE)


@dataclass(frozen=True)
class Rules:
    """`names` tells whether a line's cells name one known thing; `decimal` is the separator that a setting declares.

    `other` says why a title speaks of something else than the tables that are looked for, '' if it does not.
    """

    names: Callable[[Mapping[str, str]], bool]
    decimal: str = ""
    other: Callable[[str], str] = lambda _: ""


@dataclass(frozen=True)
class Line:
    """A row under the header. `figures` are None where the cell is empty; `faults` say why it cannot become a row."""

    number: int
    cells: Mapping[str, str]
    figures: Mapping[str, Decimal | None]
    faults: Sequence[str] = ()


@dataclass(frozen=True)
class Table:
    """One table; `reason` is why none of its lines can be believed, `roles` are the columns that it has.

    `named` counts lines that name a known thing.
    """

    roles: frozenset[str]
    title: str
    lines: Sequence[Line] = ()
    named: int = 0
    totals: int = 0
    hidden: int = 0
    reason: str = ""


@dataclass(frozen=True)
class _Section:
    """A header with the rows beneath it, up to the next header."""

    layout: Layout
    rows: Sequence[Row]
    title: str


def read_tables(grid: Grid, vocabulary: Vocabulary, rules: Rules) -> list[Table]:
    """Every table of the grid that has a known header; several may stand one beneath the other."""
    return [_table(section, grid, vocabulary, rules) for section in _sections(grid, vocabulary, rules)]


def masked(text: str) -> str:
    """The beginning of an unreadable cell without its letters, for it may hold what belongs in another column."""
    return _LETTER.sub("x", text[:SHOWN])


def _sections(grid: Grid, vocabulary: Vocabulary, rules: Rules) -> Iterator[_Section]:
    """Tables that stand one beneath the other; the rows under a header of another kind belong to none."""
    layout = vocabulary.recognise(grid)
    while layout is not None:
        title = _title(grid, layout.first)
        start = at = layout.first + layout.depth
        following = None
        while following is None and at < len(grid.rows):
            header = vocabulary.another(grid, at) if _is_wordy(grid.rows[at]) else None
            if header is None or (
                header.labels == layout.labels and rules.other(_title(grid, at)) == rules.other(title)
            ):
                at += header.depth if header else 1
            else:
                following = header
        if vocabulary.is_whole(layout):
            yield _Section(layout, grid.rows[start:at], title)
        layout = following


def _is_wordy(row: Row) -> bool:
    """A row that may be a header: several texts, no digit."""
    texts = [cell.text for cell in row.cells if cell.text]
    return len(texts) > TELLING and not any(sign.isdigit() for text in texts for sign in text)


def _title(grid: Grid, first: int) -> str:
    """What is written over the table: rows of one text each just above its header, and what its file says."""
    words: list[str] = []
    for row in reversed(grid.rows[:first]):
        texts = {cell.text for cell in row.cells if cell.text}
        if len(texts) > 1 or len(words) == TITLE_ROWS:
            break
        words += [text for text in texts if len(text) <= TITLE_CHARS]
    return " · ".join(text for text in [grid.title, *reversed(words)] if text)


def _table(section: _Section, grid: Grid, vocabulary: Vocabulary, rules: Rules) -> Table:
    kind = vocabulary.kind
    columns, reason = _columns(section, kind)
    reason = reason or rules.other(section.title)
    body = [row for row in section.rows if not _is_note(row, section.layout, columns, kind)]
    body += _cut_off(section, columns, kind) if section.rows and section.rows[-1:] != body[-1:] else []
    evidence = gather(body, columns, kind, rules.decimal or LANGUAGES.get(grid.language, ""))
    lines = [_line(row, section.layout, columns, kind, evidence) for row in body]
    items = [_item(line, row, columns, kind, rules) for line, row in zip(lines, body, strict=True)]
    found = find_totals(items)
    if found.reason and grid.hidden:
        reason = reason or f"{found.reason}; {grid.hidden} hidden rows were not read"
    kept = [line for at, line in enumerate(lines) if at not in found.totals]
    roles = frozenset(columns)
    named = sum(item.is_named for item in items)
    return Table(roles, section.title, kept, named, len(found.totals), grid.hidden, reason or found.reason)


def _columns(section: _Section, kind: TableKind) -> tuple[dict[str, int], str]:
    """The one column of each role, and why the table is refused if it is not known which."""
    layout, chosen = section.layout, dict[str, int]()
    for role, candidates in layout.columns.items():
        if role not in kind.roles:
            continue
        filled = [column for column in candidates if _is_filled(section.rows, column, kind.measures.get(role))]
        chosen[role] = (filled or candidates)[0]
        if any(_differ(section.rows, chosen[role], other) for other in filled[1:]):
            names = ", ".join(f"«{layout.labels[column]}»" for column in filled)
            return chosen, f"the columns {names} may all be {role}, and they differ: which is meant is not known"
    for role, column in chosen.items():
        if UNSOLD in layout.columns and role in layout.generic and kind.measures.get(role) is Measure.COUNT:
            names = f"«{layout.labels[column]}» beside «{layout.labels[layout.columns[UNSOLD][0]]}»"
            return chosen, f"{names} may be places and not tickets sold; name the column «Продано билетов»"
    return chosen, ""


def _is_filled(rows: Sequence[Row], column: int, measure: Measure | None) -> bool:
    cells = (row.cells[column] for row in rows if column < len(row.cells))
    return any(cell.text and (measure is None or any(sign.isdigit() for sign in cell.text)) for cell in cells)


def _differ(rows: Sequence[Row], one: int, other: int) -> bool:
    return any(row.at(one).text.casefold() != row.at(other).text.casefold() for row in rows)


def _figure_text(cell: Cell) -> str:
    """A figure stands once, wherever its merged cell reaches."""
    return "" if cell.span in (Span.BELOW, Span.RIGHT) else cell.text


def _is_figure(cell: Cell) -> bool:
    """Whether something stands there, be it readable or not."""
    return bool(_figure_text(cell) or cell.fault)


def _is_note(row: Row, layout: Layout, columns: Mapping[str, int], kind: TableKind) -> bool:
    """Blank lines, footnotes, headings of groups, the header again, the columns' numbers, parts of a total."""
    if not any(_is_figure(row.at(columns[role])) for role in kind.measures if role in columns):
        return True
    texts = [cell.text for cell in row.cells[: layout.width]]
    if _BREAKDOWN.fullmatch(next(filter(None, texts), "")) and not _is_date(row.at(columns[kind.date]).text, kind):
        return True
    again = [layout.labels[at].rpartition(" / ")[2] for at in range(len(texts))]
    filled = [text for text in texts if text]
    numbers = [str(number) for number in range(1, len(filled) + 1)]
    return texts == again or (len(filled) > 2 and filled == numbers)  # noqa: PLR2004


def _cut_off(section: _Section, columns: Mapping[str, int], kind: TableKind) -> list[Row]:
    """The last row with a text, if it begins like a line and is shorter than the header: the file may be cut there."""
    last = next((row for row in reversed(section.rows) if any(cell.text for cell in row.cells)), None)
    is_dated = last is not None and _is_date(last.at(columns[kind.date]).text, kind)
    if last is None or not is_dated or len(last.cells) >= section.layout.width:
        return []
    return [] if any(_is_figure(last.at(columns[role])) for role in kind.measures if role in columns) else [last]


def _line(row: Row, layout: Layout, columns: Mapping[str, int], kind: TableKind, evidence: Evidence) -> Line:
    cells = {role: _label(row.at(column)) for role, column in columns.items() if role not in kind.measures}
    figures: dict[str, Decimal | None] = {}
    faults = list(_label_faults(row, cells, layout, columns, kind))
    faults += [
        f"{role}: {text!r} may have its day or its month first, and other dates of the table have the month first"
        for role, text in cells.items()
        if text in evidence.doubtful
    ]
    for role, measure in kind.measures.items():
        if role not in columns:
            continue
        cell = row.at(columns[role])
        cells[role] = _figure_text(cell)
        if cell.fault:
            faults.append(f"{role}: {cell.fault}")
            continue
        try:
            value = parse_number(cells[role], measure, EXACT if cell.is_exact else evidence.separators[role])
        except Unreadable as error:
            faults.append(f"{role}: {masked(cells[role])!r} is not {error.expected}")
            continue
        figures[role] = value.copy_abs() if value is not None and role in kind.unsigned else value
        if cell.span in (Span.TOP, Span.BELOW) and cell.text.strip("0., "):
            faults.append(f"{role}: one cell covers several rows; what belongs to each is not said")
    return Line(row.number, cells, figures, faults)


def _label(cell: Cell) -> str:
    """A label is repeated in the rows that its cell covers, not in the columns; a dash is none."""
    return "" if cell.span is Span.RIGHT or cell.text in NOTHING else cell.text


def _label_faults(
    row: Row, cells: Mapping[str, str], layout: Layout, columns: Mapping[str, int], kind: TableKind
) -> Iterator[str]:
    if any(cell.text for cell in row.cells[layout.width :]):
        yield "more cells than the header has: an unquoted separator?"
    if not any(_is_figure(row.at(columns[role])) for role in kind.measures if role in columns):
        yield "no figures: the file may be cut off here"
    for role in kind.texts:
        if _FORMULA.match(cells.get(role, "")):
            yield f"{role}: a formula, not a name; nothing is computed"
    if any(BROKEN in text for text in cells.values()):
        yield "a character of the file is broken here"


def _item(line: Line, row: Row, columns: Mapping[str, int], kind: TableKind, rules: Rules) -> Item:
    """The line as its totals see it; words in columns of no known role count as labels, too."""
    known = {column: role for role, column in columns.items()}
    labels = {
        known.get(at, f"column {at + 1}"): text
        for at, cell in enumerate(row.cells)
        if known.get(at) not in kind.measures and (text := _label(cell).strip())
        if at in known or not any(sign.isdigit() for sign in text)
    }
    figures = {role: line.figures.get(role) for role in kind.measures if role in columns}
    unread = {role for role in figures if role not in line.figures}
    texts = [line.cells[role] for role in kind.texts if role in line.cells]
    date = line.cells[kind.date]
    is_dated = _is_date(date, kind)
    is_broken = bool(texts) and not is_dated and (all(texts) or (any(texts) and any(map(str.isdigit, date))))
    return Item(
        number=line.number,
        figures=figures,
        unread=unread,
        labels=labels,
        is_dated=is_dated,
        is_broken=is_broken,
        is_nameless=bool(texts) and not any(texts),
        is_partial=not all(texts),
        is_named=rules.names(line.cells),
        has_id=any(any(map(str.isdigit, line.cells.get(role, ""))) for role in kind.ids),
    )


def _is_date(text: str, kind: TableKind) -> bool:
    try:
        return kind.read_date(text) is not None
    except Unreadable:
        return False
