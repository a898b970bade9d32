"""The specification fits the views; what does not fit is named, all of it at once."""

from __future__ import annotations

import hashlib

import pytest

from zakaz_dagster.datalens import model, spec
from zakaz_dagster.datalens.preview.page import ECHARTS
from zakaz_dagster.errors import Fatal
from zakaz_dagster.warehouse.sql_files import load


def test_every_name_of_the_specification_is_in_its_view():
    dashboard = model.resolve(spec.load(), load("views"))
    assert [page.spec.title for page in dashboard.pages] == [
        "Решения",
        "Продажи",
        "ROMI",
        "Воронка",
        "Города",
        "Качество данных",
    ]
    names = [chart.name for chart in dashboard.charts]
    assert len(names) == len(set(names)), "a workbook wants every chart's name once"


def test_all_faults_are_named_at_once():
    good = spec.load()
    sales = good.datasets["sales"].model_copy(update={"measures": ("no_such_column",)})
    chart = good.pages["sales"].charts["net"].model_copy(update={"y": ("city_name",)})
    page = good.pages["sales"].model_copy(update={"charts": {"net": chart}})
    bad = good.model_copy(update={"datasets": {**good.datasets, "sales": sales}, "pages": {"sales": page}})
    with pytest.raises(Fatal) as caught:
        model.resolve(bad, load("views"))
    assert "v_sales_daily has no column no_such_column" in str(caught.value)
    assert "[revenue_rub] is not among the dataset's columns" in str(caught.value)
    assert "city_name is no measure" in str(caught.value)


def test_the_vendored_library_is_the_recorded_one():
    recorded = ECHARTS.with_name("VENDORED.md").read_text()
    assert hashlib.sha256(ECHARTS.read_bytes()).hexdigest() in recorded
