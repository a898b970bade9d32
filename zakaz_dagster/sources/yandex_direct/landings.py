"""Which link and which tags a click on an ad carries, and the city they name.

    the ad's link ← overlaid by the ad group's parameters, or if it has none by the campaign's

Blocks are never merged with each other; one set on the ad itself cannot be seen through the API. Belongs here: that
rule, the macros known before a click, tags and city. Does not: asking for objects (`catalogue`), time (`history`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote_plus

from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.parsing.tags import tag_of
from zakaz_dagster.parsing.utm import Utm

UNKNOWN_CITY = "не указано"
GROUP, CAMPAIGN, NOWHERE = "group", "campaign", ""


class Clicked(NamedTuple):
    """What there is to know of an ad, or of a group or campaign that stands in a report without one (ids 0)."""

    campaign_id: int
    ad_group_id: int
    ad_id: int
    campaign_name: str = ""
    ad_group_name: str = ""
    href: str = ""
    group_params: str = ""
    campaign_params: str = ""


DERIVED = ("utm_city", "utm_day", "utm_month", "city")


class Landing(NamedTuple):
    """What a click carries; '' and 0 where nothing is known."""

    utm_source: str
    utm_medium: str
    utm_campaign: str
    utm_content: str
    utm_term: str
    utm_city: str
    utm_day: int
    utm_month: int
    city: str
    landing_url: str
    url_params: str
    url_params_from: str


class Lander:
    """Works out landings; equal tags and names are read once."""

    def __init__(self, cities: CityIndex) -> None:
        self._cities = cities
        self._named: dict[str, str] = {}

    def of(self, clicked: Clicked) -> Landing:
        block, source = _block(clicked)
        utm = Utm.effective(clicked.href, block).expanded(_macros(clicked))
        derived = self.derived(utm, clicked.campaign_name, clicked.ad_group_name)
        return Landing(
            *utm, *derived, landing_url=overlaid(clicked.href, block), url_params=block, url_params_from=source
        )

    def derived(self, utm: Utm, campaign_name: str, ad_group_name: str) -> tuple[str, int, int, str]:
        """The values of `DERIVED`: our reading of tags and names."""
        tag = tag_of(utm, self._cities)
        dated = tag.date_from == "content"
        city = tag.city or self._city_in(campaign_name) or self._city_in(ad_group_name) or UNKNOWN_CITY
        own_city = tag.city if tag.city_from == "content" else ""
        return own_city, tag.day if dated else 0, tag.month if dated else 0, city

    def _city_in(self, name: str) -> str:
        if name not in self._named:
            self._named[name] = self._cities.find_in(name)
        return self._named[name]


def overlaid(href: str, block: str) -> str:
    """The link with the block's parameters: on one key the block wins; other keys and the fragment stay."""
    if not block or not href:
        return href
    rest, mark, fragment = href.partition("#")
    address, _, query = rest.partition("?")
    won = {_key(pair) for pair in block.split("&")}
    kept = [pair for pair in query.split("&") if pair and _key(pair) not in won]
    return f"{address}?{'&'.join([*kept, block])}{mark}{fragment}"


def _key(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0]).lower()


def _block(clicked: Clicked) -> tuple[str, str]:
    """The most specific block that is not empty, and whose it is."""
    for block, source in ((clicked.group_params, GROUP), (clicked.campaign_params, CAMPAIGN)):
        plain = block.strip().lstrip("?&")
        if plain:
            return plain, source
    return "", NOWHERE


def _macros(clicked: Clicked) -> Mapping[str, str]:
    """Values known without a click; the other macros stay as they are and name no city."""
    known = {
        "campaign_id": clicked.campaign_id,
        "campaign_name": clicked.campaign_name,
        "gbid": clicked.ad_group_id,
        "ad_id": clicked.ad_id,
        "banner_id": clicked.ad_id,
    }
    return {name: str(value) for name, value in known.items() if value}
