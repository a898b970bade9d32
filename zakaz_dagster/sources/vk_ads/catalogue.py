"""Everything an account holds: ad plans, ad groups, banners and their links, as the lists show them now.

Belongs here: reading the three lists, proving that they fit together, telling what cannot have spent any more. Does
not: tags (`tags`), tables (`dimensions`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from msgspec import UNSET

from zakaz_dagster.errors import BadData, ShapeChanged
from zakaz_dagster.sources.vk_ads.api import VkAdsApi
from zakaz_dagster.sources.vk_ads.records import SOURCE, AdGroup, AdPlan, Banner
from zakaz_dagster.sources.vk_ads.tags import link_of

DELETED = "deleted"


@dataclass(frozen=True)
class Catalogue:
    """Objects by id, in the order of ids; `addresses` holds those that banners name only by the link object's id."""

    plans: dict[int, AdPlan]
    groups: dict[int, AdGroup]
    banners: dict[int, Banner]
    addresses: dict[int, str] = field(default_factory=dict)

    def address(self, banner: Banner) -> str:
        """The landing address of a banner, '' when it has none."""
        link = link_of(banner)
        if link is None:
            return ""
        return link.url or self.addresses.get(link.id or 0, "")

    def banners_of(self, groups: set[int]) -> list[int]:
        """Ids of the banners of these groups, ascending."""
        return sorted(banner.id for banner in self.banners.values() if banner.ad_group_id in groups)


def read_catalogue(api: VkAdsApi) -> Catalogue:
    """The three lists, whole; children first, so that one made meanwhile finds its parent in the list read later."""
    banners = {banner.id: banner for banner in api.listing("banners", Banner)}
    groups = {group.id: group for group in api.listing("ad_groups", AdGroup)}
    plans = {plan.id: plan for plan in api.listing("ad_plans", AdPlan)}
    _check(groups, banners)
    nameless = {link.id for banner in banners.values() if (link := link_of(banner)) and not link.url and link.id}
    return Catalogue(plans, groups, banners, api.links(sorted(nameless)) if nameless else {})


def gone_before(item: AdGroup | Banner, day: date) -> bool:
    """Deleted, and not touched since before `day`: it cannot have been shown on that day or later."""
    return item.status == DELETED and item.updated is not None and item.updated[:10] < day.isoformat()


def _check(groups: dict[int, AdGroup], banners: dict[int, Banner]) -> None:
    """Fields without which numbers would be wrong in silence, and banners whose group the list left out."""
    for group in groups.values():
        for name in ("ad_plan_id", "enable_utm"):
            if getattr(group, name) is UNSET:
                raise ShapeChanged(
                    f"ad_groups: group {group.id} came without `{name}`, which was asked for in `fields`",
                    source=SOURCE,
                    next_step="compare the fields asked for with the contract",
                )
    for banner in banners.values():
        if banner.urls is UNSET:
            raise ShapeChanged(
                f"banners: banner {banner.id} came without `urls`, which was asked for in `fields`",
                source=SOURCE,
                next_step="compare the fields asked for with the contract",
            )
        if banner.ad_group_id not in groups:
            raise BadData(
                f"banner {banner.id} belongs to ad group {banner.ad_group_id}, which the list of groups left out",
                source=SOURCE,
                expected="every group of every banner, deleted ones included",
                next_step="run it again; if it stays, the list of groups hides some of them",
            )
