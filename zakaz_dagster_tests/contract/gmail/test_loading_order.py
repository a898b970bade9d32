"""Which of several mails speaks of a day: the newest by its own time, in whatever order and pieces they are loaded."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from zakaz_dagster_tests.contract.gmail.box import mailed, put, report
from zakaz_dagster_tests.contract.gmail.loaded import day_rows, load, tables

TOMSK, OMSK = "20.11.2026;Шоу;Томск;{};{};0", "20.11.2026;Шоу;Омск;{};{};0"


def test_the_later_mail_wins_by_mail_time_even_when_it_is_loaded_first(sandbox, box, warehouse):
    early = put(report(TOMSK.format(10, 1000), OMSK.format(5, 500)), "2026-11-20T21:00", "aa02")
    late = put(report(TOMSK.format(12, 1200), OMSK.format(5, 500)), "2026-11-21T06:00", "aa01")
    for first, second in ((early, late), (late, early)):
        warehouse.command("TRUNCATE TABLE stg_gmail_messages")
        mailed(sandbox, [first])
        load(box, warehouse)
        mailed(sandbox, [first, second])
        load(box, warehouse)
        assert day_rows(warehouse) == [("омск", 5, 500.0), ("томск", 12, 1200.0)]


def test_a_show_the_later_mail_no_longer_names_is_gone(sandbox, box, warehouse):
    mailed(
        sandbox,
        [
            put(report(TOMSK.format(10, 1000), OMSK.format(1, 500)), "2026-11-20T21:00", "m1"),
            put(report(TOMSK.format(10, 1000)), "2026-11-21T06:00", "m2"),
        ],
    )
    load(box, warehouse)
    assert day_rows(warehouse) == [("томск", 10, 1000.0)]


def test_a_mail_for_each_city_adds_up(sandbox, box, warehouse):
    mailed(
        sandbox,
        [
            put(report(TOMSK.format(10, 1000)), "2026-11-21T06:00", "m1"),
            put(report(OMSK.format(5, 500)), "2026-11-21T06:01", "m2"),
            put(report(OMSK.format(6, 600)), "2026-11-21T09:00", "m3"),
        ],
    )
    load(box, warehouse)
    assert day_rows(warehouse) == [("омск", 6, 600.0), ("томск", 10, 1000.0)]


def test_mails_with_and_without_numbers_of_shows_are_compared(sandbox, box, warehouse):
    header = "Дата;ID мероприятия;Событие;Город;ID сеанса;Билетов;Бесплатных;Выручка"
    full = report(
        "20.11.2026;24012;Шоу;Томск;150001;12;2;1200", "20.11.2026;24012;Шоу;Томск;150002;3;3;0", header=header
    )
    mailed(
        sandbox,
        [put(report(TOMSK.format(10, 1000)), "2026-11-20T21:00", "m1"), put(full, "2026-11-21T06:00", "m2")],
    )
    load(box, warehouse)
    assert day_rows(warehouse) == [("томск", 15, 1200.0)]
    free = "SELECT sumIf(tickets, is_free = 1) FROM stg_qtickets_sales_raw FINAL WHERE channel = 'mail'"
    assert warehouse.scalar(free) == 5


def test_a_forwarded_older_report_does_not_win(sandbox, box, warehouse):
    older, newer = report(TOMSK.format(10, 1000)), report(TOMSK.format(12, 1200))
    older["Date"] = "Fri, 20 Nov 2026 21:00:00 +0300"
    enclosing = report()
    enclosing.clear_content()
    enclosing.replace_header("Subject", "Fwd: QTickets")
    enclosing.set_content("см. вложение")
    enclosing.add_attachment(older)
    quoting = report(TOMSK.format(10, 1000))
    quoting.replace_header("Subject", "Fwd: QTickets: отчёт")
    mailed(
        sandbox,
        [
            put(older, "2026-11-20T21:00", "m1"),
            put(newer, "2026-11-21T06:00", "m2"),
            put(enclosing, "2026-11-21T09:00", "m3"),
            put(quoting, "2026-11-21T10:00", "m4"),
        ],
    )
    load(box, warehouse)
    assert day_rows(warehouse) == [("томск", 12, 1200.0)]


def test_a_vendors_resend_of_earlier_figures_wins_by_its_time(sandbox, box, warehouse):
    mailed(
        sandbox,
        [
            put(report(TOMSK.format(10, 1000)), "2026-11-20T21:00", "m1"),
            put(report(TOMSK.format(12, 1200)), "2026-11-21T06:00", "m2"),
            put(report(TOMSK.format(10, 1000)), "2026-11-21T09:00", "m3"),
        ],
    )
    load(box, warehouse)
    assert day_rows(warehouse) == [("томск", 10, 1000.0)]


def random_mailbox(chance: random.Random) -> list[dict]:
    """Reports of two days by city and whole, resends, forwards, bad lines, in any mixture."""
    made = []
    for number in range(chance.randint(2, 8)):
        days = chance.sample(["19.11.2026", "20.11.2026"], chance.randint(1, 2))
        cities = chance.sample(["Томск", "Омск", "Чита", "Нигдеград"], chance.randint(1, 4))
        rows = [
            f"{day};Шоу;{city};{chance.randint(0, 3)};{chance.randint(0, 3) * 100};0" for day in days for city in cities
        ]
        if chance.random() < 0.3:
            rows.append("20.11.2026;Шоу;Томск;много;100;0")
        message = report(*rows)
        if chance.random() < 0.3:
            message.replace_header("Subject", "Fwd: QTickets")
        at = f"2026-11-2{chance.randint(0, 1)}T{chance.randint(10, 20)}:{chance.choice(['00', '30'])}"
        made.append(put(message, at, f"m{number}{chance.randint(0, 9)}"))
        if chance.random() < 0.3:
            made.append({**made[-1], "id": f"r{number}", "at": made[-1]["at"] + 3600})
    return made


def loaded_in_pieces(sandbox, box, warehouse, pieces: Iterable[list[dict]]) -> dict[str, list[tuple]]:
    for table in (
        "stg_gmail_messages",
        "stg_gmail_sales_raw",
        "stg_qtickets_sales_raw",
        "stg_rejects",
        "meta_day_loads",
    ):
        warehouse.command(f"TRUNCATE TABLE {table}")
    for piece in pieces:
        mailed(sandbox, piece)
        load(box, warehouse)
    return tables(warehouse)


@pytest.mark.parametrize(
    "seed", [28, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(41) if seed != 28)]
)
def test_any_mailbox_in_any_order_and_pieces_gives_the_same_tables(sandbox, box, warehouse, seed):
    chance = random.Random(seed)
    mails = random_mailbox(chance)
    whole = loaded_in_pieces(sandbox, box, warehouse, [mails, mails])
    shuffled = chance.sample(mails, len(mails))
    singly = loaded_in_pieces(sandbox, box, warehouse, [[mail] for mail in shuffled])
    cut = chance.randint(1, len(mails))
    halves = loaded_in_pieces(sandbox, box, warehouse, [shuffled[:cut], shuffled, shuffled[cut:]])
    assert whole["stg_gmail_messages"]
    assert singly == whole
    assert halves == whole
