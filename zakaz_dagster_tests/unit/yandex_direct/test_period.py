"""A report holds the columns that were asked for, of the days that were asked for; other rows are put aside."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.sources.yandex_direct.request import ReportRequest
from zakaz_dagster.sources.yandex_direct.source import _of_period
from zakaz_dagster.sources.yandex_direct.tsv import Report

DAY = date(2026, 3, 1)
REQUEST = ReportRequest(DAY, DAY, "1", fields=("Date", "AdId"))


def report(*days: date | None, names: tuple[str, ...] = ("Date", "AdId")) -> Report:
    return Report(pa.table([pa.array(days, pa.date32()), pa.array(range(len(days)), pa.int64())], names=list(names)))


@pytest.mark.parametrize("names", [("AdId", "Date"), ("Date", "Spend")])
def test_columns_that_were_not_asked_for_are_another_shape(names: tuple[str, ...]) -> None:
    with pytest.raises(ShapeChanged, match=f"the columns are {', '.join(names)}"):
        _of_period(report(DAY, names=names), REQUEST, 0.5)


def test_rows_of_other_days_and_of_none_are_put_aside() -> None:
    read = _of_period(report(DAY, date(2026, 3, 2), None, DAY), REQUEST, 0.5)
    assert read.table["AdId"].to_pylist() == [0, 3]
    assert [reject.where for reject in read.rejects] == ["ad 1", "ad 2"]
    assert ["2026-03-02" in read.rejects[0].reason, "no date" in read.rejects[1].reason] == [True, True]
