"""Forecasts of «Решения» as assets, made once a day: as soon as sales and spend of yesterday are complete.

Belongs here: the step, its job and the sensor. Does not: the reckoning (`sql/builds`), writing (`warehouse.forecast`).
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.defs.marts.facts import GROUP, POOL
from zakaz_dagster.defs.shared.errors import RETRY, explained
from zakaz_dagster.defs.shared.params import WarehouseParam
from zakaz_dagster.defs.shared.schedules import job
from zakaz_dagster.defs.shared.specs import asset_spec, builds
from zakaz_dagster.errors import Failure
from zakaz_dagster.warehouse import forecast, lineage_cache

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

JOB, QUALITY = "forecast_daily", "v_forecast_quality"


def definitions(start: date) -> dg.Definitions:
    """The forecast's tables as one step, and the sensor that has it run once a day."""
    about = "Forecasts as of yesterday: added once, never changed"
    made = job(JOB, forecast.TABLES, about)
    return dg.Definitions(assets=[_step()], jobs=[made], sensors=[_due(start)])


def _spec(name: str) -> dg.AssetSpec:
    build = builds()[forecast.BUILDS[name]]
    # What past forecasts came to decides how wide new ones are, and whether they are shown: no input of the day.
    past = {QUALITY} | ({forecast.FORECAST} if name in forecast.INPUTS else set())
    deps = lineage_cache.reads(build) - past
    return asset_spec(
        name,
        group=GROUP,
        deps=sorted(deps),
        kinds=("clickhouse", "sql"),
        origins=lineage_cache.column_lineage(build),
    )


def _step() -> dg.AssetsDefinition:
    @dg.multi_asset(name="forecast", specs=[_spec(name) for name in forecast.TABLES], retry_policy=RETRY, pool=POOL)
    def write(context: dg.AssetExecutionContext, warehouse: WarehouseParam) -> Iterator[dg.MaterializeResult]:
        run_id, day = context.run.run_id, timezone.today() - timedelta(days=1)
        with explained():
            done = forecast.write(warehouse.tagged(run=run_id, asset=forecast.FORECAST), day, run_id=run_id)
        for name in forecast.INPUTS:
            yield dg.MaterializeResult(name)
        yield dg.MaterializeResult(
            forecast.FORECAST,
            metadata={"data day": str(done.day), "dagster/row_count": done.rows, "new": done.is_new},
        )
        yield dg.MaterializeResult(forecast.DECISIONS)

    return write


def _due(start: date) -> dg.SensorDefinition:
    @dg.sensor(
        name="forecast_when_complete",
        job_name=JOB,
        minimum_interval_seconds=300,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Forecasts once a day, when sales and spend of yesterday are complete",
    )
    @explained()
    def due(_context: dg.SensorEvaluationContext, warehouse: WarehouseParam) -> dg.RunRequest | dg.SkipReason:
        return plan(warehouse, timezone.today() - timedelta(days=1), start)

    return due


def plan(warehouse: "Warehouse", day: date, start: date) -> dg.RunRequest | dg.SkipReason:
    """One run for the day when it is complete and has no forecasts yet."""
    if day < start:
        return dg.SkipReason("the data begins later (ZAKAZ_START_DATE)")
    try:
        if forecast.is_written(warehouse, day):
            return dg.SkipReason(f"the forecasts of {day} are written")
        waits = forecast.lacking(warehouse, day)
    except Failure as failure:  # ClickHouse is away, which has its own alert
        return dg.SkipReason(str(failure))
    return dg.SkipReason(f"{day} waits: {'; '.join(waits)}") if waits else dg.RunRequest(run_key=f"{JOB}:{day}")
