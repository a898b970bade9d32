"""The audit sensor: what every run did, out of Dagster's event log into `meta_job_runs`.

It reads the log instead of wrapping the work, so a step that was killed is written down as well. Its cursor moves only
after ClickHouse has the lines; while ClickHouse is away, nothing is lost. Only what it has written down may be
forgotten by Dagster (`retention`).
"""

from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from dagster import DagsterInstance, RunsFilter

from zakaz_dagster import timezone
from zakaz_dagster.defs.operations.retention import ROUTINE, forget_routine
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.params import WarehouseParam
from zakaz_dagster.errors import Failure
from zakaz_dagster.paths import PROJECT_ROOT

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

BATCH = 50
PACKAGE = "zakaz-dagster"
SHOWN = 10  # characters of a commit
SETTLED = timedelta(seconds=5)  # transactions that were open when a later one was already read have ended by then
LOOKED = timedelta(minutes=10)  # since when the latest look may have been; a line that is written again is the same
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def audit_sensor(code: str) -> dg.SensorDefinition:
    @dg.sensor(
        name="audit",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Writes every attempt of every step into meta_job_runs, failed and killed ones as well",
    )
    @explained()
    def tick(context: dg.SensorEvaluationContext, warehouse: WarehouseParam) -> dg.SkipReason:
        reached = datetime.fromisoformat(context.cursor) if context.cursor else BEGINNING
        after = reached if reached <= timezone.now() else timezone.now() - LOOKED  # a clock that was ahead was set
        try:
            written, newest, more = write(context.instance, warehouse.tagged(asset="audit"), after, code)
        except Failure as failure:
            return dg.SkipReason(f"written later: {failure}")
        context.update_cursor(newest.isoformat())
        if written:
            forget_routine(context.instance, min(newest, timezone.now() - ROUTINE))
        rest = "; more runs are left for the next look" if more else ""
        return dg.SkipReason(f"{written} attempts written, up to {newest:%Y-%m-%d %H:%M:%S} UTC{rest}")

    return tick


def write(
    instance: DagsterInstance, warehouse: "Warehouse", after: datetime, version: str
) -> tuple[int, datetime, bool]:
    """Write the attempts of runs that changed since then: how many, the moment to go on from, and if there are more."""
    from zakaz_dagster.defs.operations.step_attempts import WANTED, attempts_of
    from zakaz_dagster.warehouse import run_ledger

    records = instance.get_run_records(
        RunsFilter(updated_after=after, updated_before=timezone.now() - SETTLED),
        limit=BATCH,
        order_by="update_timestamp",
        ascending=True,
    )
    found = []
    for record in records:
        events = instance.all_logs(record.dagster_run.run_id, of_type=WANTED)
        found += attempts_of(record, events, version)
    newest = records[-1].update_timestamp.replace(tzinfo=UTC) if records else after
    return run_ledger.record(warehouse, found), newest, len(records) == BATCH


def code_version(root: Path = PROJECT_ROOT) -> str:
    """`0.1.0+5c3ab0541f`; without a checkout `0.1.0`."""
    try:
        released = version(PACKAGE)
    except PackageNotFoundError:
        released = "unreleased"
    commit = _commit(root / ".git")
    return f"{released}+{commit[:SHOWN]}" if commit else released


def _commit(folder: Path) -> str:
    head = _text(folder / "HEAD")
    if not head.startswith("ref: "):
        return head
    ref = head.removeprefix("ref: ")
    packed = (line.split() for line in _text(folder / "packed-refs").splitlines())
    return _text(folder / ref) or next((parts[0] for parts in packed if parts[1:] == [ref]), "")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except OSError:
        return ""
