"""The definitions of figures in the documents are those of the pages."""

from pathlib import Path

from zakaz_dagster.datalens import glossary, model, spec
from zakaz_dagster.warehouse.sql_files import load

FILE = Path(__file__).resolve().parents[3] / "docs" / "metrics.ru.md"


def test_the_russian_metrics_are_what_the_dashboard_says():
    assert FILE.read_text("utf-8") == glossary.markdown(model.resolve(spec.load(), load("views"))), (
        "run `zakaz datalens glossary`"
    )


def test_every_figure_of_a_tile_is_defined_once_in_words():
    dashboard = model.resolve(spec.load(), load("views"))
    defined = {field.title for _, fields in glossary.measures(dashboard) for field in fields}
    tiles = {chart.measures[0].title for chart in dashboard.charts if chart.spec.type == "kpi"}
    assert tiles <= defined
