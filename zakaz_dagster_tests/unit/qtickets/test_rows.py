"""Meaning of tickets: sold, free, refunded, removed; each on its own day; exact money; no personal data."""

from __future__ import annotations

import hmac
import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.sources.qtickets.answers import ORDER, page_of
from zakaz_dagster.sources.qtickets.inspect import orders as inspect_orders
from zakaz_dagster.sources.qtickets.rows import client_hasher, sale_rows
from zakaz_dagster.sources.qtickets.source import totals
from zakaz_dagster_tests.bodies_qtickets import PLANTED, order, page, ticket


def rows(*orders):
    return sale_rows(page_of(page(*orders), ORDER, "test").data, client_hasher("salt"))


def line(*orders):
    (only,) = rows(*orders).lines.to_pylist()
    return only


def test_a_paid_ticket_is_sold_on_the_moscow_day_of_its_payment():
    sold = line(order(ticket(490), paid="2026-02-28T23:30:00+00:00"))
    assert sold["sale_date"] == date(2026, 3, 1)
    assert (sold["price_rub"], sold["tickets"], sold["event_id"], sold["show_id"]) == (Decimal(490), 1, 40, 900)


def test_a_free_ticket_counts_and_is_marked():
    assert line(order(ticket(0)))["is_free"] == 1


def test_a_refund_keeps_the_sale_and_has_its_own_day_and_deduction():
    refunded = line(
        order(ticket(294, refunded_at="2026-06-02T00:10:00+03:00", refunded_amount=250, refunded_deduction_amount=44))
    )
    assert (refunded["sale_date"], refunded["refund_date"]) == (date(2026, 3, 1), date(2026, 6, 2))
    assert (refunded["price_rub"], refunded["refunded_rub"], refunded["deduction_rub"]) == (294, 250, 44)
    assert (refunded["is_removed"], refunded["refunded_tickets"]) == (0, 1)


def test_a_refund_of_a_deleted_order_whose_paid_flag_was_cleared_is_still_a_refund():
    body = order(
        ticket(
            300, deleted_at="2026-03-05T10:00:00+03:00", refunded_at="2026-03-05T10:00:00+03:00", refunded_amount=300
        ),
        payed=False,
        deleted_at="2026-03-05T10:00:00+03:00",
    )
    assert (line(body)["is_removed"], line(body)["refunded_rub"]) == (0, 300)


@pytest.mark.parametrize("where", ["ticket", "order"])
def test_a_ticket_deleted_without_a_refund_is_removed_and_not_sold(where):
    gone = "2026-03-04T12:00:00+03:00"
    removed = line(
        order(
            ticket(234, deleted_at=gone if where == "ticket" else None), deleted_at=gone if where == "order" else None
        )
    )
    assert (removed["is_removed"], removed["removed_date"], removed["order_lines"]) == (1, date(2026, 3, 4), 0)
    sums = totals(rows(order(ticket(234, deleted_at=gone))).lines)
    assert (sums["gross_rub"], sums["tickets"], sums["removed_tickets"]) == (0, 0, 1)


def test_a_ticket_taken_out_before_its_order_was_paid_was_never_sold_and_has_no_day_of_removal():
    found = rows(
        order(ticket(300, deleted_at="2026-02-28T23:50:00+03:00"), ticket(200), paid="2026-03-01T00:05:00+03:00")
    )
    assert found.lines["is_removed"].to_pylist() == [1, 0]
    assert found.lines["removed_date"].to_pylist() == [None, None]
    assert (totals(found.lines)["removed_tickets"], totals(found.lines)["tickets"]) == (0, 1)


def test_an_order_is_counted_once_at_its_first_sold_ticket():
    gone = "2026-03-04T12:00:00+03:00"
    found = rows(order(ticket(deleted_at=gone), ticket(), ticket()), order(ticket()), order(ticket(deleted_at=gone)))
    assert found.lines["order_lines"].to_pylist() == [0, 1, 0, 1, 0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (order(ticket(), currency_id="KZT"), "currency is not RUB"),
        (order(ticket(-5)), "price below zero"),
        (order(ticket(10.005)), "money with more than two decimals"),
        (order(ticket(refunded_at="2026-03-05T10:00:00+03:00")), "refunded, but the refunded amount is not given"),
        (order(ticket(refunded_amount=400)), "money was given back, but the date of the refund is not given"),
        (order(ticket(refunded_amount=-400)), "money was given back, but the date of the refund is not given"),
        (
            order(ticket(refunded_amount=-44, refunded_deduction_amount=44)),
            "money was given back, but the date of the refund is not given",
        ),
        (order(ticket(refunded_deduction_amount=44)), "money was given back, but the date of the refund is not given"),
        (order(ticket(), payed=False), "paid at a date, but not marked as paid and not refunded"),
        (order(ticket(quantity=2)), "quantity is not 1, so what the price means is unknown"),
    ],
)
def test_a_line_that_does_not_fit_is_put_aside_with_its_reason_and_without_names(body, reason):
    found = rows(body, order(ticket(100)))
    assert found.lines.num_rows == 1
    ((day, reject),) = found.rejects
    assert (day, reject.reason) == ("2026-03-01", reason)
    assert not any(text in reject.payload for text in PLANTED)


def test_no_personal_data_passes_the_edge():
    found = rows(order(ticket(), ticket()))
    text = json.dumps([found.lines.to_pylist(), found.orders.to_pylist()], default=str, ensure_ascii=False)
    assert not any(planted in text for planted in PLANTED)
    assert '"client_id":77' not in text.replace(" ", "")


def test_client_hashes_join_equal_buyers_and_depend_on_the_salt():
    first, second = client_hasher("a"), client_hasher("b")
    assert first(77) == first(77) != first(78)
    assert first(77) != second(77)
    assert first(None) == ""


roubles = st.integers(0, 10_000_000).map(lambda kopecks: kopecks / 100)


@given(st.lists(st.lists(roubles, min_size=1, max_size=4), min_size=1, max_size=8))
def test_money_is_exact_to_the_kopeck_whatever_the_prices(orders):
    found = rows(*(order(*(ticket(price) for price in prices)) for prices in orders))
    exact = sum(Decimal(str(price)) for prices in orders for price in prices)
    sums = totals(found.lines)
    assert sums["gross_rub"] == exact.quantize(Decimal("0.01"))
    assert sums["orders"] == len(orders)
    assert sums["tickets"] == sum(map(len, orders))


def test_inspect_reads_lists_envelopes_and_bare_orders():
    body = order(ticket(100), ticket(0))
    for raw in (page(body), json.dumps({"data": body}).encode(), json.dumps(body).encode()):
        result = inspect_orders(raw, {})
        assert result.totals["gross_rub"] == "100.00"
        assert (result.totals["tickets"], result.totals["free_tickets"], result.totals["orders"]) == (2, 1, 1)
    unpaid = inspect_orders(page(order(ticket(100), paid=None)), {})
    assert (unpaid.rows, unpaid.totals["unpaid_orders"], unpaid.totals["gross_rub"]) == ([], 1, "0.00")


@given(salt=st.text(min_size=1, max_size=80), client=st.integers(min_value=0))
def test_a_buyers_name_is_the_hmac_of_the_id(salt, client):
    expected = hmac.digest(salt.encode(), str(client).encode(), "sha256").hex()[:32]
    assert client_hasher(salt)(client) == expected
    assert client_hasher(salt)(client) == expected, "one use leaves no trace in the next"
