"""Spend with VAT: exact decimals, the rate of the day, half a kopeck away from zero, row by row."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.sources.vk_ads.rows import MONEY, Vat

BORDER = date(2026, 1, 1)
VAT = Vat(Decimal(22), ((date(2019, 1, 1), Decimal(18)), (BORDER, Decimal(20))))


def added(vat, pairs):
    spent = pa.chunked_array([pa.array([Decimal(text) for text, _ in pairs], MONEY)])
    days = pa.chunked_array([pa.array([day for _, day in pairs], pa.date32())])
    return [str(value) for value in vat.added(spent, days).to_pylist()]


def test_hand_computed_rows():
    day = date(2026, 11, 14)
    pairs = [("100", day), ("0.25", day), ("0.75", day), ("-0.75", day), ("0", day), ("0.05", day)]
    assert added(Vat(Decimal(22)), pairs) == ["122.00", "0.31", "0.92", "-0.92", "0.00", "0.06"]


def test_the_rate_changes_with_the_day():
    assert added(VAT, [("100", BORDER - timedelta(days=1)), ("100", BORDER), ("100", date(2018, 12, 31))]) == [
        "120.00",
        "122.00",
        "118.00",
    ]


@given(st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 800)), min_size=1, max_size=50))
def test_every_row_is_the_decimal_product_rounded_half_away_from_zero(values):
    pairs = [(str(Decimal(kopecks) / 100), date(2025, 6, 1) + timedelta(days=offset)) for kopecks, offset in values]
    wanted = [
        str((Decimal(text) * (1 + VAT.rate(day) / 100)).quantize(Decimal("0.01"), ROUND_HALF_UP)) for text, day in pairs
    ]
    assert [value.replace("-0.00", "0.00") for value in added(VAT, pairs)] == [
        value.replace("-0.00", "0.00") for value in wanted
    ]
