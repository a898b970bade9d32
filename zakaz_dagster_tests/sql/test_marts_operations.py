"""Views whose rows depend on today, on loads and on runs; the choice of the channel; and settings of the session."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import MixedInput
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.sql.world import World, at, rows

TODAY = datetime.now(MOSCOW).date()


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@pytest.mark.parametrize("view", load("views"))
def test_a_view_says_the_same_whatever_outer_joins_fill_in(theatre_world: Warehouse, view: str) -> None:
    """DataLens sends join_use_nulls = 1; every other client does not."""
    plain, with_nulls = (
        theatre_world.query(f"SELECT * FROM {view} ORDER BY ALL", settings={"join_use_nulls": value})
        for value in (0, 1)
    )
    assert plain.schema == with_nulls.schema
    assert plain.equals(with_nulls)


def test_freshness_looks_at_the_data_and_not_at_the_load(world: World) -> None:
    world.sale(ago(0), 1, 100, event=1, show=1)
    world.direct(ago(2), 1, 1, 1, "10", utm="yandex/cpc/a/b")
    for back in range(5):
        world.load("qtickets", ago(back), f"{ago(back)} 23:00")
        world.load("vk_ads", ago(back), f"{ago(back)} 23:00")  # loads succeed, but the newest statistics are old
    world.load("yandex_direct", ago(2), f"{ago(1)} 00:10")
    for back in range(4, 32):
        world.vk(ago(back), 1, 1, 1, "10", utm="vk/cpc/a/b")
    world.build(ago(4), ago(0))
    query = """SELECT source, latest_date, days_behind, known_days, missing_days, status, status_name
        FROM v_data_freshness ORDER BY source"""
    assert rows(world.wh, query) == [
        ("gmail", None, None, 0, 0, "ok", "не читалась"),
        ("qtickets", ago(0), 0, 5, 0, "ok", "свежие"),
        ("vk_ads", ago(4), 4, 5, 0, "error", "устарели"),
        ("yandex_direct", ago(2), 2, 1, 1, "warning", "устаревают"),
    ]


def freshness(world: World, source: str) -> tuple[object, ...]:
    query = f"SELECT latest_date, status, status_name FROM v_data_freshness WHERE source = '{source}'"  # noqa: S608
    return rows(world.wh, query)[0]


def test_a_day_on_which_vk_had_nothing_is_data(world: World) -> None:
    world.vk(ago(4), 1, 1, 1, "10")
    for back in (1, 2, 3):
        world.load("vk_ads", ago(back), f"{ago(back)} 23:00")
        world.vk(ago(back), 1, 1, 0, "0", impressions=0, clicks=0, conversions=0)
    assert freshness(world, "vk_ads") == (ago(1), "ok", "свежие")


@pytest.mark.parametrize(
    ("days_with_rows", "read", "expected"),
    [
        (24, True, ("warning", "устаревают")),  # its campaigns pause now and then
        (25, True, ("error", "устарели")),
        (24, False, ("error", "устарели")),  # nobody knows what these days had
    ],
)
def test_pauses_are_usual_where_a_source_has_them(
    world: World, days_with_rows: int, read: bool, expected: tuple[str, str]
) -> None:
    for back in (*range(4, 3 + days_with_rows), 31, 32):  # from the fourth day ago on, 28 days back; and one before
        world.direct(ago(back), 1, 1, 1, "10")
    world.load("yandex_direct", ago(1 if read else 4), f"{ago(0)} 00:10")
    assert freshness(world, "yandex_direct") == (ago(4), *expected)


def test_a_source_that_is_read_and_never_had_anything_only_warns(world: World) -> None:
    world.load("yandex_direct", ago(1), f"{ago(0)} 00:10")
    assert freshness(world, "yandex_direct") == (None, "warning", "нет данных")


def test_a_source_that_never_came_says_so(world: World) -> None:
    found = rows(
        world.wh, "SELECT source, latest_date, status, status_name FROM v_data_freshness WHERE source = 'vk_ads'"
    )
    assert found == [("vk_ads", None, "error", "нет данных")]


def test_runs_are_shown_with_their_length_and_fault(world: World) -> None:
    world.put(
        "meta_job_runs",
        started_at=at("2025-12-01 23:59:30"),
        finished_at=at("2025-12-02 00:01:00"),
        run_id="r1",
        job="qtickets_refresh",
        step="load",
        attempt=2,
        status="failure",
        rows_received=10,
        error_class="Retriable",
        error="qtickets: 503",
    )
    world.put(
        "meta_job_runs", started_at=at("2025-12-02 10:00"), run_id="r2", job="j", step="s", attempt=1, status="running"
    )
    query = """SELECT date, job, attempt, status_name, failures, duration_seconds, rows_received, error_class
        FROM v_ops_runs ORDER BY started_at"""
    assert rows(world.wh, query) == [
        ("2025-12-01", "qtickets_refresh", 2, "ошибка", 1, 90.0, 10, "Retriable"),
        ("2025-12-02", "j", 1, "идёт", 0, None, 0, "нет"),
    ]


def test_the_last_fourteen_days_include_today(world: World) -> None:
    for back in (0, 13, 14):
        world.sale(ago(back), back + 1, 100, event=1, show=1, city="томск")
    world.build(ago(14), ago(0))
    query = "SELECT date, tickets_paid, avg_ticket_rub FROM v_sales_14d ORDER BY date"
    assert rows(world.wh, query) == [(ago(13), 1, 100.0), (ago(0), 1, 100.0)]


def test_the_channel_is_chosen_for_the_day_the_money_moved(world: World) -> None:
    """A refund on a day taken from the mail is in the mail's figures; one on an API day is kept though its sale is not."""
    world.event(3, "Цирк", "омск")
    world.sale("2025-12-01", 1, 800, event=3, show=1, city="омск", refunded=("2025-12-03", "800", "0"))
    world.sale("2025-12-03", 2, 500, event=3, show=1, city="омск", refunded=("2025-12-04", "500", "0"))
    world.mail("2025-12-03", "«ЦИРК!»", 2, "1000", city="омск", reported="2025-12-03 23:30", refunded=(1, "800"))
    for on in ("2025-12-01", "2025-12-04"):
        world.load("qtickets", on, "2025-12-05 03:00")
    world.load("qtickets", "2025-12-03", "2025-12-03 11:00")  # then the API went away
    world.build("2025-12-01", "2025-12-04")
    query = """SELECT date, sales_source, event_id, tickets_sold, tickets_refunded, revenue_rub, refunds_rub
        FROM v_sales_daily WHERE tickets_sold + tickets_refunded != 0 ORDER BY date"""
    assert rows(world.wh, query) == [
        ("2025-12-01", "api", 3, 1, 0, 800.0, 0.0),
        ("2025-12-03", "mail", 3, 2, 1, 1000.0, 800.0),
        ("2025-12-04", "api", 3, 0, 1, 0.0, 500.0),
    ]
    world.load("qtickets", "2025-12-03", "2025-12-05 09:00", ver=2)  # it is back
    world.build("2025-12-03", "2025-12-03", "fact_sales_channel_daily", "fact_sales_counted_daily")
    found = rows(
        world.wh, "SELECT date, sales_source, revenue_rub, refunds_rub FROM v_sales_daily WHERE date = '2025-12-03'"
    )
    assert found == [("2025-12-03", "api", 500.0, 800.0)]


def test_the_organisers_share_moves_roas_and_romi_together(world: World) -> None:
    world.wh.command(
        "ALTER TABLE dim_settings UPDATE value = 40 WHERE key = 'organiser_share_pct'", None, {"mutations_sync": 2}
    )
    world.direct("2025-12-01", 1, 1, 1, "100", utm="yandex/cpc/1/1", city="томск")
    world.sale("2025-12-01", 1, 300, event=1, show=1, city="томск", utm="yandex/cpc/1/1")
    world.build("2025-12-01", "2025-12-01")
    query = "SELECT net_revenue_rub, organiser_income_rub, roas, round(romi_pct, 6), romi_status FROM v_romi_kpi"
    assert rows(world.wh, query) == [(300.0, 120.0, 1.2, 20.0, "жёлтый")]


def test_two_versions_in_a_partition_stop_the_build_that_would_count_both(world: World) -> None:
    """An interrupted swap leaves them behind; what was built before stays until they are healed."""
    for version, money in ((1, "10"), (2, "30")):
        world.direct("2025-12-01", 1, 1, 1, money, utm="yandex/cpc/1/1", _ver=version)
        world.put(
            "stg_qtickets_sales_raw",
            channel="api",
            sale_date=at("2025-12-01").date(),
            line_id=str(version),  # rows of one key would merge in the background
            tickets=1,
            order_lines=1,
            price_rub=Decimal(money),
            _ver=version,
        )
    with pytest.raises(MixedInput, match="hold rows of two loads"):
        World(world.wh).build("2025-12-01", "2025-12-01")  # by `rebuild`, as in earnest
