"""QTickets in Dagster: sales by day, the catalogue, seat snapshots, and what keeps them current.

every 15 minutes   the running day, catalogue, seats, facts          one run, one process
every night        the last 7 days                                   late refunds and removals
every week         the last 30 days
on change          older days whose orders were touched (a refund three months later)
"""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.defs.marts import refresh as marts
from zakaz_dagster.defs.marts.facts import fact
from zakaz_dagster.defs.qtickets.catalogue import catalogue, inventory
from zakaz_dagster.defs.shared.change_sensor import Found, Watch, changes_sensor
from zakaz_dagster.defs.shared.day_assets import day_assets, freshness
from zakaz_dagster.defs.shared.lineage import vendor_lineage, vendor_spec
from zakaz_dagster.defs.shared.partitions import daily
from zakaz_dagster.defs.shared.schedules import Reload, job, refresh_schedule, reload_schedule
from zakaz_dagster.sources.qtickets.description import DESCRIPTION

if TYPE_CHECKING:
    from zakaz_dagster.sources.qtickets.source import QTicketsSource

MakeSource = Callable[[], "QTicketsSource"]
POOL = DESCRIPTION.name
REFRESH, RELOAD = "qtickets_refresh", "qtickets_reload"
# Of the run that comes every quarter of an hour: while it insists, nobody else builds the facts, not even from mails.
REFRESH_SECONDS = 60.0
FACT = "fact_qtickets_sales_daily"
VENDOR = {
    "qtickets/orders": "Orders with their tickets; read by payment day, with the filter in the body",
    "qtickets/events": "Events with their shows and the city's time zone",
    "qtickets/seats": "Seats of one show: capacity, free, paid, held",
}


def patience(context: dg.InitResourceContext) -> float | None:
    """The most seconds a run may ask for one answer; None leaves it to the settings, as a long backfill needs."""
    run = context.run
    return REFRESH_SECONDS if run is not None and run.job_name == REFRESH else None


def definitions(start: date, guard: float, make: MakeSource) -> dg.Definitions:
    """Everything of this vendor; resources are bound by the caller, `make` is for its sensor."""
    partitions = daily(start, includes_today=True)
    sales = day_assets(
        DESCRIPTION, partitions, deps=["qtickets/orders", "dim_events"], guard=guard, lineage=vendor_lineage("qtickets")
    )
    facts = [FACT, *marts.FACTS, marts.PREVIEW]
    refresh = job(
        REFRESH,
        [*DESCRIPTION.tables, "dim_events", "dim_shows", "stg_qtickets_inventory_raw", *facts],
        "The running day: orders, catalogue, seats, the facts and the pages",
    )
    reload = job(RELOAD, [*DESCRIPTION.tables, *facts], "Days again: late refunds, removals and restores")
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
        sensors=[_changed_orders(start, make)],
    )


def _changed_orders(start: date, make: MakeSource) -> dg.SensorDefinition:
    def look(mark: str) -> Found:
        from zakaz_dagster.sources.qtickets.changes import Look

        source = make()  # not a resource: those are made before a sensor's body, where a missing setting is an error
        found = source.changes(Look.of(mark))
        today = timezone.today()
        return Found([day for day in found.days if day < today], str(found.next), more=not found.whole)

    return changes_sensor(
        Watch(
            name="qtickets_changed_orders",
            job=RELOAD,
            seconds=15 * 60,
            description="Asks for orders touched since the last look and reloads the older days they belong to",
            look=look,
        ),
        start,
    )
