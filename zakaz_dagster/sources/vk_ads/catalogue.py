"""Everything an account holds: ad plans, ad groups, banners and their links, as the lists show them now.

Belongs here: reading the three lists, proving that they fit together. Does not: tags (`tags`), tables (`dimensions`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import UNSET

from zakaz_dagster.errors import BadData, ShapeChanged
from zakaz_dagster.sources.base import Reject
from zakaz_dagster.sources.vk_ads.api import VkAdsApi
from zakaz_dagster.sources.vk_ads.records import SOURCE, AdGroup, AdPlan, Banner
from zakaz_dagster.sources.vk_ads.tags import link_of


@dataclass(frozen=True)
class Catalogue:
    """Objects by id, in the order of ids; `addresses` holds those that banners name only by the link object's id.

    `rejects` are records of the lists that were odd: without readable ids they are not among the objects.
    """

    plans: Mapping[int, AdPlan]
    groups: Mapping[int, AdGroup]
    banners: Mapping[int, Banner]
    addresses: Mapping[int, str] = field(default_factory=dict)
    rejects: Sequence[Reject] = ()

    def plan_of(self, group: AdGroup) -> AdPlan | None:
        return self.plans.get(group.ad_plan_id) if isinstance(group.ad_plan_id, int) else None

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
    banners, odd_banners = api.listing("banners", Banner)
    groups, odd_groups = api.listing("ad_groups", AdGroup)
    plans, odd_plans = api.listing("ad_plans", AdPlan)
    by_id = {group.id: group for group in groups}
    share = api.odd_share
    unasked = [
        *_unasked(groups, "ad_plan_id", share),
        *_unasked(groups, "enable_utm", share),
        *_unasked(banners, "urls", share),
    ]
    rejects = {odd.where: odd for odd in [*unasked, *odd_plans, *odd_groups, *odd_banners]}  # the vendor's shape wins
    _check_parents(by_id, banners)
    nameless = {link.id for banner in banners if (link := link_of(banner)) and not link.url and link.id}
    return Catalogue(
        {plan.id: plan for plan in plans},
        by_id,
        {banner.id: banner for banner in banners},
        api.links(sorted(nameless)) if nameless else {},
        list(rejects.values()),
    )


def _unasked(items: Sequence[AdGroup] | Sequence[Banner], name: str, share: float) -> Iterable[Reject]:
    """Objects that came without a field that was asked for; when most did, the lists' shape has changed."""
    without = [item.id for item in items if getattr(item, name) is UNSET]
    if len(without) > share * len(items):
        raise ShapeChanged(
            f"{type(items[0]).__name__}: {len(without)} of {len(items)} came without `{name}`, asked for in `fields`",
            source=SOURCE,
            expected="the fields asked for in every record",
            next_step="compare the fields asked for with the contract",
        )
    return [Reject(f"came without `{name}`", f"{type(items[0]).__name__} {id_}") for id_ in without]


def _check_parents(groups: Mapping[int, AdGroup], banners: Iterable[Banner]) -> None:
    """A banner whose group is not in the list of groups: the list is not whole, and the group's spend would be lost."""
    for banner in banners:
        if banner.ad_group_id not in groups:
            raise BadData(
                f"banner {banner.id} belongs to ad group {banner.ad_group_id}, which the list of groups left out",
                source=SOURCE,
                expected="every group of every banner, deleted ones included",
                next_step="run it again; if it stays, the list of groups hides some of them",
            )
