"""Values are written for people, without the noise of binary sums."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from zakaz_dagster.datalens.preview import numbers

CASES = [
    (1234567.4, "rub", "1 234 567 ₽"),
    (-1234.5, "rub", "−1 235 ₽"),
    (0.2 + 0.3, "rub", "1 ₽"),
    (-0.4, "rub", "0 ₽"),
    (1.005, "ratio", "1,01"),
    (12.34, "pct", "12,3 %"),
    (0, "int", "0"),
    (None, "rub", "—"),
    ("", "text", "—"),
    ("томск", "text", "томск"),
    (3, "days", "3 дн."),
]


@pytest.mark.parametrize(("value", "form", "text"), CASES)
def test_values_are_written_as_people_read_them(value: object, form: str, text: str):
    assert numbers.text(value, form).replace("\N{NO-BREAK SPACE}", " ") == text


def test_dates_are_written_day_first():
    assert numbers.text(date(2026, 11, 2), "date") == "02.11.2026"
    assert numbers.text(datetime(2026, 11, 2, 9, 5), "datetime") == "02.11.2026 09:05"
