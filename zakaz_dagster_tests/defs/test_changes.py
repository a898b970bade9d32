"""A reload that a vendor's change made necessary is asked for until a run of it succeeded."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import dagster as dg
import pytest

from zakaz_dagster.defs.shared import change_sensor
from zakaz_dagster.defs.shared.change_sensor import Found, Holding, Memory, Restored, Watch, changes_sensor
from zakaz_dagster.defs.shared.partitions import RANGE_END, RANGE_START, ranges
from zakaz_dagster.errors import ConfigFault, Retriable
from zakaz_dagster_tests.defs.conftest import add_run

START = date(2026, 1, 1)
OLD = "2026-11-22T09:00:00+00:00"


class Clock(datetime):
    at = datetime.fromisoformat("2026-11-22T12:00:00+00:00")

    @classmethod
    def now(cls, tz=None):
        return cls.at.astimezone(tz)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(change_sensor, "datetime", Clock)
    monkeypatch.setattr(Clock, "at", Clock.at)
    return Clock


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def sensor(instance):
    """`tick(days)` is one evaluation that finds these days; its requests' runs are made in `status`."""

    class Ticking:
        cursor = OLD
        marks: list[str] = []  # noqa: RUF012

        def tick(self, *days, status=None, more=False):
            def look(mark):
                self.marks.append(mark)
                return Found([START + timedelta(days=day) for day in days], f"mark {len(self.marks)}", more)

            watch = Watch("changed", "reload", 900, "test", look)
            context = dg.build_sensor_context(instance=instance, cursor=self.cursor)
            result = changes_sensor(watch, START).evaluate_tick(context)
            self.cursor = result.cursor
            for request in result.run_requests or []:
                tags = {"dagster/run_key": request.run_key, **request.tags}
                add_run(instance, "reload", status or dg.DagsterRunStatus.NOT_STARTED, **tags)
            return result

    return Ticking()


def spans(result):
    return [(request.tags[RANGE_START], request.tags[RANGE_END]) for request in result.run_requests or []]


def later(minutes):
    Clock.at += timedelta(minutes=minutes)


def test_a_success_is_forgotten(sensor):
    result = sensor.tick(3, 4, 9, status=dg.DagsterRunStatus.SUCCESS)
    assert spans(result) == [("2026-01-04", "2026-01-05"), ("2026-01-10", "2026-01-10")]
    later(15)
    again = sensor.tick()
    assert spans(again) == []
    assert Memory.of(again.cursor).asked == ()
    assert sensor.marks == [OLD, "mark 1"]


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED])
def test_a_failed_reload_is_asked_for_again_later_each_time_until_it_succeeds(sensor, status):
    keys = {sensor.tick(3, status=status).run_requests[0].run_key}
    asked_at = [0]
    for minute in range(15, 24 * 60, 15):
        later(15)
        for request in sensor.tick(status=status).run_requests or []:
            keys.add(request.run_key)
            asked_at.append(minute)
    assert asked_at == [0, 15, 45, 105, 225, 465, 945]
    assert len(keys) == len(asked_at)
    later(24 * 60)
    assert spans(sensor.tick(status=dg.DagsterRunStatus.SUCCESS)) == [("2026-01-04", "2026-01-04")]
    later(24 * 60)
    assert spans(sensor.tick()) == []


def test_a_reload_still_under_way_is_waited_for(sensor):
    sensor.tick(3, status=dg.DagsterRunStatus.STARTED)
    later(600)
    result = sensor.tick()
    assert spans(result) == []
    assert "1 reloads are waited for" in result.skip_message


def test_a_request_that_became_no_run_is_asked_for_again(sensor, instance):
    sensor.tick(3)
    for run in instance.get_runs():
        instance.delete_run(run.run_id)
    later(15)
    assert spans(sensor.tick()) == [("2026-01-04", "2026-01-04")]


def test_new_changes_of_a_day_are_asked_for_although_the_day_was_reloaded(sensor):
    first = sensor.tick(3, status=dg.DagsterRunStatus.SUCCESS)
    later(15)
    second = sensor.tick(3)
    assert spans(first) == spans(second)
    assert first.run_requests[0].run_key != second.run_requests[0].run_key


def test_days_before_the_start_are_no_partitions(sensor):
    assert spans(sensor.tick(-1)) == []


def test_many_scattered_days_become_few_runs(sensor):
    found = spans(sensor.tick(*range(0, 300, 3)))
    assert len(found) == change_sensor.MOST_RUNS
    assert (found[0][0], found[-1][1]) == ("2026-01-01", "2026-10-25")


def test_the_narrowest_gaps_are_filled_first():
    days = [START + timedelta(days=day) for day in (0, 1, 4, 20, 22)]
    assert [(each.first.day, each.last.day) for each in ranges(days, at_most=2)] == [(1, 5), (21, 23)]
    assert len(ranges(days)) == 4
    assert ranges([]) == []


def test_a_failing_look_and_missing_settings_leave_the_mark_where_it_is(instance):
    def away(mark):
        raise ConfigFault("QTICKETS_TOKEN is not set")

    context = dg.build_sensor_context(instance=instance, cursor=OLD)
    result = changes_sensor(Watch("changed", "reload", 900, "test", away), START).evaluate_tick(context)
    assert result.cursor in (None, OLD)
    assert "QTICKETS_TOKEN" in result.skip_message


ASKED, HELD = "2026-11-22T11:00:00+00:00 page 3", datetime.fromisoformat("2026-11-20T08:00:00+00:00")


def looked(instance, cursor, mark=ASKED, **about):
    """One evaluation that finds nothing; its cursor."""
    watch = Watch("changed", "reload", 900, "test", lambda _: Found([], mark), **about)
    return changes_sensor(watch, START).evaluate_tick(dg.build_sensor_context(instance=instance, cursor=cursor))


def test_the_first_look_is_from_the_oldest_reading_on_and_knows_the_restores_so_far(instance):
    first = looked(instance, None, begin=lambda now: OLD, restored=lambda: Restored(7, HELD))
    assert Memory.of(first.cursor) == Memory(OLD, restored=7)
    assert Memory.of(looked(instance, first.cursor, restored=lambda: Restored(7, HELD)).cursor).mark == ASKED


def test_after_a_restore_the_mark_goes_back_once_and_never_on(instance):
    for before in (OLD, Memory(OLD).cursor()):  # also a cursor from before restores were remembered
        restored = looked(instance, before, restored=lambda: Restored(7, HELD))
        assert Memory.of(restored.cursor) == Memory(HELD.isoformat(), restored=7)
        again = looked(instance, restored.cursor, restored=lambda: Restored(7, HELD))
        assert Memory.of(again.cursor) == Memory(ASKED, restored=7)
    behind = looked(instance, OLD, mark="2026-11-19T08:00:00+00:00", restored=lambda: Restored(7, HELD))
    assert Memory.of(behind.cursor).mark == "2026-11-19T08:00:00+00:00"


@pytest.mark.parametrize("cursor", [None, OLD])
def test_a_warehouse_that_is_away_leaves_the_mark_where_it_is(instance, cursor):
    def away(*_):
        raise Retriable("clickhouse: refuses connections")

    result = looked(instance, cursor, begin=away, restored=away)
    assert (result.cursor, "refuses connections" in result.skip_message) == (cursor, True)


def loaded(warehouse, source, on, began):
    ver = int(datetime.fromisoformat(began).timestamp() * 10**9)
    warehouse.command(
        f"INSERT INTO meta_day_loads (source, day, _loaded_at, _ver) VALUES ('{source}', '{on}', now(), {ver})"
    )


def test_marks_are_the_moments_at_which_the_readings_began(warehouse):
    """Readings of days that were loaded again count no more, nor do other sources."""
    now = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
    orders = Holding("qtickets", lambda: warehouse)
    assert orders.begin(now) == now.isoformat(), "nothing was loaded"
    loaded(warehouse, "vk_ads", "2026-11-01", "2026-01-01T00:00:00+00:00")
    loaded(warehouse, "qtickets", "2026-09-01", "2026-11-20T07:00:00+00:00")
    loaded(warehouse, "qtickets", "2026-09-01", "2026-11-21T08:00:00+00:00")
    loaded(warehouse, "qtickets", "2026-11-21", "2026-11-21T09:00:00+00:00")
    assert orders.begin(now) == "2026-11-21T08:00:00+00:00"
    assert orders.restored() == Restored()
    warehouse.command(
        "INSERT INTO meta_backup_runs (started_at, kind, name, status, _ver) VALUES"
        " (toDateTime('2026-11-21 10:00:00', 'UTC'), 'restore', 'a', 'success', 1),"
        " (toDateTime('2026-11-21 11:00:00', 'UTC'), 'restore', 'b', 'failure', 1),"
        " (toDateTime('2026-11-21 11:30:00', 'UTC'), 'drill', 'a', 'success', 1)"
    )
    loaded(warehouse, "qtickets", "2026-11-22", "2026-11-22T11:45:00+00:00")  # since the restore
    at = int(datetime.fromisoformat("2026-11-21T10:00:00+00:00").timestamp())
    held = datetime.fromisoformat("2026-11-21T09:00:00+00:00")
    assert orders.restored() == Restored(at, held - timedelta(days=1)), "what was found by then may have come later"
    assert Holding("gmail", lambda: warehouse).restored() == Restored(at)
    bounded = Holding("vk_ads", lambda: warehouse, most=timedelta(days=90))
    assert bounded.begin(now) == "2026-08-24T12:00:00+00:00"
