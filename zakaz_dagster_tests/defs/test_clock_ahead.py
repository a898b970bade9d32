"""A clock that was ahead for a while and is right again leaves nothing that is stale without a word."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pyarrow as pa
import pytest

from zakaz_dagster.alerts.service import Alerts
from zakaz_dagster.defs.operations.healing import SENSOR, Look, due
from zakaz_dagster.defs.shared.change_sensor import Asked, settle
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.defs.shared.requests import Requests
from zakaz_dagster.errors import Retriable
from zakaz_dagster.table_schemas import schema_of
from zakaz_dagster.warehouse import ahead, build_ledger, healing
from zakaz_dagster.warehouse.replace_days import replace_days
from zakaz_dagster.warehouse.side_table import Superseded
from zakaz_dagster_tests.defs.conftest import day, words
from zakaz_dagster_tests.defs.test_following import equal_to_the_world

NOON = "2026-11-22T12:00:00+03:00"
DAYS = Days(day("2026-11-19"), day("2026-11-21"))
LATER = Days(day("2026-11-15"), day("2026-11-16"))
ALL = Days(day("2026-11-01"), day("2026-11-21"))
DAY_NS = int(timedelta(days=1) / timedelta(microseconds=1)) * 1000


def test_days_and_facts_that_a_clock_ahead_wrote_are_written_again(platform, monkeypatch):
    noon, real = platform.at(NOON), time.time_ns
    with monkeypatch.context() as wrong:
        wrong.setattr(time, "time_ns", lambda: real() + DAY_NS)
        platform.set_now(noon + timedelta(days=1))
        platform.tick(SENSOR)
        assert platform.run("reload_days", DAYS).success
    platform.set_now(noon)
    told = []
    monkeypatch.setattr("zakaz_dagster.alerts.service.Alerts.inform", lambda _, verdict, now: told.append(verdict))
    platform.tick(SENSOR)
    assert ["the clock was ahead" in each.detail for each in told] == [True]
    assert {each.day for each in build_ledger.owed(platform.warehouse, ALL.first, ALL.last)} >= set(DAYS)
    assert all(run.success for run in platform.follow())
    for days in (LATER, DAYS):
        done = platform.run("reload_days", days)
        assert done.success, words(done)
        equal_to_the_world(platform, days)
    assert platform.follow() == []
    assert healing.mixed(platform.warehouse) == []
    platform.set_now(noon + timedelta(hours=1))
    platform.tick(SENSOR)
    assert len(told) == 1


@pytest.mark.parametrize("broken", [1, 2])
def test_an_entry_of_the_future_is_not_lost_whatever_breaks_off(warehouse, monkeypatch, broken):
    ahead_of_now = time.time_ns() + DAY_NS
    columns = "source, day, received, covered_until, _recorded_ns, _ver"
    values = f"'qtickets', '2026-11-20', 7, '2026-11-30 00:00:00', {ahead_of_now}, {ahead_of_now}"
    warehouse.command(f"INSERT INTO meta_day_loads ({columns}) VALUES ({values})")
    calls, forget = [], ahead._forget

    def killed(*given):
        forget(*given)
        calls.append(given)
        if len(calls) == broken:
            raise Retriable("the connection is gone")

    monkeypatch.setattr(ahead, "_forget", killed)
    with pytest.raises(Retriable):
        ahead.set_right(warehouse)
    ahead.set_right(warehouse)
    assert ahead.set_right(warehouse) == []
    entries = warehouse.rows(
        "SELECT source, received, _ver, _recorded_ns, covered_until <= now() AS past FROM meta_day_loads"
    )
    assert [(each["source"], each["received"], each["past"]) for each in entries] == [("qtickets", 7, 1)]
    assert max(entries[0]["_ver"], entries[0]["_recorded_ns"]) <= time.time_ns()


def test_a_partition_of_the_future_is_replaced_and_one_of_a_later_load_is_not(warehouse):
    on = date(2026, 11, 20)
    row = {"source": "vk_ads", "day": on, "reason": "odd", "place": "1", "payload": ""}
    rows = pa.Table.from_pylist([row], schema=schema_of("stg_rejects"))

    def put(ver):
        where = {"source": "vk_ads"}
        replace_days(warehouse, "stg_rejects", {on: rows}, partition=where, guard=None, ver=ver, run_id="x")
        return warehouse.scalar("SELECT max(_ver) FROM stg_rejects")

    now = time.time_ns()
    assert put(now + DAY_NS) == now + DAY_NS
    assert put(now) == now
    with pytest.raises(Superseded):
        put(now - 1)


def test_what_was_asked_for_in_the_future_is_asked_for_again():
    now = datetime(2026, 11, 22, 9, tzinfo=UTC)
    requests = Requests()
    requests.ask("month", "key", 1, now + timedelta(days=1))
    with dg.DagsterInstance.ephemeral() as instance:
        assert requests.attempt(instance, "month", None, now) == 2
        asked = Asked("2026-11-20", "2026-11-20", 1, int(now.timestamp()) + 86400)
        waiting, again = settle(instance, "sensor", [asked], now)
    assert (waiting, len(again)) == ((), 1)
    assert due(None, Look(now + timedelta(days=1), now), now, now)


def test_the_watch_does_not_begin_in_the_future(tmp_path):
    """Until it began nothing is judged late."""
    alerts, now = Alerts(tmp_path / "alerts.sqlite3"), datetime(2026, 11, 22, 9, tzinfo=UTC)
    for moment in (now, now + timedelta(days=1), now + timedelta(minutes=1)):
        alerts.notify([], moment)
    assert alerts.watching_since(now + timedelta(minutes=2)) == now + timedelta(minutes=1)
