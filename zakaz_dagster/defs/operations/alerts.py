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
from dagster import RepositoryDefinition

from zakaz_dagster.defs._private import AssetJob, CheckError
from zakaz_dagster.defs.operations.audit import audit_sensor, code_version
from zakaz_dagster.defs.shared.checks import all_checks_job, result
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.params import AlertsParam, WatchParam
from zakaz_dagster.defs.shared.specs import OWNERS
from zakaz_dagster.health.freshness import FOLLOWS, Watched
from zakaz_dagster.warehouse import build_ledger

Job = dg.JobDefinition | AssetJob

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
    """The checks, their job and the sensors; `jobs` are those the sensor may start again."""
    checks = [*sql_checks, _platform_checks(), _following_checks(), *(_source_checks(source) for source in watched)]
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

    @dg.multi_asset_check(name="check_platform", specs=specs, can_subset=True)
    def check(context: dg.AssetCheckExecutionContext, watch: WatchParam) -> Iterator[dg.AssetCheckResult]:
        from zakaz_dagster.defs.operations import alert_round

        found = alert_round.platform(watch, context.instance, _repository(context))
        for key, figures in alert_round.outside(watch, found).items():
            context.op_execution_context.log_event(dg.AssetObservation(key, metadata=figures))
        for key in sorted(context.selected_asset_check_keys):
            name = f"{PLATFORM}__{key.name}"
            yield result(PLATFORM, key.name, found.get(name) or alert_round.unseen(name, found))

    return check


def _source_checks(source: Watched) -> dg.AssetChecksDefinition:
    """Run with every load of the source, and with all checks."""
    specs = [dg.AssetCheckSpec(name, asset=source.table, description=about) for name, about in SOURCE_CHECKS.items()]

    @dg.multi_asset_check(name=f"check_age_of_{source.name}", specs=specs, can_subset=True)
    def check(context: dg.AssetCheckExecutionContext, watch: WatchParam) -> Iterator[dg.AssetCheckResult]:
        from zakaz_dagster.defs.operations import alert_round

        found = alert_round.age(watch, source)
        for key in sorted(context.selected_asset_check_keys):
            yield result(
                source.table, key.name, found[key.name] or alert_round.unseen(f"{source.table}__{key.name}", {})
            )

    return check


def _following_checks() -> dg.AssetChecksDefinition:
    """With all checks only: what builds a fact leaves nothing behind, and the alerts look every minute."""
    about = "Every day is as new as what it reads, or will be within twenty minutes"
    specs = [dg.AssetCheckSpec(FOLLOWS, asset=fact, description=about) for fact in build_ledger.facts()]

    @dg.multi_asset_check(name="check_following", specs=specs, can_subset=True)
    def check(context: dg.AssetCheckExecutionContext, watch: WatchParam) -> Iterator[dg.AssetCheckResult]:
        from zakaz_dagster.defs.operations import alert_round

        found = alert_round.following(watch)
        for key in sorted(context.selected_asset_check_keys):
            fact = key.asset_key.to_user_string()
            yield result(fact, FOLLOWS, found.get(fact) or alert_round.unseen(f"{fact}__{FOLLOWS}", {}))

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
        description="Failed runs, red checks, stale data, the platform's health: one mail per cause, one when solved",
    )
    @explained()
    def tick(
        context: dg.SensorEvaluationContext, watch: WatchParam, alerts: AlertsParam
    ) -> dg.SensorResult | dg.SkipReason:
        from zakaz_dagster.defs.operations import alert_round

        repository = context.repository_def
        if repository is None:
            return dg.SkipReason("no definitions to look at")
        return alert_round.notify(alerts, watch, context.instance, repository, own, names)

    return tick
