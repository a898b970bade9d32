"""Requests of a year's backfill of VK Ads beside the fewest that its limits allow: `python -m benchmarks.vk_requests`.

About 1,000 ad groups and 5,000 banners over 365 days, asked of the sandbox over a socket. The minimum is a token, whole
pages of the three lists, and chunks of 200 ids for groups and for banners, each covering the whole range.
"""

from __future__ import annotations

import math
import tempfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from rich.console import Console

from benchmarks.figures import Figure, table
from zakaz_dagster.dev.stack import start
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.vk_ads.api import ApiConfig, VkAdsApi
from zakaz_dagster.sources.vk_ads.description import ADS, GROUPS, PLANS
from zakaz_dagster.sources.vk_ads.rows import Vat
from zakaz_dagster.sources.vk_ads.source import VkAdsSource
from zakaz_dagster.timezone import MOSCOW

NOW = datetime(2026, 11, 22, 12, tzinfo=MOSCOW)
LAST = date(2026, 11, 21)
DAYS, PAGE, CHUNK, GOAL = 365, 50, 200, 1.1
SANDBOX = ["--today=2026-11-22", f"--days={DAYS}", "--groups=7", "--ads=5"]


def backfill(url: str, folder: Path) -> tuple[int, int]:
    """One year through the real client: requests made, and the fewest that its limits allow."""
    config = ApiConfig(
        base_url=f"{url}/vk",
        client_id="sandbox-vk-client",
        client_secret="sandbox-vk-secret",  # noqa: S106  of the sandbox
        token_file=folder / "vk.json",
        page_size=PAGE,
        requests_per_second=1000,
        timeout=120,
    )
    source = VkAdsSource(
        VkAdsApi(config), city_index(), account="main", vat=Vat(Decimal(22)), now=lambda: NOW, chunk=CHUNK
    )
    for _ in source.read(LAST - timedelta(days=DAYS - 1), LAST):
        pass
    plans, groups, ads = (source.dimensions()[name].num_rows for name in (PLANS, GROUPS, ADS))
    lists = sum(math.ceil(count / PAGE) for count in (plans, groups, ads))
    return source.stats.requests, 1 + lists + math.ceil(groups / CHUNK) + math.ceil(ads / CHUNK)


def figures(*, quick: bool) -> list[Figure]:
    if quick:
        return []  # a year of a thousand groups
    with tempfile.TemporaryDirectory() as folder:
        sandbox = start("sandbox", ["-m", "zakaz_dagster.dev.sandbox", "--port=0", *SANDBOX], Path(folder))
        try:
            made, fewest = backfill(sandbox.url, Path(folder))
        finally:
            sandbox.stop()
    return [Figure("requests of a year of VK Ads", made, fewest, "requests", "the fewest its limits allow", GOAL)]


if __name__ == "__main__":
    Console(width=150).print(table(figures(quick=False), absolute=True))
