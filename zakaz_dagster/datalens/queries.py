"""The questions a chart asks of its view, in the shape DataLens asks them; and the rows a page carries along.

    SELECT t1.city AS res_0, sum(t1.revenue_rub) AS res_1 FROM v AS t1
    WHERE t1.date BETWEEN … GROUP BY res_0 ORDER BY res_1 DESC LIMIT …

Belongs here: SQL text and its parameters. Does not: running it.
"""

# ruff: noqa: S608  (names come from the specification, checked against sql/views; values are parameters)
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from zakaz_dagster.datalens import formulas
from zakaz_dagster.datalens.dialects import clickhouse
from zakaz_dagster.datalens.model import Chart, Dataset, Field

# As DataLens sends them: the reader may not write, and views must be right under join_use_nulls.
SETTINGS: dict[str, object] = {"join_use_nulls": 1, "readonly": 2}
DIGITS = 6  # sums of the same money in another order differ behind this digit


@dataclass(frozen=True)
class Question:
    """A statement; `fields` names its columns in order (in the SQL they are res_0, res_1, …)."""

    sql: str
    params: dict[str, object]
    fields: tuple[Field, ...]


def chart_rows(chart: Chart, first: date, last: date, unassigned: Sequence[str] = ()) -> Question:
    """What the chart shows of the days first..last: one row per combination of its dimensions, `unassigned` last."""
    dimensions = chart.dimensions
    asked = _select(chart, [*dimensions, *chart.measures], first, last)
    names = {field.name: f"res_{at}" for at, field in enumerate(asked.fields)}
    groups = ", ".join(names[field.name] for field in dimensions)
    order = ", ".join(_order(chart, dimensions, names))
    if apart := [names[field.name] for field in dimensions if field.type == "string" and chart.spec.sort]:
        order = f"arrayExists(name -> has({{unassigned:Array(String)}}, name), [{', '.join(apart)}]), {order}"
        asked.params["unassigned"] = list(unassigned)
    sql = f"{asked.sql} GROUP BY {groups} ORDER BY {order} LIMIT {{limit:UInt64}}"
    return Question(sql, {**asked.params, "limit": chart.spec.limit + 1}, asked.fields)


def total(chart: Chart, measures: Iterable[Field], first: date, last: date) -> Question:
    """Measures over all that the chart looks at: one row, or none when there is no data."""
    asked = _select(chart, measures, first, last)
    return Question(f"{asked.sql} HAVING count() > 0", asked.params, asked.fields)


def _select(chart: Chart, fields: Iterable[Field], first: date, last: date) -> Question:
    chosen = tuple(fields)
    params: dict[str, object] = {}
    where = " AND ".join(_conditions(chart, first, last, params))
    results = ", ".join(f"{clickhouse(field.tree)} AS res_{at}" for at, field in enumerate(chosen))
    sql = f"SELECT {results} FROM {chart.dataset.view} AS t1" + (f" WHERE {where}" if where else "")
    return Question(sql, params, chosen)


def _conditions(chart: Chart, first: date, last: date, params: dict[str, object]) -> Iterator[str]:
    if chart.dataset.date:
        params |= {"first": first, "last": last}
        yield f"t1.{chart.dataset.date} BETWEEN {{first:Date}} AND {{last:Date}}"
    for name, values in chart.spec.where.items():
        params[f"where_{name}"] = list(values)
        yield f"t1.{name} IN {{where_{name}:Array(String)}}"


def _order(chart: Chart, dimensions: list[Field], names: dict[str, str]) -> Iterator[str]:
    sort = chart.spec.sort
    if sort:
        field = chart.dataset.fields[sort.removeprefix("-")]
        result = names[field.name]
        value = f"round({result}, {DIGITS})" if field.kind == "measure" and field.type != "string" else result
        yield f"{value} DESC" if sort.startswith("-") else value
    yield from (names[field.name] for field in dimensions)


def carried_rows(
    dataset: Dataset, charts: Iterable[Chart], selectors: Iterable[str], since: date, limit: int
) -> Question:
    """The rows from which the charts can be computed for any period and selection, newest days first."""
    dimensions, values = _carried(dataset, list(charts), selectors)
    parts = [f"{_text(dataset.fields[name])} AS d_{name}" for name in dimensions]
    parts += [f"{function.lower()}(t1.{name}) AS {function.lower()}_{name}" for name, function in values]
    newest = [f"d_{dataset.date} DESC"] if dataset.date else []
    order = ", ".join([*newest, *(f"d_{name}" for name in dimensions)])
    sql = (
        f"SELECT {', '.join(parts)} FROM {dataset.view} AS t1"
        + (f" WHERE t1.{dataset.date} >= {{since:Date}}" if dataset.date else "")
        + f" GROUP BY {', '.join(f'd_{name}' for name in dimensions)} ORDER BY {order} LIMIT {{limit:UInt64}}"
    )
    params: dict[str, object] = {"limit": limit}
    return Question(sql, {**params, "since": since} if dataset.date else params, ())


def _carried(
    dataset: Dataset, charts: list[Chart], selectors: Iterable[str]
) -> tuple[list[str], list[tuple[str, str]]]:
    """The columns to group by, and the (column, aggregate) pairs to carry."""
    dimensions = [dataset.date] if dataset.date else []
    dimensions += [name for name in selectors if name in dataset.fields]
    values: list[tuple[str, str]] = []
    for chart in charts:
        dimensions += chart.spec.where
        for field in chart.dimensions:
            dimensions += formulas.columns(field.tree) if field.is_formula else [field.name]
        for field in chart.measures:
            read = formulas.columns(field.tree)
            values += [(name, function) for name, functions in read.items() for function in sorted(functions)]
    return list(dict.fromkeys(dimensions)), list(dict.fromkeys(values))


def _text(field: Field) -> str:
    """Dates and moments travel as text, in the column's own zone."""
    return f"toString(t1.{field.name})" if field.type in ("date", "datetime") else f"t1.{field.name}"
