"""Looks at changed orders: bounded, each going on where the one before ended, none losing an order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.qtickets import changes
from zakaz_dagster.sources.qtickets.changes import Look
from zakaz_dagster.sources.qtickets.source import QTicketsSource
from zakaz_dagster_tests.bodies_qtickets import order, ticket
from zakaz_dagster_tests.unit.qtickets.test_source import NOW, Vendor

SINCE = datetime(2026, 3, 20, 8, tzinfo=UTC)


class Changing(Vendor):
    """Answers orders touched at or after the asked moment, in order of their changes."""

    def orders_page(self, where, order_by, number, day, size=None):
        assert order_by == {"updated_at": "asc"}
        since = where[0]["value"]
        everything, self.orders = self.orders, [each for each in self.orders if each["updated_at"] >= since]
        try:
            return super().orders_page(where, order_by, number, day, size)
        finally:
            self.orders = everything


def touched(seconds, paid="2025-12-01"):
    at = datetime(2026, 3, 20, 11, tzinfo=UTC) + timedelta(seconds=seconds)
    stamp = at.astimezone(changes.MOSCOW).isoformat()
    return order(ticket(), paid=f"{paid}T10:00:00+03:00", updated_at=stamp)


def source(vendor):
    return QTicketsSource(vendor, salt="s", now=lambda: NOW)


def looks(vendor, mark, most=50):
    """Every look until one saw all; the mark goes through its text, as in the sensor's cursor."""
    found = []
    for _ in range(most):
        found.append(source(vendor).changes(Look.of(mark)))
        mark = str(found[-1].next)
        if found[-1].whole:
            return found
    raise AssertionError(f"no end after {most} looks")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 6), max_size=60), st.integers(1, 4), st.integers(2, 4))
def test_bounded_looks_together_see_every_order(seconds, per_page, pages):
    """However many orders share a second; each is paid on a day of its own."""
    orders = [touched(each, str(date(2025, 1, 1) + timedelta(days=n))) for n, each in enumerate(sorted(seconds))]
    saved, changes.MOST_PAGES = changes.MOST_PAGES, pages
    try:
        found = looks(Changing(orders, per_page), SINCE.isoformat())
    finally:
        changes.MOST_PAGES = saved
    assert {day for each in found for day in each.days} == {date.fromisoformat(o["payed_at"][:10]) for o in orders}


def test_a_look_reads_no_more_than_its_pages(monkeypatch):
    monkeypatch.setattr(changes, "MOST_PAGES", 4)
    vendor = Changing([touched(n) for n in range(100)], per_page=3)
    found = source(vendor).changes(Look(SINCE))
    assert len(vendor.asked) == 4
    assert not found.whole
    assert str(found.next).endswith(" page 1")


def test_a_look_ends_when_its_time_is_over(monkeypatch):
    monkeypatch.setattr(changes, "MOST_SECONDS", 0)
    vendor = Changing([touched(n) for n in range(100)], per_page=3)
    assert not source(vendor).changes(Look(SINCE)).whole
    assert len(vendor.asked) == 1


def test_what_was_seen_in_the_overlap_is_no_news_but_a_late_arrival_is():
    vendor = Changing([touched(0)])
    first = source(vendor).changes(Look(SINCE))
    assert first.days == (date(2025, 12, 1),)
    second = source(vendor).changes(Look.of(str(first.next)))
    assert (second.days, second.newest) == ((), first.newest)
    vendor.orders.insert(0, touched(-60))  # committed after the look, with an earlier second
    assert source(vendor).changes(Look.of(str(second.next))).days == (date(2025, 12, 1),)


def test_an_order_touched_while_paging_fails_the_look():
    orders = [touched(n) for n in range(6)]
    orders[4]["id"] = orders[0]["id"]
    with pytest.raises(BadData, match="touched while"):
        source(Changing(orders)).changes(Look(SINCE))


@pytest.mark.parametrize("pages", [2, 20])
def test_an_order_from_the_future_does_not_hide_what_is_touched_after_it(monkeypatch, pages):
    monkeypatch.setattr(changes, "MOST_PAGES", pages)
    ahead = order(ticket(), paid="2025-11-11T10:00:00+03:00", updated_at="2099-01-01T00:00:00+03:00")
    vendor = Changing([touched(0), ahead], per_page=1)
    mark = str(looks(vendor, SINCE.isoformat())[-1].next)
    vendor.orders.insert(1, touched(3_600, paid="2025-12-05"))
    later = NOW + timedelta(hours=2)
    found = QTicketsSource(vendor, salt="s", now=lambda: later).changes(Look.of(mark))
    assert date(2025, 12, 5) in found.days
    assert found.next.since <= later
