"""VK Ads in Dagster: what it is made of; the shape is that of every advertising source."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from zakaz_dagster.defs.shared import advertising
from zakaz_dagster.defs.shared.day_assets import LoadConfig, Results, day_step, load
from zakaz_dagster.defs.shared.params import VkAdsParam, WarehouseParam
from zakaz_dagster.defs.shared.schedules import Configured
from zakaz_dagster.sources.vk_ads.description import ADS, DESCRIPTION, GROUPS, PLANS

PLAN = advertising.Plan(
    about=DESCRIPTION,
    endpoints={
        "vk_ads/ad_plans": "Campaigns of the cabinet, deleted ones included",
        "vk_ads/ad_groups": "Ad groups with the parameters they add to every link",
        "vk_ads/banners": "Ads with their links",
        "vk_ads/statistics": "Daily figures of groups (the truth of spend) and of ads (its split)",
    },
    dimensions={PLANS: "vk_ads/ad_plans", GROUPS: "vk_ads/ad_groups", ADS: "vk_ads/banners"},
    weekly_cron="30 1 * * 1",
    dimensions_first=True,
)


def definitions(start: date, guard: float, configured: Configured) -> dg.Definitions:
    """Everything of this vendor; `configured` refuses when its settings are missing."""

    @dg.multi_asset(**advertising.dimension_step(PLAN))
    def load_objects(
        context: dg.AssetExecutionContext, warehouse: WarehouseParam, vk_ads: VkAdsParam
    ) -> Iterator[dg.MaterializeResult]:
        yield from advertising.load_dimensions(context, DESCRIPTION, vk_ads, warehouse)

    @dg.multi_asset(**day_step(DESCRIPTION, start, PLAN.deps))
    def load_figures(
        context: dg.AssetExecutionContext, config: LoadConfig, warehouse: WarehouseParam, vk_ads: VkAdsParam
    ) -> Results:
        chart = advertising.spend_by_day(DESCRIPTION.label)
        guarded = max(guard, DESCRIPTION.drop_guard)  # groups that stood still go with all their rows
        yield from load(context, config, DESCRIPTION, vk_ads, warehouse, guard=guarded, chart=chart)

    return advertising.definitions(PLAN, start, [load_objects, load_figures], configured)
