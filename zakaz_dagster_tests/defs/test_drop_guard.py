"""What the drop guard refused is loaded when somebody says so in the way that its words name, whatever table it is."""

from __future__ import annotations

import pytest

from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster_tests.defs.conftest import day, words

DAYS = Days(day("2026-11-22"), day("2026-11-22"))
MORE = "INSERT INTO {0} SELECT * EXCEPT more REPLACE ({1} + 10000000 * more AS {1}) FROM (SELECT *, arrayJoin(range(1, 50)) AS more FROM {0})"


@pytest.mark.parametrize(("table", "number"), [
    ("stg_qtickets_orders_raw", "order_id"), ("stg_qtickets_events_raw", "event_id"), ("stg_qtickets_shows_raw", "show_id"),
])  # fmt: skip
def test_a_run_that_may_shrink_loads_what_the_guard_refused(platform, table, number):
    platform.at("2026-11-22T12:00:00+03:00")
    assert platform.run("qtickets_refresh", DAYS).success
    platform.warehouse.command(MORE.format(table, number))
    count = f"SELECT count() FROM {table}"
    before = platform.warehouse.scalar(count)
    refused = platform.run("qtickets_refresh", DAYS)
    assert f"{table} would shrink" in words(refused)
    assert "ops: <the step that failed>: config: allow_shrinking: true" in words(refused)
    assert platform.warehouse.scalar(count) == before
    [step] = [event.step_key for event in refused.all_events if event.is_step_failure and "would shrink" in str(event)]
    config = {"ops": {step: {"config": {"allow_shrinking": True}}}}
    job = platform.definitions.resolve_job_def("qtickets_refresh")
    job.execute_in_process(config, instance=platform.instance, tags=DAYS.tags, raise_on_error=False)
    assert platform.warehouse.scalar(count) < before / 10
