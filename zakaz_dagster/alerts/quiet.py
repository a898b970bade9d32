"""Quiet hours in Moscow, in which warnings wait; written as `22-8`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from zakaz_dagster.timezone import MOSCOW

HOURS = 24


@dataclass(frozen=True)
class QuietHours:
    """From `first` o'clock to `last` o'clock, over midnight when last < first; equal hours are none."""

    first: int = 0
    last: int = 0

    @classmethod
    def parse(cls, text: str) -> QuietHours:
        """`22-8`; an empty text is no quiet hours."""
        if not text.strip():
            return cls()
        found = re.fullmatch(r"\s*(\d{1,2})\s*-\s*(\d{1,2})\s*", text)
        hours = [int(part) for part in found.groups()] if found else []
        if not hours or any(hour > HOURS for hour in hours):
            raise ValueError(f"{text!r} are no quiet hours; write them like 22-8")
        return cls(hours[0] % HOURS, hours[1] % HOURS)

    def covers(self, moment: datetime) -> bool:
        """Whether the aware moment lies in them."""
        hour = moment.astimezone(MOSCOW).hour
        if self.first <= self.last:
            return self.first <= hour < self.last
        return hour >= self.first or hour < self.last
