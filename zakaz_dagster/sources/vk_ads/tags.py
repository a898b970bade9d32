"""The tags a click really carries, and the city they name, per ad and per group.

VK lays a group's «Параметры URL» over the ad's link when `enable_utm` is on; an empty text there means VK's own
default, which puts the ad's id into utm_content. In macros `campaign` is the ad *group*: the API kept the older word.
Belongs here: that rule. Does not: the grammar of tags (`parsing.tags`), history (`history`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.parsing.tags import tag_of
from zakaz_dagster.parsing.utm import Utm
from zakaz_dagster.sources.vk_ads.records import AdGroup, AdPlan, Banner, Link

DEFAULT_PARAMETERS = "utm_medium=cpc&utm_source=vk_ads&utm_campaign={{campaign_id}}&utm_content={{banner_id}}"
UNKNOWN_CITY = "не указано"
PRIMARY = "primary"


DERIVED = ("utm_city", "utm_day", "utm_month", "city")  # of `Tags`: our reading of the rest and of names


class Tags(NamedTuple):
    """What an ad (or all ads of a group) sends with a click; '' and 0 where nothing is known."""

    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_content: str = ""
    utm_term: str = ""
    utm_city: str = ""
    utm_day: int = 0
    utm_month: int = 0
    city: str = UNKNOWN_CITY
    landing_url: str = ""


class Tagger:
    """Reads tags; equal links, blocks and names are read once."""

    def __init__(self, cities: CityIndex) -> None:
        self._cities = cities
        self._utm: dict[tuple[str, str], Utm] = {}
        self._read: dict[Utm, Tags] = {}
        self._named: dict[str, str] = {}

    def of_ad(self, banner: Banner, link: str, group: AdGroup, plan: AdPlan | None) -> Tags:
        """The tags of one ad; the city comes from them, else from the names of ad, group and plan."""
        values = {**_macros(group, plan), "banner_id": str(banner.id)}
        names = [banner.name, group.name, plan.name if plan else None]
        return self._tags(link, group, values, names)

    def of_group(self, group: AdGroup, plan: AdPlan | None, ads: Iterable[Tags]) -> Tags:
        """What all ads of a group agree on, field by field; without ads, what the group's own parameters say."""
        names = [group.name, plan.name if plan else None]
        different = set(ads)
        if not different:
            return self._tags("", group, _macros(group, plan), names)
        agreed = _agreement(different)
        return agreed if agreed.city != UNKNOWN_CITY else agreed._replace(city=self._city_in(names))

    def _tags(self, link: str, group: AdGroup, values: Mapping[str, str], names: list[str | None]) -> Tags:
        key = (link, parameters(group))
        if key not in self._utm:
            self._utm[key] = Utm.effective(*key)
        utm = self._utm[key]
        if any("{" in text or "%7" in text for text in utm):
            utm = utm.expanded(values, double_only=True)
        tags = self._tags_of(utm)._replace(landing_url=link)
        return tags if tags.city != UNKNOWN_CITY else tags._replace(city=self._city_in(names))

    def _tags_of(self, utm: Utm) -> Tags:
        if utm not in self._read:
            tag = tag_of(utm, self._cities)
            dated = tag.date_from == "content"
            self._read[utm] = Tags(
                *utm,
                utm_city=tag.city if tag.city_from == "content" else "",
                utm_day=tag.day if dated else 0,
                utm_month=tag.month if dated else 0,
                city=tag.city or UNKNOWN_CITY,
            )
        return self._read[utm]

    def _city_in(self, names: Iterable[str | None]) -> str:
        for name in filter(None, names):
            if name not in self._named:
                self._named[name] = self._cities.find_in(name)
            if self._named[name]:
                return self._named[name]
        return UNKNOWN_CITY


def parameters(group: AdGroup) -> str:
    """The block VK adds to the links of a group's ads; '' when it adds none."""
    if group.enable_utm is not True:
        return ""
    return (group.utm or "").strip().lstrip("?&") or DEFAULT_PARAMETERS


def link_of(banner: Banner) -> Link | None:
    """The landing link: the primary role, else the first role that has an address, else one that could be asked for."""
    roles = banner.urls if isinstance(banner.urls, dict) else {}
    links = [link for role in sorted(roles, key=lambda role: (role != PRIMARY, role)) if (link := _link(roles[role]))]
    return next((link for link in links if link.url), next(iter(links), None))


def _link(value: object) -> Link | None:
    """None for a role that VK fills in another way."""
    try:
        return msgspec.convert(value, Link, strict=False)
    except msgspec.ValidationError:
        return None


def _macros(group: AdGroup, plan: AdPlan | None) -> dict[str, str]:
    """Macros whose values are known before a click, ids and names; the others stay as they are."""
    plan_id = group.ad_plan_id if isinstance(group.ad_plan_id, int) else 0
    known = {
        "ad_plan_id": str(plan_id or ""),
        "ad_plan_name": (plan.name or "") if plan else "",
        "campaign_id": str(group.id),
        "ad_group_id": str(group.id),
        "campaign_name": group.name or "",
        "ad_group_name": group.name or "",
    }
    return {name: value for name, value in known.items() if value}


def _agreement(different: set[Tags]) -> Tags:
    """Each value that all share, the default in the others' place; half a date is none."""
    columns = zip(Tags(), *different, strict=True)
    shared = Tags(*(values[0] if len(set(values)) == 1 else default for default, *values in columns))
    return shared if shared.utm_day and shared.utm_month else shared._replace(utm_day=0, utm_month=0)
