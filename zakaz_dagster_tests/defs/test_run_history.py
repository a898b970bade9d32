"""What the watch reads out of Dagster's history, however long that is."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.operations import retention, run_history
from zakaz_dagster.defs.shared.checks import Blocked
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.health.facts import DaemonFact
from zakaz_dagster.health.processes import daemons, dagster_verdicts
from zakaz_dagster.verdicts import Status
from zakaz_dagster_tests._private import DaemonHeartbeat, create_run_for_test

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@dg.asset
def table():
    return None


DEFINITIONS = dg.Definitions(
    assets=[table], jobs=[dg.define_asset_job("load", [table]), dg.define_asset_job("other", [table])]
)


@pytest.fixture
def instance():
    with dg.instance_for_test() as made:
        yield made


def facts(instance, now=None):
    return run_history.read_facts(instance, DEFINITIONS.get_repository_def(), now or datetime.now(UTC))


def verdict(instance, name, now=None):
    now = now or datetime.now(UTC)
    return {each.name: each for each in dagster_verdicts(facts(instance, now), now)}[name]


def ended(instance, job, status, count=1, **tags):
    return [create_run_for_test(instance, job_name=job, status=status, tags=tags).run_id for _ in range(count)]


@pytest.mark.parametrize("successes", [1, 60])
def test_a_repaired_failure_stays_repaired_however_many_runs_succeed_after_it(instance, monkeypatch, successes):
    """The newest page of successes is full of others."""
    monkeypatch.setattr(run_history, "PAGE", 10)
    ended(instance, "load", dg.DagsterRunStatus.FAILURE, **{"dagster/schedule_name": "s"})
    assert verdict(instance, "run__load").status is Status.ERROR
    time.sleep(1.1)  # SQLite tells the creation of runs to the second
    ended(instance, "load", dg.DagsterRunStatus.SUCCESS)
    ended(instance, "other", dg.DagsterRunStatus.SUCCESS, successes)
    for _ in range(2):
        assert verdict(instance, "run__load").status is Status.OK
    run_history._cured.clear()  # another process, which has not seen the repair
    run_history._looked.clear()
    assert verdict(instance, "run__load").status is Status.OK


@pytest.mark.parametrize(("sensor", "missing"), [("facts_follow_loads", True), ("missing_days_load", True),
                                                 ("partitions_heal", True), ("qtickets_changed_orders", False)])  # fmt: skip
def test_what_a_sensor_of_missing_things_asked_for_is_known_as_such(instance, sensor, missing):
    """A sensor of changed days asks for the same days until they are loaded."""
    ended(instance, "load", dg.DagsterRunStatus.FAILURE, **{"dagster/sensor_name": sensor})
    assert [each.missing for each in facts(instance).failed] == [missing]
    assert sensor in {each.name for each in build_definitions().sensors}


def test_each_success_is_read_once_for_a_failure_that_stays_open(instance, monkeypatch):
    ended(instance, "load", dg.DagsterRunStatus.FAILURE, **{"dagster/asset_partition_range_start": "2026-11-01",
                                                           "dagster/asset_partition_range_end": "2026-11-03"})  # fmt: skip
    ended(instance, "other", dg.DagsterRunStatus.SUCCESS, 5)
    now = datetime.now(UTC) + timedelta(hours=1)
    assert verdict(instance, "run__load", now).status is Status.ERROR
    read = []
    monkeypatch.setattr(run_history, "cures", lambda success, failed: read.append(success) or False)
    assert verdict(instance, "run__load", now + timedelta(minutes=1)).status is Status.ERROR
    assert not read


def test_what_a_limit_cut_is_said(instance, monkeypatch):
    monkeypatch.setattr(run_history, "MOST_FAILED", 3)
    assert facts(instance).cut == []
    ended(instance, "load", dg.DagsterRunStatus.FAILURE, 5)
    assert facts(instance).cut == ["only the newest 3 failed runs of 14 days were read"]
    for _ in range(4):
        dg.materialize([table], instance=instance)
    left = retention.forget_runs(instance, datetime.now(UTC) + timedelta(days=1), most=2)
    retention.keep_value(instance, retention.LEFT, str(left.left))
    assert left.left > 0
    assert f"retention left {left.left} outdated runs for the next night" in facts(instance).cut
    assert verdict(instance, "platform__history").status is Status.WARNING


@pytest.mark.parametrize("fault", [None, ConnectionError])
def test_a_run_that_met_a_blocking_check_is_told_with_that_check_unless_something_else_failed_too(instance, fault):
    @dg.asset
    def stopped():
        with explained():
            raise Blocked(["stg_vk__sums", "stg_vk__keys"], next_step="load it again")

    @dg.asset
    def other():
        if fault:
            raise fault("no route")

    definitions = dg.Definitions(assets=[stopped, other], jobs=[dg.define_asset_job("load", [stopped, other])])
    definitions.resolve_job_def("load").execute_in_process(instance=instance, raise_on_error=False)
    read = run_history.read_facts(instance, definitions.get_repository_def(), datetime.now(UTC))
    [found] = [each for each in dagster_verdicts(read, datetime.now(UTC)) if each.name == "run__load"]
    assert (found.because, "no route" in found.detail) == (("", True) if fault else ("stg_vk__sums", False))
    assert fault or found.action == "load it again"


def beat(instance, process, at):
    instance.add_daemon_heartbeat(DaemonHeartbeat(at.timestamp(), "SENSOR", process, []))


def looks(instance, *beats):
    """A look ten seconds after each sign of life (minute, process)."""
    found = []
    for minute, process in beats:
        at = NOW + timedelta(minutes=minute)
        beat(instance, process, at)
        found = run_history.rivals(instance, at + timedelta(seconds=10))
    return found


def test_two_daemons_on_one_home_are_told(instance):
    assert looks(instance, (0, "a"), (1, "b"), (2, "a"), (4, "b")) == ["a", "b"]
    told = daemons([DaemonFact("SENSOR", healthy=True)], ["a", "b"])
    assert told.status is Status.ERROR
    assert "2 daemon processes" in told.detail
    assert daemons([DaemonFact("SENSOR", healthy=True)], []).status is Status.OK


@pytest.mark.parametrize("beats", [
    [(minute, "a") for minute in range(6)],
    [(0, "a"), (1, "a"), (2, "b"), (3, "b"), (9, "b")],  # restarted
    [(0, "a"), (1, "b"), (2, "c"), (3, "d"), (4, "e")],  # restarted again and again
])  # fmt: skip
def test_a_daemon_that_was_restarted_has_no_rival(instance, beats):
    assert looks(instance, *beats) == []


def test_a_rival_that_was_ended_is_forgotten(instance):
    assert looks(instance, (0, "a"), (1, "b"), (2, "a"), (4, "b")) == ["a", "b"]
    assert looks(instance, *((minute, "b") for minute in range(5, 12))) == []
