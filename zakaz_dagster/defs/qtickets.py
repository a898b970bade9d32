"""QTickets in Dagster: sales by day, the catalogue, seat snapshots, and what keeps them current.

every 15 minutes   the running day, catalogue, seats, facts          one run, one process
every night        the last 7 days                                   late refunds and removals
every week         the last 30 days
on change          older days whose orders were touched (a refund three months later)
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import dagster as dg
import pyarrow as pa
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from zakaz_dagster.defs import marts
from zakaz_dagster.defs.describe import asset_spec
from zakaz_dagster.defs.facts import fact
from zakaz_dagster.defs.failures import RETRY, explained
from zakaz_dagster.defs.lineage import vendor_lineage, vendor_spec
from zakaz_dagster.defs.partitions import MOSCOW, daily, ranges
from zakaz_dagster.defs.schedules import Reload, job, refresh_schedule, reload_schedule
from zakaz_dagster.defs.staging import day_assets, freshness
from zakaz_dagster.failures import ConfigFault
from zakaz_dagster.sources.qtickets.catalogue import INVENTORY, inventory_row
from zakaz_dagster.sources.qtickets.source import DESCRIPTION, QTicketsSource
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.whole import append, replace_whole

MakeSource = Callable[[], QTicketsSource]
POOL = DESCRIPTION.name
CATALOGUE_GUARD = 0.5  # events are never taken off the list, so half of them missing is no honest answer
FACT = "fact_qtickets_sales_daily"
VENDOR = {
    "qtickets/orders": "Orders with their tickets; read by payment day, with the filter in the body",
    "qtickets/events": "Events with their shows and the city's time zone",
    "qtickets/seats": "Seats of one show: capacity, free, paid, held",
}


def definitions(start: date, guard: float, make: MakeSource) -> dg.Definitions:
    """Everything of this vendor; resources are bound by the caller, `make` is for its sensor."""
    partitions = daily(start, includes_today=True)
    sales = day_assets(
        DESCRIPTION, partitions, deps=["qtickets/orders", "dim_events"], guard=guard, lineage=vendor_lineage("qtickets")
    )
    facts = [FACT, *marts.FACTS, marts.PREVIEW]
    refresh = job(
        "qtickets_refresh",
        [*DESCRIPTION.tables, "dim_events", "dim_shows", "stg_qtickets_inventory_raw", *facts],
        "The running day: orders, catalogue, seats, the facts and the pages",
    )
    reload = job("qtickets_reload", [*DESCRIPTION.tables, *facts], "Days again: late refunds, removals and restores")
    return dg.Definitions(
        assets=[
            *(vendor_spec(key, about, "qtickets") for key, about in VENDOR.items()),
            catalogue,
            inventory,
            sales,
            fact(FACT, partitions, pool=POOL, fresh=freshness(DESCRIPTION)),
        ],
        jobs=[refresh, reload],
        schedules=[
            refresh_schedule(DESCRIPTION, "qtickets_every_15_minutes", refresh, start),
            reload_schedule(
                DESCRIPTION,
                Reload("qtickets_nightly", "20 3 * * *", DESCRIPTION.trailing_days, "The last week"),
                reload,
                start,
            ),
            reload_schedule(
                DESCRIPTION,
                Reload("qtickets_weekly", "40 3 * * 1", DESCRIPTION.weekly_days, "The last month"),
                reload,
                start,
            ),
        ],
        sensors=[_changed_orders(reload, start, make)],
    )


@dg.multi_asset(
    name="load_qtickets_catalogue",
    specs=[
        asset_spec(
            name,
            group="qtickets",
            deps=[dg.AssetKey(["qtickets", "events"])],
            kinds=("clickhouse", "python"),
            lineage_metadata=vendor_lineage("qtickets").get(name),
            freshness_policy=freshness(DESCRIPTION),
        )
        for name in ("dim_events", "dim_shows")
    ],
    required_resource_keys={"warehouse", "qtickets"},
    retry_policy=RETRY,
    pool=POOL,
)
def catalogue(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    source: QTicketsSource = context.resources.qtickets
    warehouse: Warehouse = context.resources.warehouse.tagged(run=context.run_id, asset="load_qtickets_catalogue")
    with explained():
        found = source.catalogue()
        for name, rows in (("dim_events", found.events), ("dim_shows", found.shows)):
            replace_whole(warehouse, name, rows, ver=time.time_ns(), run_id=context.run_id, guard=CATALOGUE_GUARD)
    refused = {reject.where: reject.reason for reject in found.rejects}
    for name, rows in (("dim_events", found.events), ("dim_shows", found.shows)):
        yield dg.MaterializeResult(name, metadata={"dagster/row_count": rows.num_rows, "put aside": refused})


@dg.multi_asset(
    name="load_qtickets_inventory",
    specs=[
        asset_spec(
            "stg_qtickets_inventory_raw",
            group="qtickets",
            deps=[dg.AssetKey(["qtickets", "seats"]), "dim_shows"],
            kinds=("clickhouse", "python"),
            lineage_metadata=vendor_lineage("qtickets").get("stg_qtickets_inventory_raw"),
            freshness_policy=freshness(DESCRIPTION),
        )
    ],
    required_resource_keys={"warehouse", "qtickets"},
    retry_policy=RETRY,
    pool=POOL,
)
def inventory(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    source: QTicketsSource = context.resources.qtickets
    warehouse: Warehouse = context.resources.warehouse.tagged(run=context.run_id, asset="stg_qtickets_inventory_raw")
    with explained():
        now = source.now()
        rows = [
            inventory_row(show, event, source.api.seats(show).data, now)
            for show, event in source.catalogue().on_sale(now)
        ]
        table = pa.Table.from_pylist(rows, INVENTORY)
        append(warehouse, "stg_qtickets_inventory_raw", table, ver=time.time_ns(), run_id=context.run_id)
    return dg.MaterializeResult(
        "stg_qtickets_inventory_raw",
        metadata={
            "dagster/row_count": len(rows),
            "seats free": sum(int(str(row["seats_free"])) for row in rows),
            "shows without seats": sum(1 for row in rows if not row["seats_total"]),
        },
    )


def _changed_orders(reload: UnresolvedAssetJobDefinition, start: date, make: MakeSource) -> dg.SensorDefinition:
    @dg.sensor(
        name="qtickets_changed_orders",
        job=reload,
        minimum_interval_seconds=15 * 60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks for orders touched since the last look and reloads the older days they belong to",
    )
    def changed(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        now = datetime.now(UTC)
        if context.cursor is None:
            context.update_cursor(now.isoformat())
            return dg.SkipReason(f"watching for changes from {now:%Y-%m-%d %H:%M} UTC on")
        try:
            source = make()  # not a resource: those are made before this body, where a missing setting is an error
        except ConfigFault as fault:
            return dg.SkipReason(str(fault))
        found = source.changes(datetime.fromisoformat(context.cursor))
        today = now.astimezone(MOSCOW).date()
        older = [day for day in found.days if start <= day < today]
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(run_key=f"changed:{span.first}:{span.last}:{found.newest.isoformat()}", tags=span.tags)
                for span in ranges(older)
            ],
            skip_reason=None if older else dg.SkipReason("no order of an older day was touched"),
            cursor=found.newest.astimezone(UTC).isoformat(),
        )

    return changed
