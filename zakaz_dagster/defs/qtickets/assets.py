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
from zakaz_dagster.defs.marts.refresh import followers
from zakaz_dagster.defs.qtickets import catalogue
from zakaz_dagster.defs.shared.change_sensor import Found, Holding, Watch, changes_sensor
from zakaz_dagster.defs.shared.day_assets import LoadConfig, Results, day_step, load
from zakaz_dagster.defs.shared.params import QTicketsParam, WarehouseParam
from zakaz_dagster.defs.shared.schedules import Configured, Reload, job, refresh_schedule, reload_schedules
from zakaz_dagster.defs.shared.specs import vendor_spec
from zakaz_dagster.sources.qtickets.description import DESCRIPTION

if TYPE_CHECKING:
    from zakaz_dagster.sources.qtickets.source import QTicketsSource
    from zakaz_dagster.warehouse.client import Warehouse

MakeSource = Callable[[], "QTicketsSource"]
MakeWarehouse = Callable[[], "Warehouse"]
REFRESH, RELOAD = "qtickets_refresh", "qtickets_reload"
# Of the run that comes every quarter of an hour: while it insists, nobody else builds the facts, not even from mails.
REFRESH_SECONDS = 60.0
VENDOR = {
    "qtickets/orders": "Orders with their tickets; read by payment day, with the filter in the body",
    "qtickets/events": "Events with their shows and the city's time zone",
    "qtickets/seats": "Seats of one show: capacity, free, paid, held",
}


def definitions(
    start: date, guard: float, configured: Configured, make: MakeSource, store: MakeWarehouse
) -> dg.Definitions:
    """Everything of this vendor; `configured` refuses without its settings, `make` and `store` are the sensor's."""

    @dg.multi_asset(**day_step(DESCRIPTION, start, ["qtickets/orders"]))
    def load_sales(
        context: dg.AssetExecutionContext, config: LoadConfig, warehouse: WarehouseParam, qtickets: QTicketsParam
    ) -> Results:
        yield from load(context, config, DESCRIPTION, qtickets, warehouse, guard=guard)

    steps = [*catalogue.steps(), load_sales]
    loaded = [key.to_user_string() for step in steps for key in step.keys]
    refresh = job(
        REFRESH, [*loaded, *followers(loaded)], "The running day: orders, catalogue, seats, the facts and the pages"
    )
    days = list(DESCRIPTION.tables)
    reload = job(RELOAD, [*days, *followers(days)], "Days again: late refunds, removals and restores")
    nightly = Reload("qtickets_nightly", "20 3 * * *", DESCRIPTION.trailing_days, "The last week")
    weekly = Reload("qtickets_weekly", "40 3 * * 1", DESCRIPTION.weekly_days, "The last month")
    return dg.Definitions(
        assets=[*(vendor_spec(key, about, "qtickets") for key, about in VENDOR.items()), *steps],
        jobs=[refresh, reload],
        schedules=[
            refresh_schedule(DESCRIPTION, "qtickets_every_15_minutes", refresh, start, configured),
            *reload_schedules(DESCRIPTION, nightly, weekly, reload, start, configured),
        ],
        sensors=[_changed_orders(start, make, store)],
    )


def _changed_orders(start: date, make: MakeSource, store: MakeWarehouse) -> dg.SensorDefinition:
    def look(mark: str) -> Found:
        from zakaz_dagster.ingest.changes import held_days
        from zakaz_dagster.sources.qtickets.changes import Look

        source = make()  # not a resource: those are made before a sensor's body, where a missing setting is an error
        found = source.changes(Look.of(mark))
        # The days an order is paid on now, and those we hold it on: a payment's date may have moved or vanished.
        days = {*found.days, *held_days(store(), found.orders)} if found.orders else set()
        today = timezone.today()
        return Found(sorted(day for day in days if day < today), str(found.next), more=not found.whole)

    holding = Holding(DESCRIPTION.name, store)
    return changes_sensor(
        Watch(
            name="qtickets_changed_orders",
            job=RELOAD,
            seconds=15 * 60,
            description="Asks for orders touched since the last look and reloads the older days they belong to",
            look=look,
            begin=holding.begin,
            restored=holding.restored,
        ),
        start,
    )
