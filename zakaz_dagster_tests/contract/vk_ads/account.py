"""What the contract tests share: a source on the sandbox's account, and its rows beside the world's own truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.base import DayRead
from zakaz_dagster.sources.vk_ads.api import ApiConfig, VkAdsApi
from zakaz_dagster.sources.vk_ads.description import TABLE
from zakaz_dagster.sources.vk_ads.rows import Vat
from zakaz_dagster.sources.vk_ads.source import Earlier, VkAdsSource
from zakaz_dagster.timezone import MOSCOW

NOON = datetime(2026, 11, 22, 12, tzinfo=MOSCOW)
FIRST, LAST = date(2026, 11, 15), date(2026, 11, 21)
VAT = Vat(Decimal(22), ((date(2026, 1, 1), Decimal(20)),))


def api_on(url: str, folder: Path, **config: Any) -> VkAdsApi:
    defaults = {"page_size": 50, "requests_per_second": 10_000.0, "timeout": 20.0, "deadline": 20.0}
    return VkAdsApi(
        ApiConfig(
            base_url=f"{url}/vk",
            client_id=config.pop("client_id", "sandbox-vk-client"),
            client_secret=config.pop("client_secret", "sandbox-vk-secret"),
            token_file=folder / "vk.json",
            **{**defaults, **config},
        )
    )


def source_on(
    url: str,
    folder: Path,
    *,
    now: Callable[[], datetime] = lambda: NOON,
    chunk: int = 200,
    stored: Callable[[], Mapping[str, pa.Table]] = dict,
    account: str = "main",
    earlier: Earlier | None = None,
    cities: CityIndex | None = None,
    **config: Any,
) -> VkAdsSource:
    return VkAdsSource(
        api_on(url, folder, **config),
        cities or city_index(),
        account=account,
        vat=VAT,
        now=now,
        chunk=chunk,
        stored=stored,
        earlier=earlier,
    )


def by_group(reads: list[DayRead]) -> dict[tuple[str, int], tuple[int, int, int, Decimal]]:
    """(day, group) to its four figures, summed over its rows; silent ones left out."""
    sums: dict[tuple[str, int], list[Any]] = {}
    for read in reads:
        for row in read.tables[TABLE].to_pylist():
            cell = sums.setdefault((str(row["date"]), row["ad_group_id"]), [0, 0, 0, Decimal(0)])
            for place, name in enumerate(("impressions", "clicks", "conversions", "spent_rub")):
                cell[place] += row[name] or 0
    return {key: tuple(cell) for key, cell in sums.items() if any(cell)}  # type: ignore[misc]


def truth_by_group(days: list[Any]) -> dict[tuple[str, int], tuple[int, int, int, Decimal]]:
    return {
        (day["day"], group["id"]): (
            group["impressions"],
            group["clicks"],
            group["conversions"],
            Decimal(group["spend"]),
        )
        for day in days
        for group in day["vk"]["groups"]
    }


def by_ad(reads: list[DayRead]) -> dict[tuple[str, int], tuple[Any, ...]]:
    """(day, ad) to its spend and five tags; remainders left out."""
    tags = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
    return {
        (str(row["date"]), row["ad_id"]): (row["spent_rub"], *(row[name] for name in tags))
        for read in reads
        for row in read.tables[TABLE].to_pylist()
        if row["ad_id"]
    }


def truth_by_ad(days: list[Any]) -> dict[tuple[str, int], tuple[Any, ...]]:
    return {
        (day["day"], banner["id"]): (Decimal(banner["spend"]), *banner["utm"])
        for day in days
        for banner in day["vk"]["banners"]
    }
