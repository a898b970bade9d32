"""VK Ads of the organiser: one ad plan per event, ad groups, banners, their effective UTM and daily figures.

A group's figures are those of its banners plus, in some groups, a part that no banner explains (`rest`).
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
    total,
)
from zakaz_dagster.dev.sandbox.world.chance import draw
from zakaz_dagster.dev.sandbox.world.lifecycle import Utm
from zakaz_dagster.dev.sandbox.world.moments import DAY, midnight, shift
from zakaz_dagster.dev.sandbox.world.tours import EVENT_BASE, Event, Tours

PLAN_BASE, GROUP_BASE, BANNER_BASE, URL_BASE = 12_000_000, 118_000_000, 190_000_000, 98_000_000
AUTO_UTM = "utm_medium=cpc&utm_source=vk_ads&utm_campaign={{campaign_id}}&utm_content={{banner_id}}"
SITE = "https://tickets.example.ru/show"


@dataclass(frozen=True, slots=True)
class Banner:
    """An advertisement: `urls` maps the role to the link; `key` of its figures is its id."""

    id: int
    group_id: int
    name: str
    urls: dict[str, str]
    status_from: int | None
    final_status: str
    utm: Utm

    def status(self, now: int) -> str:
        return self.final_status if self.status_from is not None and now >= self.status_from else "active"


@dataclass(frozen=True, slots=True)
class Group:
    """An ad group; `enable_utm` and `utm` are the cabinet's «Параметры URL»."""

    id: int
    plan_id: int
    name: str
    enable_utm: bool
    utm: str | None
    banners: tuple[Banner, ...]
    stopped: int | None
    final_status: str
    has_rest: bool

    def status(self, now: int) -> str:
        return self.final_status if self.stopped is not None and now >= self.stopped else "active"


@dataclass(frozen=True, slots=True)
class Plan:
    """An ad plan: all VK advertising of one event."""

    id: int
    event: Event
    name: str
    created: int
    starts: date
    ends: date
    groups: tuple[Group, ...]

    def status(self, now: int) -> str:
        return "active" if now < midnight(self.ends) + DAY else "blocked"


def effective(link: str, enable: bool, tags: str | None, banner_id: int, group_id: int) -> Utm:
    """What a click carries: the link's tags, overlaid by the group's when they are on, id macros expanded."""
    pairs = dict(parse_qsl(link.partition("?")[2]))
    if enable:
        pairs.update(parse_qsl(tags or AUTO_UTM))
    values = {
        key: value.replace("{{campaign_id}}", str(group_id)).replace("{{banner_id}}", str(banner_id))
        for key, value in pairs.items()
    }
    return Utm(*(values.get(f"utm_{key}", "") for key in Utm._fields))


@dataclass(frozen=True, slots=True)
class _Look:
    """What a group decides about its banners."""

    group_id: int
    habit: int
    enable: bool
    tags: str | None


class VkAds:
    """Everything the VK cabinet of the organiser holds."""

    def __init__(self, seed: int, tours: Tours, scale: Scale, start: date) -> None:
        self.seed, self.tours, self.scale, self.start = seed, tours, scale, start
        self.corrections: dict[tuple[int, date], list[Correction]] = {}
        self.plan_of = lru_cache(maxsize=None)(self._make_plan)

    def plans(self, now: int) -> list[Plan]:
        """Plans created by now, by id."""
        last = shift(self.start, max(0, (now - midnight(self.start)) // DAY))
        made = [self.plan_of(event.id) for event in self.tours.events(self.start, last)]
        return [plan for plan in made if plan.created <= now]

    def groups(self, now: int) -> Iterator[tuple[Plan, Group]]:
        for plan in self.plans(now):
            for group in plan.groups:
                yield plan, group

    def banners(self, now: int) -> Iterator[tuple[Plan, Group, Banner]]:
        for plan, group in self.groups(now):
            for banner in group.banners:
                yield plan, group, banner

    def banner_stat(self, plan: Plan, group: Group, banner: Banner, day: date, now: int) -> Stat:
        """Figures of one banner as the vendor knows them at `now`."""
        return self._stat(plan, banner.id, day, now, min(_never(group.stopped), _never(banner.status_from)))

    def rest_stat(self, plan: Plan, group: Group, day: date, now: int) -> Stat:
        """Figures of a group that no banner explains; the key of its corrections is the group's id."""
        return self._stat(plan, group.id, day, now, _never(group.stopped)) if group.has_rest else NOTHING

    def group_stat(self, plan: Plan, group: Group, day: date, now: int) -> Stat:
        own = [self.banner_stat(plan, group, banner, day, now) for banner in group.banners]
        return total([*own, self.rest_stat(plan, group, day, now)])

    def _stat(self, plan: Plan, key: int, day: date, now: int, stopped: int) -> Stat:
        part = elapsed(day, now)
        if not part or day < self.start:
            return NOTHING
        for correction in reversed(self.corrections.get((key, day), [])):
            if correction.at <= now:
                return correction.stat
        if not plan.starts <= day <= plan.ends or midnight(day) >= stopped:
            return NOTHING
        whole = daily(self._chance(key, day), self.scale.mean_cost * appeal(self.seed, plan.event))
        return whole if part >= 1 else whole.scaled(part)

    def _chance(self, key: int, day: date) -> int:
        return draw(self.seed, "stat", "vk", key, day.toordinal())

    def planned_cost(self, event: Event, day: date) -> int:
        """Kopecks that the ads of an event cost on a whole day, whatever the vendor corrects later."""
        plan, mean = self.plan_of(event.id), self.scale.mean_cost * appeal(self.seed, event)
        if not plan.starts <= day <= plan.ends:
            return 0
        ends = [(b.id, min(_never(g.stopped), _never(b.status_from))) for g in plan.groups for b in g.banners]
        ends += [(group.id, _never(group.stopped)) for group in plan.groups if group.has_rest]
        return sum(daily_cost(self._chance(key, day), mean) for key, end in ends if midnight(day) < end)

    def _make_plan(self, event_id: int) -> Plan:
        event = self.tours.event(event_id)
        if event is None:
            raise LookupError(event_id)
        ordinal = event_id - EVENT_BASE
        starts, ends = shift(event.opens, 1), event.last_date
        made = midnight(event.opens) + 10 * 3600
        groups = tuple(
            self._make_group(event, PLAN_BASE + ordinal, ordinal * 1000 + n, n, made) for n in range(self.scale.groups)
        )
        return Plan(PLAN_BASE + ordinal, event, f"{event.name} {event.city.name}", made, starts, ends, groups)

    def _make_group(self, event: Event, plan_id: int, ordinal: int, number: int, made: int) -> Group:
        habit = (draw(self.seed, "habit", event.id) + number) % 6
        group_id = GROUP_BASE + ordinal
        tag = content_tag(self.seed, event, number, self.tours.dirt)
        tags = {
            0: f"utm_source=vk&utm_medium=cpc&utm_campaign={{{{campaign_id}}}}&utm_content={quote(tag)}",
            4: f"utm_source=vk&utm_medium={event.city.slug}&utm_campaign=afisha_family",
        }.get(habit)
        enable = habit in (0, 2, 4)
        chance = draw(self.seed, "stop", group_id)
        stopped = made + (8 + chance % 20) * DAY if chance % 5 == 0 else None
        final = "deleted" if (chance >> 8) % 3 else "blocked"
        banners = tuple(
            self._make_banner(event, ordinal * 100 + n, (number, n), _Look(group_id, habit, enable, tags))
            for n in range(self.scale.ads)
        )
        name = f"{event.city.name} {25 + 5 * (number % 4)}-{45 + 5 * (number % 4)}"
        return Group(group_id, plan_id, name, enable, tags, banners, stopped, final, chance % 7 == 1)

    def _make_banner(self, event: Event, ordinal: int, place: tuple[int, int], look: _Look) -> Banner:
        banner_id = BANNER_BASE + ordinal
        number, n = place
        mixed = (
            content_tag(self.seed, event, 100 * number + n, self.tours.dirt)
            if look.habit == 3
            else content_tag(self.seed, event, number, self.tours.dirt)
        )
        link = {
            1: f"{SITE}?id={event.id}&utm_source=vk&utm_medium=cpc&utm_campaign=lenta&utm_content={quote(mixed)}",
            2: f"{SITE}?id={event.id}&utm_source=vk&utm_medium=cpc&utm_content={quote(mixed)}",
            3: f"{SITE}?id={event.id}&utm_source=vk&utm_medium=cpc&utm_campaign=karusel&utm_content={quote(mixed)}",
            5: "https://vk.com/afisha_example",
        }.get(look.habit, f"{SITE}?id={event.id}")
        chance = draw(self.seed, "banner", banner_id)
        stopped = midnight(event.opens) + (5 + chance % 25) * DAY if chance % 6 == 0 else None
        urls = {"primary": link} if chance % 3 else {"primary": link, "header_click": link}
        utm = effective(link, look.enable, look.tags, banner_id, look.group_id)
        return Banner(banner_id, look.group_id, f"{'АБВГД'[n % 5]}{number + 1}", urls, stopped, "deleted", utm)


def _never(moment: int | None) -> int:
    return moment if moment is not None else 1 << 62
