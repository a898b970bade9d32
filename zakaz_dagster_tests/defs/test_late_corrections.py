"""What the vendors correct later stands in the tables after the next scheduled run, days corrected to nothing too."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from zakaz_dagster.defs.shared.partitions import RANGE_START, Days
from zakaz_dagster.dev.reconcile import compare
from zakaz_dagster_tests._private import schedule_context
from zakaz_dagster_tests.defs.conftest import words

CLEARED = date(2026, 11, 18)
BOOKS = {"vk_ads": "VK", "yandex_direct": "Direct"}


@pytest.fixture
def start_date():
    """Before the oldest day that a vendor keeps."""
    return "2023-01-01"


def scheduled(platform, vendor, at):
    """What the daemon does at that moment: evaluates the schedule and runs what it asks for; the first day it reads."""
    moment = platform.at(at)
    schedule = platform.definitions.resolve_schedule_def(f"{vendor}_daily")
    (request,) = schedule.evaluate_tick(schedule_context(platform.instance, moment)).run_requests
    result = platform.run(schedule.job_name, **request.tags)
    assert result.success, words(result)
    return date.fromisoformat(request.tags[RANGE_START])


def differences(warehouse, sandbox, vendor, first, last):
    for book, cells, wrong in compare(warehouse, sandbox.url, first, last):
        if book.startswith(BOOKS[vendor]):
            assert cells > 10
            return wrong
    raise AssertionError(vendor)


def clear(sandbox, vendor, day):
    """Everything the vendor said of a day turns into nothing."""
    truth = sandbox.truth(day)
    if vendor == "vk_ads":
        for banner in truth["vk"]["banners"]:
            sandbox.correct(vendor="vk", id=banner["id"], day=str(day))
        return lambda: sandbox.truth(day)["vk"]["spend"]
    for ad in truth["direct"]["ads"]:
        sandbox.correct(vendor="direct", id=ad["ad_id"] or ad["campaign_id"], day=str(day))
    return lambda: sandbox.truth(day)["direct"]["spend"]


@pytest.mark.parametrize("vendor", BOOKS)
def test_the_next_scheduled_run_equals_the_corrected_truth(vendor, sandbox, warehouse, platform):
    hour = "00:10" if vendor == "yandex_direct" else "00:00"
    first = scheduled(platform, vendor, f"2026-11-22T{hour}:00+03:00")
    assert differences(warehouse, sandbox, vendor, first, date(2026, 11, 21)) == []
    assert sandbox.correct(late=True, days=5)["corrections"] > 5
    left = clear(sandbox, vendor, CLEARED)
    assert float(left()) == 0
    assert differences(warehouse, sandbox, vendor, first, date(2026, 11, 21)) != []
    second = scheduled(platform, vendor, f"2026-11-23T{hour}:00+03:00")
    assert second == first + timedelta(days=1)
    assert differences(warehouse, sandbox, vendor, second, date(2026, 11, 22)) == []
    table = {"vk_ads": ("fact_vk_ads_daily", "spent_rub"), "yandex_direct": ("fact_direct_daily", "cost_rub")}[vendor]
    spent = warehouse.scalar(
        f"SELECT sum({table[1]}) FROM {table[0]} FINAL WHERE date = {{day:Date}}", {"day": CLEARED}
    )
    assert spent == 0


def test_groups_that_stood_still_and_are_deleted_stop_no_load(sandbox, warehouse, platform):
    scheduled(platform, "vk_ads", "2026-11-22T00:00:00+03:00")
    warehouse.command(
        "INSERT INTO fact_vk_ads_daily SELECT * REPLACE (arrayJoin([1, 2, 3]) * 1000000000 + ad_id AS ad_id,"
        " 0 AS impressions, 0 AS clicks, 0 AS conversions, 0 AS spent_rub, 0 AS spend_rub) FROM fact_vk_ads_daily"
        " WHERE date > '2026-11-14'"
    )
    first = scheduled(platform, "vk_ads", "2026-11-23T00:00:00+03:00")
    assert differences(warehouse, sandbox, "vk_ads", first, date(2026, 11, 22)) == []


OLDEST = {
    "vk_ads": (date(2025, 11, 22), "the oldest day the vendor still has"),
    "yandex_direct": (date(2023, 11, 1), "the oldest day the vendor still has"),
}


@pytest.mark.parametrize("vendor", OLDEST)
def test_a_partition_older_than_the_vendor_keeps_fails_with_that_sentence(vendor, warehouse, platform):
    """The day before the oldest one; nothing is asked for it. The oldest itself is read."""
    oldest, sentence = OLDEST[vendor]
    platform.at("2026-11-22T00:00:00+03:00")
    failed = platform.run(f"{vendor}_daily", Days(oldest - timedelta(days=1), oldest))
    assert not failed.success
    assert sentence in words(failed)
    assert warehouse.scalar("SELECT count() FROM meta_day_loads") == 0
    assert platform.run(f"{vendor}_daily", Days(oldest, oldest)).success
