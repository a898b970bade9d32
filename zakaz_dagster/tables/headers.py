"""Which column of a table means what, by an editable list of header spellings, over one to three header rows.

A spelling may be `generic` («Билетов», «Сумма»): a column with a definite one («Продано билетов») is preferred to it. A
group over several columns («Возвраты», «План») and a unit («шт.», «руб.») are part of a column's meaning.
Belongs here: recognising headers. Does not: the lines beneath them (`reader`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from zakaz_dagster.parsing.cities import normalise
from zakaz_dagster.parsing.dates import Unreadable, parse_date
from zakaz_dagster.parsing.numbers import Measure, parse_number
from zakaz_dagster.tables.grid import Cell, Grid, Row, Span

HEADER_WITHIN = 30  # rows above the header: titles, periods, addressees
DEPTHS = (3, 2, 1)
TELLING = 2  # recognised columns that make a table worth a word about what it lacks
SOLD, REFUNDED, FREE, PLANNED, ACTUAL, UNSOLD = "sold", "refunded", "free", "planned", "actual", "unsold"
GROUPS = {SOLD, REFUNDED, FREE, PLANNED, ACTUAL, UNSOLD}
_GROUP_OF = {"refunds": REFUNDED, "refunded_tickets": REFUNDED, "tickets_free": FREE}
_COUNTED = {REFUNDED: "refunded_tickets", FREE: "tickets_free", PLANNED: "plan_tickets", UNSOLD: UNSOLD}
_PAID = {REFUNDED: "refunds", PLANNED: "plan_revenue", UNSOLD: UNSOLD, FREE: ""}
_UNITS = {
    **dict.fromkeys(("руб", "рублей", "рубли", "рублях", "р", "rub", "rur", "₽"), Measure.MONEY),
    **dict.fromkeys(("шт", "штук", "pcs", "ед"), Measure.COUNT),
}
_SCALES = {"тыс", "тысяч", "тысячах", "млн", "миллионов", "thousand", "k", "mln"}
_QUALIFIERS = {
    **dict.fromkeys(("план", "плановая", "плановые", "плановое", "planned", "plan"), PLANNED),
    **dict.fromkeys(("факт", "фактически", "фактическая", "фактические", "actual", "fact"), ACTUAL),
}
# `%`, `$` and `€` stay: «выручка, %» is not the revenue.
_NOISE = re.compile(r"[^0-9a-zа-я%$€₽ ]")
_VAT = re.compile(r" (?:с|вкл|включая|incl) (?:ндс|vat)$")

ReadDate = Callable[[str], date | None]


@dataclass(frozen=True)
class TableKind:
    """What a table must hold to be one of this kind: `needed` columns, and one of `naming` that says what of.

    `texts` are roles that name in words, `ids` by a vendor's number. `unsigned` figures may be written with a minus.
    `stand_ins`: a generic column of the second role is taken for the first where there is none. `others` are roles
    that may be there as well. `read_date` reads the cells of the date column.
    """

    needed: Sequence[str]
    naming: Sequence[str]
    date: str
    measures: Mapping[str, Measure]
    texts: Sequence[str] = ()
    ids: Sequence[str] = ()
    others: Sequence[str] = ()
    unsigned: Collection[str] = ()
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    read_date: ReadDate = parse_date

    @property
    def roles(self) -> frozenset[str]:
        return frozenset((self.date, *self.naming, *self.measures, *self.texts, *self.ids, *self.others))


@dataclass(frozen=True)
class Alias:
    """What one spelling means. `alone` is what a date column means when it is the table's only one."""

    role: str
    alone: str = ""
    generic: bool = False


@dataclass(frozen=True)
class Meaning:
    """A column's role; `generic` if its words would suit other columns as well."""

    role: str = ""
    generic: bool = False
    alone: str = ""


@dataclass(frozen=True)
class Layout:
    """A recognised header: the columns that may be each role, and the rows (indexes in the grid) it takes up."""

    columns: Mapping[str, Sequence[int]]
    generic: frozenset[str]
    width: int
    first: int
    depth: int
    labels: Mapping[int, str]


class Vocabulary:
    """The spellings; `fingerprint` changes with them, so that mails are read again after an edit."""

    def __init__(self, kind: TableKind, rows: Iterable[Mapping[str, str]]) -> None:
        self.kind = kind
        self._aliases: dict[str, Alias] = {}
        digest = hashlib.sha256()
        for number, row in enumerate(rows, start=2):
            role, alone = row["column"].strip(), (row.get("alone") or "").strip()
            if not role or not row["header"].strip():
                raise ValueError(f"line {number}: an empty header or column")
            self._aliases.setdefault(
                _words(row["header"]), Alias(role, alone, bool((row.get("generic") or "").strip()))
            )
            digest.update(f"{row}\n".encode())
        self.fingerprint = digest.hexdigest()[:12]

    def recognise(self, grid: Grid) -> Layout | None:
        """The first header near the top of the grid."""
        for first in range(min(HEADER_WITHIN, len(grid.rows))):
            for depth in DEPTHS:
                layout = self._layout(grid.rows, first, depth)
                if layout is not None and self.is_whole(layout):
                    return layout
        return None

    def another(self, grid: Grid, at: int) -> Layout | None:
        """A header within the table, of this kind or of another one: three columns that are known, at least."""
        found = (self._layout(grid.rows, at, depth) for depth in DEPTHS)
        likely = [layout for layout in found if layout is not None and len(layout.columns) > TELLING]
        return max(likely, key=lambda layout: (self.is_whole(layout), len(layout.columns)), default=None)

    def lacks(self, grid: Grid) -> list[str]:
        """What a table that nearly is one of this kind lacks; empty for tables that are something else."""
        found = []
        for first in range(min(HEADER_WITHIN, len(grid.rows))):
            for depth in DEPTHS:
                layout = self._layout(grid.rows, first, depth)
                columns = layout.columns if layout else {}
                if len(columns) >= TELLING and columns.keys() & {self.kind.date, *self._money()}:
                    missing = [role for role in self.kind.needed if role not in columns]
                    named = not self.kind.naming or any(role in columns for role in self.kind.naming)
                    found.append(missing if named else [*missing, "event or city"])
        return min((lacks for lacks in found if lacks), key=len, default=[])

    def _money(self) -> set[str]:
        return {role for role, measure in self.kind.measures.items() if measure is Measure.MONEY}

    def is_whole(self, layout: Layout) -> bool:
        """Whether all columns are there that make a table one of this kind."""
        named = not self.kind.naming or any(role in layout.columns for role in self.kind.naming)
        return named and all(role in layout.columns for role in self.kind.needed)

    def _layout(self, rows: Sequence[Row], first: int, depth: int) -> Layout | None:
        block = [row.cells for row in rows[first : first + depth]]
        if len(block) < depth or any(not _is_heading(row) for row in block) or _is_title(block):
            return None
        width = max(map(len, block))
        paths = {column: list(_path(block, column)) for column in range(width)}
        meanings = {column: self.meaning(path) for column, path in paths.items() if path}
        if not any(meaning.role == self.kind.date for meaning in meanings.values()):
            meanings = {column: _alone(meaning) for column, meaning in meanings.items()}
        columns = _by_role(meanings)
        generic = {role for role, found in columns.items() if meanings[found[0]].generic}
        for role, other in self.kind.stand_ins.items():
            if role not in columns and other in generic:
                columns[role] = columns.pop(other)
                generic |= {role}
        labels = {column: " / ".join(path) for column, path in paths.items()}
        width = max(column for column, path in paths.items() if path) + 1
        return Layout(columns, frozenset(generic), width, first, depth, labels)

    def meaning(self, path: Sequence[str]) -> Meaning:
        """What a column under these labels (the outermost group first) means; no role when that is not known."""
        parts = [words for text in path if (words := _words(text))]
        whole = self._aliases.get(" ".join(parts))
        if whole is not None and len(parts) > 1:
            return Meaning(whole.role, whole.generic, whole.alone)
        found = [self._part(words) for words in reversed(parts)]
        named = [alias for alias, _, _, _ in found if alias.role]
        base = next((alias for alias in named if alias.role not in _GROUP_OF), named[0] if named else Alias(""))
        groups = {_group(alias) for alias in named if alias is not base} - {""}
        groups |= {group for _, own, _, _ in found for group in own}
        unit = next((unit for _, _, unit, _ in found if unit), None)
        return self._composed(base, groups, unit, unknown=not all(known for _, _, _, known in found))

    def _part(self, words: str) -> tuple[Alias, set[str], Measure | None, bool]:
        """One label: its role, the groups it names, its unit, and whether all of it was understood."""
        alias = self._aliases.get(words)
        groups: set[str] = set()
        tokens = _VAT.sub("", words).split() if alias is None else []
        unit = _UNITS.get(tokens[-1]) if tokens else None
        if unit:
            tokens = tokens[:-2] if tokens[-2:-1] == ["в"] else tokens[:-1]
        for at in (0, -1):
            if tokens and tokens[at] in _QUALIFIERS and " ".join(tokens) not in self._aliases:
                groups.add(_QUALIFIERS[tokens.pop(at)])
        rest = " ".join(tokens)
        alias = alias or self._aliases.get(rest)
        if alias is not None and alias.role in GROUPS:
            return Alias(""), groups | {alias.role}, unit, True
        return alias or Alias(""), groups, unit, alias is not None or not rest

    def _composed(self, base: Alias, groups: set[str], unit: Measure | None, *, unknown: bool) -> Meaning:
        role, measure = base.role, self.kind.measures.get(base.role)
        if unit is not None and (measure is not None or (not role and groups)):
            if measure not in (None, unit):
                groups = groups | ({_GROUP_OF[role]} if role in _GROUP_OF else {SOLD} if not base.generic else set())
                if not groups:
                    return Meaning()
            role = role if measure is unit else "tickets" if unit is Measure.COUNT else "revenue"
            measure = unit
        if measure is not None and unknown:
            return Meaning()
        if role in ("tickets", "revenue"):
            kinds = groups - {SOLD, ACTUAL}
            if len(kinds) > 1:
                return Meaning()
            for kind in kinds:
                role = (_COUNTED if role == "tickets" else _PAID).get(kind, "")
        elif measure is not None and groups & {PLANNED, UNSOLD}:
            return Meaning()
        elif not role and UNSOLD in groups:
            role = UNSOLD
        return Meaning(role, base.generic and not groups, base.alone)


def _group(alias: Alias) -> str:
    """What a column's name says as the name of a group: «Продано» over «Билетов» and «Сумма»."""
    return _GROUP_OF.get(alias.role, SOLD if alias.role in ("tickets", "revenue") and not alias.generic else "")


def _alone(meaning: Meaning) -> Meaning:
    """The only date column of a table is its sale date, where the list says so."""
    return Meaning(meaning.alone, meaning.generic) if meaning.alone else meaning


def _by_role(meanings: Mapping[int, Meaning]) -> dict[str, list[int]]:
    """Definite columns where there are any, else generic ones."""
    found: dict[str, dict[bool, list[int]]] = {}
    for column, meaning in meanings.items():
        if meaning.role:
            found.setdefault(meaning.role, {}).setdefault(meaning.generic, []).append(column)
    return {role: kinds.get(False) or kinds[True] for role, kinds in found.items()}


def _path(block: Sequence[Sequence[Cell]], column: int) -> Iterator[str]:
    """The labels over a column, outermost first; a group without merged cells reaches to the next one."""
    last = ""
    for depth, row in enumerate(block):
        cell = row[column] if column < len(row) else Cell()
        is_group = depth < len(block) - 1 and any(
            column < len(below) and below[column].text and below[column].span is not Span.BELOW
            for below in block[depth + 1 :]
        )
        if cell.span is Span.BELOW:
            continue
        if not cell.text and is_group:
            cell = next((left for left in reversed(row[:column]) if left.text), cell)
        if cell.text and cell.text != last:
            last = cell.text
            yield last


def _is_heading(row: Sequence[Cell]) -> bool:
    """Words only: no date and no number, and not empty."""
    return any(cell.text for cell in row) and not any(cell.text and _is_value(cell) for cell in row)


def _is_value(cell: Cell) -> bool:
    if cell.is_exact:
        return True
    for read in (parse_date, parse_number):
        try:
            read(cell.text)
        except Unreadable as error:
            if "may mean" not in str(error):
                continue
        return cell.text.strip("-\N{EM DASH}\N{EN DASH} ") != ""
    return False


def _is_title(block: Sequence[Sequence[Cell]]) -> bool:
    """The first of several header rows holds one text only: it stands over the whole table."""
    return len(block) > 1 and len({cell.text for cell in block[0] if cell.text}) == 1


def _words(text: str) -> str:
    return " ".join(_NOISE.sub(" ", normalise(text.replace("№", " номер "))).split())
