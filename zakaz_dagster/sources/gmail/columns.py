"""Which column of a mailed table means what, by an editable list of header spellings (sql/seeds/mail_columns.csv).

The list's order is its priority: of two columns that could be the revenue, the one listed first is taken. `alone` is
what a date column means when it is the table's only one.
Belongs here: recognising a header line. Does not: reading the lines beneath it (`lines`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from zakaz_dagster.parsing.cities import normalise

NEEDED = ("sale_date", "tickets", "revenue")
NAMING = ("event_id", "show_id", "event_name", "city")
MONEY = {"revenue", "refunds"}
COUNTS = {"tickets", "tickets_free", "refunded_tickets"}
ROLES = {*NEEDED, *NAMING, *MONEY, *COUNTS, "show_date", "show_time", "currency"}
MONEY_UNITS = {"руб", "рублей", "рубли", "р", "rub", "rur"}
COUNT_UNITS = {"шт", "штук", "pcs"}
TELLING = 2  # recognised columns that make a table worth a word about what it lacks

# `%`, `$` and `€` stay: «выручка, %» is not the revenue.
_NOISE = re.compile(r"[^0-9a-zа-я%$€ ]")


@dataclass(frozen=True)
class Alias:
    """What one spelling means; a smaller rank wins."""

    role: str
    alone: str
    rank: int


@dataclass(frozen=True)
class Layout:
    """A recognised header: role to column index."""

    columns: Mapping[str, int]
    width: int

    def cell(self, row: Sequence[str], role: str) -> str:
        """The text of that column in a row, '' when the column is absent or the row is short."""
        index = self.columns.get(role, self.width)
        return row[index].strip() if index < min(self.width, len(row)) else ""


class Columns:
    """The spellings; `fingerprint` changes with them, so that mails are read again after an edit."""

    def __init__(self, rows: Iterable[Mapping[str, str]]) -> None:
        self._aliases: dict[str, Alias] = {}
        digest = hashlib.sha256()
        for rank, row in enumerate(rows):
            role, alone = row["column"].strip(), (row.get("alone") or "").strip()
            if role not in ROLES or alone not in {*ROLES, ""}:
                raise ValueError(f"line {rank + 2}: {role!r} is no column of a report")
            self._aliases.setdefault(_words(row["header"]), Alias(role, alone, rank))
            digest.update(f"{row['header']},{role},{alone}\n".encode())
        self.fingerprint = digest.hexdigest()[:12]

    def recognise(self, row: Sequence[str]) -> Layout | None:
        """The layout if this row is a report's header: a sale date, tickets, revenue, and what was sold or where."""
        columns = self._roles(row)
        if any(role not in columns for role in NEEDED) or not any(role in columns for role in NAMING):
            return None
        return Layout(columns, len(row))

    def lacks(self, row: Sequence[str]) -> list[str]:
        """What a row that resembles a header lacks; empty when it resembles none."""
        columns = self._roles(row)
        if len(columns) < TELLING or not columns.keys() & {"sale_date", *MONEY}:
            return []
        missing = [role for role in NEEDED if role not in columns]
        return missing if any(role in columns for role in NAMING) else [*missing, "event or city"]

    def _roles(self, row: Sequence[str]) -> dict[str, int]:
        found: dict[str, tuple[int, int]] = {}
        for index, text in enumerate(row):
            alias = self._alias(text)
            if alias is not None and (alias.role not in found or alias.rank < found[alias.role][0]):
                found[alias.role] = (alias.rank, index)
        columns = {role: index for role, (_, index) in found.items()}
        return columns if "sale_date" in columns else self._with_lone_date(row, columns)

    def _with_lone_date(self, row: Sequence[str], columns: dict[str, int]) -> dict[str, int]:
        """The only date column of a table is its sale date, where the list says so."""
        at = columns.get("show_date")
        alias = self._alias(row[at]) if at is not None else None
        if at is None or alias is None or not alias.alone:
            return columns
        return {**{role: index for role, index in columns.items() if role != "show_date"}, alias.alone: at}

    def _alias(self, text: str) -> Alias | None:
        """«Сумма продажи, руб.» is «сумма продажи»; a unit that contradicts the meaning makes another column."""
        words = _words(text)
        alias = self._aliases.get(words)
        head, _, unit = words.rpartition(" ")
        if alias is not None or unit not in MONEY_UNITS | COUNT_UNITS:
            return alias
        alias = self._aliases.get(head)
        if alias is None or alias.role in (MONEY if unit in MONEY_UNITS else COUNTS):
            return alias
        # «Возвраты, шт.»: pieces, not money
        return Alias("refunded_tickets", "", alias.rank) if alias.role == "refunds" else None


def _words(text: str) -> str:
    return " ".join(_NOISE.sub(" ", normalise(text)).split())
