"""How values are written for people: «1 234 567 ₽», «12,5 %», «22.11.2026». `static/format.js` does the same.

Belongs here: a value and a format to text. Does not: which format a field has (`model`).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from zakaz_dagster.datalens.spec import Format

NOTHING = "—"
SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
NUMBERS: dict[str, tuple[int, str]] = {
    "rub": (0, "₽"),
    "rub2": (2, "₽"),
    "int": (0, ""),
    "pct": (1, "%"),
    "pct2": (2, "%"),
    "ratio": (2, ""),
    "days": (0, "дн."),
    "hours": (1, "ч"),
}


def text(value: object, form: Format) -> str:
    """The value as a person reads it; a dash for nothing."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, datetime):
        return value.strftime("%d.%m.%Y %H:%M")
    if isinstance(value, date):
        return value.strftime("%d.%m.%Y")
    if form in NUMBERS and isinstance(value, int | float | Decimal):
        digits, unit = NUMBERS[form]
        return SPACE.join(part for part in (number(float(value), digits), unit) if part)
    return str(value)


def number(value: float, digits: int) -> str:
    """Grouped by three, comma for the point, halves away from zero."""
    steady = Decimal(f"{value:.6f}")  # sums of the same money in another order differ behind the sixth digit
    rounded = steady.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    written = f"{abs(rounded):,}".replace(",", SPACE).replace(".", ",")
    return MINUS + written if rounded < 0 else written
