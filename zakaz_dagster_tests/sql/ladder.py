"""The ladder of attribution in plain Python, written from docs/metrics.md and not from the SQL; slow and obvious.

Belongs here: what one sale is owed to. Does not: the grammar of tags, which has one reader (`parsing.tags`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from zakaz_dagster.parsing.tags import ShowTag, tag_of
from zakaz_dagster.parsing.utm import Utm
from zakaz_dagster.seeds import city_index, seed

NOWHERE, UNTAGGED, UNKNOWN = "не указано", "без меток", "канал не определён"
WINDOW = GRACE = timedelta(days=30)
GROUPS = {"vk_ads": "VK Реклама", "yandex_direct": "Яндекс.Директ"}
CHANNELS: Mapping[tuple[str, str], tuple[str, str]] = {
    (row["utm_source"], row["utm_medium"]): (row["channel_group"], row["source"] or NOWHERE) for row in seed("channels")
}
PROBLEMS = {
    "unknown city": "неизвестный город",
    "impossible date": "невозможная дата",
    "ambiguous date": "неоднозначная дата",
    "almost a tag": "метка не по форме",
}


class Ad(NamedTuple):
    """An ad's day; `day` is None for an ad that a platform lists. `seen`: it had impressions, clicks or spend."""

    day: date | None
    source: str
    campaign: int
    group: int
    ad: int
    utm: Utm = Utm()
    seen: bool = True


class Show(NamedTuple):
    city: str
    first: date
    last: date


class Owed(NamedTuple):
    rung: str
    source: str
    campaign: int
    group: int
    ad: int
    channel: str
    problem: str


def owed(day: date, utm: Utm, ads: Sequence[Ad], shows: Sequence[Show]) -> Owed:
    """What a sale of this day with this UTM is owed to."""
    channel, platform = channel_of(utm)
    tag = tag_of(utm, city_index())
    found, sharing = _advertising(day, utm, platform, channel, ads)
    meant = show_day(tag, day)
    named = meant is not None and any(is_named(show, tag.city, meant) for show in shows)
    if found:
        return Owed(*found, GROUPS[found[1]], "")
    rung = "show" if named else "city" if tag.city else "none" if channel in (UNTAGGED, UNKNOWN) else "source"
    problem = _problem(channel, platform, tag, sharing, named, meant)
    return Owed(rung, platform, 0, 0, 0, GROUPS.get(platform, channel), problem)


def channel_of(utm: Utm) -> tuple[str, str]:
    source, medium = utm.source.strip(" ").lower(), utm.medium.strip(" ").lower()
    for pair in ((source, medium), (source, "*"), ("*", medium)):
        if pair in CHANNELS:
            return CHANNELS[pair]
    return (UNKNOWN if any(utm) else UNTAGGED), NOWHERE


def show_day(tag: ShowTag, day: date) -> date | None:
    """The day that a whole tag means when it is seen on `day`."""
    if tag.reason or not tag.day:
        return None
    years = [tag.year] if tag.year else [(day - GRACE).year, (day - GRACE).year + 1]
    for year in years:
        try:
            meant = date(year, tag.month, tag.day)
        except ValueError:
            continue
        if tag.year or day - GRACE <= meant < day - GRACE + timedelta(days=366):
            return meant
    return None


def is_named(show: Show, city: str, day: date) -> bool:
    return show.city == city and show.first <= day <= max(show.first, show.last)


Found = tuple[str, str, int, int, int]


def _advertising(day: date, utm: Utm, platform: str, channel: str, ads: Sequence[Ad]) -> tuple[Found | None, int]:
    """The rung, source, campaign, group and ad; and how many campaigns send the whole UTM."""
    if platform == NOWHERE and channel != UNKNOWN:
        return None, 0
    folded = [text.strip(" ").lower() for text in utm]
    running = [ad for ad in ads if ad.day is None or (ad.seen and day - WINDOW <= ad.day <= day)]
    own = [ad for ad in running if platform in (NOWHERE, ad.source)]
    senders = [ad for ad in running if ad.day and ad.campaign and _sends(ad.utm, folded)]
    campaigns = {(ad.source, ad.campaign) for ad in senders}
    by_number = _ad(folded, own) or _campaign(folded[2], own)
    if by_number or len(campaigns) != 1:
        return by_number, len(campaigns)
    ((source, campaign),) = campaigns
    group = _only(ad.group for ad in senders)
    return ("utm", source, campaign, group, _only(ad.ad for ad in senders if ad.ad)), 1


def _ad(folded: list[str], ads: list[Ad]) -> Found | None:
    for text in (folded[3], folded[4], folded[2]):
        named = [ad for ad in ads if ad.ad and str(ad.ad) == text]
        if named:  # the first field that names an ad counts, even when two platforms have that number
            sources = {ad.source for ad in named}
            campaign = min(ad.campaign for ad in named)
            found = ("ad", named[0].source, campaign, _only(ad.group for ad in named), named[0].ad)
            return found if len(sources) == 1 else None
    return None


def _campaign(text: str, ads: list[Ad]) -> Found | None:
    whole = {(ad.source, ad.campaign, 0) for ad in ads if ad.campaign and str(ad.campaign) == text}
    groups = {
        (ad.source, ad.campaign, ad.group)
        for ad in ads
        if ad.source == "vk_ads" and ad.campaign and ad.group and str(ad.group) == text
    }
    if len(whole | groups) != 1:
        return None
    ((source, campaign, group),) = whole | groups
    return ("campaign", source, campaign, group, 0)


def _sends(sent: Utm, folded: list[str]) -> bool:
    mine = [text.strip(" ").lower() for text in sent]
    return any(mine) and mine[:4] == folded[:4] and (mine[4] == folded[4] or "{" in mine[4])


def _only(numbers: Iterable[int]) -> int:
    different = set(numbers)
    return different.pop() if len(different) == 1 else 0


def _problem(channel: str, platform: str, tag: ShowTag, sharing: int, named: bool, meant: date | None) -> str:
    """The first that holds, of a sale that is owed to no ad and no campaign."""
    reasons = [
        (channel == UNTAGGED, ""),
        (channel == UNKNOWN, UNKNOWN),
        (sharing > 1, "метка нескольких кампаний"),
        (named, ""),
        (tag.reason in PROBLEMS, PROBLEMS.get(tag.reason, "")),
        (tag.reason == "numeric id" and platform != NOWHERE, "неизвестный номер рекламы"),
        (meant is not None, "нет показа в этот день"),
        (not tag.city and platform != NOWHERE, "не названы ни реклама, ни город"),
    ]
    return next((words for holds, words in reasons if holds), "")
