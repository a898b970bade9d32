"""What Dagster's instance and definitions say, as the plain facts that `health` judges.

Belongs here: reading. Does not: any judgement of what is late, wrong or explained (`health`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile

import dagster as dg
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy
from dagster._core.definitions.repository_definition import RepositoryDefinition
from dagster._core.scheduler.instigation import InstigatorStatus, TickStatus
from dagster._core.storage.dagster_run import FINISHED_STATUSES, RunRecord

from zakaz_dagster.defs.operations.check_history import WILL_RETRY, check_facts, check_names
from zakaz_dagster.defs.operations.run_errors import exception_error, run_error
from zakaz_dagster.defs.shared.partitions import RANGE_END, RANGE_START
from zakaz_dagster.health.facts import DaemonFact, DagsterFacts, PolicyFact, RunFact, ScheduleFact, TickFact

WINDOW = timedelta(days=14)
MOST_FAILED, MOST_SUCCEEDED = 200, 400
UNFINISHED = [status for status in DagsterRunStatus if status not in FINISHED_STATUSES]
MAX_RUNTIME = "dagster/max_runtime"
PARTITION, SCHEDULE = "dagster/partition", "dagster/schedule_name"
HIDDEN_JOB = "__ASSET_JOB"
SHOWN_ASSETS = 3
FAILED_TICKS = 2  # one failed look is made good by the next; a second in a row is a fault


def read_facts(instance: DagsterInstance, repository: RepositoryDefinition, now: datetime) -> DagsterFacts:
    """Everything at this moment; a few queries, whatever the number of runs."""
    failed = [_with_error(instance, run) for run in _failed(instance, repository, now)]
    return DagsterFacts(
        failed=failed,
        succeeded=_succeeded(instance, repository, failed),
        unfinished=[_run(each, repository) for each in _records(instance, UNFINISHED, None, MOST_FAILED)],
        checks=list(check_facts(instance, repository)),
        schedules=list(_schedules(instance, repository)),
        ticks=list(_ticks(instance, repository)),
        daemons=list(_daemons(instance)),
        policies=list(_policies(instance, repository)),
        families=sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")),
        check_names=check_names(repository),
        installed=_installed(instance),
    )


def _records(
    instance: DagsterInstance, statuses: Sequence[DagsterRunStatus], after: datetime | None, limit: int
) -> Sequence[RunRecord]:
    return instance.get_run_records(RunsFilter(statuses=list(statuses), created_after=after), limit=limit)


def _failed(instance: DagsterInstance, repository: RepositoryDefinition, now: datetime) -> Iterator[RunFact]:
    """Failures that no retry of their own will follow."""
    for record in _records(instance, [DagsterRunStatus.FAILURE], now - WINDOW, MOST_FAILED):
        if record.dagster_run.tags.get(WILL_RETRY) != "true":
            yield _run(record, repository)


def _succeeded(instance: DagsterInstance, repository: RepositoryDefinition, failed: Sequence[RunFact]) -> list[RunFact]:
    """Successes that may have made a failure good: those since the oldest one."""
    if not failed:
        return []
    oldest = min(run.created for run in failed)
    records = _records(instance, [DagsterRunStatus.SUCCESS], oldest, MOST_SUCCEEDED)
    return [_run(record, repository) for record in records]


def _run(record: RunRecord, repository: RepositoryDefinition) -> RunFact:
    run = record.dagster_run
    assets = tuple(sorted(key.to_user_string() for key in run.asset_selection or _assets_of(run.job_name, repository)))
    limit = run.tags.get(MAX_RUNTIME)
    return RunFact(
        run_id=run.run_id,
        family=_family(run.job_name, assets),
        status=run.status.value.lower(),
        created=record.create_timestamp.replace(tzinfo=UTC),
        ended=datetime.fromtimestamp(record.end_time, UTC) if record.end_time else None,
        days=_days(run.tags),
        scheduled=SCHEDULE in run.tags,
        assets=assets,
        longest_minutes=float(limit) / 60 if limit else None,
    )


def _with_error(instance: DagsterInstance, run: RunFact) -> RunFact:
    error = run_error(instance, run.run_id)
    return replace(
        run,
        error=error.text,
        error_source=error.source,
        next_step=error.next_step,
        failed_checks=error.failed_checks,
    )


def _assets_of(job: str, repository: RepositoryDefinition) -> set[dg.AssetKey]:
    """The assets of a job; none for one that the code no longer has."""
    if not repository.has_job(job):
        return set()
    layer = repository.get_job(job).asset_layer
    return set(layer.selected_asset_keys)


def _family(job: str, assets: tuple[str, ...]) -> str:
    if not job.startswith("__"):
        return job
    more = f"+{len(assets) - SHOWN_ASSETS}" if len(assets) > SHOWN_ASSETS else ""
    return "+".join(assets[:SHOWN_ASSETS]) + more or job


def _days(tags: Mapping[str, str]) -> tuple[date, date] | None:
    """The days of a run; partitions that are no days are none."""
    keys = (tags.get(RANGE_START) or tags.get(PARTITION), tags.get(RANGE_END) or tags.get(PARTITION))
    try:
        return (date.fromisoformat(keys[0]), date.fromisoformat(keys[1])) if keys[0] and keys[1] else None
    except ValueError:
        return None


def _schedules(instance: DagsterInstance, repository: RepositoryDefinition) -> Iterator[ScheduleFact]:
    """A stored state wins over the code; DECLARED_IN_CODE is what the code says."""
    stored = {state.instigator_name: state.status for state in instance.all_instigator_state()}
    definitions: list[dg.ScheduleDefinition | dg.SensorDefinition] = [
        *repository.schedule_defs,
        *repository.sensor_defs,
    ]
    for definition in definitions:
        by_default = definition.default_status.value == "RUNNING"
        status = stored.get(definition.name, InstigatorStatus.DECLARED_IN_CODE)
        declared = status in (InstigatorStatus.DECLARED_IN_CODE, InstigatorStatus.AUTOMATICALLY_RUNNING)
        yield ScheduleFact(definition.name, by_default if declared else status is InstigatorStatus.RUNNING, by_default)


def _ticks(instance: DagsterInstance, repository: RepositoryDefinition) -> Iterator[TickFact]:
    """Those that run and whose newest ticks failed; a schedule is told at once, for its next look may be a day away."""
    sensors = {sensor.name for sensor in repository.sensor_defs}
    names = sensors | {schedule.name for schedule in repository.schedule_defs}
    running = [each for each in instance.all_instigator_state() if each.is_running and each.instigator_name in names]
    ticks = instance.get_batch_ticks([each.selector_id for each in running], FAILED_TICKS + 1) if running else {}
    for state in running:
        found = [tick for tick in ticks.get(state.selector_id, ()) if tick.status is not TickStatus.STARTED]
        wanted = FAILED_TICKS if state.instigator_name in sensors else 1
        failed = list(takewhile(lambda tick: tick.status is TickStatus.FAILURE, found))
        if len(failed) >= wanted:
            since = datetime.fromtimestamp(failed[-1].timestamp, UTC)
            yield TickFact(state.instigator_name, len(failed), since, exception_error(failed[0].error).text)


def _daemons(instance: DagsterInstance) -> Iterator[DaemonFact]:
    for name, status in sorted(instance.get_daemon_statuses().items()):
        if status.required:
            beat = status.last_heartbeat
            yield DaemonFact(name, bool(status.healthy), datetime.fromtimestamp(beat.timestamp, UTC) if beat else None)


def _policies(instance: DagsterInstance, repository: RepositoryDefinition) -> Iterator[PolicyFact]:
    graph = repository.asset_graph
    policies = {
        key: policy
        for key in graph.executable_asset_keys
        if isinstance(policy := graph.get(key).freshness_policy, TimeWindowFreshnessPolicy)
    }
    states = instance.get_freshness_state_records(list(policies))
    records = {
        record.asset_entry.asset_key: record.asset_entry for record in instance.get_asset_records(list(policies))
    }
    for key, policy in sorted(policies.items()):
        entry = records.get(key)
        state = states[key].freshness_state.value.lower() if key in states else "unknown"
        minutes = policy.fail_window.to_timedelta().total_seconds() / 60
        materialised = entry.last_materialization if entry else None
        at = datetime.fromtimestamp(materialised.timestamp, UTC) if materialised else None
        yield PolicyFact(key.to_user_string(), state, minutes, at)


def _installed(instance: DagsterInstance) -> datetime | None:
    first = instance.get_run_records(limit=1, ascending=True)
    return first[0].create_timestamp.replace(tzinfo=UTC) if first else None


def reader(definitions: dg.Definitions, now: Callable[[], datetime]) -> Callable[[], DagsterFacts]:
    """A function that reads the facts of DAGSTER_HOME's instance."""
    repository = definitions.get_repository_def()

    def read() -> DagsterFacts:
        with DagsterInstance.get() as instance:
            return read_facts(instance, repository, now())

    return read
