"""v_sales_latest and the mail's channel against hand-computed rows: each day from one channel, and it says which."""

# ruff: noqa: S608
from __future__ import annotations

from datetime import date

import pytest

from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.sql_files import load

SALES_FACTS = (
    "fact_qtickets_sales_daily",
    "fact_utm_daily",
    "fact_utm_matches_daily",
    "fact_sales_attributed_daily",
)
D18, D19, D20, D21 = ("2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21")


def api_line(
    wh: Warehouse,
    day: str,
    line: int,
    *,
    price: int,
    show: int = 11,
    refund: str = "",
    refunded: int = 0,
    removed: str = "",
) -> None:
    """One ticket of the API channel in Tomsk."""
    wh.command(
        "INSERT INTO stg_qtickets_sales_raw (channel, sale_date, line_id, order_id, order_lines, sold_at, event_id, show_id,"
        " city, tickets, price_rub, is_free, is_removed, removed_date, refund_date, refunded_tickets, refunded_rub, reported_at)"
        f" VALUES ('api', '{day}', '{line}', {line}, 1, '{day} 10:00:00', 1, {show}, 'томск', 1, {price}, {int(price == 0)},"
        f" {int(bool(removed))}, {_date(removed)}, {_date(refund)}, {int(bool(refund))}, {refunded}, NULL)"
    )


def mail_line(
    wh: Warehouse, day: str, line: str, at: str, *, tickets: int, price: int, refunded: int = 0,
    event: int = 1, show: int = 11, name: str = "Шоу", city: str = "томск", free: int = 0,
) -> None:  # fmt: skip
    wh.command(
        "INSERT INTO stg_qtickets_sales_raw (channel, sale_date, line_id, sold_at, event_id, show_id, event_name, city, tickets,"
        " price_rub, is_free, refund_date, refunded_tickets, refunded_rub, reported_at)"
        f" VALUES ('mail', '{day}', '{line}', '{day} 00:00:00', {event}, {show}, '{name}', '{city}', {tickets}, {price}, {free},"
        f" {_date(day if refunded else '')}, {int(bool(refunded))}, {refunded}, '{at}')"
    )


def _date(text: str) -> str:
    return f"'{text}'" if text else "NULL"


def covered(wh: Warehouse, day: str, until: str, ver: int = 1, accepted: int = 0) -> None:
    wh.command(
        "INSERT INTO meta_day_loads (source, day, covered_until, accepted, _ver)"
        f" VALUES ('qtickets', '{day}', '{until}', {accepted}, {ver})"
    )


@pytest.fixture
def wh(warehouse: Warehouse) -> Warehouse:
    warehouse.command(
        "INSERT INTO dim_events (event_id, event_name, city, is_deleted) VALUES (1, 'Шоу «Ёлка»', 'томск', 0),"
        " (2, 'Выставка', 'омск', 0), (3, 'Двойник', 'чита', 0), (4, 'Двойник!', 'чита', 0)"
    )
    return warehouse


def latest(wh: Warehouse, **settings: object) -> list[tuple]:
    """(date, event, show, city, sold, free, revenue, refunds, source, complete)"""
    rebuild(wh, load("builds")["fact_qtickets_sales_daily"], date(2026, 11, 1), date(2026, 11, 30))
    rows = wh.rows(
        "SELECT toString(date) AS date, event_id, show_id, city, tickets_sold, tickets_free, revenue_rub, refunds_rub,"
        " sales_source, is_complete FROM v_sales_latest ORDER BY ALL",
        None,
        settings,
    )
    return [tuple(row.values()) for row in rows]


@pytest.mark.parametrize("nulls", [0, 1])
def test_a_complete_day_is_the_apis_and_any_other_the_mails(wh, nulls):
    for day in (D18, D19, D20):
        api_line(wh, day, 1, price=500)
        mail_line(wh, day, "m:0", f"{D21} 06:00:00", tickets=3, price=1500)
    mail_line(wh, D21, "m:1", f"{D21} 12:25:00", tickets=2, price=900)
    covered(wh, D18, f"{D21} 03:00:00")  # complete
    covered(wh, D19, f"{D19} 23:45:00")  # the last hours are missing, the mail is later
    # D20: the API was never read to any moment; D21: only a mail
    assert latest(wh, join_use_nulls=nulls) == [
        (D18, 1, 11, "томск", 1, 0, 500.0, 0.0, "api", 1),
        (D19, 1, 11, "томск", 3, 0, 1500.0, 0.0, "mail", 0),
        (D20, 1, 11, "томск", 3, 0, 1500.0, 0.0, "mail", 0),
        (D21, 1, 11, "томск", 2, 0, 900.0, 0.0, "mail", 0),
    ]


def test_a_running_day_is_the_apis_while_it_knows_later_hours_than_the_mail(wh):
    api_line(wh, D21, 1, price=500)
    mail_line(wh, D21, "m:0", f"{D21} 12:25:00", tickets=3, price=1500)
    covered(wh, D21, f"{D21} 12:30:00")
    assert [row[8] for row in latest(wh)] == ["api"]
    mail_line(wh, D21, "n:0", f"{D21} 16:25:00", tickets=4, price=2000)
    assert [row[8] for row in latest(wh)] == ["mail"]
    covered(wh, D21, f"{D21} 18:00:00", ver=2)
    assert [row[8] for row in latest(wh)] == ["api"]


def test_a_day_is_never_empty_on_its_way_from_one_channel_to_the_other(wh):
    """Loaded is not built: until the facts hold a channel's day, it is shown as the other one knows it."""

    def shown(*facts: str) -> list[tuple[str, int]]:
        """(source, tickets) of v_sales_latest and v_sales_attributed, after building these facts."""
        for fact in facts:
            rebuild(wh, load("builds")[fact], date.fromisoformat(D20), date.fromisoformat(D20))
        query = f"SELECT sales_source, sum(tickets_sold) AS n FROM {{}} WHERE date = '{D20}' GROUP BY sales_source"
        views = ("v_sales_latest", "v_sales_attributed")
        return [tuple(row.values()) for view in views for row in wh.rows(query.format(view))]

    api_line(wh, D20, 1, price=500)
    covered(wh, D20, f"{D20} 16:30:00", accepted=1)
    assert shown(*SALES_FACTS) == [("api", 1), ("api", 1)]
    mail_line(wh, D20, "m:0", f"{D20} 20:25:00", tickets=3, price=1500)
    assert shown() == [("mail", 3), ("api", 1)]
    assert shown(*SALES_FACTS) == [("mail", 3), ("mail", 3)]
    wh.command("ALTER TABLE fact_sales_attributed_daily DELETE WHERE sales_source = 'api' SETTINGS mutations_sync = 2")
    wh.command("TRUNCATE TABLE fact_qtickets_sales_daily")  # a day that the API had never had
    covered(wh, D20, f"{D21} 03:00:00", ver=2, accepted=1)
    assert shown() == [("mail", 3), ("mail", 3)]
    assert shown(SALES_FACTS[0]) == [("mail", 3), ("mail", 3)]
    assert shown(*SALES_FACTS) == [("api", 1), ("api", 1)]


def test_without_a_mail_an_incomplete_day_is_shown_as_the_api_knows_it(wh):
    api_line(wh, D21, 1, price=500)
    assert latest(wh) == [(D21, 1, 11, "томск", 1, 0, 500.0, 0.0, "api", 0)]


def test_the_channel_is_chosen_for_the_day_the_money_moved(wh):
    """A ticket of the 18th is refunded on the 20th, which is the mail's; another of the 20th on the 21st, the API's."""
    api_line(wh, D18, 1, price=500, refund=D20, refunded=450)
    api_line(wh, D20, 2, price=700, refund=D21, refunded=700)
    mail_line(wh, D20, "m:0", f"{D21} 06:00:00", tickets=1, price=700, refunded=450)
    covered(wh, D18, f"{D21} 03:00:00")
    covered(wh, D21, "2026-11-22 03:00:00")
    assert latest(wh) == [
        (D18, 1, 11, "томск", 1, 0, 500.0, 0.0, "api", 1),
        (D20, 1, 11, "томск", 1, 0, 700.0, 450.0, "mail", 0),
        (D21, 1, 11, "томск", 0, 0, 0.0, 700.0, "api", 1),
    ]


def test_removed_and_free_tickets_count_as_such(wh):
    api_line(wh, D18, 1, price=500)
    api_line(wh, D18, 2, price=0)
    api_line(wh, D18, 3, price=900, removed=D19)
    covered(wh, D18, f"{D21} 03:00:00")
    assert [row[:9] for row in latest(wh)] == [
        (D18, 1, 11, "томск", 2, 1, 500.0, 0.0, "api"),
        (D19, 1, 11, "томск", 0, 0, 0.0, 0.0, "api"),
    ]
    removed = wh.scalar("SELECT sum(tickets_removed) FROM v_sales_latest")
    assert removed == 1


def test_two_shows_of_a_day_stay_two_rows_and_unnamed_events_are_found_by_name_and_city(wh):
    at = f"{D21} 06:00:00"
    mail_line(wh, D20, "m:0", at, tickets=1, price=100, event=1, show=11)
    mail_line(wh, D20, "m:1", at, tickets=2, price=200, event=1, show=12)
    mail_line(wh, D20, "m:2", at, tickets=3, price=300, event=0, show=0, name="ШОУ «Елка»")
    mail_line(wh, D20, "m:3", at, tickets=4, price=400, event=0, show=0, name="Двойник", city="чита")
    mail_line(wh, D20, "m:4", at, tickets=5, price=500, event=0, show=0, name="Новое", city="")
    rows = wh.rows("SELECT event_id, show_id, event_name, city, tickets_sold FROM v_sales_latest ORDER BY tickets_sold")
    assert [tuple(row.values()) for row in rows] == [
        (1, 11, "Шоу «Ёлка»", "томск", 1),
        (1, 12, "Шоу «Ёлка»", "томск", 2),
        (1, 0, "Шоу «Ёлка»", "томск", 3),
        (0, 0, "Двойник", "чита", 4),
        (0, 0, "Новое", "не указано", 5),
    ]


def test_every_rouble_of_the_chosen_channel_is_there_once(wh):
    for line in range(40):
        api_line(wh, D18, line, price=100 + line, show=11 + line % 3)
    covered(wh, D18, f"{D21} 03:00:00")
    assert sum(row[6] for row in latest(wh)) == sum(100 + line for line in range(40))
    unique = "SELECT count() - uniqExact(date, show_id, city) FROM v_sales_latest"
    assert wh.scalar(unique) == 0
