"""Which tags an order carries: from the organiser's own ads, in the proportions and with the habits of real orders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from zakaz_dagster.dev.sandbox.world.direct import DirectAds
from zakaz_dagster.dev.sandbox.world.dirt import POSTS_WITH_IDS, post
from zakaz_dagster.dev.sandbox.world.lifecycle import NO_UTM, Utm
from zakaz_dagster.dev.sandbox.world.moments import midnight
from zakaz_dagster.dev.sandbox.world.tours import Event
from zakaz_dagster.dev.sandbox.world.vk import VkAds

ORGANIC, PAID = 0.44, 0.83  # below: no tags; between: an ad's; above: labels typed by hand


@dataclass(frozen=True, slots=True)
class Clicks:
    """Draws the tags of one order of one day."""

    vk: VkAds
    direct: DirectAds

    def draw(self, chance: Random, event: Event, day: date) -> Utm:
        return self._chosen(chance.random(), chance, event, day)

    def draw_moved(self, chance: Random, event: Event, day: date, *, by_ads: bool) -> Utm:
        """As `draw`, where it is known whether advertising moved the order: tags tell it in seven of ten cases, and
        an order that would have come anyway carries an ad's tag in one of ten.
        """
        tagged = chance.random() < (0.7 if by_ads else 0.1)
        dice = chance.random()
        if tagged:
            return self._chosen(ORGANIC + dice * (PAID - ORGANIC), chance, event, day)
        return self._chosen(dice if dice < ORGANIC or dice >= PAID else 0.0, chance, event, day)

    def _chosen(self, dice: float, chance: Random, event: Event, day: date) -> Utm:
        for limit, choose in ((ORGANIC, _nothing), (0.62, self._direct), (PAID, self._vk), (1.0, _label)):
            if dice < limit:
                return choose(chance, event, day)
        return NO_UTM

    def _vk(self, chance: Random, event: Event, day: date) -> Utm:
        plan = self.vk.plan_of(event.id)
        if not plan.starts <= day <= plan.ends:
            return NO_UTM
        group = plan.groups[int(chance.random() * len(plan.groups))]
        banner = group.banners[int(chance.random() * len(group.banners))]
        if POSTS_WITH_IDS in self.vk.tours.dirt and banner.id % 3 == 0:
            return post(banner.id, group.id)
        gone = min(moment for moment in (group.stopped, banner.status_from, 1 << 62) if moment is not None)
        return banner.utm if midnight(day) < gone else NO_UTM

    def _direct(self, chance: Random, event: Event, day: date) -> Utm:
        campaigns = [c for c in self.direct.campaigns_of(event.id) if c.groups and c.starts <= day <= c.ends]
        if not campaigns:
            return NO_UTM
        campaign = campaigns[int(chance.random() * len(campaigns))]
        group = campaign.groups[int(chance.random() * len(campaign.groups))]
        ad = group.ads[int(chance.random() * len(group.ads))]
        return ad.utm if ad.stopped is None or midnight(day) < ad.stopped else NO_UTM


def _nothing(_chance: Random, _event: Event, _day: date) -> Utm:
    return NO_UTM


def _label(chance: Random, event: Event, _day: date) -> Utm:
    """Tags typed by hand into posts and links of bloggers."""
    label = _LABELS[int(chance.random() * len(_LABELS))]
    first, city = event.first_date, event.city
    words = {"city": city.slug, "other": city.spellings[-1], "shout": city.spellings[-1].upper()}
    return Utm(*(part.format(**words, date=f"{first:%d_%m}", dotted=f"{first:%d.%m}") for part in label))


_LABELS = (
    Utm("vk", "{city}", "afisha_family"),
    Utm("vk", "posty", "crea01_family"),
    Utm("vk", "posev", "mamy", "{city}_{date}"),
    Utm("posev", "{dotted}", "roditeli"),
    Utm("posev", "{dotted}", "{city}"),
    Utm("insta", "opisanie", "profil"),
    Utm("insta", "lenta_free1", "roditeli", "crea02_family"),
    Utm("tg", "kanal", "anons2", "{other}_{date}"),
    Utm("", "", "", "{shout}_{date}"),
)
