"""The forecast in SQL: equal to an independent reckoning, blind to the future, and honest where it knows too little."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from zakaz_dagster.cli.backtest import Demand, demands, summary
from zakaz_dagster.dev import backtest as past
from zakaz_dagster.warehouse import backtest
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.plugins.warehouse import database
from zakaz_dagster_tests.sql import forecast_oracle as oracle
from zakaz_dagster_tests.sql.forecast_oracle import Point, Show
from zakaz_dagster_tests.sql.programme import TOMSK

D = date(2026, 6, 8)
ASK = tuple[str, date, oracle.Left, float]


@pytest.fixture(scope="module")
def wh(clickhouse: Any) -> Iterator[Warehouse]:
    with database(clickhouse) as made:
        backtest.scratch(made)
        yield made


def run(wh: Warehouse, shows: list[Show], asked: list[ASK]) -> dict[tuple[str, date], dict[str, Any]]:
    backtest.fill(
        wh,
        "forecast_shows",
        [
            {
                "show_key": s.key, "event_id": 1, "city": "томск", "show_date": s.finish, "programme": s.programme,
                "is_run": int(s.is_run), "opened_on": s.opened, "finish_on": s.finish, "sold_out_on": s.sold_out,
                "is_cancelled": int(s.cancelled),
            }
            for s in shows
        ],
    )  # fmt: skip
    curve = [{"show_key": s.key, "day": day, "paid": paid} for s in shows for day, paid in s.curve.items()]
    random.Random(1).shuffle(curve)
    backtest.fill(wh, "forecast_curve", curve)
    names = ("show_key", "as_of", "tickets_left", "tickets_left_lo", "tickets_left_hi", "kappa")
    questions = [(key, as_of, *oracle.room(left), kappa) for key, as_of, left, kappa in asked]
    backtest.fill(wh, "forecast_asked", [dict(zip(names, each, strict=True)) for each in questions])
    rows = wh.rows(f"SELECT * FROM ({load('builds')['forecast'].sql})")
    return {(row["show_key"], row["as_of"]): row for row in rows}


def like(points: list[tuple[int, int, int]], *, sold: int = 90, week: int = 28, on_sale: int = 31) -> list[Show]:
    """The show `own` (7 days to go on D) and finished ones with these (sold, final, pace) at 7 days to go."""
    own = Show(
        "own", "A", D - timedelta(on_sale - 1), D + timedelta(7), {D - timedelta(on_sale - 1): sold - week, D: week}
    )
    others = []
    for number, (s, final, pace) in enumerate(points):
        finish = D - timedelta(1 + number)
        then, opened = finish - timedelta(7), finish - timedelta(on_sale + 6)
        others.append(
            Show(f"c{number}", "A", opened, finish, {opened: s - 7 * pace, then: 7 * pace, finish: final - s})
        )
    return [own, *others]


def own(wh: Warehouse, shows: list[Show], left: oracle.Left = 110, kappa: float = 1.0) -> dict[str, Any]:
    return run(wh, shows, [("own", D, left, kappa)])["own", D]


def test_tomsk_is_as_computed_by_hand(wh: Warehouse) -> None:
    row = own(wh, like(TOMSK))
    figures = [row[f"rest_by_{way}"] for way in ("mean", "ratio", "pace", "rate")]
    assert [round(figure, 3) for figure in figures] == [54.0, 53.407, 45.0, 28.0]
    assert round(row["rest"], 3) == 42.787
    assert round(row["forecast_tickets"], 3) == 132.787
    assert (row["forecast_tickets_lo"], row["forecast_tickets_hi"]) == (110, 177)
    assert (round(row["log_low"], 3), round(row["log_high"], 3)) == (-0.672, 0.672)
    assert (row["comparables"], row["silence"]) == (5, "")
    errors = oracle.reckon(90, 4, 7, [Point(*each) for each in TOMSK]).errors
    assert [round(error, 4) for error in errors] == [0.2180, -0.1706, 0.3708, 0.1342, 0.0533]


def test_chita_is_full_so_both_bounds_are_what_is_sold(wh: Warehouse) -> None:
    row = own(wh, like(TOMSK), left=0)
    assert [row[f"forecast_tickets{part}"] for part in ("", "_lo", "_hi")] == [90, 90, 90]


def test_irkutsk_has_two_comparables_and_is_silent(wh: Warehouse) -> None:
    row = own(wh, like(TOMSK[:2]))
    assert (row["comparables"], row["silence"]) == (2, "comparables")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_sql_equals_the_oracle(wh: Warehouse, seed: int) -> None:
    shows, chance = oracle.world(seed), random.Random(seed)
    asked: list[ASK] = [
        (
            s.key,
            s.finish - timedelta(d),
            chance.choice([None, 0.0, 12.0, (50.0, 41.0, 63.0)]),
            chance.choice([0.7, 1.0, 1.9]),
        )
        for s in shows
        for d in (1, 3, 7, 14, 30, 60)
        if not s.cancelled and s.opened <= s.finish - timedelta(d)
    ]
    rows, by_key = run(wh, shows, asked), {s.key: s for s in shows}
    assert len(rows) == len(asked)
    for key, as_of, left, kappa in asked:
        row, told = rows[key, as_of], oracle.forecast(by_key[key], shows, as_of, left, kappa)
        pairs = [
            (row["tickets_sold"], told.sold), (row["pace"], told.pace), (row["rest"], told.rest),
            (row["forecast_tickets"], told.forecast), (row["log_low"], told.log_low), (row["log_high"], told.log_high),
        ]  # fmt: skip
        assert all(math.isclose(here, there, rel_tol=1e-6, abs_tol=1e-6) for here, there in pairs), (key, as_of)
        assert (row["comparables"], row["forecast_tickets_lo"], row["forecast_tickets_hi"]) == (
            told.comparables, told.low, told.high,
        )  # fmt: skip
        assert row["forecast_tickets_lo"] <= row["forecast_tickets"] <= row["forecast_tickets_hi"]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 8, 20])
def test_every_number_of_comparables_has_its_interval(wh: Warehouse, count: int) -> None:
    points = [(90 + 3 * n, 150 + 5 * (n % 7) + 2 * n, 4 + n % 3) for n in range(count)]
    row, told = own(wh, like(points)), oracle.reckon(90, 4, 7, [Point(*each) for each in points], 110)
    assert (row["forecast_tickets_lo"], row["forecast_tickets_hi"]) == (told.low, told.high)
    assert (row["silence"] == "comparables") == (count < 3)


def test_nothing_that_happens_later_or_to_unfinished_shows_moves_a_forecast(wh: Warehouse) -> None:
    shows = oracle.world(7)
    asked: list[ASK] = [(s.key, D, None, 1.0) for s in shows if s.opened <= D < s.finish and not s.cancelled]
    before = run(wh, shows, asked)
    later = [replace(s, curve={day: paid + (1000 if day > D else 0) for day, paid in s.curve.items()}) for s in shows]
    unfinished = Show("new", "A", D - timedelta(30), D + timedelta(3), {D - timedelta(20): 5000})
    assert run(wh, [*later, unfinished], asked) == before
    assert len(before) > 10


def test_a_refund_after_the_end_changes_nothing(wh: Warehouse) -> None:
    shows = like(TOMSK)
    refunded = [replace(s, curve={**s.curve, s.finish + timedelta(1): -50}) if s.key == "c3" else s for s in shows]
    assert own(wh, refunded) == own(wh, shows)


def test_gaps_of_days_are_days_without_a_sale(wh: Warehouse) -> None:
    shows = like(TOMSK)
    gapless = [
        replace(s, curve={s.opened + timedelta(n): s.curve.get(s.opened + timedelta(n), 0) for n in range(s.length)})
        for s in shows
    ]
    assert own(wh, gapless) == own(wh, shows)


def test_when_places_go_the_forecast_falls(wh: Warehouse) -> None:
    shows = like(TOMSK)
    said = [own(wh, shows, left)["forecast_tickets"] for left in (None, 50, 30, 10, 0)]
    assert said == sorted(said, reverse=True)
    assert said[-1] == 90


@pytest.mark.parametrize(
    ("left", "low", "high"),
    [((10, 6, 14), 96, 104), ((30, 10, 90), 100, 177), ((110, 95, 128), 110, 177), ((5, 0, 9), 90, 99)],
)
def test_a_full_hall_has_more_or_fewer_paid_tickets_than_thought(
    wh: Warehouse, left: tuple[float, float, float], low: int, high: int
) -> None:
    """The forecast is bounded by what probably fits, its bounds by what may fit."""
    row = own(wh, like(TOMSK), left)
    assert row["forecast_tickets"] == pytest.approx(min(132.787, 90 + left[0]), abs=0.001)
    assert (row["forecast_tickets_lo"], row["forecast_tickets_hi"]) == (low, high)
    assert backtest.interval(row, 1.0) == (low, high)


def test_cancelled_shows_are_neither_forecast_nor_compared(wh: Warehouse) -> None:
    shows = like(TOMSK)
    assert own(wh, [s if s.key != "c1" else replace(s, cancelled=True) for s in shows])["comparables"] == 4
    assert run(wh, [replace(shows[0], cancelled=True), *shows[1:]], [("own", D, None, 1.0)]) == {}


def test_a_postponed_show_keeps_its_curve_and_counts_days_to_its_new_date(wh: Warehouse) -> None:
    shows = like(TOMSK)
    moved = [replace(shows[0], finish=D + timedelta(21)), *shows[1:]]
    row = own(wh, moved)
    assert (row["tickets_sold"], row["days_left"]) == (90, 21)


def test_a_sold_out_show_is_compared_only_while_it_sold_and_teaches_no_error(wh: Warehouse) -> None:
    shows = like(TOMSK)
    early = [s if s.key != "c0" else replace(s, sold_out=s.finish - timedelta(9)) for s in shows]
    late = [s if s.key != "c0" else replace(s, sold_out=s.finish - timedelta(2)) for s in shows]
    assert own(wh, early)["comparables"] == 4
    points = [Point(*TOMSK[0], True), *(Point(*each) for each in TOMSK[1:])]
    assert own(wh, late)["forecast_tickets_hi"] == oracle.reckon(90, 4, 7, points, 110).high


def test_when_every_comparable_sold_out_the_interval_is_wide_and_still_there(wh: Warehouse) -> None:
    shows = [s if s.key == "own" else replace(s, sold_out=s.finish) for s in like(TOMSK)]
    row = own(wh, shows, left=None)
    assert row["comparables"] == 5
    assert row["forecast_tickets_hi"] - row["forecast_tickets_lo"] > 67
    assert row["forecast_tickets_lo"] <= row["forecast_tickets"] <= row["forecast_tickets_hi"]


def test_nothing_sold_gives_silence_and_no_error(wh: Warehouse) -> None:
    row = own(wh, like(TOMSK, sold=0, week=0))
    assert row["silence"] == "sold"
    assert row["rest_by_ratio"] == row["rest_by_pace"] == 0


def test_a_presale_spike_does_not_become_a_pace(wh: Warehouse) -> None:
    """The pace is that of the last seven calendar days, whether or not something was sold on them."""
    shows = like(TOMSK, week=0)
    spiked = [replace(shows[0], curve={shows[0].opened: 80, D - timedelta(9): 10}), *shows[1:]]
    row = own(wh, spiked)
    assert (row["tickets_sold"], row["pace"], row["rest_by_pace"]) == (90, 0, 0)


def test_a_day_with_more_refunds_than_sales_lowers_what_is_sold_and_no_pace_below_zero(wh: Warehouse) -> None:
    shows = like(TOMSK)
    row = own(wh, [replace(shows[0], curve={shows[0].opened: 100, D: -10}), *shows[1:]])
    assert (row["tickets_sold"], row["pace"]) == (90, 0)


@pytest.mark.parametrize(("on_sale", "silence"), [(2, "days"), (3, "")])
def test_two_days_on_sale_are_too_few(wh: Warehouse, on_sale: int, silence: str) -> None:
    shows = like(TOMSK, on_sale=8)
    opened = D - timedelta(on_sale - 1)
    assert own(wh, [replace(shows[0], opened=opened, curve={opened: 90}), *shows[1:]])["silence"] == silence


def test_intervals_wider_than_the_forecast_are_silent(wh: Warehouse) -> None:
    assert own(wh, like(TOMSK), left=None, kappa=4.0)["silence"] == "width"


def test_five_hundred_open_shows_take_less_than_two_seconds(wh: Warehouse) -> None:
    shows = [
        replace(s, key=f"{n}-{s.key}", finish=s.finish + timedelta(n), opened=s.opened + timedelta(n),
                curve={day + timedelta(n): paid for day, paid in s.curve.items()})
        for n in range(12)
        for s in oracle.world(n, 200)
    ]  # fmt: skip
    as_of = date(2026, 5, 20)
    asked: list[ASK] = [(s.key, as_of, None, 1.0) for s in shows if s.opened <= as_of < s.finish and not s.cancelled]
    run(wh, shows, asked[:500])
    assert len(asked) >= 250
    started = time.perf_counter()
    rows = wh.rows(f"SELECT * FROM ({load('builds')['forecast'].sql})")
    assert time.perf_counter() - started < 2
    assert len(rows) == len(asked[:500])


def test_a_backtest_measures_each_horizon_and_judges_it(wh: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "FIRST", date(2026, 1, 1))
    history = past.made_up(3, 20, stress=True)
    outcomes = past.outcomes(wh, history)
    assert len(outcomes) == len(history.asked)
    measured = {each.days_left: each for each in backtest.measure(outcomes)}
    assert set(measured) >= {30, 14, 7, 3, 1}
    assert measured[1].wape["naive"] < measured[30].wape["naive"]
    assert all(each.low <= each.said["blend"] <= each.high for each in outcomes)
    lines = list(demands("stress", 20, list(measured.values()), 1.0))
    assert {line.kept for line in lines} & {True, False}
    assert next(line for line in lines if line.what == "seconds").kept


def test_of_several_histories_what_is_not_kept_is_named_with_its_demand() -> None:
    kept, open_ = Demand("bias", "≤ 10 %", "+1.0 %", True), Demand("ratio", "≤ 0.45", "no such forecasts", None)
    missed = Demand("in the interval, 1 days", "70–90 %", "92 %", False)
    assert list(summary("sandbox", [(2, [], [kept, open_]), (3, [], [kept, missed])])) == [
        "2 of 3 demands kept",
        "  NOT KEPT: sandbox, seed 3: in the interval, 1 days: 92 %, demanded 70–90 %",
    ]
    assert list(summary("sandbox", [(2, [], [kept])])) == ["1 of 1 demands kept"]


def test_kappa_of_a_backtest_knows_only_shows_that_had_finished() -> None:
    rows = [
        {"show_key": f"s{n}", "as_of": D + timedelta(n), "days_left": 7, "silence": "", "tickets_sold": 50.0, "rest": 10.0,
         "tickets_left_lo": None, "tickets_left_hi": None, "log_low": -0.1, "log_high": 0.1}
        for n in range(10)
    ]  # fmt: skip
    kappas = backtest._widened(rows, {f"s{n}": 500.0 for n in range(10)}, frozenset())
    assert kappas[:7] == [1.0] * 7
    assert kappas[7:] == pytest.approx([math.exp(0.04), math.exp(0.08), math.exp(0.12)])
    assert backtest._widened(rows, {f"s{n}": 500.0 for n in range(10)}, frozenset({"s0"}))[7] == 1.0
