"""From our model to the client's builders: dataset fields, charts, tabs.

Belongs here: how each thing is said in DataLens' words. Does not: whether and when (`plan`, `apply`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import datalens_sdk as sdk

from zakaz_dagster.datalens.model import Chart, Dashboard, Dataset, Field, Page
from zakaz_dagster.datalens.remote.wanted import formula

GRID = 3  # DataLens has 36 columns, the specification 12
HEIGHTS: Mapping[str, int] = {"kpi": 5, "table": 16}
FORMATS: Mapping[str, Mapping[str, Any]] = {
    "rub": {"precision": 0, "postfix": " ₽"},
    "rub2": {"precision": 2, "postfix": " ₽"},
    "int": {"precision": 0},
    "pct": {"precision": 1, "postfix": " %"},
    "pct2": {"precision": 2, "postfix": " %"},
    "ratio": {"precision": 2},
    "days": {"precision": 0, "postfix": " дн."},
    "hours": {"precision": 1, "postfix": " ч"},
}
LIGHT_THRESHOLDS = (1.0, 2.0, 3.0)  # the codes of red, yellow and green


def formula_guid(field: Field) -> str:
    """Stable, so that a formula is found again and its charts keep pointing at it."""
    return f"zakaz_{field.name}"


def shape_dataset(held: Any, dataset: Dataset, table: Mapping[str, str]) -> Any:
    """The update that makes a DataLens dataset what the model says: titles, kinds, formats, formulas, hidden rest."""
    update = held.update
    for source in held.sources:
        if dict(source.parameters) != {**source.parameters, **table}:
            update.update_source(source_id=source.id, parameters={**source.parameters, **table})
        update.refresh_source(source.id, force_update_fields=True)
    columns = {one.source: one.guid for one in held.fields if one.calc_mode == "direct"}
    for name, guid in columns.items():
        field = dataset.fields.get(str(name))
        if field is None or field.is_formula:
            update.hide_field(field=guid)
            continue
        update.change_field_aggregation(field=guid, to="sum" if field.kind == "measure" else "none")
        update.update_field(field=guid, title=field.title, description=field.description, hidden=field.kind == "helper")
        _format(update, guid, field)
    _formulas(update, dataset, {one.guid for one in held.fields if one.calc_mode == "formula"})
    return update


def _formulas(update: Any, dataset: Dataset, existing: set[str]) -> None:
    ours = {formula_guid(field): field for field in dataset.fields.values() if field.is_formula}
    for guid in existing - ours.keys():
        if guid.startswith("zakaz_"):
            update.delete_field(field=guid)
    for guid, field in ours.items():
        kind = "MEASURE" if field.kind == "measure" else "DIMENSION"
        text = formula(field, dataset)
        if guid in existing:
            update.update_calculation(field=guid, formula=text, kind=kind, cast=field.type)
        else:
            update.add_calculation(name=field.title, formula=text, kind=kind, cast=field.type, guid=guid)
        update.update_field(field=guid, title=field.title, description=field.description)
        _format(update, guid, field)


def _format(update: Any, guid: str, field: Field) -> None:
    if field.kind == "measure" and field.format in FORMATS:
        update.update_field_format(field=guid, format_="number", show_rank_delimiter=True, **FORMATS[field.format])


def chart(client: Any, chart_: Chart, held: Any, location: Any) -> Any:
    """The create builder of a chart over a fetched dataset."""
    spec = chart_.spec
    make = getattr(client.create.wizard_chart, FACTORIES[spec.type])
    builder = make(name=chart_.name, location=location).dataset(held)
    handle = handles(chart_.dataset, held)
    PLACERS[spec.type](builder, chart_, handle)
    for name, values in spec.where.items():
        builder.add_filter(handle(name), operation="IN", values=list(values))
    if spec.sort and spec.type in ("bar", "column", "table"):
        builder.add_sort(handle(spec.sort.removeprefix("-")), direction="desc" if spec.sort.startswith("-") else "asc")
    if spec.note:
        builder.description(spec.note)
    return builder


def handles(dataset: Dataset, held: Any) -> Callable[[str], Any]:
    """The fetched dataset's field for a name of ours: formulas by guid, columns by their source."""
    by_source = {one.source: one for one in held.fields if one.calc_mode == "direct"}
    by_guid = {one.guid: one for one in held.fields}

    def handle(name: str) -> Any:
        field = dataset.fields[name]
        return by_guid[formula_guid(field)] if field.is_formula else by_source[name]

    return handle


def _indicator(builder: Any, chart_: Chart, handle: Callable[[str], Any]) -> None:
    builder.y([handle(chart_.spec.y[0])]).measure_title_mode(mode="hide")


def _columns(builder: Any, chart_: Chart, handle: Callable[[str], Any]) -> None:
    builder.x([handle(str(chart_.spec.x))]).y([handle(name) for name in chart_.spec.y])


def _bars(builder: Any, chart_: Chart, handle: Callable[[str], Any]) -> None:
    builder.y([handle(chart_.spec.x)] if chart_.spec.x else []).x([handle(name) for name in chart_.spec.y])


def _steps(builder: Any, chart_: Chart, handle: Callable[[str], Any]) -> None:
    _bars(builder, chart_, handle)
    builder.axis_scale("x", scale="logarithmic")


def _combined(builder: Any, chart_: Chart, handle: Callable[[str], Any]) -> None:
    spec, fields = chart_.spec, chart_.dataset.fields
    builder.x([handle(str(spec.x))])
    for name in spec.y:
        builder.add_layer("column", y=handle(name), name=fields[name].title)
    for name in spec.lines:
        builder.add_layer("line", y=handle(name), name=fields[name].title)
    for name in spec.y2:
        builder.add_layer("line", y2=handle(name), name=fields[name].title)


def _table(builder: Any, chart_: Chart, handle: Callable[[str], Any]) -> None:
    """The code of a traffic light stands as the last column, coloured: DataLens colours by a measure only."""
    spec = chart_.spec
    codes = [name for name in dict.fromkeys(spec.light.values()) if name not in spec.columns]
    builder.columns([handle(name) for name in (*spec.columns, *codes)])
    for name in dict.fromkeys(spec.light.values()):
        builder.column_background(handle(name), mode="3-point", palette="red-orange-green", thresholds=LIGHT_THRESHOLDS)
    builder.totals(enabled=spec.totals).pagination(enabled=True, limit=min(spec.limit, 100))


FACTORIES = {
    "kpi": "indicator",
    "column": "column",
    "line": "line",
    "combined": "combined_chart",
    "bar": "bar",
    "steps": "bar",
    "table": "flat_table",
}
PLACERS: Mapping[str, Callable[[Any, Chart, Callable[[str], Any]], None]] = {
    "kpi": _indicator,
    "column": _columns,
    "line": _columns,
    "combined": _combined,
    "bar": _bars,
    "steps": _steps,
    "table": _table,
}


def dashboard(
    client: Any, wanted: Dashboard, datasets: Mapping[str, Any], charts: Mapping[str, str], location: Any
) -> Any:
    """The create builder of the dashboard; `charts` maps page.chart to the chart's id."""
    builder = client.create.dashboard(name=wanted.spec.dashboard, location=location)
    for page in wanted.pages:
        builder.add_tab(_tab(wanted, page, datasets, charts))
    return builder.description(wanted.spec.description)


def _tab(wanted: Dashboard, page: Page, datasets: Mapping[str, Any], charts: Mapping[str, str]) -> Any:
    tab = sdk.DashboardTab(page.spec.title, tab_id=page.key)
    tab.add_text(page.spec.lead, item_id=f"{page.key}_lead", size=(36, 2))
    _selectors(tab, wanted, page, datasets)
    tab.start_row()
    for one in page.charts:
        size = (one.spec.width * GRID, HEIGHTS.get(one.spec.type, 12))
        hint = one.spec.note or None
        tab.add_chart(
            charts[f"{page.key}.{one.key}"], title=one.spec.title, item_id=f"{page.key}_{one.key}", size=size, hint=hint
        )
    return tab


def _selectors(tab: Any, wanted: Dashboard, page: Page, datasets: Mapping[str, Any]) -> None:
    """One selector per question; aliases carry it to the datasets of the other charts.

    Together they fill their row: DataLens moves a chart up into a gap above it.
    """
    dated = {key: dataset.date for key, dataset in page.datasets.items() if dataset.date}
    period = sdk.RelativeDateInterval(f"-{wanted.spec.period.default_days - 1}d", "-0d")
    having = {
        name: {key: name for key, one in page.datasets.items() if name in one.fields} for name in page.spec.selectors
    }
    asked = [("period", dated, {"title": "Период", "element": "date", "is_range": True, "default_value": period})]
    asked += [
        (name, found, {"title": wanted.spec.selectors[name], "multiselect": True}) for name, found in having.items()
    ]
    shown = [each for each in asked if each[1]]
    for name, columns, about in shown:
        _selector(tab, page, datasets, columns, name, size=(36 // len(shown), 2), **about)


def _selector(
    tab: Any, page: Page, datasets: Mapping[str, Any], having: Mapping[str, str], name: str, **about: Any
) -> None:
    fields = {key: handles(page.datasets[key], datasets[key])(column) for key, column in having.items()}
    key, first = next(iter(fields.items()))
    tab.add_selector(item_id=f"{page.key}_{name}", dataset=datasets[key], field=first, **about)
    guids = list(dict.fromkeys(one.guid for one in fields.values()))
    if len(guids) > 1:
        tab.add_alias(*guids)
