"""What dashboards read follows what was loaded, whatever way it was loaded.

    a job that loads            builds everything that reads what it loads, in the same run
    any other load              the ledgers show which days of which facts are older than what they read; the sensor
    (UI, import, mail, kill)    here has them built again, and asks again, later each time, until they are
    reload_days                 everything for some days, loads and facts: the repair

Nothing is listed by hand: what follows is read from the SQL, as the graph of assets is.
Belongs here: the assets of builds, these jobs and the sensor. Does not: their SQL (`sql/builds`), views.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.defs._private import AssetJob
from zakaz_dagster.defs.marts.facts import Dictionary, fact
from zakaz_dagster.defs.shared.checks import blocked_by
from zakaz_dagster.defs.shared.day_assets import SKIP_UNAVAILABLE
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.params import WarehouseParam
from zakaz_dagster.defs.shared.partitions import Days, days_of_tags
from zakaz_dagster.defs.shared.requests import UNFINISHED, Requests
from zakaz_dagster.defs.shared.schedules import job
from zakaz_dagster.defs.shared.specs import OUTSIDE, outside_spec
from zakaz_dagster.errors import Failure
from zakaz_dagster.warehouse import build_ledger
from zakaz_dagster.warehouse.build_ledger import Owed

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

REFRESH, RELOAD = "marts_refresh", "reload_days"
PAGES = "bi_preview"
SENSOR = "facts_follow_loads"
LOADING = timedelta(minutes=15)  # so long the facts of a day wait for the load under way to end


@dataclass(frozen=True)
class UnderWay:
    """A run that is queued or at work."""

    assets: frozenset[str]
    days: frozenset[date]

    def settles(self, owed: Owed, now: datetime) -> bool:
        """Whether it will build this day, or still loads for it; a long load is not waited for."""
        if owed.day not in self.days:
            return False
        waits = owed.since is not None and now - owed.since < LOADING
        return owed.fact in self.assets or (waits and bool(build_ledger.before(owed.fact) & self.assets))


def _read_tags(warehouse: Warehouse, first: date, last: date, run_id: str) -> dict[str, Any]:
    from zakaz_dagster.ingest.dictionaries import read_tags

    read = read_tags(warehouse, first, last, run_id=run_id)
    return {"tags read": read.texts, "no whole tags": dict(read.reasons)}


def _list_ads(warehouse: Warehouse, _first: date, _last: date, run_id: str) -> dict[str, Any]:
    from zakaz_dagster.ingest.dictionaries import list_ads

    return {"dagster/row_count": list_ads(warehouse, run_id=run_id)}


DICTIONARIES = {
    "fact_utm_daily": Dictionary("dim_utm_tags", "utm_tags_unread", _read_tags),
    "fact_utm_matches_daily": Dictionary("dim_ads", "dim_ads", _list_ads),
}


def definitions(start: date, *, fresh: Mapping[str, dg.FreshnessPolicy]) -> dg.Definitions:
    """The facts by day, and what makes them follow; `fresh` are policies by fact."""
    names = list(build_ledger.facts())
    return dg.Definitions(
        assets=[
            *(outside_spec(name, group) for name, group in OUTSIDE.items()),
            *(fact(name, start, fresh=fresh.get(name), needs=DICTIONARIES.get(name)) for name in names),
        ],
        jobs=[
            job(
                REFRESH,
                [*_with_dictionaries(names), PAGES],
                "The facts of some days from what is loaded, and the pages",
            )
        ],
        sensors=[_follow(start)],
    )


def reload_job(steps: Sequence[dg.AssetsDefinition]) -> AssetJob:
    """Everything for some days: these loads, the facts, the pages."""
    loads = {key.to_user_string() for step in steps for key in step.keys}
    keys = sorted({*loads, *_with_dictionaries(list(build_ledger.facts())), PAGES})
    about = "Everything for these days again: loads, facts and pages. The repair that alerts name"
    return job(RELOAD, keys, about, tags={SKIP_UNAVAILABLE: "true"})


def followers(tables: Sequence[str]) -> list[str]:
    """The facts that read these tables, in their order, and the pages."""
    return [*_with_dictionaries(build_ledger.behind(tables)), PAGES]


def _with_dictionaries(facts: Sequence[str]) -> list[str]:
    return [*facts, *(DICTIONARIES[name].name for name in facts if name in DICTIONARIES)]


def _follow(start: date) -> dg.SensorDefinition:
    @dg.sensor(
        name=SENSOR,
        job_name=REFRESH,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Builds every day of every fact that is older than what it reads, whatever way that was loaded",
    )
    @explained()
    def follow(context: dg.SensorEvaluationContext, warehouse: WarehouseParam) -> dg.SensorResult | dg.SkipReason:
        try:
            owed = build_ledger.owed(warehouse, start, timezone.today())
        except Failure as failure:  # ClickHouse is away, which has its own alert
            return dg.SkipReason(str(failure))
        under_way = runs_under_way(context.instance, context.repository_def)
        return plan(context.instance, Requests.of(context.cursor), owed, under_way, timezone.now())

    return follow


def plan(
    instance: dg.DagsterInstance, requests: Requests, owed: Sequence[Owed], under_way: Sequence[UnderWay], now: datetime
) -> dg.SensorResult:
    """Runs for what is owed and neither blocked, under way, nor waiting for its next attempt: one for each month."""
    touched = build_ledger.behind({each.fact for each in owed})
    blocked = {fact for fact in touched if blocked_by(instance, build_ledger.before(fact))}
    months: defaultdict[str, list[Owed]] = defaultdict(list)
    for each in owed:
        if each.fact not in blocked and not any(run.settles(each, now) for run in under_way):
            months[f"{each.day:%Y-%m}"].append(each)
    runs = []
    for month, waiting in sorted(months.items()):
        newest = max((each.since for each in waiting if each.since), default=None)
        attempt = requests.attempt(instance, month, newest, now)
        if attempt is not None:
            runs.append(_run(month, waiting, blocked, attempt, now))
            requests.ask(month, str(runs[-1].run_key), attempt, now)
    requests.keep_only({f"{each.day:%Y-%m}": each for each in owed})
    return dg.SensorResult(
        run_requests=runs,
        skip_reason=None if runs else dg.SkipReason(_idle(owed, blocked)),
        cursor=requests.cursor(),
    )


def _run(month: str, owed: Sequence[Owed], blocked: Collection[str], attempt: int, now: datetime) -> dg.RunRequest:
    days = sorted({day for each in owed for day in (each.day, each.until or each.day)})
    wanted = [name for name in build_ledger.behind({each.fact for each in owed}) if name not in blocked]
    return dg.RunRequest(
        run_key=f"{SENSOR}:{month}:{now:%Y-%m-%dT%H:%M:%S}:{attempt}",
        tags=Days(days[0], days[-1]).tags,
        asset_selection=[dg.AssetKey(name) for name in [*_with_dictionaries(wanted), PAGES]],
    )


def runs_under_way(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition | None) -> list[UnderWay]:
    """Runs of days that are queued or at work, with the assets that they load or build."""
    found = []
    for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)):
        days, selected = days_of_tags(run.tags), run.asset_selection
        if not selected and repository is not None and repository.has_job(run.job_name):
            selected = frozenset(repository.get_job(run.job_name).asset_layer.selected_asset_keys)
        if days is not None and selected:
            found.append(UnderWay(frozenset(key.to_user_string() for key in selected), frozenset(days)))
    return found


def _idle(owed: Sequence[Owed], blocked: Collection[str]) -> str:
    if not owed:
        return "every day of every fact is as new as what it reads"
    held = f"; held by a blocking check: {', '.join(sorted(blocked))}" if blocked else ""
    return f"{len(owed)} days are owed and asked for already, or wait for their next attempt{held}"
