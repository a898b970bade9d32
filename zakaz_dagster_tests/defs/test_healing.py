"""After ClickHouse died inside a swap and is back, the next look repairs what it left, and only that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from zakaz_dagster.defs.operations.healing import EVERY, SENSOR, Look, due
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.warehouse import healing, server
from zakaz_dagster_tests.contract.test_warehouse_rebuild import doubled
from zakaz_dagster_tests.defs.conftest import day
from zakaz_dagster_tests.defs.test_following import equal_to_the_world

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
DAYS = Days(day("2026-11-20"), day("2026-11-21"))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (None, True),
        (Look(NOW, NOW), False),
        (Look(NOW, NOW - timedelta(seconds=1)), False),  # the server counts whole seconds
        (Look(NOW, NOW - timedelta(seconds=3)), True),
        (Look(NOW, NOW + timedelta(hours=1)), True),  # another server, or its clock was set
        (Look(NOW - EVERY, NOW), True),
    ],
)
def test_it_looks_at_first_after_a_restart_and_every_quarter_of_an_hour(before: Look | None, expected: bool) -> None:
    assert due(before, NOW, NOW) is expected
    assert before is None or Look.of(before.cursor()) == before


def test_another_form_of_cursor_is_a_first_look() -> None:
    assert [Look.of(each) for each in (None, "", "{}", "[1, 2]", "x")] == [None] * 5


def test_doubled_days_are_loaded_again_and_doubled_facts_rebuilt(platform, monkeypatch):
    platform.at("2026-11-22T12:00:00+03:00")
    assert platform.run("reload_days", DAYS).success
    equal_to_the_world(platform, DAYS)
    assert not platform.tick(SENSOR).run_requests
    doubled(
        platform.warehouse,
        "stg_qtickets_sales_raw",
        platform.warehouse.scalar(
            "SELECT any(_partition_id) FROM stg_qtickets_sales_raw WHERE channel = 'api' AND sale_date = '2026-11-20'"
        ),
    )
    doubled(platform.warehouse, "fact_marketing_daily", "202611")
    assert not platform.tick(SENSOR).run_requests, "nothing restarted"
    started = server.started_at(platform.warehouse)
    monkeypatch.setattr(server, "started_at", lambda _: started + timedelta(minutes=1))
    looked = platform.tick(SENSOR)
    assert [request.tags["dagster/asset_partition_range_start"] for request in looked.run_requests] == ["2026-11-20"]
    assert {each.table for each in healing.mixed(platform.warehouse)} == {"stg_qtickets_sales_raw"}
    assert all(run.success for run in platform.obey(SENSOR, looked))
    assert healing.mixed(platform.warehouse) == []
    equal_to_the_world(platform, DAYS)
    assert "fact_marketing_daily 202611" in healing.one_version(platform.warehouse).detail
