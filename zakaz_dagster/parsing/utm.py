"""UTM: five values of a link and the macros in them.

Belongs here: links. Does not: which link or block of parameters counts (each vendor's rule), or what the values mean
(`tags`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, Self
from urllib.parse import quote

FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_CYRILLIC = re.compile(r"[ -~а-яё]*[а-яё]{2}[ -~а-яё]*", re.IGNORECASE)
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
        """What a click carries when a vendor lays a block of parameters over the link: on one key the block wins, also
        when it sets the key to nothing.
        """
        values = ["", "", "", "", ""]
        _read(_query(url), values)
        _read(block.strip().lstrip("?&"), values)
        return cls(*values)

    def expanded(self, values: Mapping[str, str], *, double_only: bool = False) -> Utm:
        """The same with known macros replaced."""
        return Utm(*(expand(text, values, double_only=double_only) for text in self))


def tagged(url: str, tags: str) -> str:
    """The link with these tags in the place of its own; other parameters and the fragment stay."""
    rest, mark, fragment = url.partition("#")
    address, _, query = rest.partition("?")
    kept = [pair for pair in query.split("&") if pair and _place(pair.partition("=")[0]) < 0]
    return f"{address}?{'&'.join([*kept, tags])}{mark}{fragment}"


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


def unquoted(text: str) -> str:
    """Percent-encoding undone as a person would: bytes that are no UTF-8 but Cyrillic in CP1251 are that."""
    return _ENCODED.sub(_guessed_run, text) if "%" in text else text


def _unquote(text: str) -> str:
    """What `urllib.parse.unquote` returns, a run of bytes at a time: three times faster on Cyrillic."""
    return _ENCODED.sub(_run, text) if "%" in text else text


def _run(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("%", "")).decode(errors="replace")


def _guessed_run(match: re.Match[str]) -> str:
    raw = bytes.fromhex(match[0].replace("%", ""))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("cp1251", errors="replace")
        return text if _CYRILLIC.fullmatch(text) else raw.decode(errors="replace")
