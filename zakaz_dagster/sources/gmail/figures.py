"""The numbers of a report's row, and the sums that total rows are held against.

Belongs here: counts and money of one row. Does not: its dates and names (`lines`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from zakaz_dagster.parsing.numbers import Unreadable, parse_count, parse_money
from zakaz_dagster.sources.gmail.columns import COUNTS
from zakaz_dagster.sources.gmail.limits import Refused

FIGURES = ("tickets", "tickets_free", "refunded_tickets", "revenue", "refunds")
MAX_COUNT = 2**32 - 1
SHOWN = 40
ZERO = Decimal("0.00")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Counted:
    """What one line counts; money in roubles. `tickets` includes the free ones."""

    tickets: int
    tickets_free: int
    refunded_tickets: int
    revenue: Decimal
    refunds: Decimal


@dataclass(frozen=True)
class Figures:
    """The figures a row states (None: an empty cell), and why the others could not be read."""

    stated: Mapping[str, Decimal | None]
    faults: Mapping[str, str]

    @classmethod
    def of(cls, cells: Mapping[str, str], *, decimal_comma: bool) -> Figures:
        stated: dict[str, Decimal | None] = {}
        faults: dict[str, str] = {}
        for role, text in cells.items():
            try:
                stated[role] = _figure(role, text, decimal_comma)
            except Unreadable:
                faults[role] = f"{role}: {masked(text)!r} is not {_expected(role)}"
            except Refused as error:
                faults[role] = f"{role}: {error}"
        return cls(stated, faults)

    def counted(self) -> Counted:
        """Every figure, empty ones as zero; refused when one is unreadable or they contradict each other."""
        if self.faults:
            raise Refused("; ".join(self.faults.values()))
        tickets, revenue = self.stated.get("tickets"), self.stated.get("revenue")
        if tickets is None and revenue:
            raise Refused("tickets: empty, though there is revenue")
        if revenue is None and tickets:
            raise Refused("revenue: empty, though there are tickets")
        counts = {role: int(self.stated.get(role) or 0) for role in COUNTS}
        if counts["tickets_free"] > counts["tickets"]:
            raise Refused(f"tickets_free: {counts['tickets_free']} of {counts['tickets']} tickets")
        return Counted(**counts, revenue=revenue or ZERO, refunds=self.stated.get("refunds") or ZERO)


class Sums:
    """Running sums of rows; a figure with an unreadable cell is not compared."""

    def __init__(self) -> None:
        self._sums = dict.fromkeys(FIGURES, Decimal(0))
        self._unknown: set[str] = set()

    def add(self, figures: Figures) -> None:
        self._unknown |= figures.faults.keys()
        for role, value in figures.stated.items():
            self._sums[role] += value or 0

    def differences(self, total: Figures) -> list[str]:
        """What a total row states otherwise."""
        return [
            f"{role} {value}, the lines make {self._sums[role]}"
            for role, value in total.stated.items()
            if value is not None and role not in self._unknown and value != self._sums[role]
        ]


def masked(text: str) -> str:
    """The beginning of an unreadable cell without its letters, for it may hold what belongs in another column."""
    return _LETTER.sub("x", text[:SHOWN])


def _figure(role: str, text: str, decimal_comma: bool) -> Decimal | None:
    if role in COUNTS:
        count = parse_count(text, decimal_comma)
        if count is not None and count > MAX_COUNT:
            raise Refused(f"{count} is no number of tickets")
        return None if count is None else Decimal(count)
    amount = parse_money(text, decimal_comma)
    if amount is None or amount >= 0:
        return amount
    if role == "refunds":
        return -amount  # some reports write refunds with a minus; the column already says what they are
    raise Refused(f"{amount} is negative")


def _expected(role: str) -> str:
    return "a whole number of things" if role in COUNTS else "an amount in roubles and whole kopecks"
