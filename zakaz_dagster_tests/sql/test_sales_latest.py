"""Which channel a sale is taken from: per day, city and measure, by what each statement says."""

from __future__ import annotations

from datetime import date

import pytest

from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.sql.world import World, rows

D18, D19, D20, D21 = ("2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21")
FIRST, LAST = "2026-11-01", "2026-11-30"
TOMSK, OMSK = {"event": 1, "show": 11}, {"event": 2, "show": 21}
EVERY_SALES_VIEW = ("v_sales_latest", "v_sales_attributed", "v_sales_daily", "v_show_performance", "v_city_performance")


@pytest.fixture
def sales(world: World) -> World:
    world.event(1, "Шоу «Ёлка»", "Томск")
    world.event(2, "Выставка", "Омск")
    world.event(3, "Двойник", "Чита")
    world.event(4, "Двойник!", "Чита")
    return world


def latest(
    world: World, columns: str = "date, city, tickets_sold, revenue_rub, refunds_rub, sales_source"
) -> list[tuple]:
    world.build(FIRST, LAST)
    return rows(world.wh, f"SELECT {columns} FROM v_sales_latest ORDER BY ALL")  # noqa: S608


def test_a_complete_day_is_the_apis_and_any_other_the_mails(sales: World) -> None:
    for day in (D18, D19, D20):
        sales.sale(day, 1, 500, **TOMSK)
        sales.mail(day, "Шоу Елка", 3, 1500, city="Томск", reported=f"{D21} 06:00")
    sales.mail(D21, "Шоу Елка", 2, 900, city="Томск", reported=f"{D21} 12:25")
    sales.load("qtickets", D18, f"{D21} 03:00")  # complete
    sales.load("qtickets", D19, f"{D19} 23:45")  # the last hours are missing, the mail is later
    # D20: the API was never read to any moment; D21: only a mail
    assert latest(sales) == [
        (D18, "томск", 1, 500.0, 0.0, "api"),
        (D19, "томск", 3, 1500.0, 0.0, "mail"),
        (D20, "томск", 3, 1500.0, 0.0, "mail"),
        (D21, "томск", 2, 900.0, 0.0, "mail"),
    ]
    days = "SELECT date, sales_source, is_complete, mail_cities FROM v_sales_days ORDER BY date"
    assert rows(sales.wh, days) == [(D18, "api", 1, 0), (D19, "mail", 0, 1), (D20, "mail", 0, 1), (D21, "mail", 0, 1)]


def test_a_running_day_is_the_apis_while_it_knows_later_hours_than_the_mail(sales: World) -> None:
    def source() -> list[str]:
        return [row[0] for row in latest(sales, "sales_source")]

    sales.sale(D21, 1, 500, **TOMSK)
    sales.mail(D21, "Шоу Елка", 3, 1500, city="Томск", reported=f"{D21} 12:25")
    sales.load("qtickets", D21, f"{D21} 12:30")
    assert source() == ["api"]
    sales.mail(D21, "Шоу Елка", 4, 2000, city="Томск", reported=f"{D21} 16:25")
    assert source() == ["mail"]
    sales.load("qtickets", D21, f"{D21} 18:00", ver=2)
    assert source() == ["api"]


def test_a_mail_about_one_city_leaves_the_others_to_the_api(sales: World) -> None:
    sales.sale(D21, 1, 500, **TOMSK)
    sales.sale(D21, 2, 700, **OMSK)
    sales.load("qtickets", D21, f"{D21} 11:00")
    sales.mail(D21, "Шоу Елка", 3, 1500, city="г. Томск", reported=f"{D21} 20:25")
    assert latest(sales) == [(D21, "омск", 1, 700.0, 0.0, "api"), (D21, "томск", 3, 1500.0, 0.0, "mail")]
    for view in EVERY_SALES_VIEW:
        found = rows(sales.wh, f"SELECT city, sum(revenue_rub) FROM {view} GROUP BY city ORDER BY city")  # noqa: S608
        assert found == [("омск", 700), ("томск", 1500)], view


def test_a_mail_without_a_refunds_column_leaves_refunds_to_the_api(sales: World) -> None:
    """And one that has it states zero, which is an answer."""
    for day, says in ((D20, ""), (D21, "refunds refunded_tickets")):
        sales.sale(D18, int(day[-2:]), 400, refunded=(day, "350", "50"), **TOMSK)
        sales.load("qtickets", day, f"{day} 11:00")
        sales.mail(day, "Шоу Елка", 3, 1500, city="томск", reported=f"{day} 20:25", says=says)
    sales.load("qtickets", D18, f"{D19} 03:00")
    assert latest(sales, "date, tickets_sold, tickets_refunded, refunds_rub, sales_source") == [
        (D18, 2, 0, 0.0, "api"),
        (D20, 0, 1, 350.0, "api"),
        (D20, 3, 0, 0.0, "mail"),
        (D21, 3, 0, 0.0, "mail"),
    ]
    kept = rows(sales.wh, "SELECT date, deduction_rub FROM v_sales_daily WHERE deduction_rub != 0 ORDER BY date")
    assert kept == [(D20, 50.0), (D21, 50.0)], "no mail speaks of what was kept"


def test_measures_are_chosen_one_by_one(sales: World) -> None:
    """A mail with money given back and no count of tickets; free tickets only the API knows of."""
    sales.sale(D20, 1, 0, **TOMSK)
    sales.sale(D18, 2, 400, refunded=(D20, "400", "0"), **TOMSK)
    sales.load("qtickets", D20, f"{D20} 11:00")
    sales.mail(D20, "Шоу Елка", 5, 1500, city="томск", reported=f"{D20} 20:25", refunded=(0, "300"), says="refunds")
    sales.build(FIRST, LAST)
    query = f"""SELECT sum(tickets_sold), sum(tickets_free), sum(tickets_refunded), sum(revenue_rub), sum(refunds_rub), sum(orders)
        FROM v_sales_daily WHERE date = '{D20}'"""  # noqa: S608
    assert rows(sales.wh, query) == [(5, 1, 1, 1500.0, 300.0, 1)]


def test_a_mail_that_names_no_city_speaks_of_the_whole_day(sales: World) -> None:
    sales.sale(D21, 1, 500, **TOMSK)
    sales.sale(D21, 2, 700, **OMSK)
    sales.load("qtickets", D21, f"{D21} 11:00")
    sales.mail(D21, "Неизвестное шоу", 9, 4500, city="", reported=f"{D21} 20:25")
    assert latest(sales) == [(D21, "не указано", 9, 4500.0, 0.0, "mail")]


def test_a_line_without_a_city_beside_lines_that_name_theirs_speaks_of_no_other_city(sales: World) -> None:
    for number, show in enumerate((TOMSK, OMSK)):
        sales.sale(D21, number, 500, **show)
    sales.load("qtickets", D21, f"{D21} 11:00")
    sales.mail(D21, "Шоу Елка", 10, 15000, city="Томск", reported=f"{D21} 20:25")
    sales.mail(D21, "Подарочный сертификат", 1, 1000, city="", reported=f"{D21} 20:25")
    assert latest(sales) == [
        (D21, "не указано", 1, 1000.0, 0.0, "mail"),
        (D21, "омск", 1, 500.0, 0.0, "api"),
        (D21, "томск", 10, 15000.0, 0.0, "mail"),
    ]


def test_an_unknown_city_of_a_mail_meets_its_event_by_the_normal_form(sales: World) -> None:
    """The seed knows neither spelling; API and mail write it each in its own way."""
    sales.event(7, "Цирк", "Усть-Кемь")
    sales.sale(D21, 1, 500, event=7, show=71)
    sales.load("qtickets", D21, f"{D21} 11:00")
    sales.mail(D21, "«ЦИРК»", 3, 1500, city="Усть\u2011Кемь г.", reported=f"{D21} 20:25")
    assert latest(sales, "event_id, city, city_name, tickets_sold, sales_source") == [
        (7, "усть кемь", "Усть-Кемь", 3, "mail")
    ]


def test_a_day_is_never_empty_on_its_way_from_one_channel_to_the_other(sales: World) -> None:
    """Loaded is not built: until every fact holds a channel's day, it is shown as the other one knows it."""

    def shown(*facts: str) -> list[tuple[object, ...]]:
        builds, day = load("builds"), date.fromisoformat(D20)
        for fact in facts:
            rebuild(sales.wh, builds[fact], day, day)
        query = f"""SELECT sales_source, sum(tickets_sold) FROM {{}} WHERE date = '{D20}' AND tickets_sold != 0
            GROUP BY sales_source"""  # noqa: S608
        return [row for view in ("v_sales_latest", "v_sales_attributed") for row in rows(sales.wh, query.format(view))]

    qtickets, channel, counted = "fact_qtickets_sales_daily", "fact_sales_channel_daily", "fact_sales_counted_daily"
    shared = ("fact_utm_daily", "fact_marketing_daily", "fact_utm_matches_daily", "fact_sales_attributed_daily")
    sales.mail(D20, "Шоу Елка", 3, 1500, city="томск", reported=f"{D20} 20:25")
    sales.build(FIRST, LAST)
    assert shown() == [("mail", 3), ("mail", 3)]
    sales.sale(D20, 1, 500, **TOMSK)
    sales.load("qtickets", D20, f"{D21} 03:00")
    assert shown(qtickets) == [("mail", 3), ("mail", 3)]
    assert shown(channel) == [("mail", 3), ("mail", 3)], "the API's rows are not yet where advertising is joined"
    assert shown(*shared) == [("mail", 3), ("mail", 3)]
    assert shown(channel) == [("mail", 3), ("api", 1)], "sales are shown as they were counted"
    assert shown(counted) == [("api", 1), ("api", 1)]


def test_a_whole_day_of_the_api_without_a_sale_beats_a_mail(sales: World) -> None:
    sales.mail(D20, "Шоу Елка", 3, 1500, city="томск", reported=f"{D20} 20:25")
    sales.load("qtickets", D20, f"{D21} 03:00", accepted=0)
    assert latest(sales) == []


def test_without_a_mail_an_incomplete_day_is_shown_as_the_api_knows_it(sales: World) -> None:
    sales.sale(D21, 1, 500, **TOMSK)
    assert latest(sales, "date, tickets_sold, sales_source, is_complete") == [(D21, 1, "api", 0)]


def test_the_channel_is_chosen_for_the_day_the_money_moved(sales: World) -> None:
    """A ticket of the 18th is refunded on the 20th, which is the mail's; another of the 20th on the 21st, the API's."""
    sales.sale(D18, 1, 500, refunded=(D20, "450", "0"), **TOMSK)
    sales.sale(D20, 2, 700, refunded=(D21, "700", "0"), **TOMSK)
    sales.mail(D20, "Шоу Елка", 1, 700, city="томск", reported=f"{D21} 06:00", refunded=(1, "450"))
    sales.load("qtickets", D18, f"{D21} 03:00")
    sales.load("qtickets", D21, "2026-11-22 03:00")
    assert latest(sales) == [
        (D18, "томск", 1, 500.0, 0.0, "api"),
        (D20, "томск", 1, 700.0, 450.0, "mail"),
        (D21, "томск", 0, 0.0, 700.0, "api"),
    ]


def test_removed_and_free_tickets_count_as_such(sales: World) -> None:
    sales.sale(D18, 1, 500, **TOMSK)
    sales.sale(D18, 2, 0, **TOMSK)
    sales.sale(D18, 3, 900, removed=D19, **TOMSK)
    sales.load("qtickets", D18, f"{D21} 03:00")
    assert latest(sales, "date, tickets_sold, tickets_free, tickets_removed, revenue_rub") == [
        (D18, 2, 1, 0, 500.0),
        (D19, 0, 0, 1, 0.0),
    ]


def test_a_ticket_taken_out_of_its_order_before_it_was_paid_is_neither_sold_nor_removed(sales: World) -> None:
    sales.sale(D18, 1, 500, **TOMSK)
    sales.sale(D18, 1, 900, first=False, taken_out=True, **TOMSK)
    sales.load("qtickets", D18, f"{D21} 03:00")
    assert latest(sales, "date, tickets_sold, tickets_removed, revenue_rub") == [(D18, 1, 0, 500.0)]
    for check in ("fact_qtickets_sales_daily__equals_staging", "fact_sales_attributed_daily__equals_staging"):
        assert evaluate(sales.wh, load("checks")[check]).status is Status.OK


def test_two_shows_of_a_day_stay_two_rows_and_unnamed_events_are_found_by_name_and_city(sales: World) -> None:
    at = f"{D21} 06:00"
    sales.mail(D20, "Ёлка", 1, 100, city="томск", reported=at, event_id=1, show_id=11)
    sales.mail(D20, "Ёлка", 2, 200, city="томск", reported=at, event_id=1, show_id=12)
    sales.mail(D20, "ШОУ «Елка»", 3, 300, city="томск", reported=at)
    sales.mail(D20, "Двойник", 4, 400, city="чита", reported=at)
    sales.mail(D20, "Новое", 5, 500, city="", reported=at)
    sales.mail(D20, "выставка!", 6, 600, city="", reported=at)
    assert latest(sales, "tickets_sold, event_id, show_id, event_name, city, city_name") == [
        (1, 1, 11, "Шоу «Ёлка»", "томск", "Томск"),
        (2, 1, 12, "Шоу «Ёлка»", "томск", "Томск"),
        (3, 1, 0, "Шоу «Ёлка»", "томск", "Томск"),
        (4, 0, 0, "Двойник", "чита", "Чита"),
        (5, 0, 0, "Новое", "не указано", "Не указано"),
        (6, 2, 0, "Выставка", "омск", "Омск"),
    ]


def test_every_rouble_of_the_chosen_channel_is_there_once(sales: World) -> None:
    for line in range(40):
        sales.sale(D18, line, 100 + line, event=1, show=11 + line % 3)
    sales.load("qtickets", D18, f"{D21} 03:00")
    assert sum(row[3] for row in latest(sales)) == sum(100 + line for line in range(40))
    wh: Warehouse = sales.wh
    assert wh.scalar("SELECT count() - uniqExact(date, show_id, city) FROM v_sales_latest") == 0
