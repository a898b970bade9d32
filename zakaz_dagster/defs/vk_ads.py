"""VK Ads in Dagster: what it is made of; the shape is that of every advertising source."""

from datetime import date

import dagster as dg

from zakaz_dagster.defs.shared import advertising
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


def definitions(start: date, guard: float) -> dg.Definitions:
    """Everything of this vendor; resources are bound by the caller."""
    return advertising.definitions(PLAN, start, guard)
