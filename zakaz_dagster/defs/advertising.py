"""VK Ads and Yandex Direct in Dagster: the same shape, from each source's description.

    daily    yesterday and the trailing days, because vendors correct their figures
    weekly   thirty days
    any      a backfill of a year is one run that asks the vendor for ranges and replaces days

A day that the vendor no longer keeps fails with that sentence: it is refused before anything is asked.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import dagster as dg

from zakaz_dagster.defs.chart import spend_by_day
from zakaz_dagster.defs.lineage import vendor_lineage, vendor_spec
from zakaz_dagster.defs.partitions import daily
from zakaz_dagster.defs.schedules import Reload, job, reload_schedule
from zakaz_dagster.defs.staging import day_assets
from zakaz_dagster.sources.port import SourceDescription


def definitions(
    about: SourceDescription,
    endpoints: Mapping[str, str],
    start: date,
    guard: float,
    *,
    weekly_cron: str,
    before: Sequence[dg.AssetsDefinition] = (),
) -> dg.Definitions:
    """Assets, jobs and schedules of one advertising source; `before` are its dimensions, loaded in the same run."""
    partitions = daily(start, includes_today=about.includes_today)
    dimensions = [key.to_user_string() for asset in before for key in asset.keys]
    loaded = day_assets(
        about,
        partitions,
        deps=[*endpoints, *dimensions],
        guard=guard,
        chart=spend_by_day(about.label),
        lineage=vendor_lineage(about.name),
    )
    target = job(f"{about.name}_daily", [*dimensions, *about.tables], f"{about.label}: the trailing days")
    return dg.Definitions(
        assets=[*(vendor_spec(key, text, about.name) for key, text in endpoints.items()), *before, loaded],
        jobs=[target],
        schedules=[
            reload_schedule(
                about,
                Reload(f"{about.name}_daily", about.cron, 1 + about.trailing_days, "Yesterday and the trailing days"),
                target,
            ),
            reload_schedule(
                about, Reload(f"{about.name}_weekly", weekly_cron, about.weekly_days, "The last month"), target
            ),
        ],
    )
