"""VK Ads in Dagster: its dimensions with the history of tags, then spend by ad and day."""

import time
from collections.abc import Iterator
from datetime import date

import dagster as dg

from zakaz_dagster.defs import advertising
from zakaz_dagster.defs.describe import asset_spec
from zakaz_dagster.defs.failures import RETRY, explained
from zakaz_dagster.defs.lineage import vendor_lineage
from zakaz_dagster.defs.staging import freshness
from zakaz_dagster.sources.vk_ads.dimensions import ADS, GROUPS, PLANS
from zakaz_dagster.sources.vk_ads.source import DESCRIPTION, VkAdsSource
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.whole import append

DIMENSIONS = {PLANS: "vk_ads/ad_plans", GROUPS: "vk_ads/ad_groups", ADS: "vk_ads/banners"}
VENDOR = {
    "vk_ads/ad_plans": "Campaigns of the cabinet, deleted ones included",
    "vk_ads/ad_groups": "Ad groups with the parameters they add to every link",
    "vk_ads/banners": "Ads with their links",
    "vk_ads/statistics": "Daily figures of groups (the truth of spend) and of ads (its split)",
}


def definitions(start: date, guard: float) -> dg.Definitions:
    """Everything of this vendor; resources are bound by the caller."""
    return advertising.definitions(DESCRIPTION, VENDOR, start, guard, weekly_cron="30 1 * * 1", before=[_dimensions()])


def _dimensions() -> dg.AssetsDefinition:
    specs = [
        asset_spec(
            table,
            group=DESCRIPTION.name,
            deps=[dg.AssetKey(endpoint.split("/"))],
            kinds=("clickhouse", "python"),
            lineage_metadata=vendor_lineage(DESCRIPTION.name).get(table),
            freshness_policy=freshness(DESCRIPTION),
        )
        for table, endpoint in DIMENSIONS.items()
    ]

    @dg.multi_asset(
        name="load_vk_ads_dimensions",
        specs=specs,
        required_resource_keys={"warehouse", DESCRIPTION.name},
        retry_policy=RETRY,
        pool=DESCRIPTION.name,
    )
    def load(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        source: VkAdsSource = context.resources.vk_ads
        warehouse: Warehouse = context.resources.warehouse.tagged(run=context.run_id, asset="load_vk_ads_dimensions")
        with explained():
            for table, rows in source.dimensions().items():
                append(warehouse, table, rows, ver=time.time_ns(), run_id=context.run_id)
                yield dg.MaterializeResult(table, metadata={"new or changed rows": rows.num_rows})

    return load
