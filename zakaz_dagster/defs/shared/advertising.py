"""VK Ads and Yandex Direct in Dagster: the same shape, from each source's description.

    daily    yesterday and the trailing days, because vendors correct their figures
    weekly   thirty days
    any      a backfill of a year is one run that asks the vendor for ranges and replaces days

A day that the vendor no longer keeps fails with that sentence: it is refused before anything is asked.
Jobs of a vendor only load; the facts follow, so that a slow vendor never keeps the sales' facts waiting.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

import dagster as dg

from zakaz_dagster.defs.shared.day_assets import freshness, observe_endpoints
from zakaz_dagster.defs.shared.errors import RETRY, explained
from zakaz_dagster.defs.shared.schedules import Configured, Reload, job, reload_schedules
from zakaz_dagster.defs.shared.specs import asset_spec, vendor_origins, vendor_spec
from zakaz_dagster.sources.base import SourceDescription

if TYPE_CHECKING:
    import pyarrow as pa

    from zakaz_dagster.ingest.days import LoadReport
    from zakaz_dagster.warehouse.client import Warehouse

WIDTH, HEIGHT, MARGIN = 560, 120, 18
SPEND = "spend_rub"


class WithDimensions(Protocol):
    """A source that also knows the objects behind its figures."""

    def dimensions(self) -> Mapping[str, pa.Table]:
        """Rows that are new or changed, by table."""
        ...


@dataclass(frozen=True)
class Plan:
    """What differs between two advertising sources.

    `endpoints` are the vendor's calls with a word about each, `dimensions` our tables and the call each comes from.
    With `dimensions_first` they are loaded before the figures, else after, from what the figures named.
    """

    about: SourceDescription
    endpoints: Mapping[str, str]
    dimensions: Mapping[str, str]
    weekly_cron: str
    dimensions_first: bool

    @property
    def deps(self) -> list[str]:
        """What the figures are loaded from."""
        return [*self.endpoints, *(self.dimensions if self.dimensions_first else ())]


def definitions(
    plan: Plan,
    start: date,
    steps: Sequence[dg.AssetsDefinition],
    configured: Configured,
    sensors: Sequence[dg.SensorDefinition] = (),
) -> dg.Definitions:
    """The endpoints, these steps, the job and the schedules of one advertising source."""
    about = plan.about
    target = job(f"{about.name}_daily", [*plan.dimensions, *about.tables], f"{about.label}: the trailing days")
    days = 1 + about.trailing_days
    daily = Reload(f"{about.name}_daily", about.cron, days, "Yesterday and the trailing days")
    weekly = Reload(f"{about.name}_weekly", plan.weekly_cron, about.weekly_days, "The last month")
    return dg.Definitions(
        assets=[*(vendor_spec(key, text, about.name) for key, text in plan.endpoints.items()), *steps],
        jobs=[target],
        schedules=reload_schedules(about, daily, weekly, target, start, configured),
        sensors=list(sensors),
    )


def dimension_step(plan: Plan) -> dict[str, Any]:
    """Arguments of `dg.multi_asset` for the step that loads the objects behind the figures."""
    about = plan.about
    after = () if plan.dimensions_first else tuple(about.tables)
    return {
        "name": f"load_{about.name}_dimensions",
        "specs": [
            asset_spec(
                table,
                group=about.name,
                deps=[dg.AssetKey(endpoint.split("/")), *after],
                kinds=("clickhouse", "python"),
                origins=vendor_origins(about.name, table),
                freshness_policy=freshness(about),
            )
            for table, endpoint in plan.dimensions.items()
        ],
        "retry_policy": RETRY,
        "pool": about.name,
    }


def load_dimensions(
    context: dg.AssetExecutionContext, about: SourceDescription, source: WithDimensions, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult]:
    """Add the objects' new versions; every day that they may decide is owed again."""
    from zakaz_dagster.warehouse.replace_table import append

    run_id = context.run.run_id
    tagged = warehouse.tagged(run=run_id, asset=f"load_{about.name}_dimensions")
    with explained():
        read = source.dimensions()
        observe_endpoints(context, {"received": sum(rows.num_rows for rows in read.values())})
        for table, rows in read.items():
            append(tagged, table, rows, ver=time.time_ns(), run_id=run_id)
            total = int(tagged.scalar(f"SELECT count() FROM {table}"))  # noqa: S608  a name of our own files
            yield dg.MaterializeResult(
                table, metadata={"dagster/row_count": total, "new or changed rows": rows.num_rows}
            )


def spend_by_day(label: str) -> Callable[[LoadReport], str]:
    """A function from a load's report to a bar chart of its spend, as Markdown that shows an SVG.

    Kept under a few kilobytes, because Dagster stores metadata with every event.
    """

    def chart(report: LoadReport) -> str:
        values = {day: float(totals.get(SPEND, 0)) for day, totals in report.totals_by_day.items()}
        svg = bars(values, f"{label}: расход по дням, руб.")
        return f"![chart](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"

    return chart


def bars(values: dict[date, float], title: str) -> str:
    """An SVG with one bar a day, its first and last day and its highest value named."""
    top = max(values.values(), default=0) or 1
    step = (WIDTH - 2 * MARGIN) / max(1, len(values))
    scale = (HEIGHT - 2 * MARGIN - 14) / top
    days = sorted(values)
    shapes = "".join(
        f'<rect x="{MARGIN + index * step:.1f}" y="{HEIGHT - MARGIN - values[day] * scale:.1f}" '
        f'width="{max(1.0, step - 2):.1f}" height="{values[day] * scale:.1f}" fill="#3b6fb6"/>'
        for index, day in enumerate(days)
    )
    text = 'font-family="sans-serif" font-size="11" fill="#444"'
    ends = (
        f'<text x="{MARGIN}" y="{HEIGHT - 4}" {text}>{days[0]}</text>'
        f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 4}" text-anchor="end" {text}>{days[-1]}</text>'
        if days
        else ""
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{title}">'
        f'<rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{MARGIN}" y="14" {text}>{title} Наибольший: {top:,.0f}</text>{shapes}{ends}</svg>'
    )
