"""What a page reads: the answers of its charts for the default period, and the rows it carries for the others.

Belongs here: questions asked and rows turned into plain data. Does not: SQL text (`queries`), HTML (`page`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.datalens import queries
from zakaz_dagster.datalens.dialects import clickhouse
from zakaz_dagster.datalens.model import Chart, Dashboard, Dataset
from zakaz_dagster.errors import Fatal
from zakaz_dagster.redaction import printable
from zakaz_dagster.warehouse.client import Warehouse

ROW_LIMIT = 150_000  # some 10 MB of page; beyond it the oldest days are left out, and the page says since when it holds


@dataclass(frozen=True)
class Answer:
    """A chart's rows by field name, the total of its measures (None: no data), and whether the limit cut it."""

    rows: Sequence[Mapping[str, object]]
    total: Mapping[str, object] | None
    is_cut: bool


@dataclass(frozen=True)
class Carried:
    """A dataset's rows column by column. `since` is the oldest day that is complete."""

    rows: int
    since: date | None
    dimensions: Mapping[str, Mapping[str, object]]
    values: Mapping[str, Sequence[object]]


class Reader:
    """Asks the views as DataLens would, for one moment."""

    def __init__(self, wh: Warehouse, dashboard: Dashboard, today: date) -> None:
        self._wh = wh
        self._dashboard = dashboard
        self.today = today
        self._totals: dict[str, Mapping[str, object] | None] = {}

    @cached_property
    def first(self) -> date:
        """The first day of the default period."""
        return self.today - timedelta(days=self._dashboard.spec.period.default_days - 1)

    def answer(self, chart: Chart) -> Answer:
        """The chart over the default period and everything selected."""
        spec = chart.spec
        asked = queries.chart_rows(chart, self.first, self.today, self._dashboard.spec.unassigned)
        rows = self._rows(asked) if chart.dimensions else []
        total = self._total(chart) if spec.totals or not chart.dimensions else None
        return Answer(rows[: spec.limit], total, len(rows) > spec.limit)

    def stamp(self) -> list[Mapping[str, Any]]:
        """Per source: name, the moment its data is known up to, and its light."""
        about = self._dashboard.spec.stamp
        dataset = self._dashboard.datasets[about.dataset]
        fields = [dataset.fields[name] for name in (about.name, about.moment, about.light)]
        parts = [f"{clickhouse(field.tree)} AS {key}" for key, field in zip(STAMP, fields, strict=True)]
        sql = f"SELECT {', '.join(parts)} FROM {dataset.view} AS t1 GROUP BY name, moment ORDER BY name"  # noqa: S608
        return [
            {key: _shown(value) for key, value in row.items()} for row in self._wh.rows(sql, settings=queries.SETTINGS)
        ]

    def carried(self, dataset: Dataset, charts: Iterable[Chart], selectors: Iterable[str]) -> Carried:
        """The rows that let the page compute its charts for other periods and selections."""
        since = self.today - timedelta(days=self._dashboard.spec.period.history_days - 1)
        question = queries.carried_rows(dataset, charts, selectors, since, ROW_LIMIT + 1)
        table = self._wh.query(question.sql, question.params, queries.SETTINGS)
        oldest = since if dataset.date else None
        if table.num_rows > ROW_LIMIT:
            table, oldest = _whole_days(table, dataset)
        names = {name.removeprefix("d_"): name for name in table.column_names if name.startswith("d_")}
        return Carried(
            rows=table.num_rows,
            since=oldest,
            dimensions={name: _coded(table[column]) for name, column in names.items()},
            values={name: _plain(table[name]) for name in table.column_names if not name.startswith("d_")},
        )

    def _total(self, chart: Chart) -> Mapping[str, object] | None:
        """Charts that look at the same rows share one question for their totals."""
        alike = [one for one in self._dashboard.charts if _sight(one) == _sight(chart)]
        if _sight(chart) not in self._totals:
            measures = {field.name: field for one in alike for field in one.measures}
            found = self._rows(queries.total(chart, measures.values(), self.first, self.today))
            self._totals[_sight(chart)] = found[0] if found else None
        return self._totals[_sight(chart)]

    def _rows(self, question: queries.Question) -> list[dict[str, object]]:
        names = [field.name for field in question.fields]
        found = self._wh.rows(question.sql, question.params, queries.SETTINGS)
        return [dict(zip(names, map(_shown, row.values()), strict=True)) for row in found]


def _sight(chart: Chart) -> str:
    return f"{chart.dataset.key} {sorted(chart.spec.where.items())}"


STAMP = ("name", "moment", "light")


def _whole_days(table: pa.Table, dataset: Dataset) -> tuple[pa.Table, date]:
    """Without the day that the limit may have cut; rows come newest first."""
    if not dataset.date:
        raise Fatal(
            f"{dataset.view} has more than {ROW_LIMIT} rows and no day to cut at",
            source="preview",
            next_step="give the dataset a date in dashboard.yaml, or fewer dimensions",
        )
    days = table[f"d_{dataset.date}"]
    cut = date.fromisoformat(days[-1].as_py())
    return table.filter(pc.greater(days, str(cut))), cut + timedelta(days=1)


def _coded(column: pa.ChunkedArray) -> dict[str, object]:
    """A column as its distinct values and a number per row; null is -1."""
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    coded = plain.combine_chunks().dictionary_encode()
    return {"values": list(map(_shown, coded.dictionary.to_pylist())), "rows": coded.indices.fill_null(-1).to_pylist()}


def _shown(value: object) -> object:
    """A vendor's text without what would turn or end the line it stands in; anything else as it is."""
    return printable(value) if isinstance(value, str) else value


def _plain(column: pa.ChunkedArray) -> list[object]:
    """Numbers as JSON has them: whole ones without a point, the others without the noise of binary sums."""
    rows = column.to_pylist()
    return [round(value, queries.DIGITS) if isinstance(value, float) else value for value in rows]
