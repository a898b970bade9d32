"""UTM: five values of a link, the macros in them, and the show they name.

Belongs here: reading tags. Does not: which link or block of parameters counts (each vendor's rule), or which show
exists (SQL).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple, Self
from urllib.parse import quote

from zakaz_dagster.parsing.cities import CityIndex

FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
NO_TAG, NUMERIC_ID, MACRO, LABEL = "no tag", "numeric id", "macro", "label"
UNKNOWN_CITY, IMPOSSIBLE_DATE = "unknown city", "impossible date"

_DAYS = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # a tag has no year, so 29 February is possible
_TAG_DATE = re.compile(r"_([0-9]{2})_([0-9]{2})\Z")
_LETTER = re.compile(r"[^\W\d_]")
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_DAY_MONTH = re.compile(r"([0-9]{2})\.([0-9]{2})")
_OPEN, _CLOSE = r"(?:\{|%7B)", r"(?:\}|%7D)"
_SINGLE_MACRO = re.compile(rf"{_OPEN}(\w+?){_CLOSE}", re.IGNORECASE)
_DOUBLE_MACRO = re.compile(rf"{_OPEN}{{2}}(\w+?){_CLOSE}{{2}}", re.IGNORECASE)


class Utm(NamedTuple):
    """The five values as a site sees them: decoded once, '' when absent."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    content: str = ""
    term: str = ""

    @classmethod
    def from_url(cls, url: str) -> Self:
        """The tags of a link's query; its fragment does not count."""
        return cls.from_query(_query(url))

    @classmethod
    def from_query(cls, text: str) -> Self:
        """The tags of `utm_source=…&utm_medium=…`; of a repeated key the last counts, as PHP sites read it."""
        values = ["", "", "", "", ""]
        _read(text, values)
        return cls(*values)

    @classmethod
    def effective(cls, url: str, block: str) -> Self:
        """What a click carries when a vendor lays a block of parameters over the link: on one key the block wins.

        Unlike `overlaid_by` this sees a key that the block sets to nothing.
        """
        values = ["", "", "", "", ""]
        _read(_query(url), values)
        _read(block.strip().lstrip("?&"), values)
        return cls(*values)

    def overlaid_by(self, other: Utm) -> Utm:
        """These values with the other's non-empty ones in their place."""
        return Utm(*(theirs or ours for ours, theirs in zip(self, other, strict=True)))

    def expanded(self, values: Mapping[str, str], *, double_only: bool = False) -> Utm:
        """The same with known macros replaced."""
        return Utm(*(expand(text, values, double_only=double_only) for text in self))


class ShowTag(NamedTuple):
    """What a UTM says about a show.

    `city` is the table's name or ''; `day` and `month` are 0 when not given. `reason` is '' when `utm_content` is a
    whole tag `<city>_<dd>_<mm>`, else why it is not: 'no tag', 'numeric id', 'macro', 'label', 'unknown city' (the
    text is in `raw_city`) or 'impossible date'. `city_from` and `date_from` name the field each came from.
    """

    city: str = ""
    day: int = 0
    month: int = 0
    reason: str = ""
    raw_city: str = ""
    city_from: str = ""
    date_from: str = ""


def parse_content(text: str, cities: CityIndex) -> ShowTag:
    """Read `<city>_<dd>_<mm>` from the right; percent- and plus-encoding, once more than the link's, is undone."""
    plain = _decoded(text)
    match = _TAG_DATE.search(plain, max(len(plain) - len("_dd_mm"), 0))
    if match is None or "{" in plain or not _LETTER.search(raw_city := plain[: match.start()]):
        return ShowTag(reason=_why_not(plain))
    day, month = int(match[1]), int(match[2])
    city = cities.resolve(raw_city)
    origin = "content" if city else ""
    if not is_possible(day, month):
        return ShowTag(city, 0, 0, IMPOSSIBLE_DATE, raw_city, origin)
    return ShowTag(city, day, month, "" if city else UNKNOWN_CITY, raw_city, origin, "content")


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


def is_possible(day: int, month: int) -> bool:
    """Whether some year has this day."""
    return 0 < month < len(_DAYS) and 0 < day <= _DAYS[month]


def resolve_year(day: int, month: int, near: date, *, grace_days: int = 30) -> date | None:
    """The date a tag without a year means when it was seen (an advertising or sale day) on `near`.

    The first occurrence that is at most `grace_days` past: shows are advertised before they happen, and clicks trickle
    in for a while afterwards. A December day with `05_01` means next January; 5 January with `28_12` the last December.
    None when no such day falls into the year that follows (29 February, mostly).
    """
    first = near - timedelta(days=grace_days)
    for year in (first.year, first.year + 1):
        try:
            meant = date(year, month, day)
        except ValueError:
            continue
        if first <= meant < first + timedelta(days=366):
            return meant
    return None


def expand(text: str, values: Mapping[str, str], *, double_only: bool = False) -> str:
    """Replace the macros whose values are known, `{{name}}` and `{name}`, and leave the others as they are.

    For decoded text (a UTM value). Braces may also come as %7B and %7D: what replaces those is quoted in turn. In VK a
    single brace is literal text: `double_only`.
    """
    if "{" not in text and "%7" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            return match[0]
        return quote(values[name], safe="") if match[0].startswith("%") else values[name]

    doubled = _DOUBLE_MACRO.sub(value, text)
    return doubled if double_only else _SINGLE_MACRO.sub(value, doubled)


def _query(url: str) -> str:
    return url.partition("#")[0].partition("?")[2]


def _read(query: str, values: list[str]) -> None:
    """Put the tags of a query into their places."""
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        if (place := _place(key)) >= 0:
            values[place] = _unquote(value.replace("+", " "))


@lru_cache(maxsize=1024)
def _place(key: str) -> int:
    """Which of the five a key is, -1 for none; `amp;` is left by links copied out of HTML."""
    name = _unquote(key.replace("+", " ")).lower().removeprefix("amp;").strip()
    return FIELDS.index(name) if name in FIELDS else -1


def _unquote(text: str) -> str:
    """What `urllib.parse.unquote` returns, a run of bytes at a time: three times faster on Cyrillic."""
    return _ENCODED.sub(_run, text) if "%" in text else text


def _run(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("%", "")).decode(errors="replace")


def _decoded(text: str) -> str:
    """Editors encode twice: undo up to two more layers while there is something to undo."""
    for _ in range(2):
        if "%" not in text:
            break
        text = _unquote(text)
    return text.replace("+", " ").strip()


def _why_not(plain: str) -> str:
    if not plain:
        return NO_TAG
    if "{" in plain:
        return MACRO
    return NUMERIC_ID if plain.isascii() and plain.isdigit() else LABEL


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
    plain = _decoded(text)
    return "" if "{" in plain else cities.resolve(plain) or cities.find_in(plain)
