"""Checks of the mail channel: green on agreeing days, red (and by how much) when one is spoilt."""

# ruff: noqa: S608
from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from zakaz_dagster.tables.files import WHY_NOT
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.sql.world import World

NOW = datetime.now(MOSCOW)
DAY, NEXT = ((NOW - timedelta(days=back)).date().isoformat() for back in (2, 1))
AGREES, READ = (load("checks")[f"stg_qtickets_sales_raw__{name}"] for name in ("mail_agrees", "mails_read"))


@pytest.fixture
def sales(world: World) -> World:
    world.event(1, "Шоу", "Томск")
    world.load("qtickets", DAY, f"{NEXT} 03:00")
    return world


def agreement(world: World) -> Verdict:
    world.build(DAY, NEXT)
    return evaluate(world.wh, AGREES)


def test_agreeing_days_are_green_and_differing_ones_tell_the_day_and_both_sums(sales):
    assert agreement(sales).detail == "no day of the last 30 stands in both channels"
    sales.sale(DAY, 1, 700, event=1, show=11)
    sales.sale(DAY, 2, 300, event=1, show=11)
    sales.sale(DAY, 3, 900, event=1, show=11, removed=DAY)
    sales.mail(DAY, "Шоу", 2, 1000, city="томск", reported=f"{NEXT} 06:00")
    verdict = agreement(sales)
    assert (verdict.status, verdict.detail) == (Status.OK, "1 days agree to the kopeck")
    sales.mail(DAY, "Шоу", 1, 50, city="томск", reported=f"{NEXT} 06:00")
    verdict = agreement(sales)
    assert (verdict.status, verdict.figure) == (Status.WARNING, 5.0)
    assert f"{DAY} томск, API 1000 RUB, mail 1050 RUB" in verdict.detail
    assert verdict.action


def test_a_mail_about_one_city_is_compared_with_that_city(sales):
    sales.event(2, "Выставка", "Омск")
    sales.sale(DAY, 1, 700, event=1, show=11)
    sales.sale(DAY, 2, 5000, event=2, show=21)
    sales.mail(DAY, "Шоу", 1, 700, city="г. Томск", reported=f"{NEXT} 06:00")
    assert agreement(sales).status is Status.OK


def test_a_day_the_mail_saw_only_in_part_is_not_compared(sales):
    sales.sale(DAY, 1, 700, event=1, show=11)
    sales.mail(DAY, "Шоу", 1, 100, city="томск", reported=f"{DAY} 12:00")
    assert agreement(sales).status is Status.OK


def test_a_refused_mail_and_an_unproved_sender_are_named_and_strangers_only_if_nothing_was_read(warehouse):
    assert evaluate(warehouse, READ).status is Status.OK
    week = NOW - timedelta(days=8)

    def mail(message: str, outcome: str, reason: str = "", at: datetime = NOW) -> None:
        warehouse.command(
            "INSERT INTO stg_gmail_messages (message_id, part, received_at, outcome, reason)"
            f" VALUES ('{message}', '', '{at:%Y-%m-%d %H:%M:%S}', '{outcome}', '{reason}')"
        )

    mail("b", "refused", at=week)
    mail("d", "unknown_sender", "unknown sender: its From address is not one of GMAIL_ALLOWED_SENDERS")
    alone = evaluate(warehouse, READ)
    assert (alone.status, alone.figure) == (Status.WARNING, 1.0), "no report at all, only a stranger"
    mail("a", "read")
    assert evaluate(warehouse, READ).status is Status.OK
    mail("c", "refused")
    verdict = evaluate(warehouse, READ)
    assert (verdict.status, verdict.figure) == (Status.WARNING, 1.0)
    assert "1 mails were refused, 0 were read in part" in verdict.detail
    assert "1 came from unknown senders (0 of them" in verdict.detail
    mail(
        "e",
        "unknown_sender",
        "unknown sender: mx.google.com proves neither DKIM nor SPF for qtickets.ru",
        NOW + timedelta(seconds=9),
    )
    verdict = evaluate(warehouse, READ)
    assert (verdict.status, verdict.figure) == (Status.WARNING, 2.0)
    assert "message e" in verdict.detail
    assert "GMAIL_AUTHSERV_ID" in verdict.action


@pytest.mark.parametrize(
    ("whole", "part", "reason", "status"),
    [
        (
            "skipped",
            "skipped",
            WHY_NOT["ole"],
            Status.WARNING,
        ),
        ("skipped", "skipped", WHY_NOT["archive"], Status.WARNING),
        ("skipped", "skipped", WHY_NOT["tnef"], Status.WARNING),
        ("skipped", "skipped", WHY_NOT["office"], Status.WARNING),
        ("no_table", "no_table", "a table lacks the columns: tickets", Status.WARNING),
        ("read", "refused", "part 2, table 1: the total says 13, its lines 12", Status.WARNING),
        ("no_table", "no_table", "", Status.OK),
        ("no_table", "superseded", "the same text as HTML", Status.OK),
        ("skipped", "skipped", "image/png is not read", Status.OK),
        ("skipped", "skipped", WHY_NOT["image"], Status.OK),
        ("skipped", "skipped", WHY_NOT["pdf"], Status.OK),
    ],
)
def test_a_mail_that_was_read_in_part_is_named_and_one_without_a_table_is_not(warehouse, whole, part, reason, status):
    said = reason.replace("'", "''")
    for place, outcome, why in (("", whole, ""), ("1", part, said)):
        warehouse.command(
            "INSERT INTO stg_gmail_messages (message_id, part, received_at, outcome, reason)"
            f" VALUES ('m7', '{place}', now(), '{outcome}', '{why}')"
        )
    verdict = evaluate(warehouse, READ)
    assert (verdict.status, "message m7" in verdict.detail) == (status, status is Status.WARNING)


def test_a_line_of_a_mail_that_was_put_aside_is_told_until_it_is_replaced(warehouse):
    warehouse.command("INSERT INTO stg_gmail_messages (message_id, received_at, outcome) VALUES ('m8', now(), 'read')")
    assert evaluate(warehouse, READ).status is Status.OK
    warehouse.command(
        "INSERT INTO stg_rejects (source, day, reason, place) VALUES"
        f" ('gmail', '{DAY}', 'revenue: ''15 000 ₸'' is not an amount', 'message m8, part 1, table 1, row 3')"
    )
    verdict = evaluate(warehouse, READ)
    assert (verdict.status, verdict.figure) == (Status.WARNING, 1.0)
    assert "1 were read in part (0 tables left out, 1 lines put aside)" in verdict.detail
    assert "message m8" in verdict.detail


def test_a_container_of_outlook_is_a_fault_only_while_no_report_is_read(warehouse):
    insert = "INSERT INTO stg_gmail_messages (message_id, part, received_at, outcome, reason) VALUES ('{}', '{}', now(), '{}', '{}')"
    reason = WHY_NOT["tnef"].replace("'", "''")
    for part in ("", "1"):
        warehouse.command(insert.format("m9", part, "skipped", reason if part else ""))
    assert evaluate(warehouse, READ).status is Status.WARNING
    warehouse.command(insert.format("m10", "", "read", ""))
    assert evaluate(warehouse, READ).status is Status.OK
