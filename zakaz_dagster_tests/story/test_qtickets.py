"""QTickets from the vendor's socket to the fact: equal to the world's own books."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from zakaz_dagster.errors import Failure, Fatal
from zakaz_dagster.ingest.changes import held_days
from zakaz_dagster.sources.qtickets.changes import Look
from zakaz_dagster_tests.plugins.sandbox import running
from zakaz_dagster_tests.story.qtickets_account import FACT, Account

NOON = datetime(2026, 11, 22, 9, tzinfo=UTC)
FIRST, LAST = date(2026, 11, 15), date(2026, 11, 21)


@pytest.fixture
def account(warehouse, sandbox):
    return Account(warehouse, sandbox, NOON)


def test_every_day_and_city_equals_the_worlds_books_and_a_second_run_moves_nothing(warehouse):
    with running(days=40) as sandbox:
        account = Account(warehouse, sandbox, NOON)
        start = date.fromisoformat(sandbox.get("/world")["start"])
        account.load(start, LAST)
        told = account.told(start, LAST)
        assert len(told) > 200
        assert account.held(start, LAST) == told
        before = account.snapshot()
        account.load(FIRST, LAST)
        assert account.snapshot() == before


def test_as_many_requests_as_pages_are_needed(account):
    report = account.load(FIRST, LAST)
    orders = account.warehouse.scalar("SELECT count() FROM stg_qtickets_orders_raw")
    pages = -(-orders // 200)
    assert report.requests == pages


def test_no_write_ever_reaches_the_vendor(account):
    account.load(FIRST, LAST)
    source = account.source()
    for path in ("/orders/1/restore", "/shows/1/barcode/2", "/clients"):
        with pytest.raises(Fatal, match="not on the list"):
            source.api.http.request("GET", path)
    with pytest.raises(Fatal, match="not on the list"):
        source.api.http.request("POST", "/orders", json={})
    assert account.sandbox.writes() == []


def live_tickets(sandbox, day):
    """(order, ticket) ids of live tickets that cost something, of orders made and paid on a day."""
    return [
        (order["id"], ticket["id"])
        for order in sandbox.orders(day)
        if (order["payed_at"] or "").startswith(str(day))
        for ticket in order["tickets"]
        if ticket["live"] and Decimal(ticket["price"]) > 0
    ]


@pytest.mark.parametrize("days", [40, pytest.param(105, marks=pytest.mark.slow)])
def test_later_changes_move_the_right_number_on_the_right_day(warehouse, days):
    """A refund in a later month than its sale, a removal, its restore and an exchange, one after the other."""
    with running(days=days, orders_per_day=8) as sandbox:
        account = Account(warehouse, sandbox, NOON)
        start = date.fromisoformat(sandbox.get("/world")["start"])
        early = (start + timedelta(days=number) for number in range(5, days))
        sold, changed = next(day for day in early if len(dict(live_tickets(sandbox, day))) > 2), LAST
        assert sold.month < changed.month
        account.load(start, LAST)
        (_, refunded), (_, removed), (exchanged, _) = _of_different_orders(live_tickets(sandbox, sold))[:3]
        steps = [
            ("refund", refunded, "2026-11-21T15:00:00+03:00", {"2026-11-21"}),
            ("remove", removed, "2026-11-20T15:00:00+03:00", {str(sold), "2026-11-20"}),
            ("restore", removed, "2026-11-21T16:00:00+03:00", {str(sold), "2026-11-20"}),
            ("exchange", exchanged, "2026-11-21T17:00:00+03:00", {str(sold), "2026-11-21"}),
        ]
        for edit, target, at, expected_days in steps:
            before = account.held(start, LAST)
            sandbox.edit(edit, target, at=at, **({"kept_pct": 15} if edit == "refund" else {}))
            account.load(sold, sold)
            account.load(changed, changed)
            after = account.held(start, LAST)
            assert after == account.told(start, LAST), edit
            assert {day for (day, _), _ in before.items() ^ after.items()} == expected_days, edit
            again = account.snapshot()
            account.load(sold, sold)
            assert account.snapshot() == again, edit


def _of_different_orders(pairs):
    return list(dict(pairs).items())


def test_changed_orders_name_the_older_days_to_read_again(account):
    since = NOON - timedelta(hours=3)
    _, ticket = live_tickets(account.sandbox, date(2026, 8, 20))[0]
    account.sandbox.edit("refund", ticket, at="2026-11-22T11:00:00+03:00")
    changes = account.source().changes(Look(since))
    assert date(2026, 8, 20) in changes.days
    assert changes.newest >= datetime(2026, 11, 22, 8, tzinfo=UTC)


def sold(cells):
    """Tickets and roubles sold, by day and city; refunds may be of days that were not loaded."""
    return {key: (cell[1], cell[5]) for key, cell in cells.items() if cell[1]}


def test_an_order_whose_payment_vanishes_is_taken_off_the_day_it_was_paid_on(account):
    day = LAST - timedelta(days=3)
    account.load(day, LAST)
    order, _ = live_tickets(account.sandbox, day)[0]
    before = account.held(day, LAST)
    account.sandbox.edit("unpay", order, at="2026-11-22T11:00:00+03:00")
    found = account.source().changes(Look(NOON - timedelta(hours=3)))
    assert order in found.orders
    assert held_days(account.warehouse, [order]) == {day}  # the vendor names no day of it any more
    account.load(day, day)
    assert held_days(account.warehouse, [order]) == set()
    assert sold(account.held(day, LAST)) == sold(account.told(day, LAST)) != sold(before)


def test_a_corrected_city_needs_no_load_and_a_moved_ticket_is_a_sale_of_its_new_show(account):
    account.load(LAST, LAST)
    order, ticket = live_tickets(account.sandbox, LAST)[0]
    event = next(each["event_id"] for each in account.sandbox.orders(LAST) if each["id"] == order)
    account.sandbox.post("/world/city", {"event": event, "name": "Усть\u2011Кемь"})
    account.follow_catalogue(LAST, LAST)
    assert sold(account.held(LAST, LAST)) == sold(account.told(LAST, LAST))
    before = account.held(LAST, LAST)
    assert (str(LAST), "усть кемь") in before
    others = [each for each in account.sandbox.orders(LAST) if each["event_id"] != event]
    show = others[0]["tickets"][0]["show_id"]
    account.sandbox.edit("move", ticket, show=show, at="2026-11-22T11:00:00+03:00")
    account.load(LAST, LAST)
    assert sold(account.held(LAST, LAST)) == sold(account.told(LAST, LAST)) != sold(before)


def test_the_recorded_page_gives_the_recorded_figures(warehouse, recorded):
    folder = recorded("qtickets")
    with running(recorded=Path(folder)) as sandbox:
        account = Account(
            warehouse, sandbox, datetime(2021, 7, 1, tzinfo=UTC), base="/qtickets-recorded/01/api/rest/v1"
        )
        report = account.load(date(2021, 5, 18), date(2021, 6, 13))
        assert (report.totals["tickets"], report.totals["free_tickets"]) == (17, 2)
        assert report.totals["gross_rub"] == Decimal("5084.00")
        days = warehouse.rows(
            f"SELECT date, sum(tickets_sold) AS t, sum(revenue_rub) AS r FROM {FACT} GROUP BY date ORDER BY date"
        )
        assert [(f"{row['date']:%m-%d}", row["t"], row["r"]) for row in days] == [
            ("05-18", 1, 4), ("05-25", 1, 0), ("05-29", 3, 762), ("06-02", 3, 920),
            ("06-05", 2, 756), ("06-10", 3, 980), ("06-11", 3, 1270), ("06-13", 1, 392),
        ]  # fmt: skip
        utm = warehouse.rows(
            f"SELECT arrayStringConcat(arrayFilter(x -> x != '', [utm_source, utm_medium, utm_campaign]), '/') AS u, "
            f"sum(revenue_rub) AS r FROM {FACT} GROUP BY u"
        )
        assert {row["u"]: row["r"] for row in utm} == {
            "": 1740, "vk/tomsk/afisha_family": 1270, "yandex/cpc/62384014": 920,
            "insta/dinamika/mamy": 762, "insta/opisanie/profil": 392,
        }  # fmt: skip
        assert warehouse.scalar(f"SELECT DISTINCT city FROM {FACT}") == "томск"
        before = account.snapshot()
        account.load(date(2021, 5, 18), date(2021, 6, 13))
        assert account.snapshot() == before


def test_the_recorded_ignored_filter_is_a_failed_load_and_not_zero_sales(warehouse, recorded):
    with running(recorded=Path(recorded("qtickets"))) as sandbox:
        account = Account(
            warehouse, sandbox, datetime(2025, 11, 7, tzinfo=UTC), base="/qtickets-recorded/12/api/rest/v1"
        )
        with pytest.raises(Failure, match="filter ignored: .* total is 123217"):
            account.load(date(2025, 11, 3), date(2025, 11, 3))
        assert warehouse.scalar("SELECT count() FROM meta_day_loads") == 0


@pytest.mark.parametrize(
    ("case", "says"), [(0, "not found"), (2, "UNKNOWN_ERROR"), (3, "no such path"), (5, "refused")]
)
def test_recorded_errors_are_told_apart(warehouse, recorded, case, says):
    with running(recorded=Path(recorded("qtickets"))) as sandbox:
        account = Account(warehouse, sandbox, NOON, base=f"/qtickets-recorded/10@{case}/api/rest/v1")
        with pytest.raises(Failure, match=says):
            account.load(date(2021, 5, 18), date(2021, 5, 18))
