"""The pace of budgets, against figures computed by hand, and the two commands of the same page."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from zakaz_dagster import resources, timezone
from zakaz_dagster.cli.importing import importing
from zakaz_dagster.cli.utm import utm
from zakaz_dagster.errors import BadData
from zakaz_dagster.ingest.catalogue import build_dimensions
from zakaz_dagster.warehouse import checks
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.sql.quick import copied
from zakaz_dagster_tests.sql.world import World, day, rows

COLUMNS = "month, account, budget_rub, spend_rub, days_known, even_pace_rub, ahead_rub, daily_7d_rub"
FORECAST = "forecast_rub, round(forecast_lo_rub, 2) AS lo, round(forecast_hi_rub, 2) AS hi, forecast_left_rub"


@pytest.fixture(scope="module")
def june(module_world) -> World:
    world = module_world()
    for on in range(1, 11):  # 800 before the seven days, 700 in them
        world.vk(f"2026-06-{on:02}", 10, 11, 111, "0", spend_rub=Decimal(100 if on > 3 else 800 if on == 1 else 0))
    world.vk("2026-05-30", 10, 11, 111, "0", spend_rub=Decimal(40))
    world.load("vk_ads", "2026-06-10", "2026-06-11 00:05")
    for on, rub in (("2026-06-09", 10), ("2026-06-10", 30)):  # a young account: two days, whose scatter is known
        world.vk(on, 20, 21, 211, "0", spend_rub=Decimal(rub), account="новый")
    world.put("plan_budgets", month=day("2026-06-01"), source="vk_ads", account="кабинет", budget_rub=Decimal(3000))
    world.put("plan_budgets", month=day("2026-07-01"), source="vk_ads", account="кабинет", budget_rub=Decimal(500))
    world.build("2026-05-01", "2026-06-30", "fact_utm_daily", "fact_marketing_daily", "fact_accounts_daily")
    return world


@pytest.fixture
def world(june: World, warehouse) -> World:
    """June, in a copy that a test may change."""
    return copied(warehouse, june)


def test_pace_and_forecast_are_those_computed_by_hand(world: World) -> None:
    assert rows(world.wh, f"SELECT {COLUMNS} FROM v_budget_pacing ORDER BY account, month") == [
        ("2026-05-01", "кабинет", None, 40.0, 31, None, None, None),
        ("2026-06-01", "кабинет", 3000.0, 1500.0, 10, 1000.0, 500.0, 100.0),
        ("2026-07-01", "кабинет", 500.0, 0.0, 0, 0.0, 0.0, None),
        ("2026-06-01", "новый", None, 40.0, 10, None, None, 20.0),
    ]
    # 20 days left; new account: sd √200 = 14.142, · 1.2816 · √(20 + 400 / 2) = 268.83
    assert rows(world.wh, f"SELECT {FORECAST} FROM v_budget_pacing ORDER BY account, month") == [
        (40.0, 40.0, 40.0, None),
        (3500.0, 3500.0, 3500.0, -500.0),
        (None, None, None, None),
        (440.0, 171.17, 708.83, None),
    ]


def test_its_spend_is_the_facts_and_another_rouble_is_red(world: World) -> None:
    check = load("checks")["v_budget_pacing__equals_facts"]
    assert checks.evaluate(world.wh, check).detail == "view minus fact: 0 RUB"


def test_days_that_cost_nothing_are_known_from_the_ledger(world: World) -> None:
    world.load("vk_ads", "2026-06-12", "2026-06-13 00:05")
    asked = "SELECT days_known, daily_7d_rub FROM v_budget_pacing WHERE account = 'кабинет' AND month = '2026-06-01'"
    assert [(known, round(mean, 2)) for known, mean in rows(world.wh, asked)] == [(12, 71.43)]


@pytest.fixture
def command(world: World, monkeypatch):
    monkeypatch.setattr(resources, "warehouse", lambda *_, **__: world.wh)
    return CliRunner()


def test_an_uploaded_budget_replaces_its_months(command, world: World, tmp_path: Path) -> None:
    file = tmp_path / "budget.csv"
    file.write_text("Месяц;Кабинет;Бюджет\nиюнь 2026;Кабинет;4000\nиюнь 2026;Новый;100\n", "utf-8")
    checked = command.invoke(importing, ["budget", str(file), "--check"])
    assert checked.output == "2026-06: 2 rows, 4100.00 RUB (nothing changed)\n"
    assert command.invoke(importing, ["budget", str(file)]).exit_code == 0
    found = rows(
        world.wh, "SELECT month, account, budget_rub FROM v_budget_pacing WHERE budget_rub IS NOT NULL ORDER BY 1, 2"
    )
    assert found == [
        ("2026-06-01", "кабинет", 4000.0),
        ("2026-06-01", "новый", 100.0),
        ("2026-07-01", "кабинет", 500.0),
    ]


def test_tags_are_made_for_a_show_of_the_catalogue_and_refused_for_a_day_without_one(command, world: World) -> None:
    soon = timezone.today() + timedelta(days=20)
    for number, later in ((1, 0), (2, 0), (3, 9)):
        world.show(number, event=7, name="Динозавры", city="томск", on=str(soon + timedelta(days=later)))
    world.show(4, event=8, name="Цирк", city="томск", on=str(soon + timedelta(days=9)), deleted=True)
    build_dimensions(world.wh, "test")
    content = f"tomsk_{soon:%d_%m}"
    made = command.invoke(utm, ["--show", "2", "--url", "https://t.ru/?a=1", "--json"])
    assert made.exit_code == 0, made.output
    assert json.loads(made.output)["shows"] == [1, 2]
    assert json.loads(made.output)["links"]["vk_ads"].endswith(
        "&utm_campaign={{campaign_id}}&utm_content=" + content + "&utm_term={{banner_id}}"
    )
    same = command.invoke(utm, ["--city", "Томск", "--date", f"{soon:%d.%m.%Y}"])
    assert f"utm_content: {content}" in same.output
    assert "utm_campaign={campaign_id}" in same.output
    refused = command.invoke(utm, ["--city", "tomsk", "--date", str(soon + timedelta(days=1))])
    assert isinstance(refused.exception, BadData)
    assert f"nearest: томск {soon} «Динозавры»" in str(refused.exception)
    world.show(5, event=9, name="Роботы", city="томск", on=str(soon))
    build_dimensions(world.wh, "test")
    doubtful = command.invoke(utm, ["--show", "1"])
    assert (doubtful.exit_code, "names neither" in doubtful.output) == (1, True)
    for wrong in ([], ["--city", "томск"], ["--show", "1", "--city", "томск"], ["--city", " ", "--date", "2026-06-15"]):
        assert command.invoke(utm, wrong).exit_code == 2
