"""Yandex Direct in Dagster: the shape of every advertising source, and a sensor that asks which past days changed."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from zakaz_dagster.defs.shared import advertising
from zakaz_dagster.defs.shared.change_sensor import Found, Holding, Watch, changes_sensor
from zakaz_dagster.defs.shared.day_assets import LoadConfig, Results, day_step, load
from zakaz_dagster.defs.shared.params import DirectParam, WarehouseParam
from zakaz_dagster.defs.shared.schedules import Configured
from zakaz_dagster.sources.yandex_direct.description import ADS, CAMPAIGNS, DESCRIPTION

if TYPE_CHECKING:
    from zakaz_dagster.sources.yandex_direct.source import DirectSource
    from zakaz_dagster.warehouse.client import Warehouse

MakeSource = Callable[[], "DirectSource"]
MakeWarehouse = Callable[[], "Warehouse"]
CORRECTED = timedelta(days=90)  # it is not known how far back changes.check answers; figures settle within days
PLAN = advertising.Plan(
    about=DESCRIPTION,
    endpoints={
        "yandex_direct/reports": "One report per login and period: figures by ad and day, Moscow days",
        "yandex_direct/ads": "Ads with their landing URLs",
        "yandex_direct/adgroups": "Ad groups with the parameters they add to links",
        "yandex_direct/sitelinks": "Quick links under ads, with their own URLs",
        "yandex_direct/campaigns": "Campaigns with the parameters they add to links",
    },
    dimensions={ADS: "yandex_direct/ads", CAMPAIGNS: "yandex_direct/campaigns"},
    weekly_cron="40 1 * * 1",
    dimensions_first=False,
)


def definitions(
    start: date, guard: float, configured: Configured, make: MakeSource, store: MakeWarehouse
) -> dg.Definitions:
    """Everything of this vendor; `configured` refuses without its settings, `make` and `store` are the sensor's."""

    @dg.multi_asset(**advertising.dimension_step(PLAN))
    def load_objects(
        context: dg.AssetExecutionContext, warehouse: WarehouseParam, yandex_direct: DirectParam
    ) -> Iterator[dg.MaterializeResult]:
        yield from advertising.load_dimensions(context, DESCRIPTION, yandex_direct, warehouse)

    @dg.multi_asset(**day_step(DESCRIPTION, start, PLAN.deps))
    def load_figures(
        context: dg.AssetExecutionContext, config: LoadConfig, warehouse: WarehouseParam, yandex_direct: DirectParam
    ) -> Results:
        chart = advertising.spend_by_day(DESCRIPTION.label)
        guarded = max(guard, DESCRIPTION.drop_guard)  # its corrections take whole days away
        yield from load(context, config, DESCRIPTION, yandex_direct, warehouse, guard=guarded, chart=chart)

    sensors = [_corrections(start, make, store)]
    return advertising.definitions(PLAN, start, [load_objects, load_figures], configured, sensors)


def _corrections(start: date, make: MakeSource, store: MakeWarehouse) -> dg.SensorDefinition:
    def look(mark: str) -> Found:
        changed = make().changed_days(datetime.fromisoformat(mark))
        return Found(changed.days, changed.cursor.isoformat())

    holding = Holding(DESCRIPTION.name, store, most=CORRECTED)
    return changes_sensor(
        Watch(
            name="yandex_direct_corrections",
            job=f"{DESCRIPTION.name}_daily",
            seconds=6 * 3600,
            description="Asks which campaigns' past days were corrected (changes.check) and reloads those days",
            look=look,
            begin=holding.begin,
            restored=holding.restored,
        ),
        start,
    )
