"""Lines of a table to lines of a sales report, or why they are put aside.

A line that cannot be read is put aside with its reason and never costs the others; a table whose totals do not agree is
put aside whole. A line below zero (as 1C writes refunds) is a refund.
Belongs here: what the cells of a sales report mean. Does not: finding tables (`tables`), which mail holds (sql/builds).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal

from zakaz_dagster.parsing.cities import CityIndex, normalise
from zakaz_dagster.parsing.dates import Unreadable, parse_date
from zakaz_dagster.parsing.numbers import Measure, parse_number
from zakaz_dagster.redaction import scrub
from zakaz_dagster.seeds import seed
from zakaz_dagster.tables.files import Reader
from zakaz_dagster.tables.headers import TableKind, Vocabulary
from zakaz_dagster.tables.limits import LIMITS, Limits, Refused
from zakaz_dagster.tables.reader import Line as TableLine
from zakaz_dagster.tables.reader import Rules, Table, masked

NAME_CHARS = 300
MAX_ID, MAX_COUNT = 2**64 - 1, 2**32 - 1
ZERO = Decimal("0.00")
NAMING = ("event_id", "show_id", "event_name", "city")
COUNTS = ("tickets", "tickets_free", "refunded_tickets")
MONEY = ("revenue", "refunds")
SALES = TableKind(
    needed=("sale_date", "tickets", "revenue"),
    naming=NAMING,
    date="sale_date",
    measures={**dict.fromkeys(COUNTS, Measure.COUNT), **dict.fromkeys(MONEY, Measure.MONEY)},
    texts=("event_name", "city"),
    ids=("event_id", "show_id"),
    others=("show_date", "show_time", "currency"),
    unsigned=("refunds", "refunded_tickets"),
)

_ROUBLES = {"", "rub", "rur", "руб", "р", "₽", "643", "рубль", "рубли", "рублей", "российский рубль"}
_TIME = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?\s*$")
_ID = re.compile(r"""(?:=\s*"|')?\s*(?:(?:№|#|id|ид|no\.?)\s*:?\s*)?(?P<number>[^"]*?)\s*"?""", re.IGNORECASE)
_PLAN = re.compile(r"\b(?:план(?:а|ы|у|ом|е)?|плановы\w*|plan)\b", re.IGNORECASE)
_NOT_SOLD = re.compile(r"\b(?:возврат|бронирован|брон[ьи]|остат|квот|refunds?|bookings?)", re.IGNORECASE)
_SOLD = re.compile(r"прода|реализац|выручк|\bsales?\b|\bsold\b", re.IGNORECASE)


def sales_columns() -> Vocabulary:
    """The columns of a sales report, as spelt in sql/seeds/mail_columns.csv."""
    return Vocabulary(SALES, seed("mail_columns"))


@dataclass(frozen=True)
class Counted:
    """What one line counts; money in roubles. `tickets` includes the free ones. None: the report has no such column."""

    tickets: int
    tickets_free: int | None
    refunded_tickets: int | None
    revenue: Decimal
    refunds: Decimal | None


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
    """How mails are read: columns, cities, the declared decimal separator, the day the mail came, the bounds."""

    vocabulary: Vocabulary
    cities: CityIndex
    decimal: str = ""
    received: date | None = None
    limits: Limits = LIMITS

    @property
    def reader(self) -> Reader:
        return Reader(self.vocabulary, Rules(self._names, self.decimal, _other_subject), self.limits)

    def _names(self, cells: Mapping[str, str]) -> bool:
        """Whether a line names one known thing: its city, or its event where the report has no cities."""
        return bool(self.cities.resolve(cells["city"]) if "city" in cells else cells.get("event_name"))


@dataclass(frozen=True)
class TableRead:
    """One table; `reason` is set when all its lines were put aside together.

    `title_city` is the city that its title names, if it has no column of cities.
    """

    lines: Sequence[Line] = field(default_factory=tuple)
    refused: Sequence[RefusedLine] = field(default_factory=tuple)
    reason: str = ""
    title_city: str = ""


def read_lines(table: Table, reading: Reading, place: str) -> TableRead:
    """The table's lines; `place` says in words where it stands."""
    reason = table.reason
    roles = _roles(table)
    lines: list[Line] = []
    refused: list[RefusedLine] = []
    for line in table.lines:
        where = f"{place}, row {line.number}"
        try:
            lines.append(_line(line, roles, reading, where))
        except Refused as error:
            refused.append(RefusedLine(where, str(error), _date_or_none(line, reading), _payload(line)))
    if reason:
        refused = [
            RefusedLine(f"{place}, row {line.number}", reason, _date_or_none(line, reading), _payload(line))
            for line in table.lines
        ]
        lines = []
    city = "" if "city" in table.roles else reading.cities.resolve(table.title) or reading.cities.find_in(table.title)
    return TableRead(lines, refused, f"{place}: {reason}" if reason else "", city)


def _other_subject(title: str) -> str:
    """A table under «Возвраты» has the columns of a sales report and is none."""
    if _PLAN.search(title) or (_NOT_SOLD.search(title) and not _SOLD.search(title)):
        return "the title over the table, or the name of its sheet or file, says that it is not about sales"
    return ""


def _roles(table: Table) -> frozenset[str]:
    """The measures that the table speaks of; lines below zero speak of refunds without a column for them."""
    below = any((line.figures.get(role) or 0) < 0 for line in table.lines for role in ("tickets", "revenue"))
    return table.roles | {"refunds", "refunded_tickets"} if below else table.roles


def _line(line: TableLine, roles: frozenset[str], reading: Reading, where: str) -> Line:
    """One line, or the reason why not."""
    cells = line.cells
    if any("more cells" in fault or "formula" in fault for fault in line.faults):
        raise Refused("; ".join(line.faults))
    sale_date = _sale_date(cells["sale_date"], reading)
    if not any(cells.get(role, "").strip() for role in NAMING):
        raise Refused("neither an event nor a city")
    currency = cells.get("currency", "")
    if currency.strip(" .").lower() not in _ROUBLES:
        raise Refused(f"currency: {currency[:3]!r} is not roubles")
    if line.faults:
        raise Refused("; ".join(line.faults))
    city_raw = _short(cells.get("city", ""))
    return Line(
        where=where,
        sale_date=sale_date,
        event_id=_identity("event_id", cells.get("event_id", "")),
        show_id=_identity("show_id", cells.get("show_id", "")),
        event_name=_short(cells.get("event_name", "")),
        city=reading.cities.resolve(city_raw) or normalise(city_raw),
        city_raw=city_raw,
        show_date=_optional_date(cells.get("show_date", "")),
        show_time=_time_of(cells.get("show_time", "") or cells.get("show_date", "")),
        counted=_counted(line.figures, roles),
    )


def _counted(figures: Mapping[str, Decimal | None], roles: frozenset[str]) -> Counted:
    """Every figure, empty ones as zero; refused when they contradict each other."""
    tickets, revenue = figures.get("tickets"), figures.get("revenue")
    if tickets is None and revenue:
        raise Refused("tickets: empty, though there is revenue")
    if revenue is None and tickets:
        raise Refused("revenue: empty, though there are tickets")
    counts = {role: int(figures.get(role) or 0) if role in roles else None for role in COUNTS}
    sold, paid = counts["tickets"] or 0, revenue or ZERO
    free, back = counts["tickets_free"], counts["refunded_tickets"]
    refunds = (figures.get("refunds") or ZERO) if "refunds" in roles else None
    if sold < 0 or paid < 0:
        return _below_zero(sold, paid, free, refunded=bool(back or refunds))
    if free and not 0 <= free <= sold:
        raise Refused(f"tickets_free: {free} of {sold} tickets")
    largest = max(sold, back or 0)
    if largest > MAX_COUNT:
        raise Refused(f"{largest} is no number of tickets")
    return Counted(sold, free, back, paid, refunds)


def _below_zero(sold: int, paid: Decimal, free: int | None, *, refunded: bool) -> Counted:
    """What was given back on that day, if all of the line is below zero and nothing in it says that twice."""
    if sold > 0 or paid > 0 or refunded or -sold > MAX_COUNT:
        names = [name for name, value in (("tickets", sold), ("revenue", paid)) if value < 0]
        raise Refused(f"{' and '.join(names)}: below zero, and the rest of the line is not a refund's")
    return Counted(0, None if free is None else 0, -sold, ZERO, paid.copy_abs())


def _sale_date(text: str, reading: Reading) -> date:
    try:
        found = parse_date(text)
    except Unreadable:
        raise Refused(f"sale_date: {masked(text)!r} is not a date") from None
    if found is None:
        raise Refused("sale_date: empty")
    if reading.received is not None and found > reading.received:
        raise Refused(f"sale_date: {found} is after the mail of {reading.received}: a show's date is not a sale's")
    return found


def _date_or_none(line: TableLine, reading: Reading) -> date | None:
    try:
        return _sale_date(line.cells["sale_date"], reading)
    except Refused:
        return None


def _payload(line: TableLine) -> str:
    """The recognised cells; in those for figures and days, letters may be what slipped in from other columns."""
    hidden = {"sale_date", *SALES.measures}
    cells = {role: masked(text) if role in hidden else text[:NAME_CHARS] for role, text in line.cells.items()}
    return scrub("; ".join(f"{role}={text}" for role, text in cells.items() if text))


def describe(line: Line) -> str:
    """A line as text, for the payload of a refusal."""
    parts = {"sale_date": line.sale_date, "event_id": line.event_id, "event_name": line.event_name, "city": line.city}
    parts |= asdict(line.counted)
    return scrub("; ".join(f"{role}={value}" for role, value in parts.items() if value not in ("", 0, None)))


def _identity(role: str, text: str) -> int:
    """A vendor's number, 0 for none: 24012, 24 012, 24012.0, №24012, ="24012". What cannot be read is not absent."""
    match = _ID.fullmatch(text.strip())
    try:
        value = parse_number(match["number"] if match else text, Measure.COUNT)
    except Unreadable as error:
        raise Refused(f"{role}: {masked(text)!r} is not {error.expected}") from None
    if value is not None and not 0 <= value <= MAX_ID:
        raise Refused(f"{role}: {masked(text)!r} is no number of the vendor's")
    return int(value or 0)


def _optional_date(text: str) -> date | None:
    """A show's date where it can be read; a column of shows may as well hold their names."""
    try:
        return parse_date(text)
    except Unreadable:
        return None


def _time_of(text: str) -> str:
    found = _TIME.search(text)
    return f"{int(found[1]):02d}:{found[2]}" if found else ""


def _short(text: str) -> str:
    return scrub(text[:NAME_CHARS])
