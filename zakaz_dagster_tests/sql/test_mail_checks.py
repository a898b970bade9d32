"""Checks of the mail channel: green on agreeing days, red (and by how much) when one is spoilt."""

# ruff: noqa: S608
from __future__ import annotations

from datetime import datetime, timedelta

from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.sql.test_sales_latest import api_line, covered, mail_line

NOW = datetime.now(MOSCOW)
DAY, NEXT = ((NOW - timedelta(days=back)).date().isoformat() for back in (2, 1))
AGREES, READ = (load("checks")[f"stg_qtickets_sales_raw__{name}"] for name in ("mail_agrees", "mails_read"))


def test_agreeing_days_are_green_and_differing_ones_tell_the_day_and_both_sums(warehouse):
    assert evaluate(warehouse, AGREES).detail == "no day of the last 30 stands in both channels"
    covered(warehouse, DAY, f"{NEXT} 03:00:00")
    api_line(warehouse, DAY, 1, price=700)
    api_line(warehouse, DAY, 2, price=300)
    api_line(warehouse, DAY, 3, price=900, removed=DAY)
    mail_line(warehouse, DAY, "m:0", f"{NEXT} 06:00:00", tickets=2, price=1000)
    verdict = evaluate(warehouse, AGREES)
    assert (verdict.status, verdict.detail) == (Status.OK, "1 days agree to the kopeck")
    mail_line(warehouse, DAY, "m:1", f"{NEXT} 06:00:00", tickets=1, price=50)
    verdict = evaluate(warehouse, AGREES)
    assert (verdict.status, verdict.figure) == (Status.WARNING, 5.0)
    assert f"{DAY}, API 1000 RUB, mail 1050 RUB" in verdict.detail
    assert verdict.action


def test_a_day_the_mail_saw_only_in_part_is_not_compared(warehouse):
    covered(warehouse, DAY, f"{NEXT} 03:00:00")
    api_line(warehouse, DAY, 1, price=700)
    mail_line(warehouse, DAY, "m:0", f"{DAY} 12:00:00", tickets=1, price=100)
    assert evaluate(warehouse, AGREES).status is Status.OK


def test_a_refused_mail_of_the_week_is_named(warehouse):
    assert evaluate(warehouse, READ).status is Status.OK
    for message, outcome, at in (("a", "read", NOW), ("b", "refused", NOW - timedelta(days=8)), ("c", "refused", NOW)):
        warehouse.command(
            "INSERT INTO stg_gmail_messages (message_id, part, received_at, outcome)"
            f" VALUES ('{message}', '', '{at:%Y-%m-%d %H:%M:%S}', '{outcome}')"
        )
    verdict = evaluate(warehouse, READ)
    assert (verdict.status, verdict.figure) == (Status.WARNING, 1.0)
    assert "message c" in verdict.detail
