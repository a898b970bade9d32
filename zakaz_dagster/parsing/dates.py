"""Dates as people and vendors write them; days of instants in Moscow and at a venue.

Belongs here: formats, Russian month names, zones. Does not: the clock ("today" is always an argument elsewhere).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from zakaz_dagster.parsing.unreadable import NOTHING, Unreadable
from zakaz_dagster.timezone import MOSCOW

__all__ = ["MOSCOW", "Unreadable", "local_date", "moscow_day", "parse_date", "parse_month"]

# Reports are about this century; 1899-12-30 and 1970-01-01 are what spreadsheets and zeros turn into.
FIRST_YEAR, LAST_YEAR = 2000, 2099

_TAIL = r"(?:\s*(?:г\.?|года?))?(?:,?\s+(?:в\s+)?(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?))?"
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}.*)?")
_NUMERIC = re.compile(
    rf"(?P<day>[0-9]{{1,2}})(?P<sep>[./-])(?P<month>[0-9]{{1,2}})(?P=sep)(?P<year>[0-9]{{4}}|[0-9]{{2}}){_TAIL}"
)
_WORDS = re.compile(rf"(?P<day>[0-9]{{1,2}})\s+(?P<month>[а-я]+)\.?\s+(?P<year>[0-9]{{4}}){_TAIL}")

_MONTH_YEAR = re.compile(r"(?P<month>[0-9]{1,2}|[а-я]+)\.?[\s./-]\s*(?P<year>[0-9]{4})(?:\s*(?:г\.?|года?))?")
_YEAR_MONTH = re.compile(r"(?P<year>[0-9]{4})[./-](?P<month>[0-9]{1,2})")


def _month_names() -> dict[str, int]:
    soft = {1: "январ", 2: "феврал", 4: "апрел", 6: "июн", 7: "июл", 9: "сентябр", 10: "октябр", 11: "ноябр"}
    soft[12] = "декабр"
    hard = {3: "март", 8: "август"}
    short = ["янв", "фев", "мар", "апр", "май", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"]
    names = {stem + end: month for month, stem in soft.items() for end in ("ь", "я", "ю", "е", "ем")}
    names |= {stem + end: month for month, stem in hard.items() for end in ("", "а", "у", "е", "ом")}
    names |= {"ма" + end: 5 for end in ("й", "я", "ю", "е", "ем")}
    names |= {name: month for month, name in enumerate(short, start=1)}
    return names | {"февр": 2, "сент": 9, "нояб": 11}


_MONTHS = _month_names()


def parse_date(text: str) -> date | None:
    """The date a cell holds; None for an empty cell or a dash.

    ISO dates and datetimes; dd.mm.yyyy, dd/mm/yyyy, dd-mm-yyyy and dd.mm.yy, day first, never swapped; «5 октября
    2025 г.» with the month in any case or abbreviated; each with an optional time, which is read and dropped. A
    datetime with a zone is an instant and gives its Moscow day.
    """
    plain = " ".join(unicodedata.normalize("NFC", text).lower().replace("ё", "е").split())
    if plain in NOTHING:
        return None
    found = _iso(plain, text) if _ISO.fullmatch(plain) else _written(plain, text)
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise Unreadable(text, f"a date between {FIRST_YEAR} and {LAST_YEAR}")
    return found


def parse_month(text: str) -> date | None:
    """The first day of the month a cell holds: `2026-11`, `11.2026`, «ноябрь 2026», or a date that is its first."""
    plain = " ".join(unicodedata.normalize("NFC", text).lower().replace("ё", "е").split())
    if match := _YEAR_MONTH.fullmatch(plain) or _MONTH_YEAR.fullmatch(plain):
        month = int(match["month"]) if match["month"].isdigit() else _MONTHS.get(match["month"], 0)
        try:
            found = date(int(match["year"]), month, 1)
        except ValueError as error:
            raise Unreadable(text, "a month of the calendar") from error
        if FIRST_YEAR <= found.year <= LAST_YEAR:
            return found
        raise Unreadable(text, f"a month between {FIRST_YEAR} and {LAST_YEAR}")
    day = parse_date(text)
    if day is not None and day.day != 1:
        raise Unreadable(text, "a month such as 11.2026, or its first day")
    return day


def moscow_day(instant: str) -> date:
    """The reporting day of an ISO instant; one without a zone is refused, as its day would be a guess."""
    return _aware(instant).astimezone(MOSCOW).date()


def local_date(instant: str, zone_name: str) -> date:
    """The date on the venue's wall calendar: 2021-06-16T20:00:00+03:00 in Asia/Tomsk is 17 June."""
    zone = _zone(zone_name)
    try:
        return _aware(instant).astimezone(zone).date()
    except OverflowError as error:
        raise Unreadable(instant, "an instant of this calendar") from error


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    # A missing name is a KeyError, a malformed one a ValueError, a folder of the zone database an OSError.
    except (KeyError, ValueError, OSError) as error:
        raise Unreadable(name, "a time zone such as Asia/Tomsk") from error


def _aware(instant: str) -> datetime:
    try:
        moment = datetime.fromisoformat(instant.strip())
    except ValueError as error:
        raise Unreadable(instant, "an ISO instant") from error
    if moment.tzinfo is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise Unreadable(instant, f"an ISO instant with a zone, {FIRST_YEAR} to {LAST_YEAR}")
    return moment


def _iso(plain: str, text: str) -> date:
    try:
        moment = datetime.fromisoformat(plain.upper())
    except ValueError as error:
        raise Unreadable(text, "a date") from error
    return moment.date() if moment.tzinfo is None else moscow_day(plain.upper())


def _written(plain: str, text: str) -> date:
    match = _NUMERIC.fullmatch(plain) or _WORDS.fullmatch(plain)
    if match is None:
        raise Unreadable(text, "a date such as 05.10.2025")
    year, month = match["year"], match["month"]
    # Two digits of a year are believed only between dots: 05-10-25 and 05/10/25 are read differently elsewhere.
    if len(year) == len("yy") and match["sep"] != ".":
        raise Unreadable(text, "a date with a four-digit year")
    number = int(month) if month.isdigit() else _MONTHS.get(month, 0)
    try:
        if match["time"]:
            time.fromisoformat(match["time"] if match["time"][2] == ":" else "0" + match["time"])
        return date(int(year) if len(year) > len("yy") else 2000 + int(year), number, int(match["day"]))
    except ValueError as error:
        raise Unreadable(text, "a date of the calendar") from error
