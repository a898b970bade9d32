"""Spend, ROMI, funnel and campaigns of the theatre world, row by row, computed by hand (`theatre` tells the story)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster_tests.sql.world import World, rows, unordered

VK, DIRECT, NONE, UNKNOWN = "VK Реклама", "Яндекс.Директ", "без меток", "канал не определён"
NOWHERE = "не указано"


def test_spend_is_resolved_to_city_and_show(theatre_world: Warehouse) -> None:
    found = rows(
        theatre_world,
        """SELECT date, source, campaign_id, ad_group_id, ad_id, city, show_date, utm_problem, impressions, clicks,
            conversions, toFloat64(spend_raw_rub), toFloat64(spend_rub)
        FROM fact_marketing_daily ORDER BY date, source, campaign_id, ad_group_id, ad_id""",
    )
    assert found == [
        ("2025-12-01", "vk_ads", 10, 11, 111, "томск", "2025-12-20", "", 1000, 10, 1, 100.0, 120.0),
        ("2025-12-01", "vk_ads", 10, 12, 121, "томск", "2026-01-06", "", 1000, 10, 1, 50.0, 60.0),
        (
            "2025-12-01",
            "vk_ads",
            20,
            21,
            211,
            "омск",
            "2025-12-21",
            "нет показа в этот день",
            1000,
            10,
            1,
            200.0,
            240.0,
        ),
        ("2025-12-01", "vk_ads", 20, 21, 212, "омск", "2026-01-05", "", 1000, 10, 1, 30.0, 36.0),
        ("2025-12-01", "vk_ads", 30, 31, 311, NOWHERE, None, "город не распознан", 1000, 10, 1, 10.0, 12.0),
        ("2025-12-01", "yandex_direct", 500, 51, 511, "томск", None, "", 500, 20, None, 400.0, 400.0),
        ("2025-12-01", "yandex_direct", 600, 61, 611, "омск", None, "", 500, 20, None, 25.0, 25.0),
        ("2025-12-01", "yandex_direct", 700, 71, 711, "омск", None, "", 500, 20, None, 35.0, 35.0),
        ("2025-12-02", "vk_ads", 10, 11, 0, "томск", None, "", 0, 0, None, -5.0, -6.0),
        ("2025-12-02", "yandex_direct", 500, 51, 511, "томск", None, "", 1000, 20, None, 100.0, 100.0),
        ("2025-12-02", "yandex_direct", 800, 81, 811, NOWHERE, None, "неизвестный город", 500, 20, None, 45.0, 45.0),
        ("2025-12-02", "yandex_direct", 900, 91, 911, "томск", None, "невозможная дата", 500, 20, None, 55.0, 55.0),
    ]


def test_v_marketing_daily(theatre_world: Warehouse) -> None:
    found = rows(
        theatre_world,
        """SELECT date, city, channel_group, source, spend_rub, spend_raw_rub, impressions, clicks, conversions, orders,
            orders_free, tickets_sold, tickets_paid, tickets_refunded, revenue_rub, refunds_rub, net_revenue_rub
        FROM v_marketing_daily ORDER BY date, city, channel_group""",
    )
    vk, direct = (VK, "vk_ads"), (DIRECT, "yandex_direct")
    none, unknown, posts = (NONE, NOWHERE), (UNKNOWN, NOWHERE), ("Посевы", NOWHERE)
    assert unordered(found) == unordered(
        [
            ("2025-12-01", NOWHERE, *vk, 12.0, 10.0, 1000, 10, 1, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0),
            ("2025-12-01", "омск", *vk, 276.0, 230.0, 2000, 20, 2, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0),
            ("2025-12-01", "омск", *none, 0.0, 0.0, 0, 0, None, 1, 0, 1, 1, 0, 250.0, 0.0, 250.0),
            ("2025-12-01", "омск", *posts, 0.0, 0.0, 0, 0, None, 1, 0, 1, 1, 0, 300.0, 0.0, 300.0),
            ("2025-12-01", "омск", *direct, 60.0, 60.0, 1000, 40, None, 1, 0, 1, 1, 0, 400.0, 0.0, 400.0),
            ("2025-12-01", "томск", *vk, 180.0, 150.0, 2000, 20, 2, 3, 1, 3, 2, 0, 850.0, 0.0, 850.0),
            ("2025-12-01", "томск", *unknown, 0.0, 0.0, 0, 0, None, 1, 0, 1, 1, 0, 350.0, 0.0, 350.0),
            ("2025-12-01", "томск", *direct, 400.0, 400.0, 500, 20, None, 1, 0, 2, 2, 0, 1000.0, 0.0, 1000.0),
            ("2025-12-02", NOWHERE, *direct, 45.0, 45.0, 500, 20, None, 1, 0, 1, 1, 0, 120.0, 0.0, 120.0),
            ("2025-12-02", "омск", *none, 0.0, 0.0, 0, 0, None, 1, 0, 1, 1, 0, 800.0, 0.0, 800.0),
            ("2025-12-02", "томск", *vk, -6.0, -5.0, 0, 0, None, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0),
            ("2025-12-02", "томск", *none, 0.0, 0.0, 0, 0, None, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0),
            ("2025-12-02", "томск", *direct, 155.0, 155.0, 1500, 40, None, 1, 0, 2, 1, 0, 600.0, 0.0, 600.0),
            ("2025-12-03", "омск", *none, 0.0, 0.0, 0, 0, None, 0, 0, 3, 3, 1, 900.0, 700.0, 200.0),
            ("2025-12-04", "томск", *vk, 0.0, 0.0, 0, 0, None, 0, 0, 0, 0, 1, 0.0, 700.0, -700.0),
        ]
    )


def test_ratios_of_a_marketing_row(theatre_world: Warehouse) -> None:
    query = """SELECT ctr_pct, cpc_rub, cpm_rub, cpt_rub, conversion_pct, roas, romi_pct, drr_pct, data_as_of
        FROM v_marketing_daily WHERE date = '2025-12-01' AND city = 'томск' AND source = 'vk_ads'"""
    assert rows(theatre_world, query) == [
        (
            pytest.approx(1.0),  # 20 clicks of 2000 impressions
            pytest.approx(9.0),  # 180 roubles for 20 clicks
            pytest.approx(90.0),  # 180 roubles for 2 thousand impressions
            pytest.approx(90.0),  # 180 roubles for 2 paid tickets
            pytest.approx(10.0),  # 2 paid tickets of 20 clicks
            pytest.approx(850 / 180),
            pytest.approx((850 - 180) / 180 * 100),
            pytest.approx(180 / 850 * 100),
            "2025-12-02 00:05",  # what the row knows least: VK was read then
        )
    ]


def test_v_romi_kpi(theatre_world: Warehouse) -> None:
    found = rows(
        theatre_world,
        """SELECT date, city, channel_group, spend_rub, net_revenue_rub, profit_rub, round(roas, 2), round(romi_pct, 1),
            romi_status, romi_status_code, roas_green_above, roas_yellow_from
        FROM v_romi_kpi WHERE spend_rub != 0 ORDER BY date, city, channel_group""",
    )
    limits = (1.5, 1.0)
    assert found == [
        ("2025-12-01", NOWHERE, VK, 12.0, 0.0, -12.0, None, None, "нельзя сравнить", 0, *limits),
        ("2025-12-01", "омск", VK, 276.0, 0.0, -276.0, 0.0, -100.0, "красный", 1, *limits),
        ("2025-12-01", "омск", DIRECT, 60.0, 400.0, 340.0, 6.67, 566.7, "зелёный", 3, *limits),
        ("2025-12-01", "томск", VK, 180.0, 850.0, 670.0, 4.72, 372.2, "зелёный", 3, *limits),
        ("2025-12-01", "томск", DIRECT, 400.0, 1000.0, 600.0, 2.5, 150.0, "зелёный", 3, *limits),
        ("2025-12-02", NOWHERE, DIRECT, 45.0, 120.0, 75.0, None, None, "нельзя сравнить", 0, *limits),
        ("2025-12-02", "томск", VK, -6.0, 0.0, 6.0, None, None, "нет расхода", 0, *limits),
        ("2025-12-02", "томск", DIRECT, 155.0, 600.0, 445.0, 3.87, 287.1, "зелёный", 3, *limits),
    ]
    grey = rows(theatre_world, "SELECT DISTINCT roas, romi_pct, romi_status FROM v_romi_kpi WHERE spend_rub = 0")
    assert grey == [(None, None, "нет расхода")]


@pytest.mark.parametrize(
    ("on", "spend", "revenue", "status"),
    [
        ("2025-11-01", "1000.10", "1500.16", "зелёный"),
        ("2025-11-02", "1000.10", "1500.15", "жёлтый"),  # ROAS exactly 1.5
        ("2025-11-03", "1000.10", "1000.10", "жёлтый"),  # exactly 1
        ("2025-11-04", "1000.10", "1000.09", "красный"),
        ("2025-11-05", "1000.10", "0", "красный"),
        ("2025-11-06", "0", "500", "нет расхода"),
    ],
)
def test_the_traffic_light_changes_at_its_thresholds(
    module_world: Callable[[], World], on: str, spend: str, revenue: str, status: str
) -> None:
    world = module_world()
    if spend != "0":
        world.direct(on, 1, 1, 1, spend, utm="yandex/cpc/1/1", city="томск")
    world.sale(on, 1, revenue, event=1, show=1, city="томск", utm="yandex/cpc/1/1")
    world.build(on, on)
    assert rows(world.wh, f"SELECT romi_status FROM v_romi_kpi WHERE date = '{on}'") == [(status,)]
    assert rows(world.wh, f"SELECT romi_status FROM v_city_performance WHERE date = '{on}'") == [(status,)]
    assert rows(world.wh, f"SELECT max(romi_status_code) FROM v_campaign_performance WHERE date = '{on}'") == rows(
        world.wh, f"SELECT max(romi_status_code) FROM v_romi_kpi WHERE date = '{on}'"
    )


def test_v_funnel_daily(theatre_world: Warehouse) -> None:
    found = rows(
        theatre_world,
        """SELECT city, source, impressions, clicks, orders, orders_paid, tickets_paid, round(ctr_pct, 2),
            round(click_to_order_pct, 2), round(order_to_paid_pct, 2), round(conversion_pct, 2), cost_per_order_rub
        FROM v_funnel_daily WHERE date = '2025-12-01' AND source != 'не указано' ORDER BY city, source""",
    )
    assert found == [
        (NOWHERE, "vk_ads", 1000, 10, 0, 0, 0, 1.0, None, None, None, None),
        ("омск", "vk_ads", 2000, 20, 0, 0, 0, 1.0, 0.0, None, 0.0, None),
        ("омск", "yandex_direct", 1000, 40, 1, 1, 1, 4.0, 2.5, 100.0, 2.5, 60.0),
        ("томск", "vk_ads", 2000, 20, 3, 2, 2, 1.0, 15.0, 66.67, 10.0, 90.0),
        ("томск", "yandex_direct", 500, 20, 1, 1, 2, 4.0, 5.0, 100.0, 10.0, 400.0),
    ]


def test_v_city_performance(theatre_world: Warehouse) -> None:
    found = rows(
        theatre_world,
        """SELECT date, city, spend_rub, impressions, clicks, orders, tickets_sold, tickets_paid, tickets_free,
            tickets_refunded, revenue_rub, refunds_rub, net_revenue_rub, round(avg_ticket_rub, 2), round(roas, 2), romi_status
        FROM v_city_performance ORDER BY date, city""",
    )
    green, apart, grey = "зелёный", "нельзя сравнить", "нет расхода"
    assert found == [
        ("2025-12-01", NOWHERE, 12.0, 1000, 10, 0, 0, 0, 0, 0, 0.0, 0.0, 0.0, None, None, apart),
        ("2025-12-01", "омск", 336.0, 3000, 60, 3, 3, 3, 0, 0, 950.0, 0.0, 950.0, 316.67, 2.83, green),
        ("2025-12-01", "томск", 580.0, 2500, 40, 5, 6, 5, 1, 0, 2200.0, 0.0, 2200.0, 440.0, 3.79, green),
        ("2025-12-02", NOWHERE, 45.0, 500, 20, 1, 1, 1, 0, 0, 120.0, 0.0, 120.0, 120.0, None, apart),
        ("2025-12-02", "омск", 0.0, 0, 0, 1, 1, 1, 0, 0, 800.0, 0.0, 800.0, 800.0, None, grey),
        ("2025-12-02", "томск", 149.0, 1500, 40, 1, 2, 1, 1, 0, 600.0, 0.0, 600.0, 600.0, 4.03, green),
        ("2025-12-03", "омск", 0.0, 0, 0, 0, 3, 3, 0, 1, 900.0, 700.0, 200.0, 300.0, None, grey),
        ("2025-12-04", "томск", 0.0, 0, 0, 0, 0, 0, 0, 1, 0.0, 700.0, -700.0, None, None, grey),
    ]


def test_v_campaign_performance(theatre_world: Warehouse) -> None:
    found = rows(
        theatre_world,
        """SELECT date, city, source, account, campaign_id, campaign_name, ad_group_id, spend_rub, clicks, orders,
            tickets_paid, tickets_free, revenue_rub, refunds_rub
        FROM v_campaign_performance ORDER BY date, city, source, campaign_id, ad_group_id, channel_group""",
    )
    vk, direct = ("vk_ads", "кабинет"), ("yandex_direct", "логин")
    lost = (NOWHERE, 0, "без кампании", 0)
    assert unordered(found) == unordered(
        [
            ("2025-12-01", NOWHERE, *vk, 30, "план 30", 31, 12.0, 10, 0, 0, 0, 0.0, 0.0),
            ("2025-12-01", "омск", *vk, 20, "план 20", 21, 276.0, 20, 0, 0, 0, 0.0, 0.0),
            ("2025-12-01", "омск", "yandex_direct", *lost, 0.0, 0, 1, 1, 0, 400.0, 0.0),
            ("2025-12-01", "омск", *direct, 600, "кампания 600", 61, 25.0, 20, 0, 0, 0, 0.0, 0.0),
            ("2025-12-01", "омск", *direct, 700, "кампания 700", 71, 35.0, 20, 0, 0, 0, 0.0, 0.0),
            ("2025-12-01", "омск", NOWHERE, *lost, 0.0, 0, 1, 1, 0, 250.0, 0.0),
            ("2025-12-01", "омск", NOWHERE, *lost, 0.0, 0, 1, 1, 0, 300.0, 0.0),
            ("2025-12-01", "томск", "vk_ads", *lost, 0.0, 0, 1, 1, 0, 150.0, 0.0),
            ("2025-12-01", "томск", *vk, 10, "план 10", 11, 120.0, 10, 0, 0, 0, 0.0, 0.0),
            ("2025-12-01", "томск", *vk, 10, "план 10", 12, 60.0, 10, 1, 1, 0, 700.0, 0.0),
            ("2025-12-01", "томск", *vk, 30, "план 30", 31, 0.0, 0, 1, 0, 1, 0.0, 0.0),
            ("2025-12-01", "томск", *direct, 500, "кампания 500", 51, 400.0, 20, 1, 2, 0, 1000.0, 0.0),
            ("2025-12-01", "томск", NOWHERE, *lost, 0.0, 0, 1, 1, 0, 350.0, 0.0),
            ("2025-12-02", NOWHERE, "yandex_direct", *lost, 0.0, 0, 1, 1, 0, 120.0, 0.0),
            ("2025-12-02", NOWHERE, *direct, 800, "кампания 800", 81, 45.0, 20, 0, 0, 0, 0.0, 0.0),
            ("2025-12-02", "омск", NOWHERE, *lost, 0.0, 0, 1, 1, 0, 800.0, 0.0),
            ("2025-12-02", "томск", *vk, 10, "план 10", 11, -6.0, 0, 0, 0, 0, 0.0, 0.0),
            ("2025-12-02", "томск", *direct, 500, "кампания 500", 0, 0.0, 0, 1, 1, 1, 600.0, 0.0),
            ("2025-12-02", "томск", *direct, 500, "кампания 500", 51, 100.0, 20, 0, 0, 0, 0.0, 0.0),
            ("2025-12-02", "томск", *direct, 900, "кампания 900", 91, 55.0, 20, 0, 0, 0, 0.0, 0.0),
            ("2025-12-02", "томск", NOWHERE, *lost, 0.0, 0, 0, 0, 0, 0.0, 0.0),
            ("2025-12-03", "омск", NOWHERE, *lost, 0.0, 0, 0, 3, 0, 900.0, 700.0),
            ("2025-12-04", "томск", *vk, 10, "план 10", 12, 0.0, 0, 0, 0, 0, 0.0, 700.0),
        ]
    )


def test_v_utm_unmapped_lists_the_money_at_stake(theatre_world: Warehouse) -> None:
    found = rows(
        theatre_world,
        """SELECT date, side, reason, utm_source, utm_content, city, campaign_name, orders, revenue_rub, spend_rub, money_rub
        FROM v_utm_unmapped ORDER BY date, side, money_rub""",
    )
    assert found == [
        ("2025-12-01", "продажи", UNKNOWN, "foo", "tomsk_20_12", "томск", NOWHERE, 1, 350.0, 0.0, 350.0),
        ("2025-12-01", "продажи", "метка нескольких кампаний", "yandex", "x", "омск", NOWHERE, 1, 400.0, 0.0, 400.0),
        ("2025-12-01", "расход", "город не распознан", "vk_ads", "311", NOWHERE, "план 30", 0, 0.0, 12.0, 12.0),
        ("2025-12-01", "расход", "нет показа в этот день", "vk", "omsk_21_12", "омск", "план 20", 0, 0.0, 240.0, 240.0),
        (
            "2025-12-02",
            "продажи",
            "неизвестный номер рекламы",
            "yandex",
            "888888",
            NOWHERE,
            NOWHERE,
            1,
            120.0,
            0.0,
            120.0,
        ),
        (
            "2025-12-02",
            "расход",
            "неизвестный город",
            "yandex",
            "atlantis_05_01",
            NOWHERE,
            "кампания 800",
            0,
            0.0,
            45.0,
            45.0,
        ),
        (
            "2025-12-02",
            "расход",
            "невозможная дата",
            "yandex",
            "tomsk_31_02",
            "томск",
            "кампания 900",
            0,
            0.0,
            55.0,
            55.0,
        ),
    ]
