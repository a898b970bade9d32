"""A run's events as attempts of its steps, whatever way each ended: also killed ones, and runs without any step.

Belongs here: this reading of an event log. Does not: when it is done (`audit`), where it is written
(`warehouse.run_ledger`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from dagster import DagsterEventType, DagsterRun, DagsterRunStatus, EventLogEntry, RunRecord

from zakaz_dagster.defs.operations.run_errors import RunError, exception_error, run_end_error, step_error
from zakaz_dagster.defs.shared.partitions import PARTITION, RANGE_END, RANGE_START
from zakaz_dagster.warehouse.run_ledger import Attempt

Kind = DagsterEventType
BEGIN = {Kind.STEP_START, Kind.STEP_RESTARTED}
END = {Kind.STEP_SUCCESS: "success", Kind.STEP_FAILURE: "failure", Kind.STEP_UP_FOR_RETRY: "failure"}
FIGURES = {Kind.ASSET_MATERIALIZATION, Kind.ASSET_OBSERVATION}
WANTED = {*BEGIN, *END, *FIGURES, Kind.ASSET_MATERIALIZATION_PLANNED, Kind.RUN_FAILURE, Kind.RUN_CANCELED}
# Our columns and the metadata they come from; a load tells the same figures on each of its tables, rows are per table.
SAME = {
    "rows_received": "received", "rows_accepted": "accepted", "rows_rejected": "rejected", "requests": "requests",
    "bytes": "bytes", "retries": "retries",
}  # fmt: skip
DAY_ROWS, ROWS = "dagster/partition_row_count", "rows written"
STATUSES = {DagsterRunStatus.CANCELED: "canceled", DagsterRunStatus.FAILURE: "failure"}


@dataclass
class _Step:
    """A step while its events are read."""

    attempts: list[Attempt] = field(default_factory=list)
    assets: set[str] = field(default_factory=set)


def attempts_of(record: RunRecord, events: Sequence[EventLogEntry], version: str) -> list[Attempt]:
    """Every attempt of every step; a run that ended before its first step is one attempt without a step."""
    run = record.dagster_run
    steps: dict[str, _Step] = {}
    for entry in events:
        event = entry.dagster_event
        if event is not None and event.step_key:
            _add(steps.setdefault(event.step_key, _Step()), run, entry, version)
    found = [replace(each, assets=_joined(step.assets)) for step in steps.values() for each in step.attempts]
    if not run.is_finished:
        return found
    return list(_ended(found, record, run_end_error(events))) if found else list(_stillborn(record, events, version))


def _add(step: _Step, run: DagsterRun, entry: EventLogEntry, version: str) -> None:
    event = entry.get_dagster_event()
    kind, at = event.event_type, datetime.fromtimestamp(entry.timestamp, UTC)
    if kind is Kind.ASSET_MATERIALIZATION_PLANNED:
        step.assets.add(event.asset_materialization_planned_data.asset_key.to_user_string())
    elif kind in BEGIN:
        number = len(step.attempts) + 1
        step.attempts.append(
            Attempt(at, None, run.run_id, run.job_name, str(event.step_key), "", days_of(run.tags), number, "running")
        )
        step.attempts[-1] = replace(step.attempts[-1], source_version=version)
    elif not step.attempts:
        return
    elif kind in FIGURES:
        step.attempts[-1] = _with_figures(step.attempts[-1], _metadata(entry))
    elif kind in END:
        error = _error(entry)
        step.attempts[-1] = replace(
            step.attempts[-1], finished_at=at, status=END[kind], error_class=error.kind, error=error.text
        )


def _error(entry: EventLogEntry) -> RunError:
    event = entry.get_dagster_event()
    if event.event_type is Kind.STEP_FAILURE:
        return step_error(event.step_failure_data)
    return exception_error(event.step_retry_data.error) if event.event_type is Kind.STEP_UP_FOR_RETRY else RunError()


def _ended(found: Sequence[Attempt], record: RunRecord, error: RunError) -> Iterator[Attempt]:
    """Attempts that were running when the run ended ended with it, without a word of their own."""
    status = STATUSES.get(record.dagster_run.status, "success")
    for attempt in found:
        if attempt.status != "running":
            yield attempt
            continue
        told = error if status == "failure" else RunError()
        yield replace(attempt, finished_at=_end(record), status=status, error_class=told.kind, error=told.text)


def _stillborn(record: RunRecord, events: Sequence[EventLogEntry], version: str) -> Iterator[Attempt]:
    run = record.dagster_run
    if run.status is DagsterRunStatus.SUCCESS:
        return
    planned = {
        entry.get_dagster_event().asset_materialization_planned_data.asset_key.to_user_string()
        for entry in events
        if entry.dagster_event_type is Kind.ASSET_MATERIALIZATION_PLANNED
    }
    error = run_end_error(events)
    yield Attempt(
        started_at=record.create_timestamp.replace(tzinfo=UTC),
        finished_at=_end(record),
        run_id=run.run_id,
        job=run.job_name,
        step="",
        assets=_joined(planned),
        days=days_of(run.tags),
        attempt=1,
        status=STATUSES[run.status],
        source_version=version,
        error_class=error.kind,
        error=error.text,
    )


def _end(record: RunRecord) -> datetime:
    return (
        datetime.fromtimestamp(record.end_time, UTC) if record.end_time else record.update_timestamp.replace(tzinfo=UTC)
    )


def _with_figures(attempt: Attempt, metadata: Mapping[str, Any]) -> Attempt:
    """A range is one event for each of its days, with the day's rows; anything else is one event with all of them."""
    same = {column: max(getattr(attempt, column), _whole(metadata.get(name))) for column, name in SAME.items()}
    rows = metadata.get(DAY_ROWS, metadata.get(ROWS))
    return replace(attempt, **same, rows_written=attempt.rows_written + _whole(rows))


def _metadata(entry: EventLogEntry) -> Mapping[str, Any]:
    told = entry.asset_materialization or entry.asset_observation
    return told.metadata if told else {}


def _whole(value: Any) -> int:
    number = getattr(value, "value", None)
    return int(number) if isinstance(number, int | float) else 0


def days_of(tags: Mapping[str, str]) -> str:
    """`2026-11-01..2026-11-07`, one day, or nothing."""
    first, last = tags.get(RANGE_START, tags.get(PARTITION, "")), tags.get(RANGE_END, tags.get(PARTITION, ""))
    return first if first == last else f"{first}..{last}"


def _joined(assets: set[str]) -> str:
    return ", ".join(sorted(assets))
