"""Backfills from the UI of a running Dagster: one run per vendor, and a killed one that is started again ends the same."""

from __future__ import annotations

import os
import signal
from datetime import datetime, timedelta

import pytest

from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.dev.reconcile import compare
from zakaz_dagster.sources.qtickets.description import CATALOGUE, DIMENSIONS
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster_tests.story.dagster_dev import ENDED, dagster_dev, wait

TABLES = {
    "vk_ads": ["fact_vk_ads_daily"],
    "yandex_direct": ["fact_direct_daily"],
    "qtickets": ["stg_qtickets_orders_raw", "stg_qtickets_sales_raw", "fact_qtickets_sales_daily"],
}


def content(warehouse):
    """What the fact tables say, without when it was loaded."""
    return {
        table: sorted(
            tuple(f"{name}={value}" for name, value in row.items() if not name.startswith("_"))
            for row in warehouse.rows(f"SELECT * FROM {table}")
        )
        for table in ("fact_vk_ads_daily", "fact_direct_daily", "fact_qtickets_sales_daily")
    }


def backfill_story(home, days, patience, *, kill):
    midnight = datetime.now(MOSCOW).replace(hour=0, minute=0, second=0, microsecond=0)
    last = midnight.date() - timedelta(days=1)
    first = last - timedelta(days=days - 1)
    keys = [(first + timedelta(days=offset)).isoformat() for offset in range(days)]
    options = ["--now", midnight.isoformat(), "--days", str(days), "--orders-per-day", "15", "--groups", "1"]
    with dagster_dev(home, options) as dagster:
        catalogue = dagster.launch("__ASSET_JOB", {}, [*CATALOGUE, *DIMENSIONS])
        ended(dagster, catalogue, patience)
        launched = {vendor: dagster.backfill(tables, keys) for vendor, tables in TABLES.items()}
        beside = dagster.launch("vk_ads_daily", Days(last, last).tags)  # while the backfill reads the same vendor
        for vendor, backfill in launched.items():
            runs = dagster.finished(backfill, patience)
            assert [run["status"] for run in runs] == ["SUCCESS"], vendor
        one_after_the_other(dagster, launched["vk_ads"], beside, patience)
        for book, cells, wrong in compare(dagster.warehouse, dagster.stack.sandbox.url, first, last):
            assert cells > days / 2, book
            assert wrong == [], book
        if kill:
            killed_and_started_again(dagster, keys, patience)


def ended(dagster, run, patience):
    """The run, once it has ended well."""
    found = wait(lambda: (found := dagster.run(run)) and found["status"] in ENDED and found, patience)
    assert found["status"] == "SUCCESS"
    return found


def one_after_the_other(dagster, backfill, run, patience):
    """A vendor is never read twice at once, whoever launched the two runs."""
    both = [dagster.runs(backfill)[0], ended(dagster, run, patience)]
    first, second = sorted(both, key=lambda each: each["startTime"])
    assert first["endTime"] <= second["startTime"]


def killed_and_started_again(dagster, keys, patience):
    """The worker of a VK backfill dies by kill -9 half-way; another launch ends with the same tables."""
    held = "SELECT uniqExact(date) FROM fact_vk_ads_daily"
    undisturbed = content(dagster.warehouse)
    for table in ("fact_vk_ads_daily", "meta_day_loads"):
        dagster.warehouse.command(f"TRUNCATE TABLE {table}")
    killed = dagster.backfill(TABLES["vk_ads"], keys)
    run = wait(lambda: [run for run in dagster.runs(killed) if run["status"] == "STARTED"], patience)[0]
    worker = wait(lambda: dagster.worker(run["runId"]), 30)
    wait(lambda: dagster.warehouse.scalar(held), patience, every=0.02)
    os.kill(worker, signal.SIGKILL)
    assert 0 < dagster.warehouse.scalar(held) < len(keys)
    wait(lambda: [each for each in dagster.runs(killed) if each["status"] == "FAILURE"], patience)
    again = dagster.backfill(TABLES["vk_ads"], keys)
    assert dagster.finished(again, patience)[-1]["status"] == "SUCCESS"
    wait(lambda: all(each["status"] in ("SUCCESS", "FAILURE") for each in dagster.runs(killed)), patience)
    assert content(dagster.warehouse) == undisturbed
    leftovers = "SELECT name FROM system.tables WHERE database = currentDatabase() AND name LIKE '%side%'"
    left = [row["name"] for row in dagster.warehouse.rows(leftovers)]
    assert all(run["runId"][:8] in name for name in left), (
        left
    )  # the killed run's own goes with the first load an hour on


def test_a_backfill_is_one_run_per_vendor_and_equals_the_worlds_books(tmp_path):
    backfill_story(tmp_path, 4, 150, kill=False)


@pytest.mark.slow
def test_a_years_backfill_is_one_run_per_vendor_and_survives_a_kill(tmp_path):
    backfill_story(tmp_path, 365, 1500, kill=True)
