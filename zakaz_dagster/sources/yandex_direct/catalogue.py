"""The objects behind a report's rows: ads, their groups, campaigns and sitelinks, each asked for once.

Belongs here: which objects are needed and what is put together of them. Does not: what a click carries (`landings`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.base import ROUBLE, Reject
from zakaz_dagster.sources.yandex_direct.api import DirectApi, Found
from zakaz_dagster.sources.yandex_direct.landings import Clicked
from zakaz_dagster.sources.yandex_direct.records import SOURCE, Ad, AdGroup, Campaign, SitelinksSet

CONVERTED = "CONVERTED"  # a state: closed when its account went from the vendor's own units to a currency
_Item = TypeVar("_Item", AdGroup, Ad, Campaign, SitelinksSet)


class OtherCurrency(BadData):
    """A login is billed in another currency, so its money must not be added to the others'."""


class Catalogue:
    """One login's objects as they are now. Direct says nothing of objects it does not know any more, and of
    campaigns of the wizard never anything.
    """

    def __init__(self, api: DirectApi, login: str) -> None:
        self._api = api
        self._login = login
        self.campaigns: dict[int, Campaign] = {}
        self.groups: dict[int, AdGroup] = {}
        self.ads: dict[int, Ad] = {}
        self.rejects: list[Reject] = []
        self._currencies: set[str] = set()
        self._sitelinks: dict[int, SitelinksSet] = {}
        self._asked: set[tuple[str, int]] = set()
        self._opened = False

    def open(self) -> None:
        """Ask for the login's campaigns, once: the cheapest proof of access, and of the currency of its money."""
        if not self._opened:
            self._take_campaigns(self._api.campaigns(self._login))
            self._asked |= {("campaign", id_) for id_ in self.campaigns}
            self._opened = True

    def learn(self, objects: Iterable[Mapping[str, Any]]) -> list[Clicked]:
        """What is known of these objects (ids and names from a report); asks for what was not asked for before."""
        named = list(objects)
        if ads := self._new("ad", (each["ad_id"] for each in named)):
            self.ads |= {ad.id: ad for ad in self._taken(self._api.ads(self._login, ads))}
            self._learn_sitelinks(self.ads[ad] for ad in ads if ad in self.ads)
        if groups := self._new("group", (each["ad_group_id"] for each in named)):
            self.groups |= {group.id: group for group in self._taken(self._api.ad_groups(self._login, groups))}
        if campaigns := self._new("campaign", (each["campaign_id"] for each in named)):
            self._take_campaigns(self._api.campaigns(self._login, campaigns))
        return [self._clicked(**{name: value for name, value in each.items() if name != "account"}) for each in named]

    def prove_roubles(self, spending: Collection[int]) -> None:
        """Refuse money of these campaigns that nothing says is in roubles.

        Campaigns of the wizard stand in reports and in no list, so they name no currency. Converted ones are of the
        time before roubles: their own currency counts only where they spend.
        """
        closed = {self.campaigns[id_].currency for id_ in spending if id_ in self.campaigns} - {ROUBLE, ""}
        if closed:
            raise self._other(closed)
        if spending and not self._currencies:
            raise OtherCurrency(
                f"{self._login} spent money, and no campaign that Direct lists says in which currency; those of "
                "«Мастер кампаний» are not listed",
                source=SOURCE,
                expected=f"{ROUBLE}: all money here is added up as roubles",
                next_step=f"make a campaign of another kind in {self._login}, it may stay a draft, or take the "
                "login out of DIRECT_LOGINS",
            )

    def taken_rejects(self) -> list[Reject]:
        """What was odd since this was asked for the last time."""
        taken, self.rejects = self.rejects, []
        return taken

    def knows(self, clicked: Clicked) -> bool:
        """Whether Direct still answers for the object; what it says of an unknown one is not that it has no link."""
        if clicked.ad_id:
            return clicked.ad_id in self.ads
        return clicked.campaign_id in self.campaigns

    def _clicked(
        self, *, campaign_id: int, ad_group_id: int, ad_id: int, campaign_name: str, ad_group_name: str
    ) -> Clicked:
        ad, group, campaign = self.ads.get(ad_id), self.groups.get(ad_group_id), self.campaigns.get(campaign_id)
        return Clicked(
            campaign_id,
            ad_group_id,
            ad_id,
            campaign_name or (campaign.name if campaign else ""),
            ad_group_name or (group.name if group else ""),
            self._href(ad) if ad else "",
            (group.tracking_params or "") if group else "",
            campaign.tracking if campaign else "",
        )

    def _href(self, ad: Ad) -> str:
        """An ad without a link of its own leads where its first sitelink leads."""
        links = self._sitelinks.get(ad.sitelink_set_id or 0)
        return ad.href or next((link.href for link in links.sitelinks if link.href), "") if links else ad.href

    def _learn_sitelinks(self, ads: Iterable[Ad]) -> None:
        if sets := self._new("sitelinks", [ad.sitelink_set_id or 0 for ad in ads if not ad.href]):
            self._sitelinks |= {item.id: item for item in self._taken(self._api.sitelinks(self._login, sets))}

    def _take_campaigns(self, found: Found[Campaign]) -> None:
        campaigns = self._taken(found)
        present = [campaign for campaign in campaigns if campaign.state != CONVERTED]
        currencies = {campaign.currency for campaign in present} - {""}
        if currencies - {ROUBLE} or (present and not currencies):
            raise self._other(currencies)
        self._currencies |= currencies
        self.campaigns |= {item.id: item for item in campaigns}

    def _other(self, currencies: Collection[str]) -> OtherCurrency:
        return OtherCurrency(
            f"campaigns of {self._login} are billed in {', '.join(sorted(currencies)) or 'a currency not named'}",
            source=SOURCE,
            expected=f"{ROUBLE}: all money here is added up as roubles",
            next_step=f"take {self._login} out of DIRECT_LOGINS, or load it into a warehouse of its own",
        )

    def _taken(self, found: Found[_Item]) -> list[_Item]:
        self.rejects += found.rejects
        return found.items

    def _new(self, kind: str, ids: Iterable[int]) -> list[int]:
        fresh = sorted({id_ for id_ in ids if id_ and (kind, id_) not in self._asked})
        self._asked |= {(kind, id_) for id_ in fresh}
        return fresh
