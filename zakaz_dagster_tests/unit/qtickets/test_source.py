"""The sweep over a range: every day once, in order, whole; and every way in which pages can lie is a failure."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zakaz_dagster.errors import BadData, Failure
from zakaz_dagster.sources.qtickets import source as module
from zakaz_dagster.sources.qtickets.answers import ORDER, page_of
from zakaz_dagster.sources.qtickets.changes import Look
from zakaz_dagster.sources.qtickets.source import QTicketsSource
from zakaz_dagster_tests.bodies_qtickets import order, page, ticket

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 5)
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


class Vendor:
    """Answers pages of the orders it holds, in payment order; `lie` changes a page's body before it is decoded."""

    def __init__(self, orders, per_page=3, lie=lambda number, body: None):
        self.orders, self.per_page, self.lie, self.asked = orders, per_page, lie, []

    def orders_page(self, where, order_by, number, day, size=None):
        if size is None:
            self.asked.append((where, order_by, number))
        per_page = size or self.per_page
        start = (number - 1) * per_page
        some = self.orders[start : start + per_page]
        body = json.loads(page(*some, number=number, per_page=per_page, total=len(self.orders)))
        self.lie(number, body)
        return page_of(json.dumps(body).encode(), ORDER, "test")


def read(vendor, first=FIRST, last=LAST):
    return list(QTicketsSource(vendor, salt="s", now=lambda: NOW).read(first, last))


def paid_on(*days):
    return [order(ticket(100), paid=f"2026-03-{day:02d}T10:00:00+03:00") for day in days]


def test_every_day_is_answered_once_in_order_also_the_empty_ones():
    reads = read(Vendor(paid_on(1, 1, 1, 1, 3, 5)))
    assert [each.day.day for each in reads] == [1, 2, 3, 4, 5]
    assert [each.accepted for each in reads] == [4, 0, 1, 0, 1]
    assert all(each.received == each.accepted for each in reads)
    assert reads[0].totals["gross_rub"] == Decimal(400)


def test_the_filter_and_the_order_travel_in_the_body_with_moscow_offsets():
    vendor = Vendor(paid_on(1))
    read(vendor)
    where, order_by, number = vendor.asked[0]
    assert [(each["column"], each["operator"], each["value"]) for each in where] == [
        ("payed_at", ">=", "2026-03-01T00:00:00+03:00"),
        ("payed_at", "<", "2026-03-06T00:00:00+03:00"),
    ]
    assert (order_by, number) == ({"payed_at": "asc"}, 1)


def test_as_few_pages_as_the_total_needs_are_asked():
    vendor = Vendor(paid_on(1, 1, 2, 2, 3, 4, 5))
    read(vendor)
    assert len(vendor.asked) == math.ceil(7 / 3)


class Exchanging(Vendor):
    """While the second page is on its way an order of the first one loses its payment, and another one is paid."""

    def orders_page(self, where, order_by, number, day, size=None):
        if number == 2 and size is None and self.newcomers:
            self.orders = [*self.orders[:1], *self.orders[2:], self.newcomers.pop()]
        return super().orders_page(where, order_by, number, day, size)


def test_an_order_that_slips_over_a_border_while_the_day_grows_is_noticed():
    vendor = Exchanging(paid_on(1, 2, 3, 4, 5), per_page=2)
    vendor.newcomers = paid_on(5)
    running = datetime(2026, 3, 5, 20, tzinfo=UTC)
    source = QTicketsSource(vendor, salt="s", now=lambda: running)
    with pytest.raises(BadData, match="rows moved between page 1 and page 2"):
        list(source.read(FIRST, LAST))
    assert sum(each.accepted for each in source.read(FIRST, LAST)) == 5  # and the next time all of them come


def test_orders_of_one_second_may_change_places():
    def shuffled(number, body):
        body["data"].reverse()

    vendor = Vendor(paid_on(5, 5, 5, 5, 5, 5, 5), per_page=3, lie=shuffled)
    source = QTicketsSource(vendor, salt="s", now=lambda: datetime(2026, 3, 5, 20, tzinfo=UTC))
    assert sum(each.accepted for each in source.read(FIRST, LAST)) == 7


def test_an_empty_range_is_complete_and_empty():
    assert [each.accepted for each in read(Vendor([]))] == [0, 0, 0, 0, 0]


def test_orders_out_of_payment_order_are_still_put_on_their_days():
    assert [each.accepted for each in read(Vendor(paid_on(5, 1, 3, 1), per_page=2))] == [2, 0, 1, 0, 1]


def test_a_boundary_second_belongs_to_its_moscow_day():
    late, early = order(ticket(), paid="2026-03-01T23:59:59+03:00"), order(ticket(), paid="2026-03-02T00:00:00+03:00")
    assert [each.accepted for each in read(Vendor([late, early]))] == [1, 1, 0, 0, 0]


def stray(number, body):
    body["data"][0]["payed_at"] = "2021-05-18T12:23:40+03:00"


def unpaid(number, body):
    body["data"][0]["payed_at"] = None


def short(number, body):
    if number == 1:
        body["data"].pop()


def moved(number, body):
    body["paging"]["total"] += number - 1


def repeated(number, body):
    body["paging"]["currentPage"] = 1


def twice(number, body):
    if number == 2:
        body["data"][0]["id"] = body["data"][1]["id"]


def no_size(number, body):
    body["paging"]["perPage"] = 0


@pytest.mark.parametrize(
    ("lie", "says"),
    [
        (stray, "filter ignored"),
        (unpaid, "filter ignored"),
        (short, "holds 2 of 3"),
        (moved, "total moved"),
        (repeated, "got page 1"),
        (twice, "same order came twice"),
        (no_size, "perPage is 0"),
    ],
)
def test_a_lying_page_is_a_failure_that_says_so(lie, says):
    with pytest.raises(BadData, match=says) as caught:
        read(Vendor(paid_on(1, 1, 2, 2, 3, 4), lie=lie))
    assert caught.value.next_step


def test_the_recorded_ignored_filter_fails_before_the_second_page(recorded):
    body = json.loads((recorded("qtickets") / "12_filter_ignored_response.json").read_text("utf-8"))["response"]

    class Ignoring(Vendor):
        def orders_page(self, where, order_by, number, day, size=None):
            self.asked.append(number)
            return page_of(json.dumps(body).encode(), ORDER, "test")

    vendor = Ignoring([])
    with pytest.raises(Failure, match="filter ignored: 3 of 3 .* total is 123217"):
        read(vendor, date(2025, 11, 3), date(2025, 11, 3))
    assert vendor.asked == [1]


def test_only_the_running_day_may_grow_while_it_is_read():
    def grow(number, body):
        if number == 2:
            body["paging"]["total"] = 5
            body["data"] = json.loads(page(*more))["data"]

    more = paid_on(20, 20)
    reads = read(Vendor(paid_on(20, 20, 20, 20), lie=grow), date(2026, 3, 20), date(2026, 3, 20))
    assert reads[0].accepted == 5
    more = paid_on(1, 1)
    with pytest.raises(BadData, match="total moved"):
        read(Vendor(paid_on(1, 1, 1, 1), lie=grow))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 5), max_size=40), st.integers(1, 7), st.integers(1, 9))
def test_batches_never_change_what_a_day_holds(days, per_page, batch):
    orders = paid_on(*sorted(days))
    whole = [(each.day, each.accepted, each.totals["gross_rub"]) for each in read(Vendor(orders, 1000))]
    previous, module.BATCH_ORDERS = module.BATCH_ORDERS, batch
    try:
        cut = [(each.day, each.accepted, each.totals["gross_rub"]) for each in read(Vendor(orders, per_page))]
    finally:
        module.BATCH_ORDERS = previous
    assert cut == whole


def test_changes_are_the_payment_days_of_touched_orders():
    touched = [
        order(ticket(), paid="2025-12-01T10:00:00+03:00", updated_at="2026-03-20T11:00:00+03:00"),
        order(ticket(), paid=None, updated_at="2026-03-20T12:00:00+03:00"),
    ]
    source = QTicketsSource(Vendor(touched), salt="s", now=lambda: NOW)
    found = source.changes(Look(datetime(2026, 3, 20, 8, tzinfo=UTC)))
    assert found.days == (date(2025, 12, 1),)
    assert found.newest.isoformat() == "2026-03-20T12:00:00+03:00"


def test_changes_with_an_ignored_filter_fail():
    old = [order(ticket(), updated_at="2021-03-20T11:00:00+03:00")]
    source = QTicketsSource(Vendor(old), salt="s", now=lambda: NOW)
    with pytest.raises(BadData, match="filter ignored"):
        source.changes(Look(NOW - timedelta(hours=1)))
