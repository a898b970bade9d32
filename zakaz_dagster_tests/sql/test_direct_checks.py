"""Checks of Direct's spend: green on hand-made figures, red (and by how much) when one of them is spoilt."""

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
CHECKS = [name for name in load("checks") if name.startswith("fact_direct_daily__")]


def fact(ad, cost, *, campaign=7, shows=100, clicks=5, day=DAY, run="run", **more):
    return {
        "date": day,
        "account": "acc",
        "campaign_id": campaign,
        "ad_group_id": 1 if ad else 0,
        "ad_id": ad,
        "network": "SEARCH",
        "impressions": shows,
        "clicks": clicks,
        "cost_rub": Decimal(cost),
        "city": "томск",
        "landing_url": "https://tickets.example.ru/show",
        "_run_id": run,
        **more,
    }


FACTS = [fact(11, "100.10"), fact(12, "50.20"), fact(0, "9.70", campaign=8, shows=50, clicks=2, landing_url="")]


def insert(wh, table, rows):
    for row in ({"_run_id": "run", **each} for each in rows):
        values = ", ".join(f"'{value}'" if isinstance(value, (str, date)) else str(value) for value in row.values())
        wh.command(
            f"INSERT INTO {table} ({', '.join(row)}, _loaded_at, _ver) VALUES ({values}, now(), {time.time_ns()})"
        )  # noqa: S608


def ledger(wh, *, day=DAY, cost="160.00", shows=250, clicks=12, rejects=()):
    totals = {"cost_rub": Decimal(cost), "impressions": shows, "clicks": clicks, "conversions": 0}
    until = datetime.now(UTC).isoformat(timespec="seconds")
    record(
        wh,
        "yandex_direct",
        DayRead(day, {}, 4 + len(rejects), 4, rejects, covered_until=until, totals=totals),
        3,
        ver=time.time_ns(),
        run_id="run",
    )


def verdict(wh, name):
    return evaluate(wh, load("checks")[f"fact_direct_daily__{name}"])


@pytest.fixture
def loaded(warehouse):
    insert(warehouse, "fact_direct_daily", FACTS)
    insert(warehouse, "dim_direct_campaigns", [{"account": "acc", "campaign_id": campaign} for campaign in (7, 8)])
    ledger(warehouse)
    return warehouse


def test_an_empty_warehouse_alarms_nobody(warehouse):
    found = {name: evaluate(warehouse, load("checks")[name]).status.value for name in CHECKS}
    assert found == dict.fromkeys(CHECKS, "ok")


def test_right_figures_are_green(loaded):
    found = {name: evaluate(loaded, load("checks")[name]) for name in CHECKS}
    assert {name: each.status.value for name, each in found.items()} == dict.fromkeys(CHECKS, "ok"), found
    assert len(found) == 8


@pytest.mark.parametrize(
    ("name", "rows", "status", "figure", "words"),
    [
        ("campaign_known", [fact(13, "5", campaign=99)], "error", 1, "5 RUB, campaign 99"),
        ("city_recognised", [fact(14, "140", city="не указано")], "warning", 140 / 300 * 100, "140 of 300 RUB"),
        ("days_equal_vendor", [fact(15, "0.01", shows=0, clicks=0)], "error", 1, "by -0.01 RUB, from 2026-11-14"),
        ("days_equal_vendor", [fact(15, "0", shows=0, clicks=1)], "error", 1, "1 days differ"),
        ("days_equal_vendor", [fact(15, "3", day=date(2026, 11, 20))], "error", 1, "from 2026-11-20"),
        ("figures_possible", [fact(16, "1", campaign=9, shows=10, clicks=16)], "error", 1, "campaign 9"),
        ("figures_possible", [fact(16, "-1", campaign=9)], "error", 1, "campaign 9"),
        ("links_known", [fact(17, "40", landing_url="")], "warning", 20, "40 of 200 RUB"),
        ("one_row_per_ad_and_day", [fact(11, "100.10")], "error", 1, "1 stand twice"),
    ],
)
def test_a_spoilt_figure_is_found_and_measured(loaded, name, rows, status, figure, words):
    insert(loaded, "fact_direct_daily", rows)
    found = verdict(loaded, name)
    assert (found.status.value, found.figure) == (status, pytest.approx(figure)), found
    assert words in found.detail


def test_what_was_put_aside_stays_red_however_old_its_day_until_the_day_is_loaded_without(loaded):
    old = date(2025, 3, 1)
    ledger(loaded, day=old, rejects=[Reject("no number in the column Cost", "acc, line 7")])
    found = verdict(loaded, "no_rejects")
    assert (found.status.value, found.figure) == ("error", 1)
    assert found.detail == "1 records of 1 days were put aside, from 2025-03-01 to 2025-03-01"
    loaded.command(
        "ALTER TABLE meta_day_loads UPDATE _loaded_at = _loaded_at - 40 * 86400 WHERE 1",
        settings={"mutations_sync": "2"},
    )
    ledger(loaded)  # the newest night was right
    assert verdict(loaded, "no_rejects").status.value == "error"
    ledger(loaded, day=old)
    assert verdict(loaded, "no_rejects").status.value == "ok"


def test_late_clicks_of_midnight_are_possible(loaded):
    insert(loaded, "fact_direct_daily", [fact(18, "1", campaign=10, shows=0, clicks=1)])
    assert verdict(loaded, "figures_possible").status.value == "ok"


def test_campaigns_of_the_wizard_stand_in_no_list(loaded):
    insert(loaded, "fact_direct_daily", [fact(0, "1", campaign=77)])
    assert verdict(loaded, "campaign_known").status.value == "ok"


def test_hand_exported_campaigns_need_not_be_known(loaded):
    insert(loaded, "fact_direct_daily", [fact(19, "1", campaign=77, run="import old.csv")])
    assert verdict(loaded, "campaign_known").status.value == "ok"


@pytest.mark.parametrize(("cost", "status"), [("100", "ok"), ("181", "warning"), ("19", "warning"), ("180", "ok")])
def test_the_newest_day_is_compared_with_its_weekday(warehouse, cost, status):
    weeks = [fact(11, "100", day=DAY - timedelta(days=7 * week)) for week in range(1, 5)]
    others = [fact(11, "9000", day=DAY - timedelta(days=day)) for day in (1, 2, 3)]
    insert(warehouse, "fact_direct_daily", [*weeks, *others, fact(11, cost)])
    found = verdict(warehouse, "volume_as_usual")
    assert (found.status.value, found.figure, found.threshold) == (status, float(cost), 100.0)
