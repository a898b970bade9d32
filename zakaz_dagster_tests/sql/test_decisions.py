"""«Решения»: statuses, costs and advice of hand-computed shows; every rouble of spend in one row; silence where it is due."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from zakaz_dagster import timezone
from zakaz_dagster.defs.marts.forecast import waits
from zakaz_dagster.dev.sandbox.world.histories import free_share
from zakaz_dagster.warehouse import checks, forecast
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.sql.programme import TOMSK, D, Programme, Row, curve, setting
from zakaz_dagster_tests.sql.world import World


def near(row: Row, **wanted: float) -> bool:
    return all(round(row[name], 2) == pytest.approx(value, abs=0.011) for name, value in wanted.items())


def test_the_hand_computed_shows_have_exactly_their_figures(programme: Programme) -> None:
    programme.finished(TOMSK)
    end = D + timedelta(7)
    programme.stop("томск", end, curve(), left=110, spend=7000, attributed=14)
    programme.stop("чита", end, curve(), left=0, spend=7000, attributed=14)
    programme.stop("омск", end, curve(), left=110, spend=21000, attributed=12)
    rows = programme.decide()
    tomsk, chita, omsk = rows["томск"], rows["чита"], rows["омск"]
    assert near(tomsk, forecast_tickets=132.79, cpt_7d_rub=500, cpt_7d_lo_rub=347.86, cpt_7d_hi_rub=739.01)
    assert near(tomsk, next_ticket_rub=650, next_ticket_lo_rub=452.22, next_ticket_hi_rub=960.71)
    assert near(tomsk, breakeven_cpt_rub=900, goal_tickets=180, gap_tickets=47.21, advice_rub_per_day=300)
    assert (tomsk["forecast_text"], tomsk["status"], tomsk["status_code"]) == ("132 (110–177)", "нужна реклама", 2)
    assert "окупаемость не доказана" in tomsk["marks"]
    assert near(tomsk, forecast_revenue_rub=900 * 132.787, fill_pct=45)
    assert (chita["forecast_text"], chita["status"], chita["advice_rub_per_day"]) == ("90 (90–90)", "распродан", -1000)
    assert near(omsk, cpt_7d_rub=1750, cpt_7d_lo_rub=1181.36, cpt_7d_hi_rub=2681.34, next_ticket_lo_rub=1535.76)
    assert (omsk["status"], omsk["advice_rub_per_day"]) == ("реклама не окупается", -900)


def test_irkutsk_knows_too_little_and_says_nothing_in_figures(programme: Programme) -> None:
    programme.finished(TOMSK[:2])
    programme.stop("иркутск", D + timedelta(7), curve(), left=110, spend=7000, attributed=14)
    row = programme.decide()["иркутск"]
    silent = ("forecast_tickets", "forecast_tickets_lo", "forecast_tickets_hi", "gap_tickets", "advice_rub_per_day",
              "forecast_revenue_rub")  # fmt: skip
    assert [row[name] for name in silent] == [None] * len(silent)
    assert (row["status"], row["comparables"], row["reason"]) == ("мало данных", 2, "похожих 2 из 3")
    assert near(row, cpt_7d_rub=500)


def test_statuses_in_the_order_of_their_rules(programme: Programme) -> None:
    programme.finished(TOMSK)
    end = D + timedelta(7)
    programme.stop("сам", end, curve(130, 28), left=10, spend=7000, attributed=1)
    programme.stop("недостижима", end, curve(60, 14), left=300, spend=7000, attributed=20)
    programme.stop("без цели", end, curve(), spend=7000, attributed=14)
    programme.stop("без рекламы", end, curve(), left=110)
    programme.stop("отменён", end, curve(), deleted=True, spend=7000)
    programme.stop("слабая", end, curve(), left=110, spend=7000, attributed=14, weak=20)
    rows = programme.decide()
    told = {city: (row["status"], row["advice_rub_per_day"]) for city, row in rows.items()}
    assert told["сам"] == ("продастся сам", -300)
    assert told["недостижима"] == ("цель недостижима", 0)
    assert told["без цели"] == ("без цели", None)
    assert told["без рекламы"] == ("на грани", 500)
    assert told["отменён"] == ("отменён", -1000)
    assert told["слабая"] == ("нужна реклама", 0)
    assert "привязка слабая" in rows["слабая"]["marks"]
    assert rows["без цели"]["forecast_tickets"] is not None
    assert "без вместимости" in rows["без цели"]["marks"]


def test_spend_of_no_show_of_several_and_of_past_shows_is_in_rows_of_its_own(programme: Programme) -> None:
    programme.finished(TOMSK)
    end = D + timedelta(7)
    programme.stop("томск", end, curve(), left=110, spend=7000, attributed=14)
    programme.stop("двойной", end, curve(), left=110)
    programme.stop("двойной", end, curve(), left=110)
    programme.advertise(0, "двойной", end, 500, 0)
    programme.advertise(0, "не указано", None, 300, 0)
    programme.advertise(0, "кемерово", D - timedelta(1), 200, 0)
    rows = programme.decide()
    assert rows["Расход без показа"]["spend_7d_rub"] == 800
    assert rows["Расход прошедших показов"]["spend_7d_rub"] == 200
    assert rows["томск"]["spend_7d_rub"] == 7000
    assert programme.world.wh.scalar("SELECT sum(spend_7d_rub) FROM v_decisions") == 8000
    for name in ("v_decisions__money_equals_facts", "v_decisions__forecasts_have_intervals"):
        assert checks.evaluate(programme.world.wh, load("checks")[name]).status == "ok"


def test_a_show_that_was_moved_within_a_week_is_silent(programme: Programme) -> None:
    programme.finished(TOMSK)
    end = D + timedelta(7)
    programme.stop("томск", end, curve(), left=110, spend=7000, attributed=14)
    number = programme.world.wh.scalar("SELECT show_id FROM dim_shows WHERE city = 'томск'")
    programme.world.put(
        "fact_forecast_daily", as_of=D - timedelta(3), show_key="old", show_id=number, show_date=end - timedelta(14)
    )
    row = programme.decide()["томск"]
    assert (row["status"], row["forecast_tickets"], row["advice_rub_per_day"]) == ("перенесён", None, None)
    assert row["tickets_paid"] == 90


def test_a_month_s_budget_shrinks_rises_in_proportion(programme: Programme) -> None:
    programme.finished(TOMSK)
    for city in ("томск", "барнаул"):
        programme.stop(city, D + timedelta(7), curve(), left=110, spend=14000, attributed=28)
    programme.stop("омск", D + timedelta(7), curve(), left=110, spend=21000, attributed=12)
    setting(programme.world.wh, "month_budget_rub", 1)
    rows = programme.decide()
    rises = [rows[city]["advice_rub_per_day"] for city in ("томск", "барнаул")]
    assert sum(rises) <= 900
    assert rises[0] == rises[1] > 0
    assert "по бюджету месяца" in rows["томск"]["reason"]


def test_while_switched_off_it_shows_facts_and_neither_forecast_nor_advice(programme: Programme) -> None:
    programme.enabled = 0
    programme.finished(TOMSK)
    programme.stop("томск", D + timedelta(7), curve(), left=110, spend=7000, attributed=14)
    row = programme.decide()["томск"]
    assert (row["forecast_tickets"], row["advice_rub_per_day"], row["silence"]) == (None, None, "off")
    assert (row["tickets_paid"], row["spend_7d_rub"], row["status"]) == (90, 7000, "выключено")


def test_a_crash_between_forecast_and_advice_is_made_good_by_the_next_run(
    programme: Programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    programme.finished(TOMSK)
    programme.stop("томск", D + timedelta(7), curve(), left=110, spend=7000, attributed=14)
    wh, inserted = programme.world.wh, forecast._insert

    def dying(wh: Warehouse, table: str, *rest: Any) -> None:
        if table == forecast.DECISIONS:
            raise ConnectionError("killed")
        inserted(wh, table, *rest)

    monkeypatch.setattr(forecast, "_insert", dying)
    with pytest.raises(ConnectionError):
        forecast.add(wh, D)
    monkeypatch.setattr(forecast, "_insert", inserted)
    assert not forecast.is_written(wh, D)
    before = wh.rows("SELECT * FROM fact_forecast_daily")
    forecast.add(wh, D)
    assert forecast.is_written(wh, D)
    assert wh.rows("SELECT * FROM fact_forecast_daily") == before


def test_a_day_without_a_forecast_leaves_the_advice_of_the_day_before_as_it_was(programme: Programme) -> None:
    """Between seasons nothing sells: the day has its spend only, under its own date."""
    programme.finished(TOMSK)
    programme.stop("томск", D + timedelta(7), curve(), left=110, spend=7000, attributed=14)
    programme.decide()
    wh = programme.world.wh
    held = wh.rows("SELECT * FROM fact_decisions_daily FINAL WHERE data_day = {day:Date} ORDER BY place", {"day": D})
    wh.command("TRUNCATE TABLE forecast_asked")
    forecast.add(wh, D + timedelta(1))
    again = wh.rows("SELECT * FROM fact_decisions_daily FINAL WHERE data_day = {day:Date} ORDER BY place", {"day": D})
    assert again == held
    assert forecast.is_written(wh, D + timedelta(1))


def test_stored_forecasts_are_not_rewritten(programme: Programme, monkeypatch: pytest.MonkeyPatch) -> None:
    programme.finished(TOMSK)
    programme.stop("томск", D + timedelta(7), curve(), left=110, spend=7000, attributed=14)
    before = programme.decide()["томск"]["forecast_tickets"]
    monkeypatch.setattr(forecast, "lacking", lambda _wh, _day: [])
    again = forecast.write(programme.world.wh, D, run_id="again")
    assert (again.is_new, again.rows) == (False, 1)
    assert programme.decide()["томск"]["forecast_tickets"] == before


def test_kappa_grows_by_misses_and_shrinks_by_hits(programme: Programme) -> None:
    wh, hits = programme.world, [True, False, False]
    for number, hit in enumerate(hits):
        end = D - timedelta(5 - number)
        key = programme.stop("кемерово", end, {end - timedelta(20): 50, end: 10})
        wh.put(
            "fact_forecast_daily", as_of=end - timedelta(7), show_key=key, days_left=7, forecast_tickets=60,
            forecast_tickets_lo=50 if hit else 10, forecast_tickets_hi=70 if hit else 20,
        )  # fmt: skip
    programme.stop("томск", D + timedelta(6), curve(), left=110)
    params = {"first": D, "last": D, "horizons": []}
    row = wh.wh.rows(load("builds")["forecast_questions"].sql, params)[0]
    wanted = math.exp(0.05 * (0 - 0.2)) * math.exp(0.05 * 0.8) * math.exp(0.05 * 0.8)
    assert row["kappa"] == pytest.approx(wanted)


@pytest.mark.parametrize(
    "days",
    [
        {1: (40, 0), 9: (25, 0)},
        {1: (40, 20), 2: (10, 9), 30: (30, 3), 61: (500, 500)},  # whole orders are free: days differ; one is too old
        {1: (10, 5), 2: (20, 10), 3: (8, 4)},  # days agree better than chance: the variance of single tickets
        {5: (7, 7)},
    ],
)
def test_paid_tickets_that_still_fit_are_bounded_by_what_days_varied(programme: Programme, days: Any) -> None:
    history = programme.sell(programme.stop("томск", D + timedelta(7), curve(), left=80), days)
    params = {"first": D, "last": D, "horizons": []}
    (row,) = programme.world.wh.rows(load("builds")["forecast_questions"].sql, params)
    wanted = free_share([history], D).paid(80)
    assert (row["tickets_left"], row["tickets_left_lo"], row["tickets_left_hi"]) == wanted
    assert 0 <= wanted[1] <= wanted[0] <= wanted[2] <= 80
    assert (wanted == (80, 80, 80)) == all(free == 0 for _, free in days.values())


@pytest.mark.parametrize("kind", ["views", "builds"])
def test_no_word_claims_that_advertising_caused_sales(kind: Any) -> None:
    said = "".join(each.sql.lower() for name, each in load(kind).items() if "decision" in name or "forecast" in name)
    assert "реклам" in said
    assert not [word for word in ("дала", "принесла", "принёс", "благодаря") if word in said]


def test_removed_tickets_stay_in_the_past_of_their_curve(programme: Programme) -> None:
    """Sold on the first day, removed on the third: the curve of the second day knows it still."""
    world, first = programme.world, D - timedelta(9)
    world.put("dim_shows", show_id=7, event_id=7, city="томск", show_date=D, finish_date=D)
    common: Callable[..., None] = lambda **values: world.put(  # noqa: E731
        "fact_qtickets_sales_daily", sales_source="api", show_id=7, event_id=7, city="томск", sale_date=first, **values
    )
    common(date=first, tickets_sold=5, tickets_free=2, revenue_rub=2700)
    common(date=first + timedelta(2), tickets_removed=4, tickets_removed_free=1)
    common(date=first + timedelta(4), tickets_refunded=2, tickets_refunded_free=1, refunds_rub=900)
    rows = world.wh.rows(f"SELECT * FROM ({load('builds')['forecast_curve'].sql}) ORDER BY day")
    assert [(row["day"] - first, row["paid"]) for row in rows] == [
        (timedelta(0), 6), (timedelta(2), -3), (timedelta(4), -1),
    ]  # fmt: skip


def test_forecasts_wait_until_sales_and_spend_of_yesterday_are_complete_and_are_made_once(world: World) -> None:
    """The sensor's rule: every source that loads has read the day to its end, and its facts are built."""
    begin, end = timezone.bounds(D)

    def load_day(source: str, until: Any, ver: int) -> None:
        world.put("meta_day_loads", source=source, day=D, covered_until=until, _recorded_ns=ver, _ver=ver)

    def reason() -> str:
        return waits(world.wh, D, D - timedelta(30))

    assert "qtickets: the day is not loaded" in reason()
    load_day("qtickets", end, 1)
    load_day("vk_ads", begin + timedelta(hours=20), 1)
    assert reason().endswith("vk_ads: the day is not loaded to its end") or "vk_ads: the day" in reason()
    load_day("vk_ads", end, 2)
    assert "is older than what it reads" in reason()
    World(world.wh).build(str(D), str(D))  # with the ledger, which the quick world leaves out
    assert reason() == ""
    forecast.write(world.wh, D)
    world.put("fact_decisions_daily", data_day=D, place=1)
    assert "are written" in reason()
    assert "begins later" in waits(world.wh, D, D + timedelta(1))
