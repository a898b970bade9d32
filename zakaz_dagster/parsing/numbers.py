"""Numbers as people and vendors write them, to exact decimals.

Belongs here: separators, signs, currency words, money and counts. Does not: what a missing number means to a report.
"""

from __future__ import annotations

import re
from decimal import Decimal

from zakaz_dagster.parsing.unreadable import NOTHING, Unreadable

__all__ = ["Unreadable", "parse_count", "parse_money", "parse_number"]

_CURRENCY = r"(?:рубл(?:ь|я|ей)|руб\.?|р\.?|rub\.?|rur\.?|₽)"
_LEADING_CURRENCY = re.compile(rf"^{_CURRENCY}\s*(?=[-+(\d])", re.IGNORECASE)
_TRAILING_CURRENCY = re.compile(rf"(?<=[\d)])\s*{_CURRENCY}$", re.IGNORECASE)
# A hyphen, a typographic minus and the dashes editors put in its place. An em dash is not among them: alone it means
# "nothing", before a number it may be a list mark.
_MINUS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))
_INVISIBLE = str.maketrans(dict.fromkeys("\u200b\u2060\ufeff\u00ad"))
_BODY = re.compile(r"[0-9]*(?:[ .,][0-9]+)*")
# A first group starts with 1..9: "0,123" and "012,345" cannot be thousands.
_GROUPED = {sep: re.compile(rf"[1-9][0-9]{{0,2}}(?:{re.escape(sep)}[0-9]{{3}})+") for sep in " .,"}
_CENT = Decimal("0.01")
_MONEY_LIMIT = Decimal(10) ** 16  # Decimal(18, 2)


def parse_number(text: str, decimal_comma: bool = True) -> Decimal | None:
    """Exact value of a written number; None for an empty cell or a dash.

    When both `,` and `.` occur, the last one is the decimal separator. One separator before exactly three digits
    ("1,234") is ambiguous and `decimal_comma` decides: it is decimal if it is the separator so declared, else it
    groups thousands. Groups must have three digits. Parentheses mean minus. Percentages are refused.
    """
    plain = _plain(text)
    if plain in NOTHING:
        return None
    negative, body = _sign(_TRAILING_CURRENCY.sub("", _LEADING_CURRENCY.sub("", plain)), text)
    if not body or not _BODY.fullmatch(body):
        raise Unreadable(text, "a number")
    value = Decimal(_point(body, "," if decimal_comma else ".", text))
    return -value if negative and value else value


def parse_money(text: str, decimal_comma: bool = True) -> Decimal | None:
    """Roubles with exactly two decimals; a value that kopecks cannot express is refused, never rounded."""
    value = parse_number(text, decimal_comma)
    if value is None:
        return None
    if abs(value) >= _MONEY_LIMIT or value != (cents := value.quantize(_CENT)):
        raise Unreadable(text, "an amount in roubles and whole kopecks")
    return cents


def parse_count(text: str, decimal_comma: bool = True) -> int | None:
    """A whole number that is not negative (tickets, clicks); "5,00" is 5."""
    value = parse_number(text, decimal_comma)
    if value is None:
        return None
    if value < 0 or value != value.to_integral_value():
        raise Unreadable(text, "a whole number of things")
    return int(value)


def _plain(text: str) -> str:
    """One kind of space (`split` knows U+00A0, U+2009 and U+202F) and one kind of minus."""
    return " ".join(text.translate(_INVISIBLE).translate(_MINUS).split())


def _sign(plain: str, text: str) -> tuple[bool, str]:
    if plain.startswith("(") and plain.endswith(")"):
        inner = _TRAILING_CURRENCY.sub("", _LEADING_CURRENCY.sub("", plain[1:-1].strip()))
        if inner.startswith(("-", "+")):
            raise Unreadable(text, "a number with one sign")
        return True, inner
    if plain.startswith(("-", "+")):
        return plain.startswith("-"), _LEADING_CURRENCY.sub("", plain[1:].strip())
    return False, plain


def _point(body: str, decimal: str, text: str) -> str:
    """The digits of `body` with `.` as the decimal separator and no groups."""
    last = max(body.rfind(","), body.rfind("."))
    if last < 0:
        return _ungroup(body, text)
    separator = body[last]
    head, tail = body[:last], body[last + 1 :]
    several = separator in head
    ambiguous = separator != decimal and _GROUPED[separator].fullmatch(body) is not None
    if several or ambiguous:
        return _ungroup(body, text)
    return f"{_ungroup(head, text) or '0'}.{_digits(tail, text)}"


def _ungroup(whole: str, text: str) -> str:
    """The digits of a whole number, with or without groups of one kind."""
    if not whole or (whole.isascii() and whole.isdigit()):
        return whole
    for separator, grouped in _GROUPED.items():
        if grouped.fullmatch(whole):
            return whole.replace(separator, "")
    raise Unreadable(text, "a number with thousands in groups of three")


def _digits(tail: str, text: str) -> str:
    if not tail.isdigit():
        raise Unreadable(text, "a number with plain decimals")
    return tail
