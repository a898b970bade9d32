"""The audit sensor: what every run did, out of Dagster's event log into `meta_job_runs`.

It reads the log instead of wrapping the work, so a step that was killed is written down as well. Its cursor moves only
after ClickHouse has the lines; while ClickHouse is away, nothing is lost.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from dagster import DagsterInstance, RunsFilter

from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.errors import Failure

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

BATCH = 50
SETTLED = timedelta(seconds=5)  # transactions that were open when a later one was already read have ended by then
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def audit_sensor(version: str) -> dg.SensorDefinition:
    """Wants the resource `warehouse`."""

    @dg.sensor(
        name="audit",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"warehouse"},
        description="Writes every attempt of every step into meta_job_runs, failed and killed ones as well",
    )
    @explained()
    def tick(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        after = datetime.fromisoformat(context.cursor) if context.cursor else BEGINNING
        warehouse: Warehouse = context.resources.warehouse
        try:
            written, newest = write(context.instance, warehouse.tagged(asset="audit"), after, version)
        except Failure as failure:
            return dg.SkipReason(f"written later: {failure}")
        context.update_cursor(newest.isoformat())
        return dg.SkipReason(f"{written} attempts written, up to {newest:%Y-%m-%d %H:%M:%S} UTC")

    return tick


def write(instance: DagsterInstance, warehouse: "Warehouse", after: datetime, version: str) -> tuple[int, datetime]:
    """Write the attempts of runs that changed since then; how many, and the moment to go on from."""
    from zakaz_dagster.defs.operations.step_attempts import WANTED, attempts_of
    from zakaz_dagster.warehouse import run_ledger

    records = instance.get_run_records(
        RunsFilter(updated_after=after, updated_before=datetime.now(UTC) - SETTLED),
        limit=BATCH,
        order_by="update_timestamp",
        ascending=True,
    )
    found = []
    for record in records:
        events = instance.all_logs(record.dagster_run.run_id, of_type=WANTED)
        found += attempts_of(record, events, version)
    newest = records[-1].update_timestamp.replace(tzinfo=UTC) if records else after
    return run_ledger.record(warehouse, found), newest
