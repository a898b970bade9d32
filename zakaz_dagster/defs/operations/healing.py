"""The look at what a crash left: at the platform's start, after ClickHouse restarted, and every quarter of an hour.

What needs no vendor is repaired in the look itself; the days that are left are loaded again, the oldest first.
Belongs here: when to look, and the runs. Does not: finding and repairing (`warehouse.healing`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.defs.marts.refresh import RELOAD
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.params import WarehouseParam
from zakaz_dagster.defs.shared.partitions import ranges
from zakaz_dagster.defs.shared.requests import Requests
from zakaz_dagster.errors import Failure

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.healing import Healed, Repair

SENSOR = "partitions_heal"
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


def due(before: Look | None, started: datetime, now: datetime) -> bool:
    """Whether to look: for the first time, after a restart of ClickHouse, or as long after the latest look."""
    return before is None or abs(started - before.started) > SAME_START or now - before.at >= EVERY


def definitions() -> dg.Definitions:
    """The sensor."""

    @dg.sensor(
        name=SENSOR,
        job_name=RELOAD,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Repairs partitions that a crash left with rows of two loads, and drops side tables of dead runs",
    )
    @explained()
    def heal(context: dg.SensorEvaluationContext, warehouse: WarehouseParam) -> dg.SensorResult | dg.SkipReason:
        from zakaz_dagster.warehouse import healing, server

        before, now = Look.of(context.cursor), timezone.now()
        try:
            started = server.started_at(warehouse)
            if not due(before, started, now):
                return dg.SkipReason("looked a moment ago, and ClickHouse has not restarted since")
            healed = healing.heal(warehouse)
        except Failure as failure:  # ClickHouse is away, which has its own alert
            return dg.SkipReason(str(failure))
        requests = Requests.of(before.requests if before else None)
        runs = plan(context.instance, requests, healed.left, now)
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


def _words(healed: Healed) -> str:
    return "; ".join(healed.done) or "every partition holds rows of one load"
