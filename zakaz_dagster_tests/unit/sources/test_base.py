"""Rules that hold for every vendor: which days may be asked for, and when dirt is another shape."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from zakaz_dagster.errors import Fatal, ShapeChanged
from zakaz_dagster.sources.base import FEW, Reject, check_range, days_back, refuse_changed_shape

TODAY = date(2026, 3, 1)
OLDEST = date(2025, 3, 1)
DAY = timedelta(days=1)


def ask(first: date, last: date) -> None:
    check_range("vendor", first, last, oldest=OLDEST, today=TODAY, older="it keeps a year")


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        (TODAY, TODAY - DAY, "the range ends on 2026-02-28"),
        (TODAY + DAY, TODAY, "the range ends on"),
        (OLDEST - DAY, TODAY, "the oldest day the vendor still has is 2025-03-01.*it keeps a year"),
        (TODAY, TODAY + DAY, "the day has not begun"),
    ],
)
def test_days_that_the_vendor_cannot_have_are_refused_unasked(first: date, last: date, says: str) -> None:
    with pytest.raises(Fatal, match=says):
        ask(first, last)


def test_the_oldest_day_and_the_running_one_may_be_asked_for() -> None:
    ask(OLDEST, OLDEST)
    ask(OLDEST, TODAY)
    ask(TODAY, TODAY)


def test_a_vendor_that_keeps_one_day_has_the_running_one_only() -> None:
    assert days_back(1)(TODAY) == TODAY
    assert days_back(366)(TODAY) == OLDEST


@pytest.mark.parametrize(
    ("odd", "received", "refused"),
    [(FEW - 1, FEW - 1, False), (FEW, FEW, True), (FEW, 2 * FEW, False), (FEW + 1, 2 * FEW + 1, True)],
)
def test_more_odd_records_than_the_share_are_another_shape_and_a_few_are_dirt(
    odd: int, received: int, refused: bool
) -> None:
    rejects = [Reject("price is a text", f"order {number}") for number in range(odd)]
    if refused:
        with pytest.raises(ShapeChanged, match=rf"{odd} of {received} records cannot be read, the first \(order 0\)"):
            refuse_changed_shape("vendor", "orders", odd=rejects, received=received, share=0.5)
    else:
        refuse_changed_shape("vendor", "orders", odd=rejects, received=received, share=0.5)
