"""The objects behind a report's rows: ads, their groups, campaigns and sitelinks, each asked for once.

Belongs here: which objects are needed and what is put together of them. Does not: what a click carries (`links`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from zakaz_dagster.sources.yandex_direct.api import DirectApi
from zakaz_dagster.sources.yandex_direct.landings import Clicked
from zakaz_dagster.sources.yandex_direct.records import Ad, AdGroup, Campaign, SitelinksSet


class Catalogue:
    """One login's objects as they are now. Direct says nothing of objects it does not know any more."""

    def __init__(self, api: DirectApi, login: str) -> None:
        self._api = api
        self._login = login
        self.campaigns: dict[int, Campaign] = {}
        self.groups: dict[int, AdGroup] = {}
        self.ads: dict[int, Ad] = {}
        self._sitelinks: dict[int, SitelinksSet] = {}
        self._asked: set[tuple[str, int]] = set()

    def learn(self, objects: Iterable[Mapping[str, Any]]) -> list[Clicked]:
        """What is known of these objects (ids and names from a report); asks for what was not asked for before."""
        named = list(objects)
        ads = self._new("ad", (each["ad_id"] for each in named))
        self.ads |= {ad.id: ad for ad in (self._api.ads(self._login, ads) if ads else [])}
        self._learn_sitelinks(self.ads[ad] for ad in ads if ad in self.ads)
        groups = self._new("group", (each["ad_group_id"] for each in named))
        self.groups |= {group.id: group for group in (self._api.ad_groups(self._login, groups) if groups else [])}
        campaigns = self._new("campaign", (each["campaign_id"] for each in named))
        self.campaigns |= {item.id: item for item in (self._api.campaigns(self._login, campaigns) if campaigns else [])}
        return [self._clicked(**{name: value for name, value in each.items() if name != "account"}) for each in named]

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
        sets = self._new("sitelinks", [ad.sitelink_set_id or 0 for ad in ads if not ad.href])
        self._sitelinks |= {item.id: item for item in (self._api.sitelinks(self._login, sets) if sets else [])}

    def _new(self, kind: str, ids: Iterable[int]) -> list[int]:
        fresh = sorted({id_ for id_ in ids if id_ and (kind, id_) not in self._asked})
        self._asked |= {(kind, id_) for id_ in fresh}
        return fresh
