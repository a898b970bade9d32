"""What Dagster's instance and definitions say, as the plain facts that `health` judges.

Belongs here: reading. Does not: any judgement of what is late, wrong or explained (`health`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import dagster as dg
from dagster import DagsterInstance, DagsterRunStatus, RepositoryDefinition, RunRecord, RunsFilter

from zakaz_dagster.defs._private import (
    InstigatorStatus,
    TickStatus,
    TimeWindowFreshnessPolicy,
    keep_value,
    read_value,
)
from zakaz_dagster.defs.marts import refresh
from zakaz_dagster.defs.operations import healing, missing_days
from zakaz_dagster.defs.operations.check_history import WILL_RETRY, check_facts, check_names
from zakaz_dagster.defs.operations.retention import SENSOR, runs_left
from zakaz_dagster.defs.operations.run_errors import exception_error, run_error
from zakaz_dagster.defs.shared.partitions import days_of_tags
from zakaz_dagster.defs.shared.requests import UNFINISHED
from zakaz_dagster.defs.shared.schedules import SCHEDULE
from zakaz_dagster.health.facts import DaemonFact, DagsterFacts, PolicyFact, RunFact, ScheduleFact, TickFact
from zakaz_dagster.health.processes import cures

WINDOW = timedelta(days=14)
PAGE = 200
MOST_FAILED = 2000  # in the window; more are counted and said
KNOWN_CURES = 5000
AGAIN = "zakaz/again"  # tag of a run that makes a failed one good: for the how many-th time
MAX_RUNTIME = "dagster/max_runtime"
# Sensors that ask for what is missing as they find it; `follows`, `no_missing_days` and `one_version` say what is left.
ASKING = {refresh.SENSOR, missing_days.SENSOR, healing.SENSOR}
SHOWN_ASSETS = 3
FAILED_TICKS = 2  # one failed look is made good by the next; a second in a row is a fault
DAEMONS = "zakaz/daemons"  # where the signs of life of daemon processes are kept between looks
TOGETHER, FORGOTTEN = timedelta(seconds=30), timedelta(minutes=30)  # a daemon beats every half minute
ALIVE = timedelta(minutes=4)
LATE_WRITES = timedelta(minutes=2)
_cured: dict[str, RunFact] = {}  # a failed run to the success that made it good: neither changes any more
_looked: dict[str, datetime] = {}  # an open failure to the moment up to which successes were looked through for it


def read_facts(instance: DagsterInstance, repository: RepositoryDefinition, now: datetime) -> DagsterFacts:
    """Everything at this moment; a few queries, whatever the number of runs."""
    failed = [_with_error(instance, run) for run in _failed(instance, repository, now)]
    return DagsterFacts(
        failed=failed,
        succeeded=_succeeded(instance, repository, failed, now),
        unfinished=[_run(each, repository) for each in _pages(instance, RunsFilter(statuses=UNFINISHED))],
        checks=list(check_facts(instance, repository)),
        schedules=list(_schedules(instance, repository)),
        ticks=list(_ticks(instance, repository)),
        daemons=list(_daemons(instance)),
        policies=list(_policies(instance, repository)),
        families=sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")),
        check_names=check_names(repository),
        installed=_installed(instance),
        cut=list(_cut(instance, failed)),
        rivals=rivals(instance, now),
    )


def _pages(instance: DagsterInstance, filters: RunsFilter, most: int | None = None) -> Iterator[RunRecord]:
    """All such runs, newest first, read in pieces."""
    cursor, left = None, most
    while left is None or left > 0:
        limit = PAGE if left is None else min(PAGE, left)
        records = instance.get_run_records(filters, limit=limit, cursor=cursor)
        yield from records
        if len(records) < limit:
            return
        cursor, left = records[-1].dagster_run.run_id, None if left is None else left - len(records)


def _failed(instance: DagsterInstance, repository: RepositoryDefinition, now: datetime) -> Iterator[RunFact]:
    """Failures that no retry of their own will follow."""
    filters = RunsFilter(statuses=[DagsterRunStatus.FAILURE], created_after=now - WINDOW)
    for record in _pages(instance, filters, MOST_FAILED):
        if record.dagster_run.tags.get(WILL_RETRY) != "true":
            yield _run(record, repository)


def _succeeded(
    instance: DagsterInstance, repository: RepositoryDefinition, failed: Sequence[RunFact], now: datetime
) -> list[RunFact]:
    """Successes that made one of these failures good, however long ago; each success is looked at once per process."""
    if len(_cured) > KNOWN_CURES:
        _cured.clear()
        _looked.clear()
    open_ = [run for run in failed if run.run_id not in _cured]
    if open_:
        filters = RunsFilter(
            statuses=[DagsterRunStatus.SUCCESS],
            created_after=min(run.created for run in open_),
            updated_after=min(_looked.get(run.run_id, run.created) for run in open_),
        )
        for success in (_run(record, repository) for record in _pages(instance, filters)):
            _cured.update({run.run_id: success for run in open_ if cures(success, run)})
        _looked.update({run.run_id: now - LATE_WRITES for run in open_})
    return list({run.run_id: run for run in (_cured.get(each.run_id) for each in failed) if run}.values())


def _cut(instance: DagsterInstance, failed: Sequence[RunFact]) -> Iterator[str]:
    """What a limit kept from being read or done."""
    if len(failed) >= MOST_FAILED:
        yield f"only the newest {MOST_FAILED} failed runs of {WINDOW.days} days were read"
    if left := runs_left(instance):
        yield f"retention left {left} outdated runs for the next night"


def rivals(instance: DagsterInstance, now: datetime) -> list[str]:
    """Daemon processes that live at the same time; each tick may then run twice.

    A heartbeat of a kind is the last process's own, so both are seen over several looks: a process that was replaced
    is silent from then on, a rival is heard again after the other one had begun.
    """
    kept: dict[str, list[float]] = json.loads(read_value(instance, DAEMONS) or "{}")
    lives = {process: life for process, life in kept.items() if now.timestamp() - life[1] < _seconds(FORGOTTEN)}
    for beat in instance.get_daemon_heartbeats().values():
        if beat.daemon_id is not None and now.timestamp() - beat.timestamp < _seconds(FORGOTTEN):
            first, last = lives.get(beat.daemon_id, (beat.timestamp, beat.timestamp))
            lives[beat.daemon_id] = [min(first, beat.timestamp), max(last, beat.timestamp)]
    if lives != kept:
        keep_value(instance, DAEMONS, json.dumps(lives))
    alive = {process: life for process, life in lives.items() if now.timestamp() - life[1] < _seconds(ALIVE)}
    return sorted(
        process
        for process, (first, last) in alive.items()
        if any(other != process and _overlap((first, last), alive[other]) > _seconds(TOGETHER) for other in alive)
    )


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    return min(one[1], other[1]) - max(one[0], other[0])


def _seconds(span: timedelta) -> float:
    return span.total_seconds()


def _run(record: RunRecord, repository: RepositoryDefinition) -> RunFact:
    run = record.dagster_run
    assets = tuple(sorted(key.to_user_string() for key in run.asset_selection or _assets_of(run.job_name, repository)))
    limit, days = run.tags.get(MAX_RUNTIME), days_of_tags(run.tags)
    return RunFact(
        run_id=run.run_id,
        family=_family(run.job_name, assets),
        status=run.status.value.lower(),
        created=record.create_timestamp.replace(tzinfo=UTC),
        ended=datetime.fromtimestamp(record.end_time, UTC) if record.end_time else None,
        days=(days.first, days.last) if days else None,
        scheduled=SCHEDULE in run.tags,
        missing=run.tags.get(SENSOR) in ASKING,
        assets=assets,
        longest_minutes=float(limit) / 60 if limit else None,
        again=int(run.tags.get(AGAIN, 0)),
    )


def _with_error(instance: DagsterInstance, run: RunFact) -> RunFact:
    error = run_error(instance, run.run_id)
    return replace(
        run,
        error=error.text,
        error_source=error.source,
        error_passes=error.passing,
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
