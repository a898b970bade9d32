"""Failures, named by what to do about them.

    Failure
    ├── Retriable     the same call may succeed later: network, 429, 5xx, a vendor's queue
    ├── Fatal         it will fail again: refused credentials, a broken contract, a wrong request
    │   └── ShapeChanged   the vendor's body is not the shape we know; names the field's path
    ├── BadData       the answer is well-formed but cannot be right: control sums, filter ignored, drop guard
    └── ConfigFault   a setting is missing or wrong; names every one of them

Belongs here: the tree and its one message form. Does not: who raises what, retry loops (`transport`, `warehouse`).
"""

from __future__ import annotations

from datetime import date

from zakaz_dagster.redaction import printable, scrub


class Failure(Exception):
    """Something went wrong and a person, or a retry, has to act on it.

    The message always says: the source, the day or range (if any), what was expected, what came, and the next step.
    Its texts are scrubbed here, once, and made such as anything can print: whoever shows or stores them need not.
    People's names are taken out where a vendor's words are read (`redaction.vendor_words`).
    """

    def __init__(
        self,
        what: str,
        *,
        source: str = "",
        day: date | str | None = None,
        expected: str = "",
        next_step: str = "",
    ) -> None:
        self.what = printable(scrub(what))
        self.source = source
        self.day = str(day) if day is not None else ""
        self.expected = printable(scrub(expected))
        self.next_step = printable(scrub(next_step))
        super().__init__(self._message())

    def _message(self) -> str:
        head = " ".join(part for part in (self.source, self.day) if part)
        parts = [f"{head}: {self.what}" if head else self.what]
        if self.expected:
            parts.append(f"Expected: {self.expected}")
        if self.next_step:
            parts.append(f"Next step: {self.next_step}")
        return ". ".join(part.rstrip(".") for part in parts) + "."


class Retriable(Failure):
    """The same call may succeed later."""

    def __init__(self, what: str, *, retry_after: float | None = None, **about: object) -> None:
        self.retry_after = retry_after
        super().__init__(what, **about)  # type: ignore[arg-type]


class Fatal(Failure):
    """It will fail again until somebody changes something."""


class ShapeChanged(Fatal):
    """A vendor's body is not the documented shape; `what` carries the path of the field."""


class BadData(Failure):
    """Well-formed, yet it cannot be right; nothing was changed."""


class ConfigFault(Failure):
    """One or more settings are missing or wrong."""
