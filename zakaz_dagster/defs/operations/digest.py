"""The morning digest in Dagster: at 07:30 Moscow, from `v_decisions` as the reader sees it, by the alerts' channels.

Nothing is sent while `decisions_enabled` is 0. Belongs here: the schedule and what is read. Does not: the words
(`alerts.bulletin`).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.defs.shared.errors import RETRY, explained
from zakaz_dagster.defs.shared.params import AlertsParam, WarehouseParam
from zakaz_dagster.errors import Retriable
from zakaz_dagster.warehouse import forecast

if TYPE_CHECKING:
    from zakaz_dagster.alerts.bulletin import Morning
    from zakaz_dagster.alerts.service import Alerts
    from zakaz_dagster.warehouse.client import Warehouse

JOB = "decisions_digest"
SALES = """
SELECT toInt64(sum(tickets_paid)) AS tickets_paid, sum(revenue_rub) AS revenue_rub, sum(refunds_rub) AS refunds_rub
FROM v_sales_daily WHERE date = {day:Date}
"""
QUALITY = "SELECT shows, in_interval, wape_pct FROM v_forecast_quality WHERE horizon = 14"
ENABLED = "SELECT max(value) FROM dim_settings FINAL WHERE key = 'decisions_enabled'"


def definitions() -> dg.Definitions:
    """The job and its schedule."""

    @dg.op(name="send_digest", retry_policy=RETRY)
    def send(
        context: dg.OpExecutionContext, warehouse: WarehouseParam, reader: WarehouseParam, alerts: AlertsParam
    ) -> None:
        with explained():
            told = sent(warehouse, reader, alerts, timezone.today() - timedelta(days=1))
        context.log.info("%s", told or "nothing to send: switched off, without a channel, or sent before")

    @dg.job(
        name=JOB,
        description="The decisions of the morning by mail and Telegram: once a day",
        executor_def=dg.in_process_executor,
    )
    def digest() -> None:
        send()

    schedule = dg.ScheduleDefinition(
        name=f"{JOB}_0730",
        job=digest,
        cron_schedule="30 7 * * *",
        execution_timezone="Europe/Moscow",
        description="The decisions of the morning; «Данные неполные» when yesterday is not complete",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
    return dg.Definitions(jobs=[digest], schedules=[schedule])


def sent(warehouse: "Warehouse", reader: "Warehouse", alerts: "Alerts", day: date) -> Mapping[str, str]:
    """Send the digest of a data day to every channel that has not had it; raises Retriable when one refused it."""
    from contextlib import closing

    from zakaz_dagster.alerts import bulletin
    from zakaz_dagster.alerts.store import Store

    if not alerts.channels or not warehouse.scalar(ENABLED):
        return {}
    ui = alerts.about.ui_url
    link = f"{ui.rstrip('/')}/assets/v_decisions" if ui else ""
    mail = bulletin.compose(_morning(warehouse, reader, day, link))
    with closing(Store(alerts.path)) as store:
        told = bulletin.deliver(store, alerts.channels, mail, timezone.now())
    if refused := {name: why for name, why in told.items() if why}:
        step = "it is tried again; run `zakaz alerts test`"
        raise Retriable(f"the digest was not taken: {refused}", source="alerts", day=str(day), next_step=step)
    return told


def _morning(warehouse: "Warehouse", reader: "Warehouse", day: date, link: str) -> "Morning":
    from zakaz_dagster.alerts.bulletin import Morning

    waits = (
        [] if forecast.is_written(warehouse, day) else forecast.lacking(warehouse, day) or ["прогнозы ещё не сделаны"]
    )
    rows: list[dict[str, Any]] = [] if waits else reader.rows("SELECT * FROM v_decisions")
    found = reader.rows(QUALITY)
    return Morning(day, rows, reader.rows(SALES, {"day": day})[0], found[0] if found else None, waits, link)
