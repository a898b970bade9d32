"""A grid with a recognised header to report lines, refused lines and control sums.

A line that cannot be read becomes a refused line with its reason; it never costs the others. A total row is no line
but a control sum: when it does not agree with the lines, none of them is believed.
Belongs here: what the cells of a line mean. Does not: where grids come from, which mail wins (sql/builds).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date

from zakaz_dagster.parsing.cities import CityIndex, normalise
from zakaz_dagster.parsing.dates import Unreadable, parse_date
from zakaz_dagster.redaction import scrub
from zakaz_dagster.sources.gmail.columns import NAMING, Columns, Layout
from zakaz_dagster.sources.gmail.figures import FIGURES, Counted, Figures, Sums, masked
from zakaz_dagster.sources.gmail.html_tables import Grid
from zakaz_dagster.sources.gmail.limits import LIMITS, Limits, Refused

HEADER_WITHIN = 30  # rows above the header: titles, periods, addressees
NAME_CHARS = 300
MAX_ID = 2**64 - 1
TEXTS = ("event_name", "city")

_TOTAL = re.compile(
    r"(?:(?:общий|промежуточный|grand|sub)[ -]?)?(?:итого?|всего|total|subtotal)(?:\s*[:.]|\s+(?:по|за|for|by)\b.*)?",
    re.IGNORECASE,
)
_ROUBLES = {"", "rub", "rur", "руб", "р", "₽", "643", "рубль", "рубли", "рублей", "российский рубль"}
_FORMULA = re.compile(r"=|@\w+\(|[+-].*[(|!]")
_TIME = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?\s*$")


@dataclass(frozen=True)
class Line:
    """What a report says about one show on one day of sale."""

    where: str
    sale_date: date
    event_id: int
    show_id: int
    event_name: str
    city: str
    city_raw: str
    city_known: bool
    show_date: date | None
    show_time: str
    counted: Counted


@dataclass(frozen=True)
class RefusedLine:
    """A line put aside; `sale_date` if at least that was readable. `payload` holds its recognised cells."""

    where: str
    reason: str
    sale_date: date | None
    payload: str


@dataclass(frozen=True)
class Reading:
    """How mails are read: columns, cities, the setting for `1,234`, the day the mail came (if any), the bounds."""

    columns: Columns
    cities: CityIndex
    decimal_comma: bool = True
    received: date | None = None
    limits: Limits = LIMITS


@dataclass
class TableRead:
    """One table; `columns` are those recognised, `reason` is set when all its lines were refused together."""

    columns: int = 0
    lines: list[Line] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)
    totals: int = 0
    reason: str = ""


def read_table(grid: Grid, reading: Reading, name: str) -> TableRead | None:
    """The table's lines; None when no row near its top is a report's header."""
    for index, row in enumerate(grid[:HEADER_WITHIN]):
        layout = reading.columns.recognise(row)
        if layout is not None:
            return _Table(layout, reading, name, row).read(grid[index + 1 :], first=index + 2)
    return None


def missing_columns(grid: Grid, columns: Columns) -> list[str]:
    """What a table that nearly is a report lacks; empty for tables that are something else."""
    found = (columns.lacks(row) for row in grid[:HEADER_WITHIN])
    return min((lacks for lacks in found if lacks), key=len, default=[])


class _Table:
    """The rows beneath one header; sums are kept for the control rows."""

    def __init__(self, layout: Layout, reading: Reading, name: str, header: Sequence[str]) -> None:
        self._layout = layout
        self._reading = reading
        self._name = name
        self._header = [cell.strip() for cell in header]
        self._sums = Sums(), Sums()  # since the last total row, and of the whole table

    def read(self, rows: Grid, first: int) -> TableRead:
        table = TableRead(len(self._layout.columns))
        for number, row in enumerate(rows, start=first):
            where = f"{self._name}, row {number}"
            if self._is_note(row) or [cell.strip() for cell in row] == self._header:
                continue
            if self._is_total(row):
                table.totals += 1
                table.reason = table.reason or self._disagreement(row, where)
            else:
                self._add(row, where, table)
        return self._all_refused(table) if table.reason else table

    def _add(self, row: Sequence[str], where: str, table: TableRead) -> None:
        figures = self._figures(row)
        for sums in self._sums:
            sums.add(figures)
        try:
            table.lines.append(self._line(row, figures, where))
        except Refused as error:
            table.refused.append(RefusedLine(where, str(error), self._date_or_none(row), self._payload(row)))

    def _line(self, row: Sequence[str], figures: Figures, where: str) -> Line:
        """One line, or the reason why not."""
        cell = self._layout.cell
        if any(text.strip() for text in row[self._layout.width :]):
            raise Refused("more cells than the header has: an unquoted separator?")
        sale_date = self._sale_date(cell(row, "sale_date"))
        for role in TEXTS:
            if _FORMULA.match(cell(row, role)):
                raise Refused(f"{role}: a formula, not a name; nothing is computed")
        if not any(cell(row, role) for role in NAMING):
            raise Refused("neither an event nor a city")
        if cell(row, "currency").strip(" .").lower() not in _ROUBLES:
            raise Refused(f"currency: {cell(row, 'currency')[:3]!r} is not roubles")
        city_raw = _short(cell(row, "city"))
        known = self._reading.cities.resolve(city_raw)
        return Line(
            where=where,
            sale_date=sale_date,
            event_id=_identity(cell(row, "event_id")),
            show_id=_identity(cell(row, "show_id")),
            event_name=_short(cell(row, "event_name")),
            city=known or normalise(city_raw),
            city_known=bool(known),
            city_raw=city_raw,
            show_date=_optional_date(cell(row, "show_date")),
            show_time=_time_of(cell(row, "show_time") or cell(row, "show_date")),
            counted=figures.counted(),
        )

    def _figures(self, row: Sequence[str]) -> Figures:
        cells = {role: self._layout.cell(row, role) for role in FIGURES}
        return Figures.of(cells, decimal_comma=self._reading.decimal_comma)

    def _sale_date(self, text: str) -> date:
        try:
            found = parse_date(text)
        except Unreadable:
            raise Refused(f"sale_date: {masked(text)!r} is not a date") from None
        if found is None:
            raise Refused("sale_date: empty")
        received = self._reading.received
        if received is not None and found > received:
            raise Refused(f"sale_date: {found} is after the mail of {received}: a show's date is not a sale's")
        return found

    def _date_or_none(self, row: Sequence[str]) -> date | None:
        try:
            return self._sale_date(self._layout.cell(row, "sale_date"))
        except Refused:
            return None

    def _is_note(self, row: Sequence[str]) -> bool:
        """Blank lines, footnotes, headings of groups: neither a date nor a figure."""
        return not any(self._layout.cell(row, role) for role in ("sale_date", *FIGURES))

    def _is_total(self, row: Sequence[str]) -> bool:
        return any(_TOTAL.fullmatch(cell.strip()) for cell in row[: self._layout.width])

    def _disagreement(self, row: Sequence[str], where: str) -> str:
        """'' when the row's figures are those of its group or of the whole table; closes the group."""
        stated = self._figures(row)
        group, whole = self._sums
        self._sums = Sums(), whole
        near, far = group.differences(stated), whole.differences(stated)
        return f"{where}: the total row does not agree: {'; '.join(far)}" if near and far else ""

    def _all_refused(self, table: TableRead) -> TableRead:
        lines = [RefusedLine(line.where, table.reason, line.sale_date, describe(line)) for line in table.lines]
        together = sorted([*lines, *table.refused], key=lambda line: int(line.where.rpartition(" ")[2]))
        return replace(table, lines=[], refused=together)

    def _payload(self, row: Sequence[str]) -> str:
        """The recognised cells; in those for figures and days, letters may be what slipped in from other columns."""
        cells = {role: self._layout.cell(row, role)[:NAME_CHARS] for role in self._layout.columns}
        cells |= {role: masked(cells[role]) for role in ("sale_date", *FIGURES) if role in cells}
        return scrub("; ".join(f"{role}={text}" for role, text in cells.items() if text))


def describe(line: Line) -> str:
    """A line as text, for the payload of a refusal."""
    parts = {"sale_date": line.sale_date, "event_id": line.event_id, "event_name": line.event_name, "city": line.city}
    parts |= asdict(line.counted)
    return scrub("; ".join(f"{role}={value}" for role, value in parts.items() if value not in ("", 0)))


def _identity(text: str) -> int:
    """A vendor's number; 0 for none. A spreadsheet may have made 24012 into 24012.0."""
    digits = text.removesuffix(".0")
    return int(digits) if digits.isascii() and digits.isdigit() and int(digits) <= MAX_ID else 0


def _optional_date(text: str) -> date | None:
    """A show's date where it can be read; it names the show and is not needed to count it."""
    try:
        return parse_date(text)
    except Unreadable:
        return None


def _time_of(text: str) -> str:
    found = _TIME.search(text)
    return f"{int(found[1]):02d}:{found[2]}" if found else ""


def _short(text: str) -> str:
    return scrub(text[:NAME_CHARS])
