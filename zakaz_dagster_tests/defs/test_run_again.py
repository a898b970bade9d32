"""Runs that ClickHouse's absence broke are started again when it is back; what only a person can mend is not."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from zakaz_dagster.defs.operations import alert_round, run_history
from zakaz_dagster.defs.operations.run_history import read_facts
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.partitions import Days, daily
from zakaz_dagster.errors import BadData, ConfigFault
from zakaz_dagster.health import infrastructure
from zakaz_dagster.health.look import Look
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster.warehouse.errors import Away, Refused

DAY = date(2026, 11, 20)
AWAY = Away("ClickHouse refuses connections", unstarted=True, next_step="start it")
SCHEDULED = {"dagster/schedule_name": "s"}
RAISED: list[Exception] = []


@dg.asset(partitions_def=daily(date(2026, 11, 1)), backfill_policy=dg.BackfillPolicy.single_run())
def table() -> dg.MaterializeResult:
    with explained():
        if RAISED:
            raise RAISED[0]
    return dg.MaterializeResult()


DEFINITIONS = dg.Definitions(assets=[table], jobs=[dg.define_asset_job("load", [table])])


@pytest.fixture
def instance():
    with dg.instance_for_test() as made:
        yield made


def run(instance, error=None, last=DAY, **tags):
    RAISED[:] = [] if error is None else [error]
    job = DEFINITIONS.resolve_job_def("load")
    tags = {**Days(DAY, last).tags, **tags}
    return job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def asked(instance, after=timedelta(seconds=2)):
    """What the alerts' sensor asks for when it looks so long after the last run, with ClickHouse there."""
    run_history._looked.clear()  # the clock of these looks goes back
    now = datetime.now(UTC) + after
    facts = read_facts(instance, DEFINITIONS.get_repository_def(), now)
    found = Look(now, [Verdict(infrastructure.CLICKHOUSE, "infrastructure", Status.OK, "it answers")])
    return [alert_round.again(run) for run in alert_round.broken_by_clickhouse(facts, found)]


def obey(instance, requests, error):
    for request in requests:
        run(instance, error, **{**request.tags, "dagster/run_key": request.run_key})


@pytest.mark.parametrize("error", [
    BadData("the day would shrink from 500 to 10 rows", source="clickhouse", next_step="load it with the guard off"),
    Refused("error 47: no such column", code=47, next_step="run `zakaz schema apply`"),
    ConfigFault("error 516", source="clickhouse", next_step="correct CLICKHOUSE_PASSWORD"),
])  # fmt: skip
def test_what_will_fail_again_is_not_started_again(instance, error):
    run(instance, error)
    assert asked(instance) == []


def test_what_fails_again_and_again_is_started_later_each_time(instance):
    run(instance, AWAY)
    first = asked(instance)
    assert [each.job_name for each in first] == ["load"]
    obey(instance, first, AWAY)
    assert asked(instance) == [], "a quarter of an hour"
    second = asked(instance, timedelta(minutes=16))
    assert len(second) == 1
    obey(instance, second, AWAY)
    assert asked(instance, timedelta(minutes=16)) == [], "half an hour"
    third = asked(instance, timedelta(minutes=31))
    time.sleep(1.1)  # SQLite tells the creation of runs to the second
    obey(instance, third, None)
    assert asked(instance, timedelta(hours=1)) == []


def test_an_outage_of_many_scheduled_runs_is_made_good_by_one_run(instance):
    for _ in range(4):
        run(instance, AWAY, **SCHEDULED)
    run(instance, AWAY, last=DAY + timedelta(days=1))
    assert sorted(each.tags["dagster/asset_partition_range_end"] for each in asked(instance)) == ["2026-11-21"]
