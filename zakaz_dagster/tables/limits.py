"""The one error of the table reader: a part, a table or a line that is not taken, with the reason a person reads.

Belongs here: the error and the limits that raise it. Does not: failures of a vendor (`errors`).
"""

from __future__ import annotations

from dataclasses import dataclass


class Refused(Exception):
    """Not taken; the message is the reason. Other parts, tables and lines go on."""


@dataclass(frozen=True)
class Limits:
    """Bounds against hostile or mistaken files; a report of a day is far below each of them."""

    mail_bytes: int = 40_000_000
    part_bytes: int = 20_000_000
    text_chars: int = 8_000_000
    rows: int = 20_000
    columns: int = 100
    cells: int = 400_000
    tables: int = 500
    depth: int = 200
    parts: int = 200
    members: int = 100
    cell_chars: int = 2_000


LIMITS = Limits()
