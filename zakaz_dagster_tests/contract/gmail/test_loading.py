"""Mails into the warehouse: the day equals the world's truth, whatever the order, and however often they are loaded."""

# ruff: noqa: S608
from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from zakaz_dagster.failures import Failure
from zakaz_dagster.mail_loading import MailLoad, days_from_mail, last_api_load, load_mails
from zakaz_dagster.sources.gmail.auth import MODIFY
from zakaz_dagster.sources.gmail.failover import Covered
from zakaz_dagster.warehouse.day import rebuild
from zakaz_dagster.warehouse.statements import load as load_statements
from zakaz_dagster_tests.contract.gmail.box import NOON, QUERY, Box, mailed, put, report, window
from zakaz_dagster_tests.unit.gmail.mailing import moment

TOMSK, OMSK = "20.11.2026;Шоу;Томск;{};{};0", "20.11.2026;Шоу;Омск;{};{};0"


@pytest.fixture
def box(sandbox, tmp_path):
    return Box(sandbox.url, tmp_path)


def load(box, warehouse, *, days: int = 7, run_id: str = "run", **options):
    return load_mails(box.mailbox(), warehouse, window(days), MailLoad(run_id, **options))


def day_rows(warehouse, day: str = "2026-11-20") -> list[tuple]:
    """(city, tickets, revenue) of the mail channel's day."""
    rows = warehouse.rows(
        "SELECT city, sum(tickets) AS sold, toFloat64(sum(price_rub)) AS revenue FROM stg_qtickets_sales_raw FINAL"
        f" WHERE channel = 'mail' AND sale_date = '{day}' GROUP BY city ORDER BY city"
    )
    return [tuple(row.values()) for row in rows]


def tables(warehouse) -> dict[str, list[tuple]]:
    """Everything the mails left behind, without when and by which run."""
    found = {}
    for table, where in (
        ("stg_gmail_messages", "1"),
        ("stg_gmail_sales_raw", "1"),
        ("stg_qtickets_sales_raw", "channel = 'mail'"),
        ("stg_rejects", "source = 'gmail'"),
        ("meta_day_loads", "source = 'gmail'"),
    ):
        rows = warehouse.rows(
            f"SELECT * EXCEPT (_loaded_at, _ver, _run_id) FROM {table} FINAL WHERE {where} ORDER BY ALL"
        )
        found[table] = [tuple(row.values()) for row in rows]
    return found


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


def test_a_report_whose_total_disagrees_leaves_the_earlier_one(sandbox, box, warehouse):
    wrong = report(TOMSK.format(12, 1200), "Итого;;;13;1200;0")
    mailed(
        sandbox, [put(report(TOMSK.format(10, 1000)), "2026-11-20T21:00", "m1"), put(wrong, "2026-11-21T06:00", "m2")]
    )
    done = load(box, warehouse)
    assert day_rows(warehouse) == [("томск", 10, 1000.0)]
    assert done.outcomes == {"read": 1, "refused": 1}
    assert done.rejected == 1


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
        broken.setattr("zakaz_dagster.mail_loading.derive_days", _fail)
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
    assert days_from_mail(warehouse, date(2026, 11, 1)) == {
        date(2026, 11, 20): Covered(10, Decimal("1000.00"), moment("2026-11-21T06:00:00+03:00"))
    }
    insert_api_line(warehouse)
    warehouse.command(
        "INSERT INTO meta_day_loads (source, day, covered_until, _loaded_at, _ver)"
        " VALUES ('qtickets', '2026-11-20', '2026-11-21 00:00:00', '2026-11-22 07:00:00', 1)"
    )
    rebuild(warehouse, load_statements("builds")["fact_qtickets_sales_daily"], date(2026, 11, 20), date(2026, 11, 20))
    assert last_api_load(warehouse) == moment("2026-11-22T07:00:00+03:00")
    assert days_from_mail(warehouse, date(2026, 11, 1)) == {}
    rows = warehouse.rows("SELECT sales_source, tickets_sold, revenue_rub FROM v_sales_latest")
    assert rows == [{"sales_source": "api", "tickets_sold": 1, "revenue_rub": 100.0}]


def insert_api_line(warehouse) -> None:
    warehouse.command(
        "INSERT INTO stg_qtickets_sales_raw (channel, sale_date, line_id, sold_at, tickets, price_rub, reported_at)"
        " VALUES ('api', '2026-11-20', '1', '2026-11-20 10:00:00', 1, 100, NULL)"
    )


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
    "seed", [0, 28, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 41) if seed != 28)]
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
