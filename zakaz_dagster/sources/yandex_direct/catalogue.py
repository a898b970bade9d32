"""The objects behind a report's rows: ads, their groups, campaigns and sitelinks, each asked for once.

Belongs here: which objects are needed and what is put together of them. Does not: what a click carries (`links`).
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from zakaz_dagster.sources.yandex_direct.api import DirectApi
from zakaz_dagster.sources.yandex_direct.keys import number
from zakaz_dagster.sources.yandex_direct.links import Clicked
from zakaz_dagster.sources.yandex_direct.records import Ad, AdGroup, Campaign, SitelinksSet
from zakaz_dagster.sources.yandex_direct.rows import OBJECT

OBJECT_COLUMNS = (*OBJECT, "campaign_name", "ad_group_name")


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

    def learn(self, figures: pa.Table) -> None:
        """Ask for what these rows name and was not asked for before."""
        ads = self._new("ad", figures["ad_id"].unique().to_pylist())
        self.ads |= {ad.id: ad for ad in (self._api.ads(self._login, ads) if ads else [])}
        self._learn_sitelinks(self.ads[ad] for ad in ads if ad in self.ads)
        groups = self._new("group", figures["ad_group_id"].unique().to_pylist())
        self.groups |= {group.id: group for group in (self._api.ad_groups(self._login, groups) if groups else [])}
        campaigns = self._new("campaign", figures["campaign_id"].unique().to_pylist())
        self.campaigns |= {item.id: item for item in (self._api.campaigns(self._login, campaigns) if campaigns else [])}

    def knows(self, clicked: Clicked) -> bool:
        """Whether Direct still answers for the object; what it says of an unknown one is not that it has no link."""
        if clicked.ad_id:
            return clicked.ad_id in self.ads
        return clicked.campaign_id in self.campaigns

    def clicked(self, figures: pa.Table) -> list[Clicked]:
        """Every distinct object of these rows with what is known of it."""
        firsts = number([figures[name] for name in OBJECT]).first
        return [self._clicked(*row) for row in zip(*_plain(figures, firsts), strict=True)]

    def _clicked(self, campaign_id: int, group_id: int, ad_id: int, campaign_name: str, group_name: str) -> Clicked:
        ad, group, campaign = self.ads.get(ad_id), self.groups.get(group_id), self.campaigns.get(campaign_id)
        return Clicked(
            campaign_id,
            group_id,
            ad_id,
            campaign_name or (campaign.name if campaign else ""),
            group_name or (group.name if group else ""),
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


def _plain(figures: pa.Table, rows: object) -> list[list[object]]:
    picked = figures.select(OBJECT_COLUMNS[1:]).take(pa.array(rows))
    return [column.to_pylist() for column in picked.columns]
