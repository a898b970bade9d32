"""What dashboards read: facts built from every source together, and the uploaded plan.

The sales jobs build them in their own run. Whatever else loads a day - an advertising job, a backfill from the UI -
is seen by the sensor here, which builds the same days again: no load can leave dashboards behind.
Belongs here: the assets of builds that no single source owns. Does not: their SQL (`sql/builds`), views (`virtual`).
"""

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.defs.marts.facts import Dictionary, fact
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.partitions import daily, ranges
from zakaz_dagster.defs.shared.schedules import job
from zakaz_dagster.defs.shared.specs import asset_spec

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

POOL = "marts"
JOB = "marts_refresh"
PREVIEW = "bi_preview"
MAILS = "stg_gmail_sales_raw"  # has no days of its own: a load of it says which days of sales it states
LOADED = (MAILS, "fact_qtickets_sales_daily", "fact_vk_ads_daily", "fact_direct_daily")
MOST_EVENTS = 2_000  # of one table in one look; what is left is seen at the next
# In the order in which one reads another; Dagster derives the same from their SQL.
SALES_JOBS = ("qtickets_refresh", "qtickets_reload")
FACTS = (
    "dim_utm_tags",
    "fact_utm_daily",
    "fact_marketing_daily",
    "dim_ads",
    "fact_utm_matches_daily",
    "fact_sales_attributed_daily",
    "fact_show_daily",
    "fact_inventory_daily",
)


def _read_tags(warehouse: "Warehouse", first: date, last: date, run_id: str) -> dict[str, Any]:
    from zakaz_dagster.ingest.dictionaries import read_tags

    read = read_tags(warehouse, first, last, run_id=run_id)
    return {"tags read": read.texts, "no whole tags": dict(read.reasons)}


def _list_ads(warehouse: "Warehouse", _first: date, _last: date, run_id: str) -> dict[str, Any]:
    from zakaz_dagster.ingest.dictionaries import list_ads

    return {"dagster/row_count": list_ads(warehouse, run_id=run_id)}


DICTIONARIES = {
    "fact_utm_daily": Dictionary("dim_utm_tags", "utm_tags_unread", _read_tags),
    "fact_utm_matches_daily": Dictionary("dim_ads", "dim_ads", _list_ads),
}


def definitions(start: date) -> dg.Definitions:
    """The shared facts by day, and the plan that people upload."""
    partitions = daily(start, includes_today=True)
    return dg.Definitions(
        assets=[
            _outside("plan_sales", "settings"),  # uploaded by `zakaz import plan`
            _outside("meta_day_loads", "books"),  # kept by every load
            _outside("meta_job_runs", "books"),  # kept by the audit
            _outside("meta_backup_runs", "books"),  # kept by backups and drills
            *(
                fact(name, partitions, pool=POOL, group="marts", needs=DICTIONARIES.get(name))
                for name in FACTS
                if name not in {each.name for each in DICTIONARIES.values()}
            ),
        ],
        jobs=[job(JOB, [*FACTS, PREVIEW], "The shared facts of some days, and the pages")],
        sensors=[_after_loads(start)],
    )


def _after_loads(start: date) -> dg.SensorDefinition:
    @dg.sensor(
        name="marts_follow_loads",
        job_name=JOB,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Builds the shared facts of every day that something loaded outside the sales jobs",
    )
    @explained()
    def follow(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        seen: dict[str, int] = json.loads(context.cursor) if context.cursor else {}
        days: set[date] = set()
        for table in LOADED:
            events = context.instance.fetch_materializations(
                dg.AssetRecordsFilter(asset_key=dg.AssetKey(table), after_storage_id=seen.get(table)),
                limit=MOST_EVENTS,
                ascending=True,
            ).records
            seen[table] = events[-1].storage_id if events else seen.get(table, 0)
            own = {run: _builds_itself(context.instance, run) for run in {event.run_id for event in events}}
            days |= {day for event in events if not own[event.run_id] for day in _days(event)}
        newest = max(seen.values(), default=0)
        today = timezone.today()
        spans = ranges([day for day in days if start <= day <= today])
        requests = [dg.RunRequest(run_key=f"after:{newest}:{span.first}:{span.last}", tags=span.tags) for span in spans]
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason("nothing was loaded outside the sales jobs"),
            cursor=json.dumps(seen),
        )

    return follow


def _days(event: dg.EventLogRecord) -> set[date]:
    """The days that a materialisation loaded."""
    if event.partition_key:
        return {date.fromisoformat(event.partition_key)}
    done = event.asset_materialization
    stated = done.metadata.get("days") if done else None
    found = stated.value if isinstance(stated, dg.JsonMetadataValue) else None
    return {date.fromisoformat(str(day)) for day in found or ()}


def _builds_itself(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether that run has the shared facts among its own assets, and did not die before them."""
    run = instance.get_run_by_id(run_id)
    return run is not None and run.job_name in SALES_JOBS and not run.is_failure_or_canceled


def _outside(name: str, group: str) -> dg.AssetSpec:
    """A table that is written by something else than a run of its own, as the origin of what reads it."""
    return asset_spec(name, group=group).merge_attributes(tags={"layer": "vendor"})
