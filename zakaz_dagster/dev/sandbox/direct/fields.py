"""Fields of reports: which exist, which a report type knows, and their values in this world.

Belongs here: the vendor's field matrix, as far as types are asked for. Does not: lines and money modes (`table`).
"""

from __future__ import annotations

from datetime import date

from zakaz_dagster.dev.sandbox.world.ads import Stat
from zakaz_dagster.dev.sandbox.world.direct import Row

NOTHING = "--"
MONEY = frozenset({"Cost", "AvgCpc", "CostPerConversion", "Revenue", "Profit"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


METRICS = _words(
    """
    Impressions Clicks Cost Ctr AvgCpc Conversions ConversionRate CostPerConversion Revenue Profit GoalsRoi
    PurchaseRevenue PurchaseProfit PurchaseGoalsRoi BounceRate AvgPageviews AvgEffectiveBid AvgTrafficVolume
    WeightedImpressions WeightedCtr Bounces Sessions AvgClickPosition AvgImpressionPosition
    """
)
SEGMENTS = _words(
    """
    Date Week Month Quarter Year ClientLogin CampaignType AdFormat AdNetworkType CarrierType ClickType
    ExternalNetworkName LocationOfPresenceId LocationOfPresenceName MobilePlatform Slot Age Gender Device
    TargetingLocationId TargetingLocationName IncomeGrade MatchType Placement TargetingCategory
    """
)
PERIODS = frozenset({"Date", "Week", "Month", "Quarter", "Year"})
CAMPAIGN = frozenset({"CampaignId", "CampaignName", "CampaignUrlPath"})
GROUP = frozenset({"AdGroupId", "AdGroupName"})
ATTRIBUTES = {
    "ACCOUNT_PERFORMANCE_REPORT": frozenset[str](),
    "CAMPAIGN_PERFORMANCE_REPORT": CAMPAIGN,
    "ADGROUP_PERFORMANCE_REPORT": CAMPAIGN | GROUP,
    "AD_PERFORMANCE_REPORT": CAMPAIGN | GROUP | {"AdId"},
    "CUSTOM_REPORT": CAMPAIGN | GROUP | {"AdId"},
}


def unknown(kind: str, names: list[str]) -> str:
    """The first field this report type does not have; '' when all are known."""
    known = ATTRIBUTES[kind] | SEGMENTS | METRICS
    return next((name for name in names if name not in known), "")


def keys(day: date, row: Row) -> dict[str, str]:
    """Attributes and segments of a row; what is not here this world knows nothing of."""
    values = {
        "Date": day,
        "ClientLogin": row.campaign.login,
        "CampaignId": row.campaign.id,
        "CampaignName": row.campaign.name,
        "CampaignType": row.campaign.kind,
        "AdGroupId": row.group.id if row.group else NOTHING,
        "AdGroupName": row.group.name if row.group else NOTHING,
        "AdId": row.ad.id if row.ad else NOTHING,
        "AdNetworkType": row.campaign.network or "AD_NETWORK",
    }
    return {name: str(value) for name, value in values.items()}


def metric(name: str, stat: Stat) -> int | str:
    """A figure; money in kopecks. `--` for what this world does not measure."""
    if name == "Conversions":
        return stat.conversions or NOTHING
    if name in {"Impressions", "Clicks", "Cost"}:
        return int(getattr(stat, name.lower()))
    if name == "Ctr":
        return f"{stat.clicks / stat.impressions * 100:.2f}" if stat.impressions else NOTHING
    if name == "AvgCpc":
        return stat.cost // stat.clicks if stat.clicks else NOTHING
    return NOTHING
