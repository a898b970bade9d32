"""What the advertising vendors have in common here: a figure of an ad's day, corrections of it, and tag spellings.

Figures are a pure function of (seed, ad, day); money is whole kopecks. A running day holds the part that has passed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from zakaz_dagster.dev.sandbox.world.chance import draw
from zakaz_dagster.dev.sandbox.world.dirt import day_of_run, spoilt
from zakaz_dagster.dev.sandbox.world.moments import DAY, midnight
from zakaz_dagster.dev.sandbox.world.tours import Event


class Stat(NamedTuple):
    """Figures of one ad (or a sum of them) on one day."""

    impressions: int = 0
    clicks: int = 0
    cost: int = 0
    conversions: int = 0

    def __bool__(self) -> bool:
        return any(self)

    def scaled(self, part: float) -> Stat:
        """A part of the figures: all counts rounded down, so that clicks stay within impressions."""
        return Stat(*(int(value * part) for value in self))


NOTHING = Stat()


def total(stats: Iterable[Stat]) -> Stat:
    """The sum; the one of nothing is NOTHING."""
    columns = list(zip(*stats, strict=True))
    return Stat(*(sum(column) for column in columns)) if columns else NOTHING


@dataclass(frozen=True, slots=True)
class Correction:
    """At `at` the vendor replaced the figures of one ad (`key`) on one past day."""

    vendor: str
    key: int
    day: date
    at: int
    stat: Stat


@dataclass(frozen=True, slots=True)
class Scale:
    """How big the organiser is: orders a day, ad groups per event and vendor, ads per group."""

    orders_per_day: int = 40
    groups: int = 3
    ads: int = 2

    @property
    def mean_cost(self) -> int:
        """Kopecks an average ad spends in a day, so that spend stays in proportion to sales."""
        return max(200, self.orders_per_day * 1100 // (self.groups * self.ads))


def daily(chance: int, mean_cost: float) -> Stat:
    """The figures of an ad that ran the whole day, from its draw of that day."""
    cost = daily_cost(chance, mean_cost)
    if not cost:
        return NOTHING
    click_cost = 900 + (chance >> 8) % 1700
    clicks = max(1, cost // click_cost)
    impressions = clicks * (40 + (chance >> 32) % 110) + (chance >> 40) % 60
    conversions = sum(1 for click in range(min(clicks, 40)) if draw(chance, click) % 25 == 0)
    return Stat(impressions, clicks, cost, conversions)


def daily_cost(chance: int, mean_cost: float) -> int:
    """Kopecks that the ad cost on that day; nothing on a paused one."""
    return 0 if chance % 10 == 0 else int(mean_cost * (0.4 + ((chance >> 20) % 1000) / 800))


def elapsed(day: date, now: int) -> float:
    """The part of a Moscow day that has passed."""
    return min(1.0, max(0.0, (now - midnight(day)) / DAY))


def appeal(seed: int, event: Event) -> float:
    """Some stops are advertised far beyond what they bring, some hardly at all."""
    return (0.25, 0.5, 0.8, 1.1, 1.6, 2.6)[draw(seed, "appeal", event.id) % 6]


def content_tag(seed: int, event: Event, number: int, kinds: frozenset[str] = frozenset()) -> str:
    """utm_content of an ad: `<city>_<dd>_<mm>` in the spelling of the day, and sometimes what marketers mistype."""
    chance = draw(seed, "tag", event.id, number)
    spellings = event.city.spellings
    place = spellings[0] if chance % 3 else spellings[(chance >> 4) % len(spellings)]
    live = [show for show in event.shows if show.deleted is None]
    day = day_of_run(live[(chance >> 8) % len(live)].local_date, event.last_date, chance >> 40, kinds)
    if (chance >> 16) % 23 == 0:
        return f"{place}_31_02"
    if (chance >> 16) % 23 == 1:
        return f"zamkadsk_{day:%d_%m}"
    return spoilt(f"{place}_{day:%d_%m}", place, day, chance >> 24, kinds)
