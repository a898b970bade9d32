"""Where all meet: `build_definitions(settings)` is what Dagster loads.

It loads with an empty environment: resources are made when a run needs them, and then name every missing setting.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial

import dagster as dg

from zakaz_dagster import logs, resources
from zakaz_dagster.defs import vk_ads, yandex_direct
from zakaz_dagster.defs.gmail import assets as gmail
from zakaz_dagster.defs.gmail import failover
from zakaz_dagster.defs.marts import pages, refresh, views
from zakaz_dagster.defs.marts.seeds import seed_assets
from zakaz_dagster.defs.operations import alerts as watch
from zakaz_dagster.defs.operations import backup, retention
from zakaz_dagster.defs.operations.retention import Keep
from zakaz_dagster.defs.qtickets import assets as qtickets
from zakaz_dagster.defs.shared import change_sensor, console
from zakaz_dagster.defs.shared.checks import sql_checks
from zakaz_dagster.resources import watch as watching
from zakaz_dagster.settings import Settings


def build_definitions(settings: Settings | None = None) -> dg.Definitions:
    """Assets, checks, jobs, schedules, sensors and resources of the whole platform."""
    settings = settings or Settings()
    logs.configure(json_lines=settings.platform.log_json)
    console.runs_as_json(json_lines=settings.platform.log_json)
    start, guard = settings.platform.start_date, settings.clickhouse.drop_guard
    hurried = resources.in_a_hurry(settings, change_sensor.LOOK_SECONDS)
    parts = dg.Definitions.merge(
        qtickets.definitions(start, guard, partial(resources.qtickets, hurried)),
        vk_ads.definitions(start, guard),
        yandex_direct.definitions(start, guard, partial(resources.yandex_direct, hurried)),
        gmail.definitions(settings.gmail.days_back, settings.gmail.processed_label),
        refresh.definitions(start),
        pages.definitions(settings.platform.data_dir / "preview"),
        retention.definitions(Keep(settings.platform.keep_runs_days, settings.platform.keep_audit_months)),
        backup.definitions(configured=settings.backup.configured),
        dg.Definitions(assets=[*seed_assets(), *views.view_assets()], sensors=[views.automation()]),
        # In one process, also what people launch from the UI: a killed run then leaves no orphan step that loads on.
        dg.Definitions(resources=_resources(settings), executor=dg.in_process_executor),
    )
    jobs = list(parts.jobs or [])
    standby = failover.Backup(
        limit=timedelta(minutes=settings.gmail.failover_minutes),
        days_back=settings.gmail.days_back,
        configured=partial(settings.need, "gmail"),
        ready=partial(resources.gmail, settings),
    )
    names = frozenset(key.to_user_string() for each in parts.assets or () for key in _keys(each))
    return dg.Definitions.merge(
        parts,
        failover.definitions(jobs, start, standby),
        watch.definitions(list(watching.watched(settings)), [*sql_checks(names), views.promise_checks()], jobs),
    )


def _keys(asset: object) -> Iterable[dg.AssetKey]:
    """Read off the parts: Dagster's own answer builds every job first, which a run does anyway, later."""
    if isinstance(asset, dg.AssetsDefinition):
        return asset.keys
    return [asset.key] if isinstance(asset, dg.AssetSpec) else []


def _resources(settings: Settings) -> dict[str, dg.ResourceDefinition]:
    """Each API and ClickHouse as a resource; no secret is a config value, so none is shown by the UI."""
    makers = {
        "warehouse": resources.warehouse,
        "reader": resources.reader,
        "vk_ads": resources.vk_ads,
        "yandex_direct": resources.yandex_direct,
        "gmail": resources.gmail,
        "watch": watching.subjects,
        "alerts": watching.alerts,
        "backups": resources.backups,
    }
    made = {
        name: dg.ResourceDefinition(lambda _, make=make: make(settings), description=_title(make))
        for name, make in makers.items()
    }
    made["qtickets"] = dg.ResourceDefinition(
        lambda context: resources.qtickets(resources.in_a_hurry(settings, qtickets.patience(context))),
        description=_title(resources.qtickets),
    )
    return made


def _title(make: Callable[..., object]) -> str:
    return (make.__doc__ or "").strip().splitlines()[0]


# Views are virtual assets on purpose (`defs.marts.views`); the other word is Dagster's about its own copies of sensors.
for known in (dg.PreviewWarning, dg.BetaWarning):
    warnings.simplefilter("ignore", known)

defs = build_definitions()
# All this lives until the process ends: the collector need not walk through it again, neither in a run nor at its end.
gc.freeze()
