"""Numbers as people and vendors write them, to exact decimals.

A separator before three digits is decided by what is measured and by the other cells of the table, never by its form
alone: kopecks have two digits, things are whole, and one table is written in one convention. What stays open is
refused with both readings.
Belongs here: separators, signs, currency words, conventions. Does not: what a missing number means to a report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from zakaz_dagster.parsing.unreadable import NOTHING, Unreadable

__all__ = ["ANY", "Convention", "Measure", "Unreadable", "conventions_of", "parse_count", "parse_money", "parse_number"]

_CURRENCY = r"(?:рубл(?:ь|я|ей)|руб\.?|р\.?|rub\.?|rur\.?|₽)"
_LEADING_CURRENCY = re.compile(rf"^{_CURRENCY}\s*(?=[-+(\d])", re.IGNORECASE)
_TRAILING_CURRENCY = re.compile(rf"(?<=[\d)])\s*{_CURRENCY}$", re.IGNORECASE)
_PIECES = re.compile(r"(?<=\d)\s*(?:шт|ед|билет(?:а|ов)?|pcs)\.?$", re.IGNORECASE)
# A hyphen, a typographic minus and the dashes editors put in its place. An em dash is not among them: alone it means
# "nothing", before a number it may be a list mark. Apostrophes of every kind group thousands.
_SIGNS = str.maketrans({**dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"), **dict.fromkeys("\u2019\u02bc`", "'")})
_INVISIBLE = str.maketrans(dict.fromkeys("\u200b\u2060\ufeff\u00ad"))
_CENT = Decimal("0.01")
_LIMIT = Decimal(10) ** 16  # Decimal(18, 2)
_MOST = Decimal(2) ** 63  # things; no table of the warehouse holds more
_GROUP = 3  # digits that a thousands separator is followed by


class Measure(Enum):
    """What a number measures; the value says it in an error."""

    COUNT = "a whole number of things"
    MONEY = "an amount in roubles and whole kopecks"
    SHARE = "a share"
    NUMBER = "a number"


class Convention(NamedTuple):
    """How numbers are written: the decimal separator, and what stands between groups of three digits."""

    decimal: str
    group: str


class _Reading(NamedTuple):
    value: Decimal
    decimals: int  # as written, "5,00" has two


ANY = frozenset(Convention(point, group) for point, other in (",.", ".,") for group in (other, " ", "'"))
# A first group starts with 1..9: "0,123" and "012,345" cannot be thousands.
_FORMS = {
    form: re.compile(
        rf"(?:(?P<grouped>[1-9][0-9]{{0,2}}(?:{re.escape(form.group)}[0-9]{{3}})+)|(?P<plain>[0-9]*))"
        rf"(?:{re.escape(form.decimal)}(?P<rest>[0-9]+))?"
    )
    for form in sorted(ANY)
}


@lru_cache(maxsize=8192)
def parse_number(
    text: str, measure: Measure = Measure.NUMBER, conventions: frozenset[Convention] = ANY
) -> Decimal | None:
    """The exact value of a written number; None for an empty cell or a dash.

    `conventions` are those that the rest of the table allows (`conventions_of`). Raises Unreadable when the text is no
    such number, or when two conventions give different values. Groups must have three digits, parentheses mean minus,
    only a share may end with a per cent sign. Money is quantized to kopecks and never rounded.
    """
    plain = _plain(text)
    if plain in NOTHING:
        return None
    found = _readings(plain, text, measure, conventions)
    values = {reading.value for reading in found.values() if _fits(reading, measure)}
    if not values:
        raise Unreadable(text, measure.value)
    if len(values) > 1:
        one, other = sorted(values, reverse=True)[:2]
        raise Unreadable(text, f"one number: it may mean {one:f} or {other:f}, and nothing near it says which")
    value = values.pop()
    return value.quantize(_CENT) if measure is Measure.MONEY else value


def parse_money(text: str, conventions: frozenset[Convention] = ANY) -> Decimal | None:
    """Roubles with exactly two decimals."""
    return parse_number(text, Measure.MONEY, conventions)


def parse_count(text: str, conventions: frozenset[Convention] = ANY) -> int | None:
    """A whole number that is not negative (tickets, clicks); "5,00" is 5."""
    value = parse_number(text, Measure.COUNT, conventions)
    if value is not None and value < 0:
        raise Unreadable(text, f"{Measure.COUNT.value}, zero or more")
    return None if value is None else int(value)


def conventions_of(
    columns: Sequence[tuple[Measure, Iterable[str]]], decimal: str = ""
) -> tuple[frozenset[Convention], ...]:
    """For each column, the conventions in which its cells may be written.

    A convention in which every column holds numbers of its kind is sought first; where columns contradict each other,
    each may be written in any that makes all its cells numbers. `decimal` is the separator declared elsewhere (a
    setting, the language of the file): it decides what the cells leave open, but gives nothing three decimals.
    """
    numbers = [[found for cell in cells if (found := _all_readings(cell, measure))] for measure, cells in columns]
    plain = [_suiting(Measure.NUMBER, column) for column in numbers]
    kinds = [_suiting(measure, column) for (measure, _), column in zip(columns, numbers, strict=True)]
    shared = ANY.intersection(*(kind or each for kind, each in zip(kinds, plain, strict=True) if each))
    return tuple(
        _declared(_open(measure, column, shared or frozenset(each) or ANY, each, kind), each, decimal)
        for (measure, _), column, each, kind in zip(columns, numbers, plain, kinds, strict=True)
    )


def _open(
    measure: Measure,
    numbers: Sequence[dict[Convention, _Reading]],
    allowed: frozenset[Convention],
    plain: dict[Convention, int],
    kind: dict[Convention, int],
) -> frozenset[Convention]:
    """Three decimals are believed of a whole column only, and of money only where nothing else is possible in it."""
    fits = any(all(_fits(found[form], measure) for found in numbers) for form in plain)
    if fits and not kind:
        return ANY
    three = measure is Measure.MONEY and all(plain.get(form, 0) >= _GROUP for form in allowed)
    return frozenset(plain) if three and min(plain.values(), default=0) < _GROUP else allowed


def _declared(allowed: frozenset[Convention], written: dict[Convention, int], decimal: str) -> frozenset[Convention]:
    natural = {form for form in allowed if form.decimal == decimal and written.get(form, _GROUP) < _GROUP}
    return frozenset(natural) or allowed


def _suiting(measure: Measure, numbers: Sequence[dict[Convention, _Reading]]) -> dict[Convention, int]:
    """The conventions in which all are numbers of this kind, with the most decimals that one of them then has."""
    each = {form: _decimals(form, measure, numbers) for form in ANY}
    return {form: decimals for form, decimals in each.items() if decimals is not None}


def _decimals(form: Convention, measure: Measure, numbers: Sequence[dict[Convention, _Reading]]) -> int | None:
    """Three or more are a fixed format: all amounts or counts but a plain zero then have as many."""
    if any(form not in found or not _fits(found[form], measure) for found in numbers):
        return None
    written = {found[form].decimals for found in numbers if found[form].value or found[form].decimals}
    most = max(written, default=0)
    return most if most < _GROUP or len(written) == 1 or measure is Measure.NUMBER else None


@lru_cache(maxsize=8192)
def _all_readings(cell: str, measure: Measure) -> dict[Convention, _Reading]:
    try:
        return _readings(_plain(cell), cell, measure, ANY)
    except Unreadable:
        return {}


def _readings(
    plain: str, text: str, measure: Measure, conventions: frozenset[Convention]
) -> dict[Convention, _Reading]:
    if measure is Measure.SHARE:
        plain = plain.removesuffix("%").rstrip()
    elif measure is Measure.COUNT:
        plain = _PIECES.sub("", plain)
    negative, body = _sign(_TRAILING_CURRENCY.sub("", _LEADING_CURRENCY.sub("", plain)), text)
    found = {}
    for form in conventions:
        match = _FORMS[form].fullmatch(body) if body else None
        if match is not None:
            whole = (match["grouped"] or match["plain"]).replace(form.group, "")
            rest = match["rest"] or ""
            value = Decimal(f"{whole or '0'}.{rest}" if rest else whole)
            found[form] = _Reading(value.copy_negate() if negative and value else value, len(rest))
    if not found:
        raise Unreadable(text, measure.value)
    return found


def _fits(reading: _Reading, measure: Measure) -> bool:
    if measure is Measure.MONEY:
        return reading.value.copy_abs() < _LIMIT and reading.value == reading.value.quantize(_CENT)
    if measure is Measure.COUNT:
        return reading.value.copy_abs() < _MOST and reading.value == reading.value.to_integral_value()
    return True


def _plain(text: str) -> str:
    """One kind of space (`split` knows U+00A0, U+2009 and U+202F) and one kind of minus."""
    return " ".join(text.translate(_INVISIBLE).translate(_SIGNS).split())


def _sign(plain: str, text: str) -> tuple[bool, str]:
    if plain.startswith("(") and plain.endswith(")"):
        inner = _TRAILING_CURRENCY.sub("", _LEADING_CURRENCY.sub("", plain[1:-1].strip()))
        if inner.startswith(("-", "+")):
            raise Unreadable(text, "a number with one sign")
        return True, inner
    if plain.startswith(("-", "+")):
        return plain.startswith("-"), _LEADING_CURRENCY.sub("", plain[1:].strip())
    return False, plain
