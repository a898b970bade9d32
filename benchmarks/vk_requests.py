"""Requests of a year's backfill of VK Ads beside the fewest that its limits allow: `python -m benchmarks.vk_requests`.

About 1,000 ad groups and 5,000 banners over 365 days, asked of the sandbox over a socket. The minimum is a token, whole
pages of the three lists, and chunks of 200 ids for groups and for banners, each covering the whole range.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.vk_ads.api import ApiConfig, VkAdsApi
from zakaz_dagster.sources.vk_ads.description import ADS, GROUPS, PLANS, TABLE
from zakaz_dagster.sources.vk_ads.source import VkAdsSource
from zakaz_dagster.sources.vk_ads.vat import Vat

PROJECT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 11, 22, 12, tzinfo=ZoneInfo("Europe/Moscow"))
LAST = date(2026, 11, 21)
DAYS, PAGE, CHUNK, GOAL = 365, 50, 200, 1.1
SANDBOX = ["--today=2026-11-22", f"--days={DAYS}", "--groups=7", "--ads=5"]


def backfill(url: str, folder: Path) -> bool:
    """One year through the real client; prints what it cost and tells whether the goal was met."""
    config = ApiConfig(
        base_url=f"{url}/vk",
        client_id="sandbox-vk-client",
        client_secret="sandbox-vk-secret",  # noqa: S106  of the sandbox
        token_file=folder / "vk.json",
        page_size=PAGE,
        requests_per_second=1000,
        timeout=120,
    )
    source = VkAdsSource(VkAdsApi(config), city_index(), account="main", vat=Vat.of(22), now=lambda: NOW, chunk=CHUNK)
    started, cpu = time.monotonic(), time.process_time()
    reads = list(source.read(LAST - timedelta(days=DAYS - 1), LAST))
    seconds, cpu = time.monotonic() - started, time.process_time() - cpu
    plans, groups, ads = (source.dimensions()[name].num_rows for name in (PLANS, GROUPS, ADS))
    lists = sum(math.ceil(count / PAGE) for count in (plans, groups, ads))
    fewest = 1 + lists + math.ceil(groups / CHUNK) + math.ceil(ads / CHUNK)
    rows = sum(read.tables[TABLE].num_rows for read in reads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"vk_ads: {len(reads)} days, {plans} ad plans, {groups} ad groups, {ads} banners, {rows} rows")
    print(f"  requests {source.requests}, fewest {fewest}, ratio {source.requests / fewest:.3f} (goal <= {GOAL})")
    print(f"  reader {cpu:.1f} s of CPU in {seconds:.1f} s, peak memory {peak:.0f} MB")
    return source.requests <= GOAL * fewest


def main() -> int:
    command = [sys.executable, "-m", "zakaz_dagster.sandbox", *SANDBOX]
    with (
        subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as sandbox,
        tempfile.TemporaryDirectory() as folder,
    ):
        try:
            assert sandbox.stdout is not None
            return 0 if backfill(json.loads(sandbox.stdout.readline())["url"], Path(folder)) else 1
        finally:
            sandbox.terminate()


if __name__ == "__main__":
    sys.exit(main())
