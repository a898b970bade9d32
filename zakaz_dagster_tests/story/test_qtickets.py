"""QTickets from the vendor's socket to the fact: equal to the world's own books, whatever happens on the way."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from zakaz_dagster.errors import Failure, Fatal
from zakaz_dagster.ingest.changes import held_days
from zakaz_dagster.sources.qtickets.answers import Page
from zakaz_dagster.sources.qtickets.changes import Look
from zakaz_dagster.sources.qtickets.records import Paging
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


FAULTS = {
    "off": {"off": True},
    "429 for ever": {"http": 429},
    "500 for ever": {"http": 500},
    "wrong verb or body": {"http": 503},
    "a proxy's page": {"html": True},
    "slow beyond the timeout": {"slow": 3, "only": "orders"},
    "truncated body": {"truncated": True, "only": "orders"},
    "dropped connection": {"dropped": True, "only": "orders"},
    "filter ignored": {"filter_ignored": True},
    "only the filter ignored": {"filter_ignored": "where", "only": "orders"},
    "short page": {"page_short": 2, "only": "orders"},
    "total too large": {"total_wrong": 7, "only": "orders"},
    "total too small": {"total_wrong": -3, "only": "orders"},
    "rows arrive between pages": {"drift": 3, "only": "orders"},
    "rows vanish between pages": {"drift": -3, "only": "orders"},
    "the same page again": {"runaway": "repeat", "only": "orders"},
    "a total that grows": {"runaway": "grow", "only": "orders"},
    "an expired token": {"expired_token": True},
}


@pytest.fixture(scope="module")
def loaded(shelf, sandbox_server):
    """An account with the week in its tables, and what they say; no fault may change them."""
    sandbox_server.reset()
    with shelf.lend() as warehouse:
        account = Account(warehouse, sandbox_server, NOON, page_size=40)
        account.load(FIRST, LAST)
        account.patience = 1.0
        yield account, account.snapshot()


@pytest.mark.parametrize("switches", FAULTS.values(), ids=FAULTS.keys())
def test_every_fault_is_a_named_failure_that_leaves_the_tables_as_they_were(loaded, sandbox, switches):
    account, before = loaded
    sandbox.fault("qtickets", **switches)
    with pytest.raises(Failure) as caught:
        account.load(FIRST, LAST)
    assert str(caught.value).startswith("qtickets")
    assert caught.value.next_step or caught.value.expected
    assert account.snapshot() == before


@pytest.mark.parametrize(
    "switches",
    [{"missing_key": "baskets.price"}, {"changed_type": "event_id"}],
    ids=["a missing key", "a changed type"],
)
def test_one_order_that_cannot_be_read_is_put_aside_and_the_rest_is_loaded(account, switches):
    account.sandbox.fault("qtickets", only="orders", **switches)
    report = account.load(FIRST, LAST)
    assert report.rejected == report.requests  # one of each page
    assert all(reason.startswith("another shape: ") for reason in report.reasons)
    held = {key: cell[1] for key, cell in account.held(FIRST, LAST).items()}
    told = {key: cell[1] for key, cell in account.told(FIRST, LAST).items()}
    differing = {key for key, sold in told.items() if held.get(key, 0) != sold}
    assert 0 < len(differing) <= report.rejected < len(told)


PASSING = {
    "429 once, with Retry-After": {"http": 429, "retry_after": 1, "times": 1},
    "500 twice": {"http": 500, "times": 2},
    "dropped once": {"dropped": True, "times": 1},
    "truncated once": {"truncated": True, "times": 1},
    "order ignored": {"order_ignored": True},
    "names by language": {"name_dict": True},
}


@pytest.mark.parametrize("switches", PASSING.values(), ids=PASSING.keys())
def test_what_heals_or_does_not_matter_gives_the_right_numbers(account, switches):
    account.page_size = 40
    account.sandbox.fault("qtickets", **switches)
    account.load(FIRST, LAST)
    sold = {key: cell[0] for key, cell in account.held(FIRST, LAST).items() if cell[0]}
    told = {key: cell[0] for key, cell in account.told(FIRST, LAST).items() if cell[0]}
    assert sold == told


def test_a_refused_token_is_not_asked_twice(account):
    account.token = "wrong-token"
    source = account.source()
    with pytest.raises(Fatal, match="QTICKETS_TOKEN"):
        list(source.read(FIRST, LAST))
    assert source.stats.requests == 1


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


def test_a_day_that_lost_most_of_its_rows_is_refused_until_it_is_said_in_words(account):
    account.load(FIRST, LAST)
    before = account.snapshot()
    fewer = Account(account.warehouse, account.sandbox, NOON)
    original = fewer.source

    def source_without_orders():
        source = original()
        honest = Page([], Paging(per_page=200, current_page=1, total=0))
        source.api.orders_page = lambda where, order, page, day: honest
        return source

    fewer.source = source_without_orders
    with pytest.raises(Failure, match="allow_shrinking|shrink"):
        fewer.load(FIRST, LAST)
    assert account.snapshot() == before
    fewer.load(FIRST, LAST, guard=None)
    assert account.held(FIRST, LAST) == {}
