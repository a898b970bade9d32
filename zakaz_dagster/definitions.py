"""Where all meet: `build_definitions(settings)` is everything that Dagster loads.

It loads with an empty environment: resources are made when a run needs them, and then name every missing setting.
Importing this module changes nothing; Dagster calls `defs`, which prepares its process and then builds.
"""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Iterable
from datetime import timedelta
from functools import partial

import dagster as dg

from zakaz_dagster import logs, resources
from zakaz_dagster.defs import vk_ads, yandex_direct
from zakaz_dagster.defs._private import keep_engines
from zakaz_dagster.defs.gmail import assets as gmail
from zakaz_dagster.defs.gmail import failover
from zakaz_dagster.defs.marts import forecast, pages, refresh, views
from zakaz_dagster.defs.marts.seeds import seed_assets
from zakaz_dagster.defs.operations import alerts, backup, digest, healing, history, lost_runs, missing_days, retention
from zakaz_dagster.defs.operations.missing_days import Loads
from zakaz_dagster.defs.operations.retention import Keep
from zakaz_dagster.defs.qtickets import assets as qtickets
from zakaz_dagster.defs.qtickets import webhooks
from zakaz_dagster.defs.shared import change_sensor, execution
from zakaz_dagster.defs.shared.checks import sql_checks
from zakaz_dagster.defs.shared.day_assets import freshness
from zakaz_dagster.resources import watch
from zakaz_dagster.resources.configured import all_resources
from zakaz_dagster.settings import Settings
from zakaz_dagster.sources.base import SourceDescription
from zakaz_dagster.sources.qtickets.description import DESCRIPTION as QTICKETS
from zakaz_dagster.sources.vk_ads.description import DESCRIPTION as VK_ADS
from zakaz_dagster.sources.yandex_direct.description import DESCRIPTION as DIRECT

DAY_SOURCES = {"qtickets": "qtickets", "vk_ads": "vk_ads", "yandex_direct": "direct"}  # pool: its group of settings


LOADS = (
    Loads(QTICKETS, qtickets.RELOAD),
    Loads(VK_ADS, f"{VK_ADS.name}_daily"),
    Loads(DIRECT, f"{DIRECT.name}_daily"),
)
# Virtual assets and code references are used on purpose; their warnings would be read at every start.
CHOSEN = (dg.PreviewWarning, dg.BetaWarning)


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads, in a process prepared for it."""
    settings = Settings()
    for known in CHOSEN:
        warnings.simplefilter("ignore", known)
    logs.configure(json_lines=settings.platform.log_json)
    execution.runs_as_json(json_lines=settings.platform.log_json)
    if "sqlalchemy" in sys.modules:  # Dagster's state is open, as in every run; to look at the definitions needs none
        keep_engines()
    built = build_definitions(settings)
    if execution.serves_definitions(sys.argv):
        execution.limit_pools_at_home(built)
    # All this lives until the process ends: the collector need not walk through it again.
    gc.freeze()
    return built


def build_definitions(settings: Settings | None = None) -> dg.Definitions:
    """Assets, checks, jobs, schedules, sensors and resources of the whole platform."""
    with warnings.catch_warnings():
        for known in CHOSEN:
            warnings.simplefilter("ignore", known)
        return _build(settings or Settings())


def _build(settings: Settings) -> dg.Definitions:
    start, guard = settings.platform.start_date, settings.clickhouse.drop_guard
    hurried = resources.in_a_hurry(settings, change_sensor.LOOK_SECONDS)
    need = {name: partial(settings.need, group) for name, group in {**DAY_SOURCES, "gmail": "gmail"}.items()}
    parts = dg.Definitions.merge(
        qtickets.definitions(
            start, guard, need["qtickets"], partial(resources.qtickets, hurried), partial(resources.warehouse, settings)
        ),
        vk_ads.definitions(start, guard, need["vk_ads"]),
        yandex_direct.definitions(
            start,
            guard,
            need["yandex_direct"],
            partial(resources.yandex_direct, hurried),
            partial(resources.warehouse, settings),
        ),
        gmail.definitions(start, settings.gmail.days_back, settings.gmail.processed_label, need["gmail"]),
        refresh.definitions(start, fresh={"fact_qtickets_sales_daily": freshness(QTICKETS)}),
        pages.definitions(settings.platform.data_dir / "preview"),
        forecast.definitions(start),
        retention.definitions(Keep(settings.platform.keep_runs_days, settings.platform.keep_audit_months)),
        backup.definitions(configured=settings.backup.configured),
        dg.Definitions(assets=[*seed_assets(), *views.view_assets()], sensors=[views.automation()]),
        # In one process, also what people launch from the UI: a killed run then leaves no orphan step that loads on.
        dg.Definitions(
            resources=all_resources(settings, (qtickets.REFRESH, qtickets.REFRESH_SECONDS)),
            executor=dg.in_process_executor,
        ),
    )
    jobs = [*(parts.jobs or []), refresh.reload_job(list(_loads(parts, settings)))]
    standby = failover.Backup(
        limit=timedelta(minutes=settings.gmail.failover_minutes),
        days_back=settings.gmail.days_back,
        configured=need["gmail"],
        ready=partial(resources.gmail, settings),
    )
    inbox = settings.platform.data_dir / webhooks.FILE
    quick = (
        []
        if settings.webhooks.missing()
        else [webhooks.definitions(start, inbox, partial(resources.warehouse, settings))]
    )
    names = frozenset(key.to_user_string() for each in parts.assets or () for key in _keys(each))
    return dg.Definitions.merge(
        parts,
        dg.Definitions(jobs=jobs[-1:]),
        *quick,
        healing.definitions(healing.reloads(_reloaded(settings), start)),
        lost_runs.definitions(),
        history.definitions(start, [each.about for each in LOADS], partial(build_definitions, settings)),
        digest.definitions(),
        failover.definitions(jobs, start, standby),
        missing_days.definitions(LOADS, jobs),
        alerts.definitions(list(watch.watched(settings)), [*sql_checks(names), views.promise_checks()], jobs),
    )


def _loads(parts: dg.Definitions, settings: Settings) -> Iterable[dg.AssetsDefinition]:
    """The steps of every source of days that is configured."""
    configured = {about.name for about in _reloaded(settings)}
    for each in parts.assets or ():
        if isinstance(each, dg.AssetsDefinition) and each.is_executable and each.op.pool in configured:
            yield each


def _reloaded(settings: Settings) -> list[SourceDescription]:
    """The sources of days that are configured."""
    return [each.about for each in LOADS if not getattr(settings, DAY_SOURCES[each.about.name]).missing()]


def _keys(asset: object) -> Iterable[dg.AssetKey]:
    """Read off the parts: Dagster's own answer builds every job first, which a run does anyway, later."""
    if isinstance(asset, dg.AssetsDefinition):
        return asset.keys
    return [asset.key] if isinstance(asset, dg.AssetSpec) else []
