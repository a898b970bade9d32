"""The specification joined with the views it stands on: every field with its title, type, format and formula.

Belongs here: resolving names against sql/views, and every fault of the specification at once. Does not: asking a
server, DataLens' objects, HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from zakaz_dagster.datalens import formulas
from zakaz_dagster.datalens.formulas import Call, Name, Node
from zakaz_dagster.datalens.spec import ChartSpec, DatasetSpec, Format, PageSpec, Spec
from zakaz_dagster.errors import Fatal
from zakaz_dagster.warehouse import lineage_cache
from zakaz_dagster.warehouse.sql_files import Statement

Kind = Literal["dimension", "measure", "helper"]
Type = Literal["string", "integer", "float", "date", "datetime"]
TITLE_ENDS = re.compile(r"\s*(?:[:;(]|, (?=руб|%)).*$")
TYPES: tuple[tuple[str, Type], ...] = (
    ("DateTime", "datetime"),
    ("Date", "date"),
    ("Float", "float"),
    ("String", "string"),
)
PLAIN: Mapping[Type, Format] = {
    "string": "text",
    "integer": "int",
    "float": "ratio",
    "date": "date",
    "datetime": "datetime",
}


@dataclass(frozen=True)
class Field:
    """A column or a formula of a dataset. `tree` is expanded: it names columns only, and aggregates if a measure."""

    name: str
    title: str
    description: str
    kind: Kind
    type: Type
    format: Format
    tree: Node
    written: Node | None = None

    @property
    def is_formula(self) -> bool:
        return self.written is not None


@dataclass(frozen=True)
class Dataset:
    """A view with the fields that the dashboard shows; `unused` are the view's other columns."""

    key: str
    spec: DatasetSpec
    about: str
    fields: Mapping[str, Field]
    unused: tuple[str, ...]

    @property
    def view(self) -> str:
        return self.spec.view

    @property
    def date(self) -> str | None:
        return self.spec.date


@dataclass(frozen=True)
class Chart:
    """One chart of a page, with its dataset resolved."""

    key: str
    page: str
    spec: ChartSpec
    dataset: Dataset

    @property
    def dimensions(self) -> list[Field]:
        named = [self.spec.x] if self.spec.x else []
        return self._fields([*named, *self.spec.columns], "dimension")

    @property
    def measures(self) -> list[Field]:
        """What it shows, in order, each once; the codes of its traffic lights come last."""
        spec = self.spec
        return self._fields([*spec.y, *spec.lines, *spec.y2, *spec.columns, *spec.light.values()], "measure")

    @property
    def name(self) -> str:
        """Unique over the dashboard, so that it can name the chart in a workbook."""
        return f"{self.page} · {self.spec.title}"

    def _fields(self, names: list[str], kind: Kind) -> list[Field]:
        found = (self.dataset.fields[name] for name in dict.fromkeys(names))
        return [field for field in found if field.kind == kind]


@dataclass(frozen=True)
class Page:
    key: str
    spec: PageSpec
    charts: tuple[Chart, ...]

    @property
    def datasets(self) -> dict[str, Dataset]:
        return {chart.dataset.key: chart.dataset for chart in self.charts}


@dataclass(frozen=True)
class Dashboard:
    spec: Spec
    datasets: Mapping[str, Dataset]

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        return tuple(
            Page(
                key,
                page,
                tuple(
                    Chart(name, page.title, chart, self.datasets[chart.dataset]) for name, chart in page.charts.items()
                ),
            )
            for key, page in self.spec.pages.items()
        )

    @property
    def charts(self) -> Iterator[Chart]:
        for page in self.pages:
            yield from page.charts


def resolve(spec: Spec, views: Mapping[str, Statement]) -> Dashboard:
    """The dashboard over these views, or one failure that names everything that does not fit."""
    faults: list[str] = []
    datasets = {}
    for key, dataset in spec.datasets.items():
        if dataset.view not in views:
            faults.append(f"datasets.{key}: no view {dataset.view}")
            continue
        datasets[key] = _dataset(key, dataset, views[dataset.view], spec.titles, faults)
    for page_key, page in spec.pages.items():
        faults += [f"pages.{page_key}: no selector {name}" for name in page.selectors if name not in spec.selectors]
        for name, chart in page.charts.items():
            faults += [
                f"pages.{page_key}.{name}: {fault}" for fault in _chart_faults(chart, datasets.get(chart.dataset))
            ]
    faults += _stamp_faults(spec, datasets)
    if faults:
        raise Fatal("; ".join(faults), source="dashboard", next_step="correct dashboard.yaml or the view")
    return Dashboard(spec, datasets)


def _title(comment: str, kind: Kind) -> str:
    """A column comment's head: «Выручка, руб.; пусто …» gives «Выручка». Helpers are not shown, but must differ."""
    return comment if kind == "helper" else TITLE_ENDS.sub("", comment).strip().rstrip(".")


def _dataset(key: str, spec: DatasetSpec, view: Statement, common: Mapping[str, str], faults: list[str]) -> Dataset:
    held = {column.name: column for column in lineage_cache.columns(view)}
    named = [*spec.dimensions, *spec.measures, *spec.helpers]
    listed = [*named, *spec.titles, *spec.formats, *([spec.date] if spec.date else [])]
    faults += [
        f"datasets.{key}: {spec.view} has no column {name}" for name in dict.fromkeys(listed) if name not in held
    ]
    fields = {name: _column(held[name], spec, common) for name in named if name in held}
    fields |= _formulas(key, spec, fields, faults)
    titles = [field.title for field in fields.values()]
    faults += [
        f"datasets.{key}: two fields are called «{title}»"
        for title in sorted({t for t in titles if titles.count(t) > 1})
    ]
    return Dataset(key, spec, lineage_cache.comment(view), fields, tuple(name for name in held if name not in fields))


def _column(column: lineage_cache.Column, spec: DatasetSpec, common: Mapping[str, str]) -> Field:
    name = column.name
    kind: Kind = "measure" if name in spec.measures else "helper" if name in spec.helpers else "dimension"
    type_ = _type(column.type)
    return Field(
        name=name,
        title=spec.titles.get(name) or common.get(name) or _title(column.comment, kind),
        description=column.comment,
        kind=kind,
        type=type_,
        format=spec.formats.get(name, _format(name, type_)),
        tree=Call("SUM", (Name(name),)) if kind == "measure" else Name(name),
    )


def _formulas(key: str, spec: DatasetSpec, columns: Mapping[str, Field], faults: list[str]) -> dict[str, Field]:
    written: dict[str, Node] = {}
    for name, formula in spec.formulas.items():
        try:
            written[name] = formulas.parse(formula.formula)
        except Fatal as fault:
            faults.append(f"datasets.{key}.{name}: {fault.what}")
    fields = {}
    for name, tree in written.items():
        try:
            fields[name] = _formula(name, spec, formulas.expanded(tree, written), tree)
        except Fatal as fault:
            faults.append(f"datasets.{key}.{name}: {fault.what}")
            continue
        faults += [f"datasets.{key}.{name}: {fault}" for fault in _misused(fields[name].tree, columns)]
    return fields


def _formula(name: str, spec: DatasetSpec, tree: Node, written: Node) -> Field:
    given = spec.formulas[name]
    kind: Kind = "measure" if formulas.is_measure(tree) else "dimension"
    type_: Type = {"text": "string", "date": "date", "int": "integer"}.get(given.format, "float")  # type: ignore[assignment]
    return Field(name, given.title, given.description, kind, type_, given.format, tree, written)


def _misused(tree: Node, columns: Mapping[str, Field]) -> Iterator[str]:
    """DataLens collapses MAX over a summed field into the sum, so each column is used as it is declared."""
    for name, through in formulas.columns(tree).items():
        if name not in columns:
            yield f"[{name}] is not among the dataset's columns"
        elif columns[name].kind == "measure" and through != {"SUM"}:
            yield f"[{name}] is a measure: SUM is the only aggregate it takes"
        elif columns[name].kind != "measure" and "SUM" in through:
            yield f"[{name}] is no measure and cannot be summed"


def _type(clickhouse: str) -> Type:
    return next((ours for theirs, ours in TYPES if theirs in clickhouse), "integer")


def _format(name: str, type_: Type) -> Format:
    if name.endswith("_rub"):
        return "rub"
    return "pct" if name.endswith("_pct") else PLAIN[type_]


def _chart_faults(chart: ChartSpec, dataset: Dataset | None) -> Iterator[str]:
    if dataset is None:
        yield f"no dataset {chart.dataset}"
        return
    measures = [*chart.y, *chart.lines, *chart.y2, *chart.light.values()]
    dimensions = [*([chart.x] if chart.x else []), *chart.where]
    others = [*chart.columns, *chart.light, *([chart.sort.removeprefix("-")] if chart.sort else [])]
    for name in dict.fromkeys([*measures, *dimensions, *others]):
        if name not in dataset.fields:
            yield f"dataset {chart.dataset} has no field {name}"
        elif name in measures and dataset.fields[name].kind != "measure":
            yield f"{name} is no measure"
        elif name in dimensions and dataset.fields[name].kind != "dimension":
            yield f"{name} is no dimension"
    yield from _shape_faults(chart)


def _shape_faults(chart: ChartSpec) -> Iterator[str]:
    shown = {*chart.y, *chart.lines, *chart.y2, *chart.columns, *([chart.x] if chart.x else [])}
    if (chart.type == "table") != bool(chart.columns):
        yield "a table has columns, and only a table"
    if chart.type in ("column", "line", "combined", "bar") and not (chart.x and chart.y):
        yield f"a {chart.type} chart needs x and y"
    if chart.type == "kpi" and (len(chart.y) != 1 or chart.x):
        yield "a kpi is one measure"
    if chart.type != "combined" and (chart.lines or chart.y2):
        yield "only a combined chart has lines and y2"
    if chart.sort and chart.sort.removeprefix("-") not in shown:
        yield "sorted by something it does not show"
    yield from (f"{name} has a light but is not shown" for name in chart.light if name not in shown)
    yield from (f"{name} may be missing but is not shown" for name in chart.missing if name not in shown)


def _stamp_faults(spec: Spec, datasets: Mapping[str, Dataset]) -> Iterator[str]:
    stamp = spec.stamp
    if stamp.dataset not in datasets:
        yield f"stamp: no dataset {stamp.dataset}"
        return
    fields = datasets[stamp.dataset].fields
    for name in (stamp.name, stamp.moment, stamp.light):
        if name not in fields:
            yield f"stamp: dataset {stamp.dataset} has no field {name}"
