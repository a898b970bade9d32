"""The watch in Dagster: the platform's own checks beside those of the data, and the sensor that tells people.

    platform        an asset that stands for what everything runs on; its checks are ClickHouse, schema, daemons …
    <table>.fresh   data time and missing days of every source
    all_checks      all of them and sql/checks as one job, every two hours: the smoke test in the UI
    alerts          a level-triggered sensor: it looks at what is, not at what happened since, so nothing slips through
    audit           another one: what every run did, into meta_job_runs

Belongs here: wiring `health` and `alerts` to Dagster. Does not: their rules.
"""

from collections.abc import Iterator, Sequence

import dagster as dg
from dagster._check import CheckError
from dagster._core.definitions.repository_definition import RepositoryDefinition
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from zakaz_dagster.defs.operations.audit import audit_sensor
from zakaz_dagster.defs.shared.checks import all_checks_job, result
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.specs import OWNERS
from zakaz_dagster.defs.shared.version import code_version
from zakaz_dagster.health.freshness import Watched

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
    "ticks": "Schedules and sensors do not fail when they look",
    "queue": "No run hangs",
    "history": "Dagster's history of runs is read as far back as it matters",
    "settings": "Every setting is understood, and none is odd",
    "clickhouse_version": "The server's version is supported",
    "one_version": "No partition holds the rows of two loads",
    "side_tables": "No side table of a dead run is left",
    "alert_delivery": "Alerts reach people",
    "alert_store": "The memory of alerts can be written",
}
SOURCE_CHECKS = {
    "fresh": "The last good load is recent, and so is the newest data",
    "no_missing_days": "Every day was loaded, after it was over",
}


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
        from zakaz_dagster.defs.operations import alert_round

        found = alert_round.platform(context.resources.watch, context.instance, _repository(context))
        for key in sorted(context.selected_asset_check_keys):
            name = f"{PLATFORM}__{key.name}"
            yield result(PLATFORM, key.name, found.get(name) or alert_round.unseen(name, found))

    return check


def _source_checks(source: Watched) -> dg.AssetChecksDefinition:
    """Run with every load of the source, and with all checks."""
    specs = [dg.AssetCheckSpec(name, asset=source.table, description=about) for name, about in SOURCE_CHECKS.items()]

    @dg.multi_asset_check(
        name=f"check_age_of_{source.name}", specs=specs, can_subset=True, required_resource_keys={"watch"}
    )
    def check(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        from zakaz_dagster.defs.operations import alert_round

        found = alert_round.age(context.resources.watch, source)
        for key in sorted(context.selected_asset_check_keys):
            yield result(
                source.table, key.name, found[key.name] or alert_round.unseen(f"{source.table}__{key.name}", {})
            )

    return check


def _repository(context: dg.AssetCheckExecutionContext) -> RepositoryDefinition | None:
    """The definitions of this process; absent when a job is run on its own, as the demo and tests do."""
    try:
        return context.op_execution_context.repository_def
    except CheckError:
        return None


def _alerts(jobs: Sequence[Job]) -> dg.SensorDefinition:
    names = {job.name for job in jobs}
    own = {f"{PLATFORM}__{name}" for name in OWN_CHECKS}

    @dg.sensor(
        name="alerts",
        jobs=list(jobs),
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"watch", "alerts"},
        description="Failed runs, red checks, stale data, the platform's health: one mail per cause, one when solved",
    )
    @explained()
    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        from zakaz_dagster.defs.operations import alert_round

        repository = context.repository_def
        if repository is None:
            return dg.SkipReason("no definitions to look at")
        resources = context.resources
        return alert_round.notify(resources.alerts, resources.watch, context.instance, repository, own, names)

    return tick
