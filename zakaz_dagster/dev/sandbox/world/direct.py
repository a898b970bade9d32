"""Yandex Direct of the organiser: logins, campaigns, ad groups, ads, sitelinks, their effective UTM and daily figures.

A wizard campaign has no groups or ads: its figures stand under the campaign alone, and the vendor prints `--` for ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from urllib.parse import parse_qsl, quote

from zakaz_dagster.dev.sandbox.world.ads import (
    NOTHING,
    Correction,
    Scale,
    Stat,
    appeal,
    content_tag,
    daily,
    daily_cost,
    elapsed,
)
from zakaz_dagster.dev.sandbox.world.chance import draw
from zakaz_dagster.dev.sandbox.world.lifecycle import Utm
from zakaz_dagster.dev.sandbox.world.moments import DAY, midnight, shift
from zakaz_dagster.dev.sandbox.world.tours import EVENT_BASE, Event, Tours

LOGINS = ("zakaz-afisha", "zakaz-gastroli")
CAMPAIGN_BASE, GROUP_BASE, AD_BASE, SITELINK_BASE = 62_380_000, 5_757_000_000, 10_766_000_000, 1_000_000_000
SITE = "https://tickets.example.ru/show"
PHRASES = ("спектакль для детей", "куда сходить с ребёнком", "выставка роботов", "афиша на выходные")
BY_IDS = "utm_source=yandex&utm_medium=cpc&utm_campaign={campaign_id}&utm_content={ad_id}&utm_term={keyword}"


@dataclass(frozen=True, slots=True)
class Ad:
    """An advertisement; `key` of its figures is its id. `kind` is the vendor's Type."""

    id: int
    group_id: int
    campaign_id: int
    kind: str
    title: str
    href: str
    sitelinks: int | None
    stopped: int | None
    utm: Utm


@dataclass(frozen=True, slots=True)
class AdGroup:
    """An ad group; `tracking` is its block of URL parameters, empty when the campaign's counts."""

    id: int
    campaign_id: int
    name: str
    tracking: str
    ads: tuple[Ad, ...]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign of one login and one event; without groups it is a wizard campaign, its figures' key is its id."""

    id: int
    login: str
    event: Event
    name: str
    kind: str
    network: str
    tracking: str
    created: int
    starts: date
    ends: date
    groups: tuple[AdGroup, ...]

    @property
    def wizard(self) -> bool:
        return not self.groups

    def state(self, now: int) -> str:
        return "ON" if now < midnight(self.ends) + DAY else "ENDED"


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of a day at the finest grain the vendor has; group and ad are None in wizard campaigns."""

    campaign: Campaign
    group: AdGroup | None
    ad: Ad | None
    stat: Stat


def effective(href: str, tracking: str, ids: dict[str, str]) -> Utm:
    """What a click carries: the link's tags overlaid by the tracking block, macros of ids and phrase expanded."""
    pairs = dict(parse_qsl(href.partition("?")[2]))
    pairs.update(parse_qsl(tracking))
    values = []
    for name in Utm._fields:
        value = pairs.get(f"utm_{name}", "")
        for macro, text in ids.items():
            value = value.replace(f"{{{macro}}}", text)
        values.append(value)
    return Utm(*values)


def _runs(campaign: Campaign, ad: Ad | None, day: date) -> bool:
    stopped = ad is not None and ad.stopped is not None and midnight(day) >= ad.stopped
    return not stopped and campaign.starts <= day <= campaign.ends


class DirectAds:
    """Everything the Direct logins of the organiser hold."""

    def __init__(self, seed: int, tours: Tours, scale: Scale, start: date) -> None:
        self.seed, self.tours, self.scale, self.start = seed, tours, scale, start
        self.corrections: dict[tuple[int, date], list[Correction]] = {}
        self.campaigns_of = lru_cache(maxsize=None)(self._make_campaigns)

    def campaigns(self, now: int, login: str | None = None) -> list[Campaign]:
        """Campaigns created by now, by id; of one login or of all."""
        last = shift(self.start, max(0, (now - midnight(self.start)) // DAY))
        return sorted(
            (
                campaign
                for event in self.tours.events(self.start, last)
                for campaign in self.campaigns_of(event.id)
                if campaign.created <= now and login in (None, campaign.login)
            ),
            key=lambda campaign: campaign.id,
        )

    def ads(self, now: int, login: str | None = None) -> Iterator[tuple[Campaign, AdGroup, Ad]]:
        for campaign in self.campaigns(now, login):
            for group in campaign.groups:
                for ad in group.ads:
                    yield campaign, group, ad

    def sitelinks(self, set_id: int) -> list[tuple[str, str]]:
        """Title and link of every quick link of a set."""
        event = set_id - SITELINK_BASE
        return [(title, f"{SITE}/{page}?id={event}") for title, page in (("Билеты", "buy"), ("Как проехать", "map"))]

    def rows(self, day: date, now: int, login: str | None = None) -> Iterator[Row]:
        """Figures of a day as the vendor knows them at `now`; an ad without any has no row."""
        for campaign in self.campaigns(now, login):
            if campaign.wizard:
                yield from self._row(campaign, None, None, day, now)
            for group in campaign.groups:
                for ad in group.ads:
                    yield from self._row(campaign, group, ad, day, now)

    def stat(self, campaign: Campaign, ad: Ad | None, day: date, now: int) -> Stat:
        key = campaign.id if ad is None else ad.id
        part = elapsed(day, now)
        if not part or day < self.start:
            return NOTHING
        for correction in reversed(self.corrections.get((key, day), [])):
            if correction.at <= now:
                return correction.stat
        if not _runs(campaign, ad, day):
            return NOTHING
        whole = daily(self._chance(key, day), self.scale.mean_cost * appeal(self.seed, campaign.event))
        return whole if part >= 1 else whole.scaled(part)

    def _chance(self, key: int, day: date) -> int:
        return draw(self.seed, "stat", "direct", key, day.toordinal())

    def planned_cost(self, event: Event, day: date) -> int:
        """Kopecks that the ads of an event cost on a whole day, whatever the vendor corrects later."""
        mean, keys = self.scale.mean_cost * appeal(self.seed, event), list[int]()
        for campaign in self.campaigns_of(event.id):
            ads = [ad for group in campaign.groups for ad in group.ads]
            keys += [ad.id for ad in ads if _runs(campaign, ad, day)]
            keys += [campaign.id] if campaign.wizard and _runs(campaign, None, day) else []
        return sum(daily_cost(self._chance(key, day), mean) for key in keys)

    def _row(self, campaign: Campaign, group: AdGroup | None, ad: Ad | None, day: date, now: int) -> Iterator[Row]:
        stat = self.stat(campaign, ad, day, now)
        if stat:
            yield Row(campaign, group, ad, stat)

    def _make_campaigns(self, event_id: int) -> tuple[Campaign, ...]:
        event = self.tours.event(event_id)
        if event is None:
            raise LookupError(event_id)
        made = [self._make_campaign(event, 0, "SEARCH"), self._make_campaign(event, 1, "AD_NETWORK")]
        if draw(self.seed, "wizard", event_id) % 5 == 0:
            made.append(self._make_campaign(event, 2, ""))
        return tuple(made)

    def _make_campaign(self, event: Event, number: int, network: str) -> Campaign:
        ordinal = (event.id - EVENT_BASE) * 10 + number
        campaign_id = CAMPAIGN_BASE + ordinal
        tag = content_tag(self.seed, event, number + 50, self.tours.dirt)
        by_tag = f"utm_source=yandex&utm_medium=cpc&utm_campaign={{campaign_id}}&utm_content={quote(tag)}"
        tracking = (BY_IDS, by_tag, BY_IDS, "")[draw(self.seed, "tracking", campaign_id) % 4]
        sizes = self.scale.groups if network == "SEARCH" else max(1, self.scale.groups - 1)
        groups = () if not network else tuple(self._make_group(event, campaign_id, tracking, n) for n in range(sizes))
        login = LOGINS[0] if event.project.exhibition else LOGINS[1]
        label = {"SEARCH": "Поиск", "AD_NETWORK": "РСЯ", "": "Мастер кампаний"}[network]
        kind = "UNIFIED_CAMPAIGN" if draw(campaign_id) % 2 or not network else "TEXT_CAMPAIGN"
        created = midnight(event.opens) + 11 * 3600
        name = f"{label} {event.city.name} {event.project.title}"
        starts = shift(event.opens, 1)
        return Campaign(
            campaign_id, login, event, name, kind, network, tracking, created, starts, event.last_date, groups
        )

    def _make_group(self, event: Event, campaign_id: int, tracking: str, number: int) -> AdGroup:
        ordinal = (campaign_id - CAMPAIGN_BASE) * 1000 + number
        group_id = GROUP_BASE + ordinal
        own = ""
        if draw(self.seed, "group", group_id) % 5 == 0:
            tag = content_tag(self.seed, event, number + 60, self.tours.dirt)
            own = f"utm_source=yandex&utm_medium=cpc&utm_campaign=gruppa&utm_content={quote(tag)}"
        block = own or tracking
        ads = tuple(self._make_ad(event, campaign_id, group_id, ordinal * 20 + n, block) for n in range(self.scale.ads))
        return AdGroup(group_id, campaign_id, f"Группа {number + 1}: {event.city.name}", own, ads)

    def _make_ad(self, event: Event, campaign_id: int, group_id: int, ordinal: int, tracking: str) -> Ad:
        ad_id = AD_BASE + ordinal
        chance = draw(self.seed, "ad", ad_id)
        href = f"{SITE}?id={event.id}"
        if chance % 3 == 0:
            tag = content_tag(self.seed, event, chance % 5 + 70, self.tours.dirt)
            href += f"&utm_source=yandex&utm_medium=cpc&utm_campaign={event.city.slug}&utm_content={quote(tag)}"
        kind = ("TEXT_AD", "RESPONSIVE_AD", "TEXT_AD", "IMAGE_AD")[(chance >> 8) % 4]
        phrase = PHRASES[(chance >> 12) % len(PHRASES)]
        ids = {"campaign_id": str(campaign_id), "ad_id": str(ad_id), "gbid": str(group_id), "keyword": phrase}
        sitelinks = SITELINK_BASE + event.id if (chance >> 16) % 2 else None
        stopped = midnight(event.opens) + (6 + chance % 20) * DAY if (chance >> 20) % 7 == 0 else None
        title = f"{event.project.title}: {event.city.name}"
        return Ad(ad_id, group_id, campaign_id, kind, title, href, sitelinks, stopped, effective(href, tracking, ids))
