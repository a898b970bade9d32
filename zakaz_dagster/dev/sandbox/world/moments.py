"""Moments of the world: whole epoch seconds, and the Moscow calendar over them (UTC+3, without summer time).

Belongs here: conversion between moments, days and the vendors' text. Does not: a clock; `now` is always handed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

DAY = 86_400
MOSCOW_OFFSET = 3 * 3600
MOSCOW = timezone(timedelta(seconds=MOSCOW_OFFSET))
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


def day_number(day: date) -> int:
    return day.toordinal() - _EPOCH_ORDINAL


def day_of(moment: int) -> date:
    """The Moscow date of a moment."""
    return date.fromordinal(_EPOCH_ORDINAL + (moment + MOSCOW_OFFSET) // DAY)


def midnight(day: date) -> int:
    """The moment a Moscow day begins."""
    return day_number(day) * DAY - MOSCOW_OFFSET


def iso(moment: int) -> str:
    """As QTickets writes it: always +03:00."""
    day, second = divmod(moment + MOSCOW_OFFSET, DAY)
    return f"{_date_text(day)}T{_time_text(second)}+03:00"


@lru_cache(maxsize=4096)
def _date_text(day: int) -> str:
    return date.fromordinal(_EPOCH_ORDINAL + day).isoformat()


@lru_cache(maxsize=DAY)
def _time_text(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def iso_or_none(moment: int | None) -> str | None:
    return None if moment is None else iso(moment)


def parse(text: str) -> int:
    """A moment from ISO text; a text without a zone is Moscow time. Raises ValueError."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        value = value.replace(tzinfo=MOSCOW)
    return int(value.timestamp())


def days(first: date, last: date) -> Iterator[date]:
    """Every day from first to last, both included."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


def shift(day: date, by: int) -> date:
    return date.fromordinal(day.toordinal() + by)
