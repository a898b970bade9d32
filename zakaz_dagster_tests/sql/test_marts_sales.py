"""Sales, attribution and shows of the theatre world, row by row, computed by hand (`theatre` tells the story)."""

from __future__ import annotations

from datetime import datetime

import pytest

from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster_tests.sql.world import rows, unordered

VK, DIRECT, NONE, UNKNOWN = "VK Реклама", "Яндекс.Директ", "без меток", "канал не определён"


def test_each_day_of_sales_comes_from_one_channel(theatre_world: Warehouse) -> None:
    assert rows(theatre_world, "SELECT date, sales_source, is_complete, as_of FROM v_sales_days ORDER BY date") == [
        ("2025-12-01", "api", 1, "2025-12-02 03:00"),
        ("2025-12-02", "api", 1, "2025-12-03 03:00"),
        ("2025-12-03", "mail", 0, "2025-12-04 09:00"),
    ]


def test_sale_lines_get_the_first_rung_that_matches(theatre_world: Warehouse) -> None:
    found = rows(
        theatre_world,
        """SELECT utm_campaign, utm_content, match_level, source, campaign_id, ad_group_id, ad_id, utm_problem
        FROM v_sales_attributed WHERE sale_date <= '2025-12-02' AND tickets_sold > 0
        ORDER BY date, utm_source, utm_medium, utm_campaign, utm_content, show_id""",
    )
    assert found == [
        ("", "", "none", "не указано", 0, 0, 0, ""),
        ("afisha", "Tomsk_06_01", "utm", "vk_ads", 10, 12, 121, ""),
        ("baz", "tomsk_20_12", "show", "не указано", 0, 0, 0, "канал не определён"),
        ("gruppa_posev", "", "source", "не указано", 0, 0, 0, ""),
        ("afisha_family", "", "city", "vk_ads", 0, 0, 0, ""),
        ("31", "311", "ad", "vk_ads", 30, 31, 311, ""),
        ("500", "511", "ad", "yandex_direct", 500, 51, 511, ""),
        ("double", "x", "source", "yandex_direct", 0, 0, 0, "метка нескольких кампаний"),
        ("", "", "none", "не указано", 0, 0, 0, ""),
        ("500", "zzz", "campaign", "yandex_direct", 500, 0, 0, ""),
        ("999999", "888888", "source", "yandex_direct", 0, 0, 0, "неизвестный номер рекламы"),
    ]


DINO, UNNAMED = "Динозавры", "не указано"
# date, event, its name, city, channel group, source; orders and free ones; tickets sold, paid, free, refunded, removed;
# revenue, refunds, deduction, net, average ticket, share of refunds.
SALES_DAILY = [
    ("2025-12-01", 1, DINO, "томск", VK, "api", 3, 1, 3, 2, 1, 0, 0, 850.0, 0.0, 0.0, 850.0, 425.0, 0.0),
    ("2025-12-01", 1, DINO, "томск", UNKNOWN, "api", 1, 0, 1, 1, 0, 0, 0, 350.0, 0.0, 0.0, 350.0, 350.0, 0.0),
    ("2025-12-01", 1, DINO, "томск", DIRECT, "api", 1, 0, 2, 2, 0, 0, 0, 1000.0, 0.0, 0.0, 1000.0, 500.0, 0.0),
    ("2025-12-01", 2, "Роботы", "омск", "Посевы", "api", 1, 0, 1, 1, 0, 0, 0, 300.0, 0.0, 0.0, 300.0, 300.0, 0.0),
    ("2025-12-01", 3, "Цирк", "омск", NONE, "api", 1, 0, 1, 1, 0, 0, 0, 250.0, 0.0, 0.0, 250.0, 250.0, 0.0),
    ("2025-12-01", 3, "Цирк", "омск", DIRECT, "api", 1, 0, 1, 1, 0, 0, 0, 400.0, 0.0, 0.0, 400.0, 400.0, 0.0),
    ("2025-12-02", 1, DINO, "томск", NONE, "api", 0, 0, 0, 0, 0, 0, 1, 0.0, 0.0, 0.0, 0.0, None, None),
    ("2025-12-02", 1, DINO, "томск", DIRECT, "api", 1, 0, 2, 1, 1, 0, 0, 600.0, 0.0, 0.0, 600.0, 600.0, 0.0),
    ("2025-12-02", 3, "Цирк", "омск", NONE, "api", 1, 0, 1, 1, 0, 0, 0, 800.0, 0.0, 0.0, 800.0, 800.0, 0.0),
    ("2025-12-02", 9, UNNAMED, UNNAMED, DIRECT, "api", 1, 0, 1, 1, 0, 0, 0, 120.0, 0.0, 0.0, 120.0, 120.0, 0.0),
    ("2025-12-03", 0, "Цирк Дю", "омск", NONE, "mail", 0, 0, 3, 3, 0, 1, 0, 900.0, 700.0, 0.0, 200.0, 300.0, 77.8),
    # What the API kept of a refund on the mail's day: mails do not speak of deductions.
    ("2025-12-03", 3, "Цирк", "омск", NONE, "api", 0, 0, 0, 0, 0, 0, 0, 0.0, 0.0, 100.0, 0.0, None, None),
    ("2025-12-04", 1, DINO, "томск", VK, "api", 0, 0, 0, 0, 0, 1, 0, 0.0, 700.0, 0.0, -700.0, None, None),
]  # fmt: skip


def test_v_sales_daily(theatre_world: Warehouse) -> None:
    found = rows(
        theatre_world,
        """SELECT date, event_id, event_name, city, channel_group, sales_source, orders, orders_free, tickets_sold,
            tickets_paid, tickets_free, tickets_refunded, tickets_removed, revenue_rub, refunds_rub, deduction_rub,
            net_revenue_rub, avg_ticket_rub, round(refund_share_pct, 1)
        FROM v_sales_daily ORDER BY date, event_id, city, channel_group""",
    )
    assert unordered(found) == unordered(SALES_DAILY)


def test_v_attribution_quality(theatre_world: Warehouse) -> None:
    found = rows(
        theatre_world,
        """SELECT date, city, channel_group, match_level, match_level_no, match_level_name, is_attributed, orders,
            tickets_paid, revenue_rub, refunds_rub, net_revenue_rub, unmapped_revenue_rub, round(day_share_pct, 2)
        FROM v_attribution_quality ORDER BY date, city, channel_group, match_level_no""",
    )
    assert unordered(found) == unordered(
        [
            ("2025-12-01", "омск", NONE, "none", 7, "ничего", 0, 1, 1, 250.0, 0.0, 250.0, 0.0, 7.94),
            ("2025-12-01", "омск", "Посевы", "source", 6, "канал", 1, 1, 1, 300.0, 0.0, 300.0, 0.0, 9.52),
            ("2025-12-01", "омск", DIRECT, "source", 6, "канал", 1, 1, 1, 400.0, 0.0, 400.0, 400.0, 12.7),
            ("2025-12-01", "томск", VK, "ad", 1, "объявление", 1, 1, 0, 0.0, 0.0, 0.0, 0.0, 0.0),
            ("2025-12-01", "томск", VK, "utm", 3, "метка кампании", 1, 1, 1, 700.0, 0.0, 700.0, 0.0, 22.22),
            ("2025-12-01", "томск", VK, "city", 5, "город", 1, 1, 1, 150.0, 0.0, 150.0, 0.0, 4.76),
            ("2025-12-01", "томск", UNKNOWN, "show", 4, "показ", 1, 1, 1, 350.0, 0.0, 350.0, 350.0, 11.11),
            ("2025-12-01", "томск", DIRECT, "ad", 1, "объявление", 1, 1, 2, 1000.0, 0.0, 1000.0, 0.0, 31.75),
            ("2025-12-02", "не указано", DIRECT, "source", 6, "канал", 1, 1, 1, 120.0, 0.0, 120.0, 120.0, 7.89),
            ("2025-12-02", "омск", NONE, "none", 7, "ничего", 0, 1, 1, 800.0, 0.0, 800.0, 0.0, 52.63),
            ("2025-12-02", "томск", NONE, "none", 7, "ничего", 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0),
            ("2025-12-02", "томск", DIRECT, "campaign", 2, "кампания", 1, 1, 1, 600.0, 0.0, 600.0, 0.0, 39.47),
            ("2025-12-03", "омск", NONE, "none", 7, "ничего", 0, 0, 3, 900.0, 700.0, 200.0, 0.0, 100.0),
            ("2025-12-04", "томск", VK, "utm", 3, "метка кампании", 1, 0, 0, 0.0, 700.0, -700.0, 0.0, None),
        ]
    )


def test_v_show_performance(theatre_world: Warehouse) -> None:
    found = rows(
        theatre_world,
        """SELECT show_date, city, event_id, event_name, show_status, shows, capacity, tickets_sold, tickets_paid,
            tickets_refunded, round(sell_through_pct, 2), revenue_rub, net_revenue_rub, spend_rub, round(romi_pct, 2),
            romi_status
        FROM v_show_performance ORDER BY show_date NULLS LAST, city, event_id, event_name, spend_rub""",
    )
    several, lost, past = "несколько мероприятий", "показ не определён", "прошёл"
    dino, unknown, grey, apart = "Динозавры", "не указано", "нет расхода", "нельзя сравнить"
    assert found == [
        # The day named by the old tag of the moved show: its spend stays there and says so.
        ("2025-12-20", "томск", 1, dino, past, 1, 100, 6, 4, 0, 6.0, 1950.0, 1950.0, 120.0, 1525.0, "зелёный"),
        ("2025-12-21", "омск", 0, unknown, "нет в афише", 0, 0, 0, 0, 0, None, 0.0, 0.0, 240.0, None, apart),
        ("2025-12-28", "омск", 3, "Цирк", past, 1, 80, 2, 2, 0, 2.5, 1200.0, 1200.0, 0.0, None, grey),
        # Two events on one day: the spend of its tag belongs to neither.
        ("2026-01-05", "омск", 0, several, several, 0, 0, 0, 0, 0, None, 0.0, 0.0, 36.0, None, apart),
        ("2026-01-05", "омск", 2, "Роботы", past, 1, 0, 1, 1, 0, None, 300.0, 300.0, 0.0, None, grey),
        ("2026-01-05", "омск", 3, "Цирк", past, 1, 0, 1, 1, 0, None, 250.0, 250.0, 0.0, None, grey),
        # Two sessions of one event; the tag of December means this January.
        ("2026-01-06", "томск", 1, dino, past, 2, 100, 2, 2, 1, 1.0, 850.0, 150.0, 60.0, 150.0, "зелёный"),
        (None, "не указано", 0, unknown, lost, 0, 0, 0, 0, 0, None, 0.0, 0.0, 57.0, None, apart),
        (None, "не указано", 9, unknown, lost, 0, 0, 1, 1, 0, None, 120.0, 120.0, 0.0, None, grey),
        (None, "омск", 0, "Цирк Дю", lost, 0, 0, 3, 3, 1, None, 900.0, 200.0, 0.0, None, grey),
        (None, "омск", 0, unknown, lost, 0, 0, 0, 0, 0, None, 0.0, 0.0, 60.0, None, apart),
        (None, "томск", 0, unknown, lost, 0, 0, 0, 0, 0, None, 0.0, 0.0, 549.0, None, apart),
    ]


def test_days_to_a_show_are_counted_from_today(theatre_world: Warehouse) -> None:
    found = rows(theatre_world, "SELECT DISTINCT days_to_show FROM v_show_performance WHERE show_date = '2025-12-20'")
    assert found == [((datetime(2025, 12, 20, tzinfo=MOSCOW).date() - datetime.now(MOSCOW).date()).days,)]


def test_v_sales_curve(theatre_world: Warehouse) -> None:
    found = rows(
        theatre_world,
        """SELECT show_date, city, event_id, event_name, days_to_show, date, tickets_sold, tickets_paid, tickets_refunded,
            net_revenue_rub, tickets_running, net_revenue_running_rub, round(sold_share_pct, 2), capacity, sell_through_pct
        FROM v_sales_curve ORDER BY show_date, event_id, date""",
    )
    dino = "Динозавры"
    assert found == [
        ("2025-12-20", "томск", 1, dino, 19, "2025-12-01", 4, 3, 0, 1350.0, 4, 1350.0, 66.67, 100, 4.0),
        ("2025-12-20", "томск", 1, dino, 18, "2025-12-02", 2, 1, 0, 600.0, 6, 1950.0, 100.0, 100, 6.0),
        ("2025-12-28", "омск", 3, "Цирк", 27, "2025-12-01", 1, 1, 0, 400.0, 1, 400.0, 50.0, 80, 1.25),
        ("2025-12-28", "омск", 3, "Цирк", 26, "2025-12-02", 1, 1, 0, 800.0, 2, 1200.0, 100.0, 80, 2.5),
        ("2026-01-05", "омск", 2, "Роботы", 35, "2025-12-01", 1, 1, 0, 300.0, 1, 300.0, 100.0, 0, None),
        ("2026-01-05", "омск", 3, "Цирк", 35, "2025-12-01", 1, 1, 0, 250.0, 1, 250.0, 100.0, 0, None),
        ("2026-01-06", "томск", 1, dino, 36, "2025-12-01", 2, 2, 0, 850.0, 2, 850.0, 100.0, 100, 2.0),
        ("2026-01-06", "томск", 1, dino, 33, "2025-12-04", 0, 0, 1, -700.0, 1, 150.0, 100.0, 100, 1.0),
    ]


def test_v_inventory_latest_keeps_the_last_snapshot_of_each_show(theatre_world: Warehouse) -> None:
    found = rows(
        theatre_world,
        """SELECT show_id, event_name, city, show_date, show_status, seats_total, seats_sold, seats_free, sell_through_pct,
            snapshot_at
        FROM v_inventory_latest ORDER BY show_id""",
    )
    past = "прошёл"
    assert found == [
        (101, "Динозавры", "томск", "2025-12-20", past, 100, 6, 94, 6.0, "2025-12-02 18:00"),
        (102, "Динозавры", "томск", "2026-01-06", past, 50, 1, 49, 2.0, "2025-12-02 18:00"),
        (103, "Динозавры", "томск", "2026-01-06", past, 50, 0, 50, 0.0, "2025-12-01 18:00"),
        (302, "Цирк", "омск", "2025-12-28", past, 80, 2, 78, 2.5, "2025-12-02 18:00"),
    ]


def test_v_plan_vs_fact(theatre_world: Warehouse) -> None:
    found = rows(
        theatre_world,
        """SELECT date, event_id, event_name, city, is_due, plan_tickets, fact_tickets, plan_revenue_rub, fact_revenue_rub,
            plan_due_tickets, plan_due_revenue_rub, diff_tickets, diff_revenue_rub, done_tickets_pct, done_revenue_pct
        FROM v_plan_vs_fact WHERE event_id = 1 ORDER BY date""",
    )
    dino = "Динозавры"
    assert found == [
        ("2025-12-01", 1, dino, "томск", 1, 10, 5, 4000.0, 2200.0, 10, 4000.0, -5, -1800.0, 50.0, pytest.approx(55.0)),
        ("2025-12-02", 1, dino, "томск", 1, 0, 1, 0.0, 600.0, 0, 0.0, 1, 600.0, None, None),
        ("2025-12-04", 1, dino, "томск", 1, 0, 0, 0.0, 0.0, 0, 0.0, 0, 0.0, None, None),
        ("2099-01-01", 1, dino, "томск", 0, 5, 0, 1000.0, 0.0, 0, 0.0, -5, -1000.0, 0.0, 0.0),
    ]
