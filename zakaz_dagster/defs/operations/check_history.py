"""Asset checks as Dagster last saw them, as verdicts.

Belongs here: reading their newest records. Does not: evaluating checks (`checks`, `watch`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RepositoryDefinition,
)

from zakaz_dagster.defs._private import AssetCheckExecutionRecord, AssetCheckExecutionRecordStatus
from zakaz_dagster.defs.operations.run_errors import check_name, metadata_text
from zakaz_dagster.defs.shared.checks import evaluated
from zakaz_dagster.defs.shared.markdown import from_markdown
from zakaz_dagster.health.facts import CheckFact
from zakaz_dagster.verdicts import Status, Verdict

WILL_RETRY = "dagster/will_retry"
UNSAID = ("what to do", "concerns")
PLANNED = AssetCheckExecutionRecordStatus.PLANNED


def check_names(repository: RepositoryDefinition) -> list[str]:
    """The verdict names of every check the code has."""
    keys = repository.asset_graph.asset_check_keys
    return sorted(check_name(key.asset_key.to_user_string(), key.name) for key in keys)


def check_facts(instance: DagsterInstance, repository: RepositoryDefinition) -> Iterator[CheckFact]:
    """The newest record of each check; none for a check that never ran."""
    keys = sorted(repository.asset_graph.asset_check_keys)
    records = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    ended = _ended(instance, {record.run_id for record in records.values() if record.status is PLANNED})
    for key, record in records.items():
        asset = key.asset_key.to_user_string()
        name = check_name(asset, key.name)
        at = datetime.fromtimestamp(record.create_timestamp, UTC)
        verdict, before = _verdict(name, record), None
        if verdict is None and (earlier := evaluated(instance, key, record)) is not None:
            before = _verdict(name, earlier)
        yield CheckFact(name, asset, record.run_id, verdict, record.run_id in ended, at, before)


def _ended(instance: DagsterInstance, run_ids: set[str]) -> set[str]:
    """Those runs that broke off, or are gone: no retry of their own follows, and nobody cancelled them."""
    found = {run_id: instance.get_run_by_id(run_id) for run_id in run_ids}
    return {run_id for run_id, run in found.items() if run is None or _broke_off(run)}


def _broke_off(run: DagsterRun) -> bool:
    wanted = run.status is DagsterRunStatus.CANCELED or run.tags.get(WILL_RETRY) == "true"
    return run.is_finished and not wanted


def _verdict(name: str, record: AssetCheckExecutionRecord) -> Verdict | None:
    event = record.event.dagster_event if record.event else None
    if record.status is PLANNED or event is None:
        return None
    about = event.asset_check_evaluation_data
    status = Status.OK if about.passed else _severity(about)
    asset = about.asset_key.to_user_string()
    return Verdict(
        name,
        "infrastructure" if name.startswith("platform__") else "data",
        status,
        from_markdown(about.description or "") or metadata_text(about.metadata, "detail") or _figures(about.metadata),
        metadata_text(about.metadata, "what to do") if status is not Status.OK else "",
        _number(about.metadata, "figure"),
        _number(about.metadata, "threshold"),
        datetime.fromtimestamp(record.create_timestamp, UTC) if status is not Status.OK else None,
        tuple(metadata_text(about.metadata, "concerns").split(", ")) if "concerns" in about.metadata else (asset,),
    )


def _severity(about: AssetCheckEvaluation) -> Status:
    return Status.ERROR if about.severity is AssetCheckSeverity.ERROR else Status.WARNING


def _number(metadata: Mapping[str, object], name: str) -> float | None:
    text = metadata_text(metadata, name)
    return float(text) if text else None


def _figures(metadata: Mapping[str, object]) -> str:
    """The short metadata of a check without a sentence of its own."""
    return ", ".join(f"{name} {metadata_text(metadata, name)}" for name in metadata if name not in UNSAID)
