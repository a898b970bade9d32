"""Old runs go with their files, and the days they loaded stay loaded."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from zakaz_dagster.defs._private import delete_check_evaluations
from zakaz_dagster.defs.operations.retention import Forgotten, first_of, forget_routine, forget_runs, needed
from zakaz_dagster.warehouse import run_ledger
from zakaz_dagster.warehouse.run_ledger import Attempt

DAILY = dg.DailyPartitionsDefinition("2026-11-01", end_date="2026-11-10")
RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


@dg.asset(partitions_def=DAILY, backfill_policy=dg.BackfillPolicy.single_run())
def days():
    return dg.MaterializeResult(metadata={"rows": 1})


@dg.asset
def whole():
    return dg.MaterializeResult()


@dg.asset_check(asset=whole)
def right():
    return dg.AssetCheckResult(passed=True)


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def on_disk():
    with dg.instance_for_test() as made:
        yield made


def later(days_from_now=1):
    return datetime.now(UTC) + timedelta(days=days_from_now)


def load(instance, first, last):
    return dg.materialize([days], instance=instance, tags=dict(zip(RANGE, (first, last), strict=True))).run_id


def run_ids(instance):
    return {run.run_id for run in instance.get_runs()}


def test_the_newest_run_of_every_day_is_kept_and_the_days_stay_loaded(instance):
    first = load(instance, "2026-11-01", "2026-11-03")
    again = load(instance, "2026-11-02", "2026-11-03")
    repeated = [load(instance, "2026-11-03", "2026-11-03") for _ in range(3)]
    loaded = instance.get_materialized_partitions(days.key)
    assert forget_runs(instance, later()).gone == 2
    assert run_ids(instance) == {first, again, repeated[-1]}
    assert instance.get_materialized_partitions(days.key) == loaded == {"2026-11-01", "2026-11-02", "2026-11-03"}


def test_the_newest_run_of_a_whole_table_is_kept(instance):
    runs = [dg.materialize([whole], instance=instance).run_id for _ in range(3)]
    assert forget_runs(instance, later()).gone == 2
    assert run_ids(instance) == {runs[-1]}
    assert instance.get_latest_materialization_event(whole.key).run_id == runs[-1]


def test_young_and_unfinished_runs_are_kept(instance):
    dg.materialize([whole], instance=instance)
    dg.materialize([whole], instance=instance)
    job = dg.define_asset_job("j", [whole]).resolve(asset_graph=dg.Definitions(assets=[whole]).resolve_asset_graph())
    instance.create_run_for_job(job)
    assert forget_runs(instance, later(-1)).gone == 0
    assert forget_runs(instance, later()).gone == 1
    assert len(run_ids(instance)) == 2


def test_the_files_of_a_forgotten_run_are_gone(on_disk):
    old = dg.materialize([whole], instance=on_disk).run_id
    dg.materialize([whole], instance=on_disk)
    home = Path(on_disk.root_directory)
    assert list(home.rglob(f"{old}*"))
    forget_runs(on_disk, later())
    assert not list(home.rglob(f"{old}*"))


def test_a_long_history_goes_in_several_nights(instance):
    for _ in range(5):
        dg.materialize([whole], instance=instance)
    assert [forget_runs(instance, later(), most=2) for _ in range(3)] == [
        Forgotten(2, 2),
        Forgotten(2, 0),
        Forgotten(0, 0),
    ]
    assert len(run_ids(instance)) == 1


@pytest.mark.parametrize("oldest", ["days", "whole"])
def test_old_runs_that_are_needed_do_not_keep_the_others(instance, oldest):
    """The limit counts what is deleted, not what is looked at."""
    if oldest == "days":
        keep = {load(instance, f"2026-11-0{number}", f"2026-11-0{number}") for number in range(1, 5)}
    else:
        keep = {
            dg.materialize([dg.asset(name=f"t{number}")(lambda: None)], instance=instance).run_id for number in range(4)
        }
    for _ in range(3):
        dg.materialize([whole], instance=instance)
    assert forget_runs(instance, later(), most=2) == Forgotten(2, 0)
    assert keep < run_ids(instance)
    assert len(run_ids(instance)) == 5


def test_failed_runs_go_too_and_nothing_is_needed_of_them(instance):
    @dg.asset
    def bad():
        raise ValueError

    dg.materialize([bad], instance=instance, raise_on_error=False)
    assert not needed(instance)
    assert forget_runs(instance, later()).gone == 1


def test_the_newest_evaluation_of_each_check_is_kept(instance):
    for _ in range(3):
        dg.materialize([whole, right], instance=instance)
    forget_runs(instance, later())
    assert delete_check_evaluations(instance, later()) == 2
    key = dg.AssetCheckKey(whole.key, "right")
    assert instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key].status.value == "SUCCEEDED"
    assert delete_check_evaluations(instance, later(-2)) == 0


@pytest.mark.parametrize("fails", [False, True])
def test_a_range_leaves_one_row_for_each_check_and_not_one_for_each_day(on_disk, fails):
    @dg.multi_asset(
        specs=[dg.AssetSpec("loaded", partitions_def=DAILY)],
        check_specs=[dg.AssetCheckSpec("counted", asset="loaded")],
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def loading():
        if fails:
            raise ValueError
        yield dg.MaterializeResult("loaded")
        yield dg.AssetCheckResult(asset_key="loaded", check_name="counted", passed=True)

    days_asked = dict(zip(RANGE, ("2026-11-01", "2026-11-09"), strict=True))
    dg.materialize([loading], instance=on_disk, tags=days_asked, raise_on_error=False)
    assert delete_check_evaluations(on_disk, later(-2)) == (8 if fails else 9), "planned for each day"
    assert delete_check_evaluations(on_disk, later(-2)) == 0
    key = dg.AssetCheckKey(dg.AssetKey("loaded"), "counted")
    newest = on_disk.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert newest.status.value == ("PLANNED" if fails else "SUCCEEDED")


def test_old_months_of_the_audit_are_dropped_whole(sparse_warehouse):
    warehouse = sparse_warehouse("meta_job_runs")
    moments = [
        datetime(2024, 9, 30, 12, tzinfo=UTC),
        datetime(2024, 10, 1, 12, tzinfo=UTC),
        datetime(2026, 11, 1, tzinfo=UTC),
    ]
    run_ledger.record(warehouse, [Attempt(at, at, f"r{at:%m}", "j", "s", "", "", 1, "success") for at in moments])
    assert first_of(date(2026, 11, 22), 25) == date(2024, 10, 1)
    assert run_ledger.forget(warehouse, first_of(date(2026, 11, 22), 25)) == 1
    assert {row["run_id"] for row in warehouse.rows("SELECT run_id FROM meta_job_runs")} == {"r10", "r11"}
    assert run_ledger.forget(warehouse, date(2024, 10, 1)) == 0


BY_CLOCK = {"dagster/schedule_name": "every_15_minutes"}
BY_SENSOR = {"dagster/sensor_name": "follow"}


def refreshed(instance, day="2026-11-01", tags=BY_CLOCK, *, passes=True):
    @dg.asset_check(asset=days)
    def right():
        return dg.AssetCheckResult(passed=passes, severity=dg.AssetCheckSeverity.WARN)

    whose = {**dict(zip(RANGE, (day, day), strict=True)), **tags}
    return dg.materialize([days, right], instance=instance, tags=whose).run_id


@pytest.mark.parametrize("tags", [BY_CLOCK, BY_SENSOR])
def test_a_green_run_of_a_clock_is_forgotten_once_it_is_repeated_and_its_day_stays_loaded_and_green(on_disk, tags):
    runs = [refreshed(on_disk, tags=tags) for _ in range(3)]
    assert forget_routine(on_disk, later(-1)) == 0, "too young"
    assert forget_routine(on_disk, later()) == 2
    assert run_ids(on_disk) == {runs[-1]}
    assert on_disk.get_materialized_partitions(days.key) == {"2026-11-01"}
    key, storage = dg.AssetCheckKey(days.key, "right"), on_disk.event_log_storage
    assert {each.run_id for each in storage.get_asset_check_execution_history(key, limit=9)} == {runs[-1]}
    assert storage.get_latest_asset_check_execution_by_key([key])[key].status.value == "SUCCEEDED"
    assert not list(Path(on_disk.root_directory).rglob(f"{runs[0]}*"))


def test_what_was_red_or_asked_for_by_a_person_or_is_not_repeated_is_not_forgotten(instance):
    kept = {
        "a warning": refreshed(instance, passes=False),
        "of a person": refreshed(instance, tags={}),
        "another day": refreshed(instance, "2026-11-02"),
    }
    green = refreshed(instance)
    newest = refreshed(instance)
    assert forget_routine(instance, later()) == 1
    assert run_ids(instance) == {*kept.values(), newest}
    assert green not in run_ids(instance)
    assert instance.get_materialized_partitions(days.key) == {"2026-11-01", "2026-11-02"}
