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
from zakaz_dagster.defs.shared.requests import Requests
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
        description="Forecasts once a day, when sales and spend of yesterday are complete; until they are written",
    )
    @explained()
    def due(context: dg.SensorEvaluationContext, warehouse: WarehouseParam) -> dg.SensorResult | dg.SkipReason:
        now, requests = timezone.now(), Requests.of(context.cursor)
        day = timezone.today() - timedelta(days=1)
        if why := waits(warehouse, day, start):
            return dg.SkipReason(why)
        attempt = requests.attempt(context.instance, str(day), None, now)
        if attempt is None:
            return dg.SkipReason(f"{day} is asked for already, or waits for its next attempt")
        run = dg.RunRequest(run_key=f"{JOB}:{day}:{attempt}")
        requests.ask(str(day), str(run.run_key), attempt, now)
        requests.keep_only({str(day): run})
        return dg.SensorResult(run_requests=[run], cursor=requests.cursor())

    return due


def waits(warehouse: "Warehouse", day: date, start: date) -> str:
    """Why no run is due for the day: it is not complete, or has its forecasts; '' when one is."""
    if day < start:
        return "the data begins later (ZAKAZ_START_DATE)"
    try:
        if forecast.is_written(warehouse, day):
            return f"the forecasts of {day} are written"
        lacking = forecast.lacking(warehouse, day)
    except Failure as failure:  # ClickHouse is away, which has its own alert
        return str(failure)
    return f"{day} waits: {'; '.join(lacking)}" if lacking else ""
