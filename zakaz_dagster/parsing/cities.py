"""Cities: one normal form of a spelling, and an index from spellings to one name each.

Belongs here: matching. Does not: the spellings themselves (`sql/seeds/city_aliases.csv`, editable) or guesses: what is
not in the table is unknown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_ASCII_SEPARATORS = str.maketrans("_-", "  ")
_FOLD = str.maketrans(
    {
        "ё": "е",
        **dict.fromkeys("_-\u2010\u2011\u2012\u2013\u2014\u2015\u2212", " "),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad"),  # zero-width marks that come with copied text
    }
)
_WORD = re.compile(r"[^\W_]+")
_PREFIX = re.compile(r"^(?:г|гор|город)\s+")
_LOOSE = str.maketrans({".": " ", "'": None, "\u2019": None, "\u02bc": None})

# Spellings that are also ordinary words, surnames or markers: believed as a whole field (`vladimir_05_10`), not inside
# a longer text («Орёл и решка», «выставка ковров», «Владимир Винокур», `rnd` for random).
_ALSO_WORDS = """
    rnd рнд nn нн smr chel kna кмс днепр dnepr мыски myski судак sudak
    орел orel oryol orlov ковров kovrov глазов glazov шахты shakhty shahty волжский volzhskiy volzhsky
    свободный svobodnyy svobodniy svobodny грозный groznyy grozniy grozny находка nakhodka nahodka саки saki
    владимир vladimir артем artem artyom николаев nikolaev златоуст zlatoust
    серов serov королев korolev korolyov жуковский zhukovskiy zhukovsky корсаков korsakov
    арсеньев arsenyev arsenev губкин gubkin энгельс engels
"""
ALSO_WORDS = frozenset(_ALSO_WORDS.split())


def normalise(text: str) -> str:
    """Lower case, «ё» as «е», hyphens, underscores and spaces of every kind as one space; idempotent."""
    if text.isascii():
        return " ".join(text.lower().translate(_ASCII_SEPARATORS).split())
    # Composing letters can make new ones to fold (a decomposed «ё» is two characters), so repeat until nothing changes.
    while (folded := _fold(text)) != text:
        text = folded
    return text


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).lower().translate(_FOLD).split())


class CityIndex:
    """Every known spelling and its city; a city's own name always belongs to it."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        self._cities: dict[str, str] = {}
        for alias, city in [*((city, city) for city in aliases.values()), *aliases.items()]:
            if not (spelling := normalise(alias)) or not city:
                raise ValueError(f"an empty spelling or city: {alias!r}, {city!r}")
            known = self._cities.setdefault(spelling, city)
            if known != city:
                raise ValueError(f"the spelling {alias!r} is given to two cities, {known!r} and {city!r}")
        self._words_from = self._longest_by_first_word()

    def resolve(self, text: str) -> str:
        """The city a whole field names, '' when it is not a known spelling («г. Томск» counts as «Томск»)."""
        key = normalise(text)
        return self._cities.get(key) or self._resolve_loosely(key)

    def find_in(self, text: str) -> str:
        """The one city named inside a longer text (a campaign's name, a label); '' for none or for several."""
        words = _WORD.findall(normalise(text))
        found: set[str] = set()
        at = 0
        while at < len(words):
            city, taken = self._longest_at(words, at)
            if city:
                found.add(city)
            at += taken
        return found.pop() if len(found) == 1 else ""

    def _resolve_loosely(self, key: str) -> str:
        loose = " ".join(key.translate(_LOOSE).split())
        return self._cities.get(loose) or self._cities.get(_PREFIX.sub("", loose), "")

    def _longest_at(self, words: list[str], at: int) -> tuple[str, int]:
        for count in range(self._words_from.get(words[at], 0), 0, -1):
            spelling = " ".join(words[at : at + count])
            if spelling in self._cities and spelling not in ALSO_WORDS:
                return self._cities[spelling], count
        return "", 1

    def _longest_by_first_word(self) -> dict[str, int]:
        longest: dict[str, int] = {}
        for spelling in self._cities:
            words = spelling.split()
            longest[words[0]] = max(longest.get(words[0], 0), len(words))
        return longest
