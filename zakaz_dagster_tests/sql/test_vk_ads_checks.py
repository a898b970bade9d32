"""Checks of VK spend: green on hand-made figures, red (and by how much) when one of them is spoilt."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from zakaz_dagster.sources.base import DayRead, Reject
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.load_ledger import record
from zakaz_dagster.warehouse.sql_files import load

DAY = date(2026, 11, 14)
CHECKS = [name for name in load("checks") if name.startswith("fact_vk_ads_daily__")]


def fact(ad, spent, *, group=1, shows=100, clicks=5, day=DAY, **more):
    return {
        "date": day,
        "account": "main",
        "ad_plan_id": 7,
        "ad_group_id": group,
        "ad_id": ad,
        "is_remainder": int(ad == 0),
        "impressions": shows,
        "clicks": clicks,
        "spent_rub": Decimal(spent),
        "city": "томск",
        **more,
    }


FACTS = [
    fact(11, "100.10"),
    fact(12, "50.20"),
    fact(0, "-0.30", shows=-1, clicks=0),
    fact(0, "0", group=2, shows=0, clicks=0),
]


def insert(wh, table, rows):
    for row in rows:
        values = ", ".join(f"'{value}'" if isinstance(value, (str, date)) else str(value) for value in row.values())
        service = f"now(), {time.time_ns()}, 'test'"
        names = ", ".join(row)
        wh.command(f"INSERT INTO {table} ({names}, _loaded_at, _ver, _run_id) VALUES ({values}, {service})")  # noqa: S608


def ledger(wh, *, day=DAY, spent="150.00", shows=199, clicks=10, rejects=()):
    totals = {"spent_rub": Decimal(spent), "impressions": shows, "clicks": clicks}
    read = DayRead(
        day,
        {},
        2 + len(rejects),
        2,
        rejects,
        covered_until=datetime.now(UTC).isoformat(timespec="seconds"),
        totals=totals,
    )
    record(wh, "vk_ads", read, 4, ver=time.time_ns(), run_id="test")


def verdict(wh, name):
    return evaluate(wh, load("checks")[f"fact_vk_ads_daily__{name}"])


@pytest.fixture
def loaded(warehouse):
    insert(warehouse, "fact_vk_ads_daily", FACTS)
    insert(warehouse, "dim_vk_ad_plans", [{"account": "main", "ad_plan_id": 7}])
    insert(warehouse, "dim_vk_ad_groups", [{"account": "main", "ad_group_id": 1, "valid_from": DAY}])
    ledger(warehouse)
    return warehouse


def test_an_empty_warehouse_alarms_nobody(warehouse):
    assert {name: evaluate(warehouse, load("checks")[name]).status.value for name in CHECKS} == dict.fromkeys(
        CHECKS, "ok"
    )


def test_right_figures_are_green_but_for_the_one_that_is_not(loaded):
    found = {name: evaluate(loaded, load("checks")[name]) for name in CHECKS}
    assert {name: each.status.value for name, each in found.items()} == dict.fromkeys(CHECKS, "ok"), found


@pytest.mark.parametrize(
    ("name", "spoilt", "status", "figure"),
    [
        ("groups_equal_vendor", fact(13, "0.01", shows=0, clicks=0), "error", 1),
        ("groups_equal_vendor", fact(13, "0", shows=1, clicks=0), "error", 1),
        ("one_row_per_ad_and_day", fact(11, "1", group=3), "error", 1),
        ("figures_possible", fact(31, "-0.01", group=3), "error", 1),
        ("figures_possible", fact(31, "1", group=3, shows=10, clicks=16), "error", 1),
        ("remainder_small", fact(0, "-9", group=3), "warning", None),
        ("ad_plan_known", fact(31, "1", group=3), "error", 1),
        ("ad_plan_known", fact(31, "1", ad_plan_id=8), "error", 1),
        ("city_recognised", fact(31, "150", city="не указано"), "warning", 50),
    ],
)
def test_a_spoilt_figure_is_seen(name, spoilt, status, figure, loaded):  # noqa: PLR0917
    insert(loaded, "fact_vk_ads_daily", [spoilt])
    seen = verdict(loaded, name)
    assert seen.status.value == status
    if figure is not None:
        assert seen.figure == figure
    assert seen.action


def test_a_day_in_the_ledger_without_rows_is_seen(loaded):
    ledger(loaded, day=DAY - timedelta(days=1))
    assert verdict(loaded, "groups_equal_vendor").detail.startswith("1 days differ, by 150")


def test_a_few_late_clicks_are_allowed(loaded):
    insert(loaded, "fact_vk_ads_daily", [fact(31, "1", group=3, shows=0, clicks=2)])
    assert verdict(loaded, "figures_possible").status.value == "ok"


def test_refused_ads_are_listed(loaded):
    ledger(loaded, rejects=[Reject("VK gives no statistics of it: Wrong banners: 99", "banners 99")])
    seen = verdict(loaded, "no_rejects")
    assert seen.status.value == "warning"
    assert "banners 99" in seen.detail


@pytest.mark.parametrize(("spent", "status"), [("30", "ok"), ("5", "warning"), ("900", "warning")])
def test_a_day_unlike_its_weekday_is_seen(spent, status, warehouse):
    weeks = [fact(11, "100", day=DAY - timedelta(days=7 * week)) for week in range(1, 5)]
    insert(warehouse, "fact_vk_ads_daily", [*weeks, fact(11, spent), fact(11, "9000", day=DAY - timedelta(days=1))])
    assert verdict(warehouse, "volume_as_usual").status.value == status
