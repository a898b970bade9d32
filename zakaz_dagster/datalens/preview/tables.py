"""A chart's answer as text in rows and cells: what stands beneath a chart, in a table chart and in a tile.

Belongs here: which cell says what, and its traffic light. Does not: HTML (`templates`), questions (`read`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from zakaz_dagster.datalens.model import Chart, Field
from zakaz_dagster.datalens.preview import numbers
from zakaz_dagster.datalens.preview.read import Answer

LIGHTS = {3: "green", 2: "yellow", 1: "red"}
STEP_COLUMNS = ("Ступень", "Количество", "От предыдущей")
Row = Mapping[str, object]


@dataclass(frozen=True)
class Cell:
    """`light` is a colour's name, 'grey' for a light without a colour, '' where there is no light."""

    text: str
    kind: Literal["text", "number", "moment"] = "text"
    light: str = ""


@dataclass(frozen=True)
class Line:
    """A row of cells; an unassigned one belongs to no show, city or campaign, so no light fits it."""

    cells: Sequence[Cell]
    is_unassigned: bool = False


@dataclass(frozen=True)
class Table:
    head: Sequence[Cell]
    rows: Sequence[Line]
    foot: Sequence[Cell] = ()


def table(chart: Chart, answer: Answer, unassigned: Sequence[str] = ()) -> Table:
    """The answer as a table; a funnel's steps stand one under another."""
    if chart.spec.type == "steps":
        return _steps(chart, answer.total)
    fields = shown(chart)
    rows = [_line(chart, fields, row, unassigned) for row in answer.rows]
    foot = _foot(chart, fields, answer.total) if chart.spec.totals and answer.total else []
    return Table([Cell(field.title, _kind(field)) for field in fields], rows, foot)


def shown(chart: Chart) -> list[Field]:
    """The columns of a chart's table: those it names, or all it draws."""
    if chart.spec.columns:
        return [chart.dataset.fields[name] for name in chart.spec.columns]
    lights = set(chart.spec.light.values())
    return [*chart.dimensions, *(field for field in chart.measures if field.name not in lights)]


def tile(chart: Chart, total: Row) -> Cell:
    """The one value of a tile."""
    return _cell(chart, chart.measures[0], total)


def _cell(chart: Chart, field: Field, row: Row) -> Cell:
    code = chart.spec.light.get(field.name)
    light = LIGHTS.get(_whole(row.get(code)), "grey") if code else ""
    return Cell(numbers.text(row.get(field.name), field.format), _kind(field), light)


def _line(chart: Chart, fields: Sequence[Field], row: Row, unassigned: Sequence[str]) -> Line:
    if not any(row.get(field.name) in unassigned for field in chart.dimensions):
        return Line([_cell(chart, field, row) for field in fields])
    unlit = Cell(numbers.NOTHING, light="grey")
    return Line([unlit if field.name in chart.spec.light else _cell(chart, field, row) for field in fields], True)


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _foot(chart: Chart, fields: Sequence[Field], total: Row) -> list[Cell]:
    cells = [_cell(chart, field, total) if field.kind == "measure" else Cell("") for field in fields]
    return [Cell("Итого"), *cells[1:]]


def _steps(chart: Chart, total: Row | None) -> Table:
    rows = []
    before: float | None = None
    for field in chart.measures if total else []:
        value = (total or {}).get(field.name)
        count = float(value) if isinstance(value, int | float) else 0.0
        share = count / before * 100 if before else None
        cells = (numbers.text(value, field.format), numbers.text(share, "pct2"))
        rows.append(Line([Cell(field.title), *(Cell(text, kind="number") for text in cells)]))
        before = count
    return Table([Cell(STEP_COLUMNS[0]), *(Cell(title, kind="number") for title in STEP_COLUMNS[1:])], rows)


def _kind(field: Field) -> Literal["text", "number", "moment"]:
    if field.format in ("date", "datetime"):
        return "moment"
    return "number" if field.format in numbers.NUMBERS else "text"
