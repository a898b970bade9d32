"""HTTP requests of a month of QTickets beside the fewest that its pages allow, through the real client."""

from __future__ import annotations

import math
import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx

from benchmarks.figures import Figure
from zakaz_dagster.dev.stack import SANDBOX_TOKEN, start
from zakaz_dagster.sources.qtickets.api import EVENT_PAGE_SIZE, ApiConfig, QTicketsApi
from zakaz_dagster.sources.qtickets.source import QTicketsSource
from zakaz_dagster.timezone import MOSCOW

NOW = datetime(2026, 11, 22, 12, tzinfo=MOSCOW)
LAST = date(2026, 11, 21)
PAGE = 200


def figures(*, quick: bool) -> list[Figure]:
    days = 3 if quick else 30
    with tempfile.TemporaryDirectory() as place:
        options = ["--port=0", "--today=2026-11-22", f"--days={days + 1}"]
        sandbox = start("sandbox", ["-m", "zakaz_dagster.dev.sandbox", *options], Path(place))
        try:
            made, fewest = _month(sandbox.url, days)
        finally:
            sandbox.stop()
    return [Figure(f"requests of {days} days", made, fewest, "requests", "full pages", goal=1.05)]


def _month(url: str, days: int) -> tuple[int, int]:
    base = f"{url}/qtickets/api/rest/v1"
    api = QTicketsApi(ApiConfig(base_url=base, token=SANDBOX_TOKEN, page_size=PAGE, requests_per_second=10_000))
    source = QTicketsSource(api, salt="benchmark", now=lambda: NOW)
    reads = list(source.read(LAST - timedelta(days=days - 1), LAST))
    orders = sum(read.tables["stg_qtickets_orders_raw"].num_rows for read in reads)
    source.catalogue()
    return source.stats.requests, math.ceil(orders / PAGE) + math.ceil(_events(base) / EVENT_PAGE_SIZE)


def _events(base: str) -> int:
    """The vendor's own count."""
    headers = {"Authorization": f"Bearer {SANDBOX_TOKEN}"}
    answer = httpx.request("GET", f"{base}/events", headers=headers, json={"page": 1, "perPage": 1}, timeout=30)
    return int(answer.json()["paging"]["total"])
