"""A Direct report of a million rows: parse, validate and load, network apart, beside the engine loading the same TSV.

The limit is the ClickHouse engine in this process reading the same lines with its own TSV reader into a table of the
same columns and partitions: no checks, no sums, no landings, no swap of days.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path

import httpx
from rich.console import Console

from benchmarks.endpoint import database
from benchmarks.figures import Figure, table
from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.yandex_direct.api import Found
from zakaz_dagster.sources.yandex_direct.description import DESCRIPTION
from zakaz_dagster.sources.yandex_direct.records import Ad, AdGroup, Campaign
from zakaz_dagster.sources.yandex_direct.request import AD_FIELDS, ReportRequest
from zakaz_dagster.sources.yandex_direct.source import DirectSource
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.transport.client import Download
from zakaz_dagster.transport.log import Stats

ROWS = 1_000_000 - 1  # a report of a million is at the vendor's limit
DAYS = 365
FIRST = date(2026, 1, 1)
LAST = FIRST + timedelta(days=DAYS - 1)
LATER = datetime(2027, 1, 1, 12, tzinfo=MOSCOW)
CAMPAIGNS, ADS_IN_GROUP = 300, 2
TITLE = '"zakaz-2026-01-01-2026-12-31-0 (2026-01-01 - 2026-12-31)"\n'
STRUCTURE = (
    "date Date, campaign_id UInt64, campaign_name String, ad_group_id UInt64, ad_group_name String, ad_id UInt64, "
    "network LowCardinality(String), impressions UInt64, clicks UInt64, cost_rub Decimal(18, 2), "
    "conversions Nullable(UInt64)"
)


def write_report(path: Path, rows: int) -> None:
    """Every day the same ads, as a big account has them; one row in ten days' worth is a wizard's without ids."""
    chance = random.Random(7)
    ads = -(-rows // DAYS)
    left = rows
    with path.open("w", encoding="utf-8") as file:
        file.write(TITLE + "\t".join(AD_FIELDS) + "\n")
        for day in (FIRST + timedelta(days=number) for number in range(DAYS)):
            file.writelines(_line(day, ad, chance) for ad in range(min(ads, left)))
            left -= min(ads, left)
        file.write(f"Total rows: {rows}\n")


def _line(day: date, ad: int, chance: random.Random) -> str:
    campaign = ad % CAMPAIGNS
    group = f"{ad // ADS_IN_GROUP + 1}\tГруппа {ad // ADS_IN_GROUP}: Томск\t{ad + 1}" if campaign else "--\t--\t--"
    network = "SEARCH" if ad % 2 else "AD_NETWORK"
    figures = f"{chance.randrange(5000)}\t{chance.randrange(100)}\t{chance.randrange(600_000) / 100:.2f}"
    conversions = "--" if ad % 3 else chance.randrange(5)
    return f"{day}\t{campaign + 1}\tПоиск Томск Спектакль {campaign}\t{group}\t{network}\t{figures}\t{conversions}\n"


class Reports:
    """The API over a report on disk: what the network would bring, without it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stats = Stats()
        self.odd_share = 0.5

    @contextmanager
    def report(self, login: str, request: ReportRequest) -> Iterator[Download]:
        with self.path.open("rb") as file:
            yield Download(httpx.Response(200), file, self.path.stat().st_size)

    def ads(self, login: str, ids: Sequence[int]) -> Found[Ad]:
        link = "https://tickets.example.ru/show?utm_source=yandex&utm_medium=cpc&utm_content=tomsk_05_12&id="
        return Found([Ad(id=ad, campaign_id=1, ad_group_id=1, type="TEXT_AD", href=f"{link}{ad}") for ad in ids], [])

    def ad_groups(self, login: str, ids: Sequence[int]) -> Found[AdGroup]:
        return Found([AdGroup(id=group, campaign_id=1, tracking_params=None) for group in ids], [])

    def campaigns(self, login: str, ids: Sequence[int] = ()) -> Found[Campaign]:
        track = "utm_campaign={campaign_id}"
        return Found([Campaign(id=campaign, currency="RUB", tracking=track) for campaign in ids], [])


def measure(path: Path, rows: int, mode: str) -> float:
    """Seconds of one thing over the same report."""
    if mode == "engine":
        return _engine(path, rows)
    source = DirectSource(Reports(path), city_index(), logins=["benchmark"], now=lambda: LATER)  # type: ignore[arg-type]
    if mode == "rows":
        started = time.perf_counter()
        received = sum(read.received for read in source.read(FIRST, LAST))
        seconds = time.perf_counter() - started
    else:
        with database() as warehouse:
            started = time.perf_counter()
            report = load_days(source, DESCRIPTION, warehouse, FIRST, LAST, Load(run_id="bench"))
            seconds = time.perf_counter() - started
            received = report.accepted
            stored = warehouse.scalar("SELECT sum(cost_rub) FROM fact_direct_daily")
            if stored != report.totals["cost_rub"]:
                raise SystemExit(f"{stored} RUB stored, {report.totals['cost_rub']} in the report")
    if received != rows:
        raise SystemExit(f"{received} rows came, {rows} expected")
    return seconds


def _engine(path: Path, rows: int) -> float:
    from chdb import session

    bare = path.with_suffix(".bare")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)[2:-1]
    bare.write_text("".join(lines), encoding="utf-8")
    with tempfile.TemporaryDirectory() as home:
        engine = session.Session(f"{home}/data")
        engine.query("CREATE DATABASE bench")
        engine.query(f"CREATE TABLE bench.report ({STRUCTURE}) ENGINE = MergeTree PARTITION BY toYYYYMMDD(date) "
                     "ORDER BY (date, campaign_id, ad_group_id, ad_id, network)")  # fmt: skip
        started = time.perf_counter()
        engine.query(
            f"INSERT INTO bench.report SELECT * FROM file('{bare}', 'TSV', '{STRUCTURE}') SETTINGS "  # noqa: S608  our own file
            "format_tsv_null_representation = '--', input_format_null_as_default = 1, "
            "max_partitions_per_insert_block = 0"
        )
        seconds = time.perf_counter() - started
        stored = int(str(engine.query("SELECT count() FROM bench.report")))
        if stored != rows:
            raise SystemExit(f"the engine holds {stored} rows, {rows} expected")
        engine.close()
    return seconds


def figures(*, quick: bool, rows: int = ROWS) -> list[Figure]:
    if quick:
        return []  # a year of partitions takes its seconds whatever the rows
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "report.tsv"
        write_report(path, rows)
        costs = {mode: _apart(path, rows, mode) for mode in ("engine", "rows", "load")}
    rate = {mode: rows / seconds for mode, (seconds, _) in costs.items()}
    engine, unit = "the engine loading the same TSV", "rows/s"
    return [
        Figure(f"Direct, {rows:,} rows: whole path", rate["load"], rate["engine"], unit, engine, 0.5, "at least"),
        Figure("Direct: parse and validate", rate["rows"], rate["engine"], unit, engine),
        Figure("Direct: peak memory", costs["load"][1], 500, "MB", "what it may be", 1.0),
    ]


def _apart(path: Path, rows: int, mode: str) -> tuple[float, float]:
    """Seconds and peak megabytes of one mode in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.direct_report", "--child", mode, str(path), "--rows", str(rows)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["seconds"], answer["megabytes"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--child", nargs=2, metavar=("MODE", "FILE"))
    given = parser.parse_args()
    if given.child:
        mode, file = given.child
        took = measure(Path(file), given.rows, mode)
        print(json.dumps({"seconds": took, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    else:
        Console(width=150).print(table(figures(quick=False, rows=given.rows), absolute=True))
