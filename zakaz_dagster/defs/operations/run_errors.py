"""Why a run failed, out of its event log: the step's failure with its next step, the checks that stopped it.

Belongs here: reading one run's events. Does not: which runs matter (`instance_facts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dagster import AssetCheckSeverity, DagsterEvent, DagsterEventType, DagsterInstance, EventLogEntry

from zakaz_dagster.defs._private import SerializableErrorInfo, StepFailureData
from zakaz_dagster.defs.shared.checks import BLOCKED_BY, Blocked
from zakaz_dagster.defs.shared.errors import PASSING
from zakaz_dagster.redaction import vendor_words

KINDS = {DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE, DagsterEventType.ASSET_CHECK_EVALUATION}
REMEMBERED = 1000
TEXT = 1000
BLOCKED = "DagsterAssetCheckFailedError"
ENDED = "RunEnded"


@dataclass(frozen=True)
class RunError:
    """`kind` is the failure's class, `source` what it names as its origin; a `passing` one may go away by itself."""

    text: str = ""
    kind: str = ""
    source: str = ""
    next_step: str = ""
    failed_checks: tuple[str, ...] = ()
    passing: bool = False


_known: dict[str, RunError] = {}


def run_error(instance: DagsterInstance, run_id: str) -> RunError:
    """The error of a finished run; its events never change, so it is read once per process."""
    if run_id not in _known:
        if len(_known) >= REMEMBERED:
            _known.clear()
        _known[run_id] = _read(instance, run_id)
    return _known[run_id]


def step_error(data: StepFailureData) -> RunError:
    """The error of one step: our own failures carry their parts, others their class and message."""
    user = data.user_failure_data
    if user is not None:
        facts = {name: str(value.value) for name, value in user.metadata.items()}
        text = user.description or facts.get("what", "")
        kind, what = facts.get("kind", ""), facts.get("what", "")
        return RunError(
            vendor_words(text)[:TEXT],
            kind,
            facts.get("source", ""),
            facts.get("next step", ""),
            tuple(what.removeprefix(BLOCKED_BY).split(", ")) if kind == Blocked.__name__ else (),
            passing=facts.get(PASSING) == str(True),
        )
    return exception_error(data.error)


def check_name(asset: str, check: str) -> str:
    """The verdict's name of an asset check."""
    return f"{asset}__{check}"


def _read(instance: DagsterInstance, run_id: str) -> RunError:
    entries = instance.all_logs(run_id, of_type=KINDS)
    events = [entry.dagster_event for entry in entries if entry.dagster_event]
    checks = tuple(_blocking(events))
    steps = [event for event in events if event.event_type is DagsterEventType.STEP_FAILURE]
    errors = [step_error(event.step_failure_data) for event in steps]
    own = next((error for error in errors if error.kind != BLOCKED and not error.failed_checks), None)
    if own is not None:
        return own
    if refused := next((error for error in errors if error.failed_checks), None):
        return refused
    if checks:
        return RunError(f"blocked by {', '.join(checks)}", BLOCKED, failed_checks=checks)
    return errors[0] if errors else run_end_error(entries)


def _blocking(events: Sequence[DagsterEvent]) -> list[str]:
    found = []
    for event in events:
        if event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION:
            about = event.asset_check_evaluation_data
            if about.blocking and not about.passed and about.severity is AssetCheckSeverity.ERROR:
                found.append(check_name(about.asset_key.to_user_string(), about.check_name))
    return found


def run_end_error(entries: Sequence[EventLogEntry]) -> RunError:
    """The error of a run that ended without a failed step: killed, timed out, or never started."""
    for entry in entries:
        event = entry.dagster_event
        if event is not None and event.event_type is DagsterEventType.RUN_FAILURE:
            error = getattr(event.event_specific_data, "error", None)  # without data when told from outside the run
            return exception_error(error) if error else RunError(vendor_words(event.message or "")[:TEXT], ENDED)
    return RunError("the run ended without an event", ENDED)


def exception_error(error: SerializableErrorInfo | None) -> RunError:
    """The innermost cause: the outer ones are the framework's."""
    while error is not None and error.cause is not None:
        error = error.cause
    if error is None:
        return RunError("the step left no error", "Unknown")
    return RunError(vendor_words(error.message).strip()[:TEXT], error.cls_name or "Unknown")


def metadata_text(metadata: Mapping[str, object], name: str) -> str:
    """A metadata value as text; '' when absent."""
    value = getattr(metadata.get(name), "value", None)
    return "" if value is None else str(value)
