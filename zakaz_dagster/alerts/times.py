"""Moments and spans as Russian readers expect them."""

from __future__ import annotations

from datetime import datetime, timedelta

from zakaz_dagster.timezone import MOSCOW

UNITS = (("д", 86_400), ("ч", 3_600), ("мин", 60))


def moment(at: datetime) -> str:
    """`22.11.2026 14:05 МСК`."""
    return f"{at.astimezone(MOSCOW):%d.%m.%Y %H:%M} МСК"


def span(length: timedelta) -> str:
    """The two largest units: `1 д 3 ч`; less than a minute is said so."""
    left = max(int(length.total_seconds()), 0)
    parts = []
    for name, seconds in UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "меньше минуты"
