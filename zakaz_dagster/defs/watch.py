"""The watch in Dagster: the platform's own checks beside those of the data, and the sensor that tells people.

    platform        an asset that stands for what everything runs on; its checks are ClickHouse, schema, daemons …
    <table>.fresh   data time and missing days of every source
    all_checks      all of them and sql/checks as one job, every two hours: the smoke test in the UI
    alerts          a level-triggered sensor: it looks at what is, not at what happened since, so nothing slips through
    audit           another one: what every run did, into meta_job_runs

Belongs here: wiring `health` and `alerts` to Dagster. Does not: their rules.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster import DagsterInstance
from dagster._check import CheckError
from dagster._core.definitions.repository_definition import RepositoryDefinition
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from zakaz_dagster.alerts.service import Alerts
from zakaz_dagster.defs.audit import audit_sensor
from zakaz_dagster.defs.checks import all_checks_job, result
from zakaz_dagster.defs.describe import OWNERS
from zakaz_dagster.defs.failures import explained
from zakaz_dagster.defs.instance_facts import read_facts
from zakaz_dagster.defs.partitions import Days
from zakaz_dagster.defs.version import code_version
from zakaz_dagster.health import infrastructure, probe, reading
from zakaz_dagster.health.days import missing_days
from zakaz_dagster.health.facts import DagsterFacts, RunFact
from zakaz_dagster.health.freshness import freshness
from zakaz_dagster.health.runs import cures
from zakaz_dagster.health.smoke import Depth, Look, Subjects, Watch
from zakaz_dagster.health.watched import Watched
from zakaz_dagster.sources.gmail.failover import FROM_MAIL, NO_BACKUP
from zakaz_dagster.verdicts import Status, Verdict

Job = dg.JobDefinition | UnresolvedAssetJobDefinition

PLATFORM = "platform"
OWN_CHECKS = {
    "clickhouse": "ClickHouse answers, and soon enough",
    "clock": "ClickHouse's clock and time zone agree with ours",
    "clickhouse_disk": "There is room on ClickHouse's disks",
    "disk": "There is room on our disk",
    "schema": "Tables and views equal sql/",
    "grants": "The writer has its rights; DataLens' reader sees views and nothing else",
    "backups": "The newest BACKUP succeeded and is young enough",
    "dagster": "Dagster's storage answers",
    "daemons": "Dagster's daemons are alive",
    "schedules": "Schedules and sensors run as the code says",
    "queue": "No run hangs",
    "alert_delivery": "Alerts reach people",
    "alert_store": "The memory of alerts can be written",
}
SOURCE_CHECKS = {
    "fresh": "The last good load is recent, and so is the newest data",
    "no_missing_days": "Every day was loaded, after it was over",
}
AGAIN_WITHIN = timedelta(days=2)


def definitions(
    watched: Sequence[Watched],
    sql_checks: Sequence[dg.AssetChecksDefinition],
    jobs: Sequence[Job],
) -> dg.Definitions:
    """Wants the resources `watch` (Subjects) and `alerts` (Alerts); `jobs` are those the sensor may start again."""
    checks = [*sql_checks, _platform_checks(), *(_source_checks(source) for source in watched)]
    everything = all_checks_job(checks)
    return dg.Definitions(
        assets=[_platform()],
        asset_checks=checks,
        jobs=[everything],
        schedules=[
            dg.ScheduleDefinition(
                name="watch_every_2_hours",
                job=everything,
                cron_schedule="5 */2 * * *",
                execution_timezone="Europe/Moscow",
                description="The smoke test: every check that can run by itself",
                default_status=dg.DefaultScheduleStatus.RUNNING,
            )
        ],
        sensors=[_alerts([*jobs, everything]), audit_sensor(code_version())],
    )


def _platform() -> dg.AssetSpec:
    return dg.AssetSpec(
        PLATFORM,
        group_name="operations",
        description="What everything runs on: ClickHouse, Dagster, disks, clocks, schema, rights, backups, alerts",
        owners=OWNERS,
        kinds={"dagster", "clickhouse"},
        tags={"layer": "vendor"},
    )


def _platform_checks() -> dg.AssetChecksDefinition:
    specs = [dg.AssetCheckSpec(name, asset=PLATFORM, description=about) for name, about in OWN_CHECKS.items()]

    @dg.multi_asset_check(name="check_platform", specs=specs, can_subset=True, required_resource_keys={"watch"})
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        look = _look(context.resources.watch, context.instance, _repository(context), Depth.THOROUGH)
        found = {verdict.name: verdict for verdict in look.verdicts}
        for key in sorted(context.selected_asset_check_keys):
            name = f"{PLATFORM}__{key.name}"
            yield result(PLATFORM, key.name, found.get(name) or _unseen(name, found))

    return check


def _source_checks(source: Watched) -> dg.AssetChecksDefinition:
    """Run with every load of the source, and with all checks."""
    specs = [dg.AssetCheckSpec(name, asset=source.table, description=about) for name, about in SOURCE_CHECKS.items()]

    @dg.multi_asset_check(
        name=f"check_age_of_{source.name}", specs=specs, can_subset=True, required_resource_keys={"watch"}
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        now, subjects = _now(), context.resources.watch
        with explained():
            seen = reading.seen(subjects.warehouse, source, now)
        age = freshness(source, seen, now, working=subjects.working(now))
        found = {"fresh": age.verdict if age else None, "no_missing_days": missing_days(source, seen, now)}
        for key in sorted(context.selected_asset_check_keys):
            yield result(source.table, key.name, found[key.name] or _unseen(f"{source.table}__{key.name}", {}))

    return check


def _unseen(name: str, found: Mapping[str, Verdict]) -> Verdict:
    """A source that was never switched on has nothing to judge; without ClickHouse nothing can be judged."""
    away = found.get(infrastructure.CLICKHOUSE)
    if away is not None and away.status is Status.ERROR:
        detail = f"could not be looked at: {away.detail}"
        return Verdict(name, "infrastructure", Status.WARNING, detail, away.action)
    return Verdict(name, "data", Status.OK, "nothing to look at here")


def _repository(context: dg.AssetCheckExecutionContext) -> RepositoryDefinition | None:
    """The definitions of this process; absent when a job is run on its own, as the demo and tests do."""
    try:
        return context.op_execution_context.repository_def
    except CheckError:
        return None


def _look(
    subjects: Subjects, instance: DagsterInstance, repository: RepositoryDefinition | None, depth: Depth = Depth.QUICK
) -> Look:
    if repository is not None:
        subjects = replace(subjects, dagster=lambda: read_facts(instance, repository, _now()))
    return Watch(subjects, _now, depth).look()


def _alerts(jobs: Sequence[Job]) -> dg.SensorDefinition:
    names = {job.name for job in jobs}

    @dg.sensor(
        name="alerts",
        jobs=list(jobs),
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"watch", "alerts"},
        description="Failed runs, red checks, stale data, the platform's health: one mail per cause, one when solved",
    )
    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        repository = context.repository_def
        if repository is None:
            return dg.SkipReason("no definitions to look at")
        alerts: Alerts = context.resources.alerts
        facts = read_facts(context.instance, repository, _now())
        look = Watch(replace(context.resources.watch, dagster=lambda: facts), _now).look()
        told = alerts.tell(look.verdicts, _now(), existing(facts, look))
        again = [run for run in broken_by_clickhouse(facts, look) if run.family in names]
        bad = [verdict.name for verdict in look.verdicts if verdict.status is not Status.OK]
        return dg.SensorResult(
            run_requests=[_again(run) for run in again],
            skip_reason=None
            if again
            else dg.SkipReason(f"{len(told.mails)} mails; not ok: {', '.join(bad) or 'nothing'}"),
        )

    return tick


def existing(facts: DagsterFacts, look: Look) -> set[str]:
    """Every name a verdict can have; an incident of another name is one of a check that is gone."""
    own = {f"{PLATFORM}__{name}" for name in OWN_CHECKS}
    return {*own, probe.NAME, FROM_MAIL, NO_BACKUP, *facts.check_names, *(verdict.name for verdict in look.verdicts)}


def broken_by_clickhouse(facts: DagsterFacts, look: Look) -> list[RunFact]:
    """Failed runs that can be made good now: ClickHouse was why, and it answers again."""
    states = {verdict.name: verdict.status for verdict in look.verdicts}
    if states.get(infrastructure.CLICKHOUSE) is not Status.OK:
        return []
    recent = [run for run in facts.failed if run.error_source == "clickhouse" and look.at - run.created < AGAIN_WITHIN]
    waiting = {run.family for run in facts.unfinished}
    return [
        run
        for run in recent
        if run.family not in waiting and not any(cures(success, run) for success in facts.succeeded)
    ]


def _again(run: RunFact) -> dg.RunRequest:
    """The same days once more, and only once: the key is the failed run's."""
    return dg.RunRequest(
        run_key=f"again:{run.run_id}", job_name=run.family, tags=Days(*run.days).tags if run.days else None
    )


def _now() -> datetime:
    return datetime.now(UTC)
