"""The look at what a crash left: at the platform's start, after ClickHouse restarted or a run failed, and every quarter
of an hour.

What needs no vendor is repaired in the look itself, and a mail says what that was; the days that are left are loaded
again, the oldest first. Views and seeds that `zakaz schema apply` made are entered in Dagster as materialised.
Belongs here: when to look, and the runs. Does not: finding and repairing (`warehouse.healing`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.defs.marts.refresh import RELOAD
from zakaz_dagster.defs.shared.checks import blocked_by
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.params import AlertsParam, WarehouseParam
from zakaz_dagster.defs.shared.partitions import ranges
from zakaz_dagster.defs.shared.requests import Requests
from zakaz_dagster.errors import Failure
from zakaz_dagster.sources.base import SourceDescription
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster.warehouse import build_ledger

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse
    from zakaz_dagster.warehouse.healing import Healed, Mixed, Repair

SENSOR = "partitions_heal"
HEALED = "platform__healed"
EVERY = timedelta(minutes=15)
SAME_START = timedelta(seconds=2)  # the server tells its start to the second


@dataclass(frozen=True)
class Look:
    """The latest look, as the cursor keeps it: when it was, and when ClickHouse had started then."""

    at: datetime
    started: datetime
    requests: str = "{}"

    @classmethod
    def of(cls, cursor: str | None) -> Look | None:
        """None before the first look, or for another form of cursor."""
        try:
            at, started, requests = json.loads(cursor or "")
            return cls(datetime.fromisoformat(at), datetime.fromisoformat(started), requests)
        except (TypeError, ValueError):
            return None

    def cursor(self) -> str:
        return json.dumps([self.at.isoformat(), self.started.isoformat(), self.requests])


def due(instance: dg.DagsterInstance, before: Look | None, started: datetime, now: datetime) -> bool:
    """Whether to look: for the first time, after a restart of ClickHouse or a failed run, or long after the latest.

    A look of the future is one after which our clock went back.
    """
    if before is None or abs(started - before.started) > SAME_START or abs(now - before.at) >= EVERY:
        return True
    failed = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE], updated_after=before.at)
    return bool(instance.get_run_records(failed, limit=1))


def reloads(sources: Iterable[SourceDescription], start: date) -> Callable[[Mixed], bool]:
    """Whether a run of `reload_days` writes a partition: one of these sources, of days that its vendor still has.

    It reads no mails; what it puts aside of the catalogue and the seats it enters under the running day.
    """
    known = {about.name: about for about in sources}

    def writes(each: Mixed) -> bool:
        about = known.get(each.source)
        if about is None or each.first is None:
            return about is not None
        return each.first >= max(start, about.oldest_day(timezone.today()) if about.oldest_day else start)

    return writes


def is_blocked(instance: dg.DagsterInstance, table: str) -> bool:
    """Whether this is a fact whose inputs a blocking check has found wrong."""
    return table in build_ledger.facts() and bool(blocked_by(instance, build_ledger.before(table)))


def definitions(loaded: Callable[[Mixed], bool]) -> dg.Definitions:
    """The sensor; `loaded` says which partitions the runs that it asks for write."""

    @dg.sensor(
        name=SENSOR,
        job_name=RELOAD,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Repairs partitions that a crash left with rows of two loads, and drops side tables of dead runs",
    )
    @explained()
    def heal(
        context: dg.SensorEvaluationContext, warehouse: WarehouseParam, alerts: AlertsParam
    ) -> dg.SensorResult | dg.SkipReason:
        from zakaz_dagster.warehouse import healing, server

        before, now = Look.of(context.cursor), timezone.now()
        try:
            started = server.started_at(warehouse)
            if not due(context.instance, before, started, now):
                return dg.SkipReason("looked a moment ago, and ClickHouse has not restarted since")
            healed = healing.heal(warehouse, loaded=loaded, blocked=partial(is_blocked, context.instance))
        except Failure as failure:  # ClickHouse is away, which has its own alert
            return dg.SkipReason(str(failure))
        if healed.done:
            alerts.inform(verdict(healed), now)
        requests = Requests.of(before.requests if before else None)
        runs = plan(context.instance, requests, healed.left, now)
        with suppress(Failure):  # what differs from its files has a check of its own
            record_made(context.instance, context.repository_def, warehouse)
        return dg.SensorResult(
            run_requests=runs,
            skip_reason=None if runs else dg.SkipReason(_words(healed)),
            cursor=Look(now, started, requests.cursor()).cursor(),
        )

    return dg.Definitions(sensors=[heal])


def plan(
    instance: dg.DagsterInstance, requests: Requests, left: Sequence[Repair], now: datetime
) -> list[dg.RunRequest]:
    """Runs that load what is left again, the oldest days first; a table without days is loaded with today's."""
    days = {day for each in left for day in (each.first, each.last) if day} or ({now.date()} if left else set())
    runs, spans = [], {str(span): span for span in ranges(sorted(days))}
    for name, span in spans.items():
        attempt = requests.attempt(instance, name, None, now)
        if attempt is not None:
            runs.append(dg.RunRequest(run_key=f"{SENSOR}:{name}:{now:%Y-%m-%dT%H:%M:%S}:{attempt}", tags=span.tags))
            requests.ask(name, str(runs[-1].run_key), attempt, now)
    requests.keep_only(spans)
    return runs


def verdict(healed: Healed) -> Verdict:
    """What people read: what was repaired, and which days are loaded again for it."""
    loads = [f"{each.source} {each.first}..{each.last}" for each in healed.left if each.kind == "load"]
    parts = [*healed.done, *(f"loading again: {each}" for each in loads)]
    tables = tuple(dict.fromkeys(each.table for each in healed.left))
    return Verdict(HEALED, "data", Status.WARNING, "; ".join(parts), "nothing is to be done", assets=tables)


def record_made(instance: dg.DagsterInstance, repository: dg.RepositoryDefinition | None, warehouse: Warehouse) -> int:
    """Enter as materialised what Dagster does not know: views and seeds that are in ClickHouse as their files say."""
    graph = repository.asset_graph if repository is not None else None
    keys = [key for key in graph.executable_asset_keys if graph.get(key).code_version] if graph else []
    entries = [record.asset_entry for record in instance.get_asset_records(keys)]
    known = {entry.asset_key for entry in entries if entry.last_materialization is not None}
    unknown = [key for key in keys if key not in known]
    if not unknown or graph is None:
        return 0
    from zakaz_dagster.warehouse import schema  # brings the SQL parser

    differing = {each.name for each in schema.diff(warehouse)}
    made = [key for key in unknown if key.to_user_string() not in differing]
    for key in made:
        tags = {"dagster/code_version": str(graph.get(key).code_version)}
        about = {"made by": "zakaz schema apply"}
        instance.report_runless_asset_event(dg.AssetMaterialization(key, metadata=about, tags=tags))
    return len(made)


def _words(healed: Healed) -> str:
    return "; ".join(healed.done) or "every partition holds rows of one load"
