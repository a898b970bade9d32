"""The mailbox in Dagster: report mails into staging and into the mail channel of the sales; the backup of QTickets.

every 4 hours   the mails of the last days; off by default, for the failover starts loads when QTickets is away

The step also replaces the mail channel's partitions of stg_qtickets_sales_raw. That table's asset belongs to QTickets
and is not reported here: its freshness is how the platform sees that QTickets is away.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from zakaz_dagster.defs.shared.errors import RETRY, explained
from zakaz_dagster.defs.shared.lineage import vendor_lineage, vendor_spec
from zakaz_dagster.defs.shared.schedules import job
from zakaz_dagster.defs.shared.specs import asset_spec

if TYPE_CHECKING:
    from zakaz_dagster.ingest.mails import MailReport
    from zakaz_dagster.sources.gmail.source import Mailbox
    from zakaz_dagster.warehouse.client import Warehouse

SOURCE = "gmail"
TABLES = ("stg_gmail_messages", "stg_gmail_sales_raw")
VENDOR = {"gmail/messages": "Mails that the query finds, with their parts and attachments"}
EVERY_FOUR_HOURS = "0 */4 * * *"


class MailWindow(dg.Config):
    """Which mails: those that arrived in the last `days_back` days; 0 takes the setting."""

    days_back: int = 0


def definitions(days_back: int, label: str) -> dg.Definitions:
    """Everything of the mailbox; resources are bound by the caller."""
    load = job("gmail_load", TABLES, "Report mails of the last days, and the days of sales they state")
    return dg.Definitions(
        assets=[*(vendor_spec(key, about, SOURCE) for key, about in VENDOR.items()), _mails(days_back, label)],
        jobs=[load],
        schedules=[
            dg.ScheduleDefinition(
                name="gmail_every_4_hours",
                job=load,
                cron_schedule=EVERY_FOUR_HOURS,
                execution_timezone="Europe/Moscow",
                description="Report mails, also while QTickets answers: switch it on to reconcile both channels",
                default_status=dg.DefaultScheduleStatus.STOPPED,
            )
        ],
    )


def _mails(days_back: int, label: str) -> dg.AssetsDefinition:
    specs = [
        asset_spec(
            table,
            group=SOURCE,
            deps=[dg.AssetKey(key.split("/")) for key in VENDOR],
            kinds=("clickhouse", "python"),
            lineage_metadata=vendor_lineage(SOURCE).get(table),
        )
        for table in TABLES
    ]

    @dg.multi_asset(
        name="load_gmail",
        specs=specs,
        required_resource_keys={"warehouse", SOURCE},
        retry_policy=RETRY,
        pool=SOURCE,
        op_tags={"source": SOURCE},
    )
    def load(context: dg.AssetExecutionContext, config: MailWindow) -> Iterator[dg.MaterializeResult]:
        from zakaz_dagster.ingest.mails import MailLoad, load_mails
        from zakaz_dagster.sources.gmail.source import Window

        now = datetime.now(UTC)
        window = Window(now - timedelta(days=config.days_back or days_back), now)
        with explained():
            mailbox: Mailbox = context.resources.gmail
            warehouse: Warehouse = context.resources.warehouse.tagged(run=context.run.run_id, asset="load_gmail")
            report = load_mails(mailbox, warehouse, window, MailLoad(context.run.run_id, label, context.log.info))
        yield dg.MaterializeResult(TABLES[0], metadata={"dagster/row_count": report.found, **figures(report)})
        yield dg.MaterializeResult(TABLES[1], metadata={"dagster/row_count": report.lines, **figures(report)})

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
