"""Every DataLens object the specification wants, as plain data: what a plan compares and a state file remembers.

Belongs here: the objects, their order of making and their content. Does not: DataLens' payloads (`build`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from zakaz_dagster.datalens import dialects
from zakaz_dagster.datalens.model import Chart, Dashboard, Dataset, Field

Kind = Literal["connection", "dataset", "chart", "dashboard"]


@dataclass(frozen=True)
class Target:
    """Where DataLens finds ClickHouse, as seen from DataLens; the password is no part of what is compared."""

    host: str
    port: int
    secure: bool
    user: str
    database: str


@dataclass(frozen=True)
class Wanted:
    """One object. `key` is stable: it identifies the object in the state file."""

    key: str
    kind: Kind
    name: str
    content: dict[str, Any]


def objects(dashboard: Dashboard, target: Target) -> Iterator[Wanted]:
    """All objects, each after those it refers to."""
    connection = dashboard.spec.connection
    content = {**asdict(target), "cache_ttl_seconds": connection.cache_ttl_seconds}
    yield Wanted("connection", "connection", connection.name, content)
    for dataset in dashboard.datasets.values():
        yield Wanted(f"dataset/{dataset.key}", "dataset", dataset.spec.title, _dataset(dataset, target))
    for page in dashboard.pages:
        for chart in page.charts:
            yield Wanted(f"chart/{page.key}.{chart.key}", "chart", chart.name, _chart(chart))
    yield Wanted("dashboard", "dashboard", dashboard.spec.dashboard, _dashboard(dashboard))


def formula(field: Field, dataset: Dataset) -> str:
    """A formula as DataLens reads it; '' for a column."""
    if field.written is None:
        return ""
    return dialects.datalens(field.written, lambda name: dataset.fields[name].title)


def _dataset(dataset: Dataset, target: Target) -> dict[str, Any]:
    return {
        "table": f"{target.database}.{dataset.view}",
        "description": dataset.about,
        "hidden": list(dataset.unused),
        "fields": {field.name: _field(field, dataset) for field in dataset.fields.values()},
    }


def _field(field: Field, dataset: Dataset) -> dict[str, Any]:
    return {
        "title": field.title,
        "description": field.description,
        "kind": field.kind,
        "type": field.type,
        "format": field.format,
        "formula": formula(field, dataset),
    }


def _chart(chart: Chart) -> dict[str, Any]:
    """With the titles of its fields, because a chart in DataLens carries copies of them."""
    titles = {field.name: field.title for field in [*chart.dimensions, *chart.measures]}
    return {**chart.spec.model_dump(mode="json", exclude={"note", "width"}), "titles": titles}


def _dashboard(dashboard: Dashboard) -> dict[str, Any]:
    return {
        "description": dashboard.spec.description,
        "days": dashboard.spec.period.default_days,
        "tabs": {
            page.key: {
                "title": page.spec.title,
                "lead": page.spec.lead,
                "selectors": {name: dashboard.spec.selectors[name] for name in page.spec.selectors},
                "charts": {chart.key: [chart.spec.title, chart.spec.width, chart.spec.note] for chart in page.charts},
            }
            for page in dashboard.pages
        },
    }
