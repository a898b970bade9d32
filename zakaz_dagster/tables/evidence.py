"""What the cells of a table say together about how each of them is written: its separators, the order of its dates.

Belongs here: evidence from many cells. Does not: reading one of them (`parsing`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from zakaz_dagster.parsing.dates import Unreadable, parse_date
from zakaz_dagster.parsing.numbers import Convention, Measure, conventions_of
from zakaz_dagster.tables.grid import Row
from zakaz_dagster.tables.headers import TableKind

LANGUAGES = {"ru": ",", "en": "."}  # what a file declares, and its decimal separator
_CLEAR = re.compile(r"[1-9][0-9]{0,2}(?:[ \u00a0\u202f.,'][0-9]{3})*[.,][0-9]{2}")  # an amount whatever its column is
_CELLS = 2_000  # cells of other columns that are looked at
# Between dots the day is always first; slashes and dashes are used in both orders.
_DATE = re.compile(r"(?P<one>[0-9]{1,2})(?P<sep>[/-])(?P<two>[0-9]{1,2})(?P=sep)(?P<rest>[0-9]{4}\b.*)")


@dataclass(frozen=True)
class Evidence:
    """`separators` of each column of figures; `doubtful` are texts of dates whose day and month may be swapped."""

    separators: Mapping[str, frozenset[Convention]]
    doubtful: Collection[str]


def gather(body: Sequence[Row], columns: Mapping[str, int], kind: TableKind, decimal: str) -> Evidence:
    """What the rows say; `decimal` is the separator that a setting or the file itself declares."""
    return Evidence(_separators(body, columns, kind, decimal), _doubtful_dates(body))


def _separators(
    body: Sequence[Row], columns: Mapping[str, int], kind: TableKind, decimal: str
) -> dict[str, frozenset[Convention]]:
    """What the columns of figures, and clear amounts in any other, say about separators."""
    roles = [role for role in kind.measures if role in columns]
    own = {columns[role] for role in roles}
    cells = [
        (kind.measures[role], [cell.text for row in body if not (cell := row.at(columns[role])).is_exact])
        for role in roles
    ]
    others = (cell for row in body for at, cell in enumerate(row.cells) if at not in own and not cell.is_exact)
    clear = [cell.text for cell in islice(others, _CELLS) if _CLEAR.fullmatch(cell.text)]
    found = conventions_of([*cells, (Measure.NUMBER, clear)], decimal)
    return dict(zip(roles, found, strict=False))


def _doubtful_dates(body: Sequence[Row]) -> frozenset[str]:
    """Dates that read both ways, if others of the table are dates with the month first only, and none the other way."""
    dates = {cell.text: match for row in body for cell in row.cells if (match := _DATE.fullmatch(cell.text))}
    unlike = {text: match for text, match in dates.items() if int(match["one"]) != int(match["two"])}
    both = {text for text, match in unlike.items() if _is_date(text) and _is_date(_swapped(match))}
    is_month_first = any(not _is_date(text) and _is_date(_swapped(match)) for text, match in dates.items())
    is_day_first = any(_is_date(text) and not _is_date(_swapped(match)) for text, match in dates.items())
    return frozenset(both) if is_month_first and not is_day_first else frozenset()


def _swapped(match: re.Match[str]) -> str:
    return "{two}{sep}{one}{sep}{rest}".format_map(match.groupdict())


def _is_date(text: str) -> bool:
    try:
        return parse_date(text) is not None
    except Unreadable:
        return False
