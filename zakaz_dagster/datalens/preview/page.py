"""One page of the dashboard as one HTML file that needs nothing beside it.

Belongs here: putting answers, carried rows, script and style together. Does not: asking (`read`), cells (`tables`).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from zakaz_dagster.datalens.dialects import script
from zakaz_dagster.datalens.model import Chart, Dashboard, Field, Page
from zakaz_dagster.datalens.preview import explain, numbers, tables
from zakaz_dagster.datalens.preview.read import Answer, Reader

HERE = Path(__file__).resolve().parents[1]
STATIC = HERE / "static"
ECHARTS = STATIC / "echarts" / "echarts.common.min.js"
SCRIPTS = ("format.js", "data.js", "tables.js", "charts.js", "page.js")
# Characters that could end the script element, or start one, inside a JSON string.
UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
PERIODS = {7: "7 дней", 30: "30 дней", 90: "90 дней", 365: "Год"}


@dataclass(frozen=True)
class Block:
    """A chart as the template needs it."""

    chart: Chart
    table: tables.Table
    tile: tables.Cell | None
    is_empty: bool
    is_cut: bool
    help: list[tuple[Field, str]]
    missing: list[str]
    notes: list[str]


def render(dashboard: Dashboard, reader: Reader, moment: datetime) -> Iterator[tuple[str, str]]:
    """(file name, HTML) of every page, and of `index.html`, which leads to the first."""
    template = _environment().get_template("page.html.j2")
    libraries = [Markup(text) for text in (_library(), _script())]  # noqa: S704  our own files
    style = Markup((STATIC / "page.css").read_text(encoding="utf-8"))  # noqa: S704  our own file
    shared = {
        "dashboard": dashboard,
        "moment": numbers.text(moment, "datetime"),
        "stamp": _stamp(reader),
        "style": style,
        "libraries": libraries,
        "policy": _policy(style, libraries),
        "period": f"{numbers.text(reader.first, 'date')} – {numbers.text(reader.today, 'date')}",
        "periods": [(days, PERIODS.get(days, f"{days} дн.")) for days in dashboard.spec.period.choices],
    }
    for page in dashboard.pages:
        period = (reader.first, reader.today)
        blocks = [_block(dashboard, chart, page, reader.answer(chart), period) for chart in page.charts]
        data = Markup(_embedded(_data(dashboard, page, reader)))  # noqa: S704  escaped for a script element
        yield f"{page.key}.html", template.render(page=page, blocks=blocks, data=data, **shared)
    yield "index.html", _environment().get_template("index.html.j2").render(page=dashboard.pages[0], **shared)


def _block(dashboard: Dashboard, chart: Chart, page: Page, answer: Answer, period: tuple[date, date]) -> Block:
    tile = tables.tile(chart, answer.total) if chart.spec.type == "kpi" and answer.total else None
    is_empty = not answer.rows if chart.dimensions else answer.total is None
    lacking = [name for name in chart.spec.missing if all(row.get(name) is None for row in answer.rows)]
    apart = dashboard.spec.unassigned
    return Block(
        chart,
        tables.table(chart, answer, apart),
        tile,
        is_empty,
        answer.is_cut,
        help=[
            (field, explain.command(chart, field, period))
            for field in tables.shown(chart)
            if field.kind == "measure" and field.description
        ],
        missing=lacking,
        notes=list(_notes(chart, page)),
    )


def _notes(chart: Chart, page: Page) -> Iterator[str]:
    """What the reader must know about a chart that does not follow a selector."""
    if chart.spec.note:
        yield chart.spec.note
    names = {"city_name": "города", "channel_group": "канала"}
    deaf = [] if chart.dataset.date else ["периода"]
    deaf += [names.get(name, name) for name in page.spec.selectors if name not in chart.dataset.fields]
    if deaf:
        yield f"Не зависит от {' и '.join(deaf)}"


def _stamp(reader: Reader) -> list[Mapping[str, str]]:
    return [
        {
            "name": str(row["name"]),
            "moment": numbers.text(row["moment"], "datetime"),
            "light": tables.LIGHTS.get(int(row["light"] or 0), "grey"),
        }
        for row in reader.stamp()
    ]


def _data(dashboard: Dashboard, page: Page, reader: Reader) -> dict[str, object]:
    """What the script needs to compute the page again for another period or selection."""
    carried = {
        key: reader.carried(dataset, [chart for chart in page.charts if chart.dataset.key == key], page.spec.selectors)
        for key, dataset in page.datasets.items()
    }
    return {
        "key": page.key,
        "unassigned": list(dashboard.spec.unassigned),
        "today": str(reader.today),
        "days": dashboard.spec.period.default_days,
        "selectors": [{"name": name, "title": dashboard.spec.selectors[name]} for name in page.spec.selectors],
        "colours": dict(dashboard.spec.colours),
        "datasets": {
            key: {**vars(rows), "since": rows.since and str(rows.since), "date": dashboard.datasets[key].date}
            for key, rows in carried.items()
        },
        "charts": [_drawn(chart) for chart in page.charts],
    }


def _drawn(chart: Chart) -> dict[str, object]:
    spec = chart.spec
    return {
        "key": chart.key,
        "type": spec.type,
        "dataset": chart.dataset.key,
        "dimensions": [_field(field) for field in chart.dimensions],
        "measures": [_field(field) for field in chart.measures],
        "shown": [field.name for field in tables.shown(chart)],
        "columns": list(spec.y),
        "lines": list(spec.lines),
        "right": list(spec.y2),
        "light": dict(spec.light),
        "view": chart.dataset.spec.view,
        "where": {name: list(values) for name, values in spec.where.items()},
        "sort": spec.sort,
        "limit": spec.limit,
        "totals": spec.totals,
    }


def _field(field: Field) -> dict[str, object]:
    return {
        "name": field.name,
        "title": field.title,
        "format": field.format,
        "value": script(field.tree),
        "columns": explain.columns(field),
    }


def _embedded(data: Mapping[str, object]) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign, escape in UNSAFE.items():
        text = text.replace(sign, escape)
    return text


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@lru_cache(maxsize=1)
def _library() -> str:
    return ECHARTS.read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _script() -> str:
    parts = [(STATIC / name).read_text(encoding="utf-8") for name in SCRIPTS]
    return "'use strict';\n(() => {\n" + "\n".join(parts) + "\n})();\n"


def _policy(style: Markup, scripts: list[Markup]) -> str:
    """Nothing may be fetched, and only this very style and these very scripts hold; charts set styles on elements."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_digest, scripts))}",
            f"style-src {_digest(style)}",
            "style-src-attr 'unsafe-inline'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(text: Markup) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
