"""Show tags: the city and the day that a UTM names.

    utm_content = <city>_<dd>_<mm>     tomsk_06_01 · Томск-6-1 · tomsk_06_01_2026 · tomsk_2026_01_06 · tomsk_06_01|{ad}

A text is read only when it has one meaning; what else looks like a city with a date says why it is not read. Tags are
read here only: marts join what was read (`dim_utm_tags`). Belongs here: the grammar. Does not: links and macros with
known values (`utm`), the year of a tag that has none, or which show exists (SQL).
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.parsing.utm import Utm, unquoted

NO_TAG, NUMERIC_ID, MACRO, LABEL = "no tag", "numeric id", "macro", "label"
UNKNOWN_CITY, IMPOSSIBLE_DATE = "unknown city", "impossible date"
AMBIGUOUS_DATE, ALMOST_TAG = "ambiguous date", "almost a tag"
REASONS = (NO_TAG, NUMERIC_ID, MACRO, LABEL, UNKNOWN_CITY, IMPOSSIBLE_DATE, AMBIGUOUS_DATE, ALMOST_TAG)

LONGEST = 1_000  # characters; what is longer is no tag
CENTURY, YEARS = 2000, range(2000, 2100)
SHORT_YEARS = range(20, 40)  # `26` after a day and a month; smaller numbers may be days or months
_DAYS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # a tag without a year may name 29 February

_GAP, _NUMBER = r"[_\-., /]{1,3}", r"[0-9]{4}|[0-9]{1,2}"
_CANONICAL = re.compile(r"[^\W\d_]_([0-9]{2})_([0-9]{2})\Z")
_DATED = re.compile(
    rf"(?P<rest>.*?)(?P<more>{_GAP}(?P<a>{_NUMBER}))?{_GAP}(?P<b>[0-9]{{1,2}}){_GAP}(?P<c>{_NUMBER})", re.DOTALL
)
_HOUSE_FORM = re.compile(r"_[0-9]{2}_[0-9]{2}(?:_[0-9]{4})?\Z")  # other numbers behind an unknown word are a label's
_LETTER = re.compile(r"[^\W\d_]")
# A macro is filled at the click; what is glued to it is a part of an unknown word or number.
_MACRO = re.compile(r"[^\W_]*\{+[^{}]*(?:\}+|\Z)[^\W_]*")
_HOLE = "|"
_EDGES = " _-.,;:/\\|!?&#%*\"'«»“”()[]<>"
_SPACES = [*range(33), *range(0x7F, 0xA1), *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x3000]
_DASHES = [*range(0x2010, 0x2016), 0x2212]
_INVISIBLE = [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF, 0xAD]
_WIDE = {0xFF3F: "_", **{0xFF10 + digit: str(digit) for digit in range(10)}}
_PLAIN = {
    **dict.fromkeys([*_SPACES, ord("+")], " "),
    **dict.fromkeys(_DASHES, "-"),
    **dict.fromkeys(_INVISIBLE),
    **_WIDE,
}
_MONTHS = "янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_NAMED_MONTH = re.compile(rf"(?<![0-9])[0-9]{{1,2}}{_GAP}?(?:{_MONTHS})", re.IGNORECASE)
_TWO_NUMBERS = re.compile(rf"(?<![0-9])([0-9]{{1,2}})(?={_GAP}([0-9]{{1,2}})(?![0-9]))")
_GLUED_DATE = re.compile(r"(?<![0-9])([0-9]{2})([0-9]{2})(?:[0-9]{2}|[0-9]{4})?(?![0-9])")
_DAY_MONTH = re.compile(r"([0-9]{2})\.([0-9]{2})")


class ShowTag(NamedTuple):
    """What a UTM says about a show.

    `city` is the table's name or ''; `day`, `month` and `year` are 0 when not given. `reason` is '' when `utm_content`
    is a whole tag, else one of REASONS; `raw_city` is the city as the tag writes it. `city_from` and `date_from` name
    the field that each came from: 'content', 'medium', 'campaign' or ''.
    """

    city: str = ""
    day: int = 0
    month: int = 0
    year: int = 0
    reason: str = ""
    raw_city: str = ""
    city_from: str = ""
    date_from: str = ""


class _Reading(NamedTuple):
    raw_city: str
    day: int
    month: int
    year: int = 0


def tag_of(utm: Utm, cities: CityIndex) -> ShowTag:
    """What the whole UTM says: the tag in content, else a city named inside content, medium or campaign, in this order.

    The reason stays the one of the content, so a city found elsewhere is never taken for a whole tag. A seeding post
    (`posev`) carries a date dd.mm in medium; whether that is the show's day is not known, hence `date_from`.
    """
    tag = parse_content(utm.content, cities)
    if not tag.day:
        tag = _dated_by_medium(tag, utm)
    if tag.city:
        return tag
    for origin, text in (("content", utm.content), ("medium", utm.medium), ("campaign", utm.campaign)):
        if text and (city := _named_in(text, cities)):
            return tag._replace(city=city, city_from=origin)
    return tag


def parse_content(text: str, cities: CityIndex) -> ShowTag:
    """Read `utm_content` alone; percent- and plus-encoding, once more than the link's, is undone."""
    match = _CANONICAL.search(text, max(len(text) - len("k_dd_mm"), 0))
    if match and "%" not in text and "{" not in text and "+" not in text:  # most tags are as they are meant to be
        day, month, raw = int(match[1]), int(match[2]), text[: match.start() + 1]
        if is_possible(day, month) and (city := cities.resolve(raw)):
            return ShowTag(city, day, month, 0, "", raw, "content", "content")
    plain, has_macro = _plain(text)
    match = _DATED.fullmatch(plain) if len(plain) <= LONGEST else None
    tag = _dated(match, cities) if match and _LETTER.search(match["rest"]) else None
    return tag or ShowTag(reason=_why_not(plain, cities, has_macro=has_macro))


def is_possible(day: int, month: int, year: int = 0) -> bool:
    """Whether this day exists; without a year, whether some year has it."""
    if not year:
        return 0 < month < len(_DAYS) and 0 < day <= _DAYS[month]
    try:
        return bool(date(year, month, day))
    except ValueError:
        return False


def _dated(match: re.Match[str], cities: CityIndex) -> ShowTag | None:
    """The tag of a text that ends in two or three numbers; None when nothing says that they are a date."""
    readings, rivals = _readings(match)
    known = {(city, reading) for reading in readings if (city := cities.resolve(reading.raw_city))}
    if len(known) == 1 and not rivals:
        ((city, reading),) = known
        return ShowTag(city, *reading[1:], "", reading.raw_city, "content", "content")
    if city := cities.resolve(match["rest"]):
        return ShowTag(city, reason=_misdated(match, readings), raw_city=match["rest"], city_from="content")
    if not _HOUSE_FORM.search(match[0]):
        return None
    if not readings:
        return ShowTag(reason=IMPOSSIBLE_DATE, raw_city=match["rest"])
    best = max(readings, key=lambda reading: reading.year)
    if rivals:
        best = best._replace(day=0, month=0, year=0)
    return ShowTag("", *best[1:], UNKNOWN_CITY, best.raw_city, "", "content" if best.day else "")


def _readings(match: re.Match[str]) -> tuple[list[_Reading], bool]:
    """Every meaning of the last numbers that is a day, and whether a year-first date of two digits is one, too."""
    rest, a, b, c = match["rest"], match["a"] or "", match["b"], match["c"]
    found = []
    if len(c) < len("yyyy"):
        found.append(_Reading(rest + (match["more"] or ""), int(b), int(c)))
    if 0 < len(a) < len("yyyy") and (year := _year(c)):
        found.append(_Reading(rest, int(a), int(b), year))
    if len(a) == len("yyyy") and (year := _year(a)):
        found = [_Reading(rest, int(c), int(b), year)]
    rival = len(a) == len("yy") and bool(_year(a)) and is_possible(int(c), int(b), _year(a))
    return [reading for reading in found if is_possible(*reading[1:])], rival


def _year(text: str) -> int:
    """The year that four digits or two are; 0 for none."""
    number = int(text)
    if len(text) == len("yyyy"):
        return number if number in YEARS else 0
    return CENTURY + number if len(text) == len("yy") and number in SHORT_YEARS else 0


def _misdated(match: re.Match[str], readings: list[_Reading]) -> str:
    """Why a known city with numbers behind it has no day."""
    if readings or (match["a"] and not any(len(match[key]) == len("yyyy") for key in "ac")):
        return AMBIGUOUS_DATE
    return IMPOSSIBLE_DATE if match["a"] or len(match["c"]) < len("yyyy") else ALMOST_TAG


def _plain(text: str) -> tuple[str, bool]:
    """The text as its author typed it, and whether a macro was cut out of it."""
    for _ in range(2):  # editors encode twice
        if "%" not in text:
            break
        text = unquoted(text)
    plain = text.translate(_PLAIN)
    cut = _MACRO.sub(_HOLE, plain) if "{" in plain and len(plain) <= LONGEST else plain
    return cut.strip(_EDGES), "{" in plain


def _why_not(plain: str, cities: CityIndex, *, has_macro: bool) -> str:
    if not plain:
        return MACRO if has_macro else NO_TAG
    if plain.isascii() and plain.isdigit() and not has_macro:
        return NUMERIC_ID
    if _has_date(plain) and (cities.resolve(plain) or cities.find_in(plain)):
        return ALMOST_TAG
    return MACRO if has_macro else LABEL


def _has_date(plain: str) -> bool:
    """Whether some numbers of the text could be a day and a month."""
    if len(plain) > LONGEST or plain.isalpha():
        return False
    pairs = (found for pattern in (_TWO_NUMBERS, _GLUED_DATE) for found in pattern.findall(plain))
    return bool(_NAMED_MONTH.search(plain)) or any(is_possible(int(day), int(month)) for day, month in pairs)


def _dated_by_medium(tag: ShowTag, utm: Utm) -> ShowTag:
    match = _DAY_MONTH.fullmatch(utm.medium.strip())
    if match is None or not ("posev" in utm.source.lower() or "posev" in utm.campaign.lower()):
        return tag
    day, month = int(match[1]), int(match[2])
    if not is_possible(day, month):
        return tag._replace(reason=IMPOSSIBLE_DATE)
    return tag._replace(day=day, month=month, date_from="medium")


@lru_cache(maxsize=16_384)
def _named_in(text: str, cities: CityIndex) -> str:
    if text.isdigit():
        return ""
    plain = _plain(text)[0]
    return "" if len(plain) > LONGEST else cities.resolve(plain) or cities.find_in(plain)
