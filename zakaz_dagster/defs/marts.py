"""What dashboards read: facts built from every source together, and the uploaded plan.

Belongs here: the assets of builds that no single source owns. Does not: their SQL (`sql/builds`), views (`virtual`).
"""

from datetime import date

import dagster as dg

from zakaz_dagster.defs.describe import asset_spec
from zakaz_dagster.defs.facts import fact
from zakaz_dagster.defs.partitions import daily

POOL = "marts"
# In the order in which one reads another; Dagster derives the same from their SQL.
FACTS = ("fact_utm_daily", "fact_marketing_daily", "fact_sales_attributed_daily", "fact_inventory_daily")


def definitions(start: date) -> dg.Definitions:
    """The shared facts by day, and the plan that people upload."""
    partitions = daily(start, includes_today=True)
    return dg.Definitions(
        assets=[
            _outside("plan_sales", "settings"),  # uploaded by `zakaz import plan`
            _outside("meta_day_loads", "books"),  # kept by every load
            _outside("meta_job_runs", "books"),  # kept by the audit
            *(fact(name, partitions, pool=POOL, group="marts") for name in FACTS),
        ]
    )


def _outside(name: str, group: str) -> dg.AssetSpec:
    """A table that is written by something else than a run of its own, as the origin of what reads it."""
    return asset_spec(name, group=group).merge_attributes(tags={"layer": "vendor"})
