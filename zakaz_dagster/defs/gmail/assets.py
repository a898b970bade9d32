"""The mailbox in Dagster: report mails into staging and into the mail channel of the sales; the backup of QTickets.

every 4 hours   the mails of the last days; off by default, for the failover starts loads when QTickets is away

The step also replaces the mail channel's partitions of stg_qtickets_sales_raw. That table's asset belongs to QTickets
and is not reported here: its freshness is how the platform sees that QTickets is away.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.defs.shared.day_assets import observe_endpoints
from zakaz_dagster.defs.shared.errors import RETRY, explained
from zakaz_dagster.defs.shared.params import MailboxParam, WarehouseParam
from zakaz_dagster.defs.shared.schedules import Configured, job
from zakaz_dagster.defs.shared.specs import asset_spec, vendor_origins, vendor_spec
from zakaz_dagster.errors import ConfigFault

if TYPE_CHECKING:
    from zakaz_dagster.ingest.mails import MailReport

SOURCE = "gmail"
TABLES = ("stg_gmail_messages", "stg_gmail_sales_raw")
VENDOR = {"gmail/messages": "Mails that the query finds, with their parts and attachments"}
EVERY_FOUR_HOURS = "0 */4 * * *"


class MailWindow(dg.Config):
    """Which mails: those that arrived in the last `days_back` days; 0 takes the setting."""

    days_back: int = 0


def definitions(start: date, days_back: int, label: str, configured: Configured) -> dg.Definitions:
    """Everything of the mailbox; `configured` refuses when its settings are missing."""
    target = job("gmail_load", TABLES, "Report mails of the last days, and the days of sales they state")

    @dg.schedule(
        name="gmail_every_4_hours",
        job=target,
        cron_schedule=EVERY_FOUR_HOURS,
        execution_timezone="Europe/Moscow",
        description="Report mails, also while QTickets answers: switch it on to reconcile both channels",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
    def every_four_hours(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        try:
            configured()
        except ConfigFault as fault:
            return dg.SkipReason(str(fault))
        return dg.RunRequest(run_key=f"gmail_every_4_hours:{context.scheduled_execution_time:%Y-%m-%dT%H:%M}")

    return dg.Definitions(
        assets=[*(vendor_spec(key, about, SOURCE) for key, about in VENDOR.items()), _mails(start, days_back, label)],
        jobs=[target],
        schedules=[every_four_hours],
    )


def _mails(start: date, days_back: int, label: str) -> dg.AssetsDefinition:
    specs = [
        asset_spec(
            table,
            group=SOURCE,
            deps=[dg.AssetKey(key.split("/")) for key in VENDOR],
            kinds=("clickhouse", "python"),
            origins=vendor_origins(SOURCE, table),
        )
        for table in TABLES
    ]

    @dg.multi_asset(name="load_gmail", specs=specs, retry_policy=RETRY, pool=SOURCE, op_tags={"source": SOURCE})
    def load(
        context: dg.AssetExecutionContext, config: MailWindow, warehouse: WarehouseParam, gmail: MailboxParam
    ) -> Iterator[dg.MaterializeResult]:
        from zakaz_dagster.ingest.mails import MailLoad, load_mails
        from zakaz_dagster.sources.gmail.source import Window

        run_id, now = context.run.run_id, timezone.now()
        window = Window(now - timedelta(days=config.days_back or days_back), now)
        tagged = warehouse.tagged(run=run_id, asset="load_gmail")
        with explained():
            report = load_mails(gmail, tagged, window, MailLoad(run_id, label, start, context.log.info))
            rows = {table: int(tagged.scalar(f"SELECT count() FROM {table}")) for table in TABLES}  # noqa: S608
        observe_endpoints(context, {"received": report.found, "requests": report.requests})
        for table in TABLES:
            yield dg.MaterializeResult(table, metadata={"dagster/row_count": rows[table], **figures(report)})

    return load


def figures(report: "MailReport") -> dict[str, Any]:
    """Figures of a load for the run page."""
    return {
        "mails found": report.found,
        "new mails": dict(report.outcomes),
        "lines": report.lines,
        "put aside": report.rejected,
        "requests": report.requests,
        "reasons": dict(report.reasons),
        "days": [day.isoformat() for day in report.days],
        "by day": dg.MetadataValue.md(_by_day(report)),
    }


def _by_day(report: "MailReport") -> str:
    rows = [
        f"| {day} | {sums['tickets']} | {sums['gross_rub']:.2f} | {sums['refunds_rub']:.2f} |"
        for day, sums in sorted(report.totals.items())
    ]
    return "\n".join(["| day | tickets | revenue | refunds |", "|---|---|---|---|", *rows])
