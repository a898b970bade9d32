"""Mails into the warehouse: the day equals the world's truth, however often its mails are loaded."""

# ruff: noqa: S608
from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from zakaz_dagster.errors import Failure
from zakaz_dagster.health.failover import Covered
from zakaz_dagster.health.reading import days_from_mail
from zakaz_dagster.ingest.mails import MailLoad, last_api_load, load_mails
from zakaz_dagster.sources.gmail.auth import MODIFY
from zakaz_dagster.warehouse import build_ledger
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.sql_files import load as load_statements
from zakaz_dagster_tests.contract.gmail.box import NOON, QUERY, Box, mailed, put, report, window
from zakaz_dagster_tests.contract.gmail.loaded import day_rows, load, tables
from zakaz_dagster_tests.unit.gmail.mailing import moment

TOMSK, OMSK = "20.11.2026;Шоу;Томск;{};{};0", "20.11.2026;Шоу;Омск;{};{};0"


def test_days_of_the_world_equal_its_truth(sandbox, box, warehouse):
    done = load(box, warehouse, days=6)
    assert done.outcomes["read"] > 30
    assert done.outcomes["gone"] == 0
    sandbox.clock("2026-11-22T12:25:01+03:00")
    load_mails(box.mailbox(), warehouse, window(1, NOON + timedelta(minutes=26)), MailLoad("again"))
    truth = sandbox.truths("2026-11-21", "2026-11-22")
    for day in truth["days"]:
        found = warehouse.rows(
            """SELECT sum(tickets) AS sold, sumIf(tickets, is_free = 1) AS free, sum(refunded_tickets) AS refunded,
                   sum(price_rub) AS revenue, sum(refunded_rub) AS refunds
               FROM stg_qtickets_sales_raw FINAL WHERE channel = 'mail' AND sale_date = {day:Date}""",
            {"day": day["day"]},
        )[0]
        sales = day["sales"]
        assert found["sold"] == sales["tickets_sold"]
        assert found["free"] == sales["tickets_free"]
        assert found["refunded"] == sales["tickets_refunded"]
        assert found["revenue"] == Decimal(sales["revenue"])
        assert found["refunds"] == Decimal(sales["refunds"])


def test_days_before_the_start_of_the_platform_are_left_out_and_come_once_it_is_set_earlier(sandbox, box, warehouse):
    """No fact is built for them: they would be red for ever."""
    start, held = date(2026, 11, 20), "SELECT min(sale_date) FROM stg_qtickets_sales_raw WHERE channel = 'mail'"
    assert min(load(box, warehouse, days=6, start=start).days) == start
    assert warehouse.scalar(held) == start
    assert warehouse.scalar("SELECT min(day) FROM meta_day_loads WHERE source = 'gmail'") == start
    assert min(load(box, warehouse, days=6).days) < start
    assert warehouse.scalar(held) < start


def test_the_books_hold_every_mail_and_every_part(sandbox, box, warehouse):
    done = load(box, warehouse, days=6)
    ledger = warehouse.rows(
        "SELECT outcome, count() AS n FROM stg_gmail_messages FINAL WHERE part = '' GROUP BY outcome"
    )
    assert {row["outcome"]: row["n"] for row in ledger} == done.outcomes
    silent = "SELECT count() FROM stg_gmail_messages FINAL WHERE outcome IN ('skipped', 'refused', 'superseded') AND reason = '' AND part != ''"
    assert warehouse.scalar(silent) == 0
    assert warehouse.scalar("SELECT count() FROM stg_gmail_messages FINAL WHERE reason LIKE '%winmail%'") >= 1
    unequal = "SELECT count() FROM meta_day_loads FINAL WHERE source = 'gmail' AND received != accepted + rejected"
    assert warehouse.scalar(unequal) == 0


def test_no_name_address_or_subject_of_a_mail_reaches_the_warehouse(sandbox, box, warehouse):
    load(box, warehouse, days=3)
    markers = [*sandbox.personal(), "planted", "Здравствуйте", "отчёт о продажах", "reports@"]
    for table in (
        "stg_gmail_messages",
        "stg_gmail_sales_raw",
        "stg_rejects",
        "stg_qtickets_sales_raw",
        "meta_day_loads",
    ):
        for row in warehouse.rows(f"SELECT * FROM {table}"):
            assert not [marker for marker in markers if marker in str(row)]


def test_a_second_load_asks_for_nothing_but_the_list_and_changes_nothing(sandbox, box, warehouse):
    load(box, warehouse, days=2)
    before = tables(warehouse)
    again = load(box, warehouse, days=2, run_id="second")
    assert again.requests == 1
    assert again.outcomes == {}
    assert tables(warehouse) == before


def test_put_aside_lines_stand_in_the_rejects_until_a_later_report_replaces_them(sandbox, box, warehouse):
    bad = report(TOMSK.format(10, 1000), OMSK.format("пять", 500))
    mailed(sandbox, [put(bad, "2026-11-20T21:00", "m1")])
    load(box, warehouse)
    found = warehouse.rows("SELECT day, reason, place FROM stg_rejects FINAL WHERE source = 'gmail'")
    assert [(str(row["day"]), row["reason"][:8]) for row in found] == [("2026-11-20", "tickets:")]
    assert found[0]["place"] == "message m1, part 1, table 1, row 3"
    entry = warehouse.rows("SELECT received, accepted, rejected FROM meta_day_loads FINAL WHERE source = 'gmail'")
    assert entry == [{"received": 2, "accepted": 1, "rejected": 1}]
    good = put(report(TOMSK.format(10, 1000), OMSK.format(5, 500)), "2026-11-21T06:00", "m2")
    mailed(sandbox, [put(bad, "2026-11-20T21:00", "m1"), good])
    load(box, warehouse)
    assert warehouse.scalar("SELECT count() FROM stg_rejects FINAL WHERE source = 'gmail'") == 0


def test_a_report_about_another_city_replaces_no_line_that_was_put_aside(sandbox, box, warehouse):
    bad = put(report(TOMSK.format(10, "15 000 ₸")), "2026-11-20T21:00", "m1")
    other = put(report(OMSK.format(5, 500)), "2026-11-20T22:00", "m2")
    mailed(sandbox, [bad, other])
    load(box, warehouse)
    (kept,) = warehouse.rows("SELECT place FROM stg_rejects FINAL WHERE source = 'gmail'")
    assert kept["place"].startswith("message m1,")
    mailed(sandbox, [bad, other, put(report(TOMSK.format(10, 1000)), "2026-11-21T06:00", "m3")])
    load(box, warehouse)
    assert warehouse.scalar("SELECT count() FROM stg_rejects FINAL WHERE source = 'gmail'") == 0


def test_a_report_whose_total_disagrees_leaves_the_earlier_one(sandbox, box, warehouse):
    wrong = report(TOMSK.format(12, 1200), "Итого;;;13;1200;0")
    mailed(
        sandbox, [put(report(TOMSK.format(10, 1000)), "2026-11-20T21:00", "m1"), put(wrong, "2026-11-21T06:00", "m2")]
    )
    done = load(box, warehouse)
    assert day_rows(warehouse) == [("томск", 10, 1000.0)]
    assert done.outcomes == {"read": 1, "refused": 1}
    assert done.rejected == 1


def test_mails_of_unknown_senders_are_counted_and_not_read(sandbox, box, warehouse):
    stranger = report(OMSK.format(50, 5000))
    stranger.replace_header("From", "reports@qtickets.ru.evil.example")
    forged = report(OMSK.format(60, 6000))
    forged["Authentication-Results"] = "mx.google.com; dkim=pass header.i=@qtickets.ru"
    mails = [
        put(report(TOMSK.format(10, 1000)), "2026-11-20T21:00", "m1"),
        put(stranger, "2026-11-21T06:00", "m2"),
        put(forged, "2026-11-21T07:00", "m3"),
    ]
    mailed(sandbox, mails)
    sandbox.fault("gmail", unproved=["m3"])
    done = load(box, warehouse)
    assert day_rows(warehouse) == [("томск", 10, 1000.0)]
    assert done.outcomes == {"read": 1, "unknown_sender": 2}
    assert done.requests == 5, "one list, three mails, one attachment"
    kept = warehouse.rows(
        "SELECT message_id, outcome, reason FROM stg_gmail_messages FINAL WHERE outcome = 'unknown_sender'"
    )
    assert {row["message_id"] for row in kept} == {"m2", "m3"}
    assert all("unknown sender" in row["reason"] and "evil" not in row["reason"] for row in kept)


def test_a_reply_that_quotes_an_older_report_does_not_win(sandbox, box, warehouse):
    table = "<table><tr><td>{}</td></tr><tr><td>{}</td></tr></table>"
    rows = [
        each.replace(";", "<td>")
        for each in ("Дата;Событие;Город;Продано билетов;Выручка;Возвраты", TOMSK.format(10, 1000))
    ]
    reply = report()
    reply.clear_content()
    reply.replace_header("Subject", "Re: QTickets: отчёт")
    reply.set_content(f"<p>Спасибо</p><blockquote>{table.format(*rows)}</blockquote>", subtype="html")
    newer = put(report(TOMSK.format(12, 1200)), "2026-11-21T06:00", "m1")
    mailed(sandbox, [newer, put(reply, "2026-11-21T09:00", "m2")])
    load(box, warehouse)
    assert day_rows(warehouse) == [("томск", 12, 1200.0)]
    mailed(sandbox, [put(reply, "2026-11-21T09:00", "m2")])
    for table_name in ("stg_gmail_messages", "stg_gmail_sales_raw"):
        warehouse.command(f"TRUNCATE TABLE {table_name}")
    load(box, warehouse)
    assert day_rows(warehouse) == [("томск", 10, 1000.0)], "alone, it is better than nothing"


def test_a_changed_way_of_reading_reads_the_mails_again(sandbox, box, warehouse, monkeypatch):
    mailed(sandbox, [put(report(TOMSK.format(10, 1000), OMSK.format(5, 500)), "2026-11-21T06:00", "m1")])
    load(box, warehouse)
    other = box.mailbox()
    other.reader = "another"
    mailed(sandbox, [put(report(TOMSK.format(7, 700)), "2026-11-21T06:00", "m1")])
    load_mails(other, warehouse, window(7), MailLoad("again"))
    assert day_rows(warehouse) == [("томск", 7, 700.0)]


def test_a_load_that_broke_off_is_completed_by_the_next(sandbox, box, warehouse, monkeypatch):
    mailed(sandbox, [put(report(TOMSK.format(10, 1000)), "2026-11-21T06:00", "m1")])
    with monkeypatch.context() as broken:
        broken.setattr("zakaz_dagster.ingest.mails.derive_days", _fail)
        with pytest.raises(Failure):
            load(box, warehouse)
    assert day_rows(warehouse) == []
    load(box, warehouse)
    assert day_rows(warehouse) == [("томск", 10, 1000.0)]


def _fail(*_arguments: object, **_options: object) -> None:
    raise Failure("broken off")


def test_mails_with_incredible_dates_do_not_stop_a_load(sandbox, box, warehouse):
    older = report(TOMSK.format(10, 1000))
    older["Date"] = "Mon, 01 Jan 1601 00:00:00 +0000"
    enclosing = report(OMSK.format(5, 500))
    enclosing.add_attachment(older)
    mailed(sandbox, [put(enclosing, "2026-11-21T06:00", "m1")])
    load(box, warehouse)
    assert day_rows(warehouse) == [("омск", 5, 500.0), ("томск", 10, 1000.0)]


def test_mails_are_labelled_after_they_were_loaded(sandbox, tmp_path, warehouse):
    box = Box(sandbox.url, tmp_path, MODIFY)
    load(box, warehouse, days=1, label="zakaz")
    assert list(box.api().ids(f"{QUERY} {window(1).query} -label:zakaz")) == []


def test_the_api_channel_of_the_same_day_is_not_touched(sandbox, box, warehouse):
    insert_api_line(warehouse)
    mailed(sandbox, [put(report(TOMSK.format(10, 1000)), "2026-11-21T06:00", "m1")])
    load(box, warehouse)
    rows = warehouse.rows(
        "SELECT channel, sum(tickets) AS n FROM stg_qtickets_sales_raw GROUP BY channel ORDER BY channel"
    )
    assert rows == [{"channel": "api", "n": 1}, {"channel": "mail", "n": 10}]


def test_a_day_without_the_api_is_covered_by_mail_and_returns_to_the_api(sandbox, box, warehouse):
    """QTickets is away on the 20th; v_sales_latest has the mail's day, then the API's once that is whole."""
    assert last_api_load(warehouse) is None
    mailed(sandbox, [put(report(TOMSK.format(10, 1000)), "2026-11-21T06:00", "m1")])
    load(box, warehouse)
    built(warehouse)
    assert days_from_mail(warehouse, date(2026, 11, 1)) == {
        date(2026, 11, 20): Covered(10, Decimal("1000.00"), moment("2026-11-21T06:00:00+03:00"))
    }
    insert_api_line(warehouse)
    warehouse.command(
        "INSERT INTO meta_day_loads (source, day, covered_until, _loaded_at, _ver)"
        " VALUES ('qtickets', '2026-11-20', '2026-11-21 00:00:00', '2026-11-22 07:00:00', 1)"
    )
    built(warehouse)
    assert last_api_load(warehouse) == moment("2026-11-22T07:00:00+03:00")
    assert days_from_mail(warehouse, date(2026, 11, 1)) == {}
    rows = warehouse.rows("SELECT sales_source, tickets_sold, revenue_rub FROM v_sales_latest")
    assert rows == [{"sales_source": "api", "tickets_sold": 1, "revenue_rub": 100.0}]


def built(warehouse) -> None:
    for name in build_ledger.facts():
        rebuild(warehouse, load_statements("builds")[name], date(2026, 11, 20), date(2026, 11, 20))


def insert_api_line(warehouse) -> None:
    warehouse.command(
        "INSERT INTO stg_qtickets_sales_raw (channel, sale_date, line_id, sold_at, tickets, price_rub, reported_at)"
        " VALUES ('api', '2026-11-20', '1', '2026-11-20 10:00:00', 1, 100, NULL)"
    )
