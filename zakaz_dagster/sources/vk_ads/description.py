"""What the platform needs to know of VK Ads before it is read: its tables, rhythm and limits.

Belongs here: names and numbers. Does not: anything that costs time to import; Dagster loads this for every run.
"""

from __future__ import annotations

from zakaz_dagster.sources.base import SourceDescription, days_back

TABLE = "fact_vk_ads_daily"
PLANS, GROUPS, ADS = "dim_vk_ad_plans", "dim_vk_ad_groups", "dim_vk_ads"
HISTORY_DAYS = 366  # whose figures VK keeps
oldest_day = days_back(HISTORY_DAYS)


DESCRIPTION = SourceDescription(
    name="vk_ads",
    label="VK Реклама",
    tables={TABLE: ("date", "account", "ad_group_id", "ad_id")},
    trailing_days=7,
    weekly_days=30,
    includes_today=False,
    cron="0 0 * * *",
    warn_minutes=30 * 60,
    fail_minutes=48 * 60,
    # Rows of zeros go by hundreds when old groups are tidied up, and what a guard is for is proven otherwise: a listed
    # group has its figures or the load fails, and what groups of no list had stays.
    drop_guard=1.0,
    controls=("spent_rub", "impressions", "clicks"),
    oldest_day=oldest_day,
)
