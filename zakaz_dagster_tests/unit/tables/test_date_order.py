"""Dates that read both ways are judged by the others of their table."""

from __future__ import annotations

import pytest

from zakaz_dagster_tests.unit.gmail.mailing import figures, read_file, reasons
from zakaz_dagster_tests.unit.gmail.test_earlier_defects import csv


@pytest.mark.parametrize("sep", ["/", "-"])
def test_dates_that_read_both_ways_are_put_aside_where_another_has_the_month_first(sep):
    both, month, day, same = (
        f"{text};Лёд;Томск;10;10000;0".replace("/", sep)
        for text in ("10/05/2025", "10/25/2025", "25/10/2025", "05/05/2025")
    )
    assert [reason.split(" may")[0] for reason in reasons(read_file(csv(both, month)))][:1] == [
        f"sale_date: '10{sep}05{sep}2025'"
    ]
    assert [line[0] for line in figures(read_file(csv(same, month)))] == ["2025-05-05"]
    assert [line[0] for line in figures(read_file(csv(both, day)))] == ["2025-05-10", "2025-10-25"]
    assert len(figures(read_file(csv(both, day, month)))) == 2  # one wrong line costs itself
