"""The one error of this package: a text that is there but cannot be read as what it should be.

Belongs here: the error and the marks that mean "nothing". Does not: what a caller makes of it (a reject, a failure).
"""

from __future__ import annotations

SHOWN = 60
NOTHING = frozenset({"", "-", "--", "---", "\N{EM DASH}", "\N{EN DASH}", "\N{MINUS SIGN}"})


class Unreadable(ValueError):
    """A text that is neither empty nor a value; the message quotes its beginning and says what was expected."""

    def __init__(self, text: str, expected: str) -> None:
        self.expected = expected
        shown = text if len(text) <= SHOWN else text[:SHOWN] + "…"
        super().__init__(f"{shown!r} is not {expected}")
