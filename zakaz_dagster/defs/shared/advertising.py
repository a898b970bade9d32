"""VK Ads and Yandex Direct in Dagster: the same shape, from each source's description.

    daily    yesterday and the trailing days, because vendors correct their figures
    weekly   thirty days
    any      a backfill of a year is one run that asks the vendor for ranges and replaces days

A day that the vendor no longer keeps fails with that sentence: it is refused before anything is asked.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Protocol

import dagster as dg

from zakaz_dagster.defs.shared.chart import spend_by_day
from zakaz_dagster.defs.shared.day_assets import day_assets, freshness
from zakaz_dagster.defs.shared.errors import RETRY, explained
from zakaz_dagster.defs.shared.lineage import vendor_lineage, vendor_spec
from zakaz_dagster.defs.shared.partitions import daily
from zakaz_dagster.defs.shared.schedules import Reload, job, reload_schedule
from zakaz_dagster.defs.shared.specs import asset_spec
from zakaz_dagster.sources.base import SourceDescription

if TYPE_CHECKING:
    import pyarrow as pa

    from zakaz_dagster.warehouse.client import Warehouse


class WithDimensions(Protocol):
    """A source that also knows the objects behind its figures."""

    def dimensions(self) -> "Mapping[str, pa.Table]":
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


def definitions(
    plan: Plan, start: date, guard: float, *, sensors: Sequence[dg.SensorDefinition] = ()
) -> dg.Definitions:
    """Assets, job, schedules and sensors of one advertising source."""
    about = plan.about
    first = list(plan.dimensions) if plan.dimensions_first else []
    loaded = day_assets(
        about,
        daily(start, includes_today=about.includes_today),
        deps=[*plan.endpoints, *first],
        guard=max(guard, about.drop_guard),  # a vendor whose corrections take whole days away says so
        chart=spend_by_day(about.label),
        lineage=vendor_lineage(about.name),
    )
    target = job(f"{about.name}_daily", [*plan.dimensions, *about.tables], f"{about.label}: the trailing days")
    return dg.Definitions(
        assets=[
            *(vendor_spec(key, text, about.name) for key, text in plan.endpoints.items()),
            _dimensions(plan, after=() if plan.dimensions_first else list(about.tables)),
            loaded,
        ],
        jobs=[target],
        schedules=[
            reload_schedule(
                about,
                Reload(f"{about.name}_daily", about.cron, 1 + about.trailing_days, "Yesterday and the trailing days"),
                target,
                start,
            ),
            reload_schedule(
                about,
                Reload(f"{about.name}_weekly", plan.weekly_cron, about.weekly_days, "The last month"),
                target,
                start,
            ),
        ],
        sensors=list(sensors),
    )


def _dimensions(plan: Plan, after: Sequence[str]) -> dg.AssetsDefinition:
    about = plan.about
    specs = [
        asset_spec(
            table,
            group=about.name,
            deps=[dg.AssetKey(endpoint.split("/")), *after],
            kinds=("clickhouse", "python"),
            lineage_metadata=vendor_lineage(about.name).get(table),
            freshness_policy=freshness(about),
        )
        for table, endpoint in plan.dimensions.items()
    ]

    @dg.multi_asset(
        name=f"load_{about.name}_dimensions",
        specs=specs,
        required_resource_keys={"warehouse", about.name},
        retry_policy=RETRY,
        pool=about.name,
    )
    def load(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        from zakaz_dagster.warehouse.replace_table import append

        source: WithDimensions = getattr(context.resources, about.name)
        step = f"load_{about.name}_dimensions"
        warehouse: Warehouse = context.resources.warehouse.tagged(run=context.run_id, asset=step)
        with explained():
            for table, rows in source.dimensions().items():
                append(warehouse, table, rows, ver=time.time_ns(), run_id=context.run_id)
                yield dg.MaterializeResult(table, metadata={"new or changed rows": rows.num_rows})

    return load
