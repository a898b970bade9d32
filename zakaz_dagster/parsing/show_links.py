"""The tags of a show's advertising, made so that the loaders read them back: `<city>_<dd>_<mm>` beside macros.

Belongs here: choosing the spelling, proving it with the loaders' own parser, and what makes a tag ambiguous. Does not:
reading tags (`tags`), the catalogue of shows, the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from difflib import SequenceMatcher
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from zakaz_dagster.errors import BadData
from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.parsing.tags import parse_content, tag_of
from zakaz_dagster.parsing.utm import Utm, tagged

SOURCE = "utm"
NEAREST = 3
YEAR = 366  # days; a tag without a year cannot tell two days apart that are further from each other
# The macros carry the numbers of campaign and ad to the sale, so that the ladder finds the ad itself first.
PLATFORMS: Mapping[str, str] = {
    "vk_ads": "utm_source=vk_ads&utm_medium=cpc&utm_campaign={{campaign_id}}&utm_content=%s&utm_term={{banner_id}}",
    "yandex_direct": "utm_source=yandex&utm_medium=cpc&utm_campaign={campaign_id}&utm_content=%s&utm_term={ad_id}",
}
_LATIN = zip("абвгдезийклмнопрстуфхыэ", "abvgdeziyklmnoprstufhye", strict=True)
_SOUNDS = str.maketrans(
    {
        **dict(_LATIN),
        "ё": "e",
        "ж": "zh",
        "ц": "ts",
        "ч": "ch",
        "ш": "sh",
        "щ": "sch",
        "ъ": "",
        "ь": "",
        "ю": "yu",
        "я": "ya",
    }
)


class Show(NamedTuple):
    """A show of the catalogue; an exhibition runs from `first` to `last`. `city` is the table's name of it."""

    show_id: int
    event_id: int
    event_name: str
    city: str
    first: date
    last: date
    is_active: bool = True

    def distance(self, day: date) -> int:
        """Days from `day` to the nearest day of its run."""
        return max((self.first - day).days, (day - self.last).days, 0)


def content_of(city: str, day: date, cities: CityIndex, *, with_year: bool = False) -> str:
    """`tomsk_06_01`: the city's Latin spelling nearest to its name, or the name itself, that the parser reads back.

    Raises BadData for a city that the table of spellings lacks, since no spelling of it could be read.
    """
    if not city.strip():
        raise BadData(
            "the show has no city",
            source=SOURCE,
            expected="a show whose city the catalogue names",
            next_step="name the city of its event in QTickets and load the catalogue",
        )
    suffix = f"_{day:%d_%m_%Y}" if with_year else f"_{day:%d_%m}"
    asked = (city, day.day, day.month, day.year if with_year else 0, "")
    for spelling in _spellings(city, cities):
        text = spelling.replace(" ", "_") + suffix
        tag = parse_content(text, cities)
        if (tag.city, tag.day, tag.month, tag.year, tag.reason) == asked:
            return text
    raise BadData(
        f"no spelling of the city {city!r} would be read back",
        source=SOURCE,
        expected="a city of sql/seeds/city_aliases.csv",
        next_step="add the city and its Latin spelling there, then run `zakaz schema apply`",
    )


def parameters(content: str) -> dict[str, str]:
    """The block of parameters of each platform, with its macros as it expects them."""
    return {platform: template % quote(content, safe="") for platform, template in PLATFORMS.items()}


def link(url: str, block: str, cities: CityIndex) -> str:
    """The landing link with the block; BadData when it is no web address, or another show would be read in it."""
    if not _is_web(url):
        raise BadData(
            f"{url!r} is no address of a web page",
            source=SOURCE,
            expected="an address such as https://example.ru/afisha, without spaces, user and password",
            next_step="give the address as the browser shows it",
        )
    made = tagged(url, block)
    wanted, read = (tag_of(utm, cities) for utm in (Utm.from_query(block), Utm.from_url(made)))
    if read != wanted:
        raise BadData(
            f"in {made} the tags are read as {read.city or 'no city'} {read.day:02}.{read.month:02}",
            source=SOURCE,
            expected="a plain address of the landing page",
            next_step="give the address as the site's menu has it",
        )
    return made


def _is_web(url: str) -> bool:
    try:
        where = urlsplit(url)
        host, _ = where.hostname, where.port
    except ValueError:
        return False
    plain = url.isprintable() and not any(map(str.isspace, url)) and not set(url) & set('<>"\\^`')
    return plain and where.scheme in ("http", "https") and bool(host) and "@" not in where.netloc


def shows_on(shows: Iterable[Show], city: str, day: date) -> list[Show]:
    """The shows of a city that run on this day; BadData names the three nearest when there are none."""
    listed = list(shows)
    if found := [show for show in listed if show.city == city and not show.distance(day)]:
        return found
    near = [show for show in listed if show.city == city] or listed
    raise BadData(
        f"no show in {city} on {day}",
        source=SOURCE,
        expected="the city and the day of a show of the catalogue, by the venue's calendar",
        next_step=f"nearest: {'; '.join(map(_named, nearest(near, day))) or 'none; load the catalogue first'}",
    )


def nearest(shows: Iterable[Show], day: date) -> list[Show]:
    """Three shows of different days or events, the nearest first."""
    by_day = {(show.event_id, show.first): show for show in shows}
    return sorted(by_day.values(), key=lambda show: (show.distance(day), show.first, show.show_id))[:NEAREST]


def warnings(
    shows: Sequence[Show], city: str, day: date, *, today: date, grace_days: int, with_year: bool = False
) -> list[str]:
    """Why money of this tag could be counted for another show, or for none."""
    own = [show for show in shows if show.city == city and not show.distance(day)]
    said = []
    if len({show.event_id for show in own}) > 1:
        names = ", ".join(sorted({f"«{show.event_name}»" for show in own}))
        said.append(f"{names} have shows in {city} on {day}: the tag names neither, and its spend stays with the city")
    if all(show.last < today for show in own):
        said.append(f"the show was over on {max(show.last for show in own)}")
    elif not any(show.is_active for show in own):
        said.append("the sale of the show is closed")
    if not with_year:
        said += _without_year([show for show in shows if show.city == city], day, today - timedelta(days=grace_days))
    return said


def year_meant(day: int, month: int, since: date) -> date | None:
    """The day that a tag without a year means: the first such day from `since` on, within a year."""
    for year in (since.year, since.year + 1):
        try:
            found = date(year, month, day)
        except ValueError:  # 29 February
            continue
        if since <= found < since + timedelta(days=YEAR):
            return found
    return None


def _without_year(shows: Iterable[Show], day: date, since: date) -> list[str]:
    said = []
    if (meant := year_meant(day.day, day.month, since)) != day:
        said.append(f"a tag without a year means {meant or 'no day'} now, not {day}: add --year")
    twins = {
        (twin, show.event_name) for show in shows for twin in _same_days(show, day) if abs((twin - day).days) <= YEAR
    }
    for twin, name in sorted(twins):
        said.append(
            f"«{name}» has the same day and month on {twin}: late clicks and sales may be taken for it; add --year"
        )
    return said


def _same_days(show: Show, day: date) -> Iterable[date]:
    """The days of a run that have this day and month in another year."""
    for year in {show.first.year, show.last.year} - {day.year}:
        try:
            twin = day.replace(year=year)
        except ValueError:
            continue
        if not show.distance(twin):
            yield twin


def _spellings(city: str, cities: CityIndex) -> list[str]:
    """Latin ones, the nearest to the sound of the name first, then the name itself."""
    own = [spelling for spelling, name in cities.spellings.items() if name == city]
    latin = [spelling for spelling in own if spelling.isascii() and any(map(str.isalpha, spelling))]
    sound = city.replace("-", " ").translate(_SOUNDS)
    latin.sort(key=lambda text: (-SequenceMatcher(None, sound, text).ratio(), text))
    return [*latin, *(spelling for spelling in own if not spelling.isascii())]


def _named(show: Show) -> str:
    until = f"..{show.last}" if show.last > show.first else ""
    return f"{show.city} {show.first}{until} «{show.event_name}» ({show.show_id})"
