"""Cities: one normal form of a spelling, and an index from spellings to one name each.

The normal form depends on the text alone, so staging stores it beside the text; what it means depends on the seed and
is looked up when facts are built.
Belongs here: matching. Does not: the spellings themselves (`sql/seeds/city_aliases.csv`, editable) or guesses: what is
not in the table is unknown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_ASCII_SEPARATORS = str.maketrans("_-", "  ")
# Every dash of Unicode (category Pd), the minus sign and the hyphen bullet.
_DASHES = (
    "-\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d\u301c\u3030\u30a0"
    "\ufe31\ufe32\ufe58\ufe63\uff0d\U00010ead\u2212\u2043"
)
# Marks without width that come with copied text: stress, joiners, directions, soft hyphens, variation selectors.
_INVISIBLE = (
    "\u0300\u0301\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064"
    "\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff"
)
_FOLD = str.maketrans({"ё": "е", "ѐ": "е", "ѝ": "и", **dict.fromkeys("_" + _DASHES, " "), **dict.fromkeys(_INVISIBLE)})
_WORD = re.compile(r"[^\W_]+")
# Apostrophes stand for «ь»; dots, commas, quotes and brackets around or inside a name say nothing.
_LOOSE = str.maketrans({**dict.fromkeys("'\u2018\u2019\u02bc\u02b9`"), **dict.fromkeys('.,"«»„“”()', " ")})
_PART = re.compile(r"[^\s-]+")
_SMALL = {"на", "в", "над"}  # Ростов-на-Дону
_TOWN = r"(?:г|гор|город)"
_TOWN_AROUND = re.compile(rf"^(?:{_TOWN} )+(?=.)|(?<=.)(?: {_TOWN})+$")

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


def words_of(text: str) -> list[str]:
    """The words of a text in normal form: letters and digits only, so that quotes and punctuation do not count."""
    return _WORD.findall(normalise(text))


def city_key(text: str) -> str:
    """The normal form of a city's name, without «г.», «гор.» or «город» before or behind, quotes and dots; idempotent.

    «г. Томск», «Томск г.» and «ТОМСК» are `томск`; «Усть‑Кемь», «Усть Кемь» and «усть_кемь» are `усть кемь`.
    """
    return _TOWN_AROUND.sub("", " ".join(normalise(text).translate(_LOOSE).split()))


def capitalised(city: str) -> str:
    """A city's name as people write it, where nobody said how: «усть-кемь» is «Усть-Кемь»."""
    return _PART.sub(lambda part: part[0] if part[0] in _SMALL else part[0][0].upper() + part[0][1:], city)


class CityIndex:
    """Every known spelling and its city; a city's own name always belongs to it."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        self._cities: dict[str, str] = {}
        for alias, city in [*((city, city) for city in aliases.values()), *aliases.items()]:
            if not (spelling := city_key(alias)) or not city:
                raise ValueError(f"an empty spelling or city: {alias!r}, {city!r}")
            known = self._cities.setdefault(spelling, city)
            if known != city:
                raise ValueError(f"the spelling {alias!r} is given to two cities, {known!r} and {city!r}")
        self._words_from = self._longest_by_first_word()

    @property
    def spellings(self) -> Mapping[str, str]:
        """Every spelling, in normal form, and its city."""
        return self._cities

    def resolve(self, text: str) -> str:
        """The city a whole field names, '' when it is not a known spelling («г. Томск» counts as «Томск»)."""
        return self._cities.get(normalise(text)) or self._cities.get(city_key(text), "")  # most need no second look

    def find_in(self, text: str) -> str:
        """The one city named inside a longer text (a campaign's name, a label); '' for none or for several."""
        words = words_of(text)
        found: set[str] = set()
        at = 0
        while at < len(words):
            city, taken = self._longest_at(words, at)
            if city:
                found.add(city)
            at += taken
        return found.pop() if len(found) == 1 else ""

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
