"""What the platform needs to know of Yandex Direct before it is read: its tables, rhythm and limits.

Belongs here: names and numbers. Does not: anything that costs time to import; Dagster loads this for every run.
"""

from __future__ import annotations

from datetime import date

from zakaz_dagster.sources.base import SourceDescription

TABLE = "fact_direct_daily"
KEY = ("date", "account", "campaign_id", "ad_group_id", "ad_id", "network")
ADS, CAMPAIGNS = "dim_direct_ads", "dim_direct_campaigns"
HISTORY_YEARS = 3


def oldest_day(today: date) -> date:
    """Direct counts its three years from the first day of the current month."""
    return date(today.year - HISTORY_YEARS, today.month, 1)


DESCRIPTION = SourceDescription(
    name="yandex_direct",
    label="Яндекс.Директ",
    tables={TABLE: KEY},
    trailing_days=7,
    weekly_days=30,
    includes_today=False,
    cron="10 0 * * *",
    warn_minutes=30 * 60,
    fail_minutes=48 * 60,
    # A report proves itself whole by its last line, and corrections do take whole days away: nothing to guard against.
    drop_guard=1.0,
    controls=("impressions", "clicks", "cost_rub"),
    reject_share_limit=0.0,  # a row that is put aside, or a login that was not read, is money that is missing
    oldest_day=oldest_day,
)
