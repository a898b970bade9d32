"""After ClickHouse died inside a swap and is back, the next look repairs what it left, and only that."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from zakaz_dagster import timezone
from zakaz_dagster.defs.operations.healing import EVERY, SENSOR, Look, due, reloads
from zakaz_dagster.defs.shared.partitions import RANGE_END, RANGE_START, Days
from zakaz_dagster.sources.qtickets.description import DESCRIPTION as QTICKETS
from zakaz_dagster.sources.vk_ads.description import DESCRIPTION as VK_ADS
from zakaz_dagster.warehouse import healing, server
from zakaz_dagster_tests.contract.test_warehouse_rebuild import doubled
from zakaz_dagster_tests.defs.conftest import add_run, day, words
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
    with dg.DagsterInstance.ephemeral() as instance:
        assert due(instance, before, NOW, NOW) is expected
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


def told_by_the_audit(platform):
    lines = platform.warehouse.rows("SELECT error FROM meta_job_runs FINAL WHERE job = 'heal'")
    return "; ".join(row["error"] for row in lines)


def test_only_what_the_repair_writes_is_asked_of_it():
    """Today is the day of the tests' machine."""
    long_ago, month_ago = date(2020, 1, 1), timezone.today() - timedelta(days=30)
    writes = reloads([QTICKETS, VK_ADS], date(2019, 1, 1))

    def asked(source, on):
        return writes(healing.Mixed("t", "p", (1, 2), source, on, on))

    assert asked("qtickets", long_ago)
    assert asked("qtickets", None), "its catalogue"
    assert asked("vk_ads", month_ago)
    assert not asked("vk_ads", long_ago), "VK no longer has it"
    assert not any(asked(other, month_ago) for other in ("gmail", "qtickets_catalogue", "qtickets_inventory"))
    assert not asked("yandex_direct", month_ago), "it is not configured"
    assert not asked("qtickets", date(2018, 12, 31)), "no partition of the platform"


def test_a_look_that_only_waits_for_a_load_tells_nothing(platform, monkeypatch):
    """A doubled day of mails is repaired at once and told once; one of sales is red until its load has come."""
    platform.at("2026-11-22T12:00:00+03:00")
    told = []
    monkeypatch.setattr("zakaz_dagster.alerts.service.Alerts.inform", lambda _, verdict, now: told.append(verdict))
    for ver in (1, 2):
        platform.warehouse.command(
            "INSERT INTO stg_qtickets_sales_raw (channel, sale_date, line_id, _ver)"
            f" VALUES ('mail', '2026-11-20', '1', {ver}), ('api', '2026-11-20', '1', {ver})"
        )
    for minute in (0, 20, 40):
        platform.set_now(platform.at(f"2026-11-22T12:{minute:02}:00+03:00"))
        platform.tick(SENSOR)
    [verdict] = told
    assert verdict.detail.startswith("kept the newest rows of stg_qtickets_sales_raw")
    assert [each.source for each in healing.mixed(platform.warehouse)] == ["qtickets"]


def test_a_fact_over_inputs_that_a_blocking_check_found_wrong_is_not_rebuilt(platform):
    platform.at("2026-11-22T12:00:00+03:00")
    assert platform.run("reload_days", DAYS).success

    @dg.asset_check(asset="fact_vk_ads_daily", name="groups_equal_vendor", blocking=True)
    def red():
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.ERROR)

    dg.materialize([red], instance=platform.instance, selection=dg.AssetSelection.checks(red), raise_on_error=False)
    spoil = "ALTER TABLE fact_vk_ads_daily UPDATE spend_rub = spend_rub + 77 WHERE date = '2026-11-20'"
    platform.warehouse.command(spoil, settings={"mutations_sync": "2"})
    before = platform.warehouse.rows("SELECT * EXCEPT(_ver) FROM fact_marketing_daily ORDER BY ALL")
    for table, months in (("fact_marketing_daily", "202611"), ("fact_qtickets_sales_daily", "202611")):
        doubled(platform.warehouse, table, months)
    platform.tick(SENSOR)
    assert healing.mixed(platform.warehouse) == []
    assert platform.warehouse.rows("SELECT * EXCEPT(_ver) FROM fact_marketing_daily ORDER BY ALL") == before
    told = healing.one_version(platform.warehouse).detail
    assert "kept the newest rows of fact_marketing_daily" in told
    assert "rebuilt fact_qtickets_sales_daily" in told


def test_a_fact_that_cannot_be_rebuilt_stops_no_other_repair_and_a_run_says_why(platform):
    platform.at("2026-11-22T12:00:00+03:00")
    assert platform.run("reload_days", DAYS).success
    platform.warehouse.command("ALTER TABLE fact_qtickets_sales_daily DROP COLUMN deduction_rub")
    doubled(platform.warehouse, "fact_qtickets_sales_daily", "202611")
    doubled(platform.warehouse, "fact_inventory_daily", "202611")
    day_of_sales = "SELECT any(_partition_id) FROM stg_qtickets_orders_raw WHERE sale_date = '2026-11-20'"
    doubled(platform.warehouse, "stg_qtickets_orders_raw", platform.warehouse.scalar(day_of_sales))
    looked = platform.tick(SENSOR)
    assert "rebuilt fact_inventory_daily" in told_by_the_audit(platform)
    asked = [request.tags["dagster/asset_partition_range_start"] for request in looked.run_requests]
    assert "2026-11-20" in asked
    runs = platform.obey(SENSOR, looked)
    assert {each.table for each in healing.mixed(platform.warehouse)} == {"fact_qtickets_sales_daily"}
    assert "fact_qtickets_sales_daily.sql" in words(runs[-1])


def test_what_was_repaired_is_told_in_one_mail(platform, monkeypatch):
    platform.at("2026-11-22T12:00:00+03:00")
    told = []
    monkeypatch.setattr("zakaz_dagster.alerts.service.Alerts.inform", lambda _, verdict, now: told.append(verdict))
    platform.tick(SENSOR)
    assert not told
    doubled(platform.warehouse, "dim_settings", "all")
    platform.set_now(platform.at("2026-11-22T12:20:00+03:00"))
    platform.tick(SENSOR)
    [verdict] = told
    assert "dim_settings" in verdict.detail
    platform.set_now(platform.at("2026-11-22T12:40:00+03:00"))
    platform.tick(SENSOR)
    assert told == [verdict]


def test_it_looks_at_once_after_a_run_that_failed(platform):
    platform.at("2026-11-22T12:00:00+03:00")
    platform.tick(SENSOR)
    assert "looked a moment ago" in platform.tick(SENSOR).skip_message
    run = add_run(platform.instance, "vk_ads_daily", dg.DagsterRunStatus.STARTED)
    platform.instance.report_run_failed(run)
    assert "looked a moment ago" not in platform.tick(SENSOR).skip_message


def test_views_made_by_schema_apply_are_known_to_dagster_as_made(platform):
    def made(name):
        return platform.instance.get_latest_materialization_event(dg.AssetKey(name)) is not None

    platform.at("2026-11-22T12:00:00+03:00")
    platform.warehouse.command("CREATE OR REPLACE VIEW v_ops_runs AS SELECT 1 AS other")
    platform.tick(SENSOR)
    assert made("v_sales_daily")
    assert made("dim_settings")
    assert not made("v_ops_runs")  # it is not what the file says


MISSING = "missing_days_load"


def test_days_that_an_outage_of_weeks_left_out_are_loaded_without_anybody_asking(platform):
    platform.at("2026-11-22T12:00:00+03:00")
    for on in ("2026-09-20", "2026-09-22"):
        assert platform.run("vk_ads_daily", Days(day(on), day(on))).success
    asked = platform.tick(MISSING)
    spans = [(each.job_name, each.tags[RANGE_START], each.tags[RANGE_END]) for each in asked.run_requests]
    assert spans == [("vk_ads_daily", "2026-09-21", "2026-09-21"), ("vk_ads_daily", "2026-09-23", "2026-11-21")]
    assert not platform.tick(MISSING).run_requests, "asked for already"
    assert all(run.success for run in platform.obey(MISSING, asked))
    assert "no day is missing" in platform.tick(MISSING).skip_message
    assert platform.warehouse.scalar("SELECT uniqExact(day) FROM meta_day_loads WHERE source = 'vk_ads'") == 63


def test_old_holes_are_not_filled_unasked_and_a_source_that_is_not_configured_is_left_alone(platform, monkeypatch):
    platform.at("2026-11-22T12:00:00+03:00")
    assert platform.run("vk_ads_daily", Days(day("2026-01-10"), day("2026-01-10"))).success
    [request] = platform.tick(MISSING).run_requests
    assert request.tags[RANGE_START] == "2026-08-22"  # a quarter
    monkeypatch.setenv("VK_ADS_CLIENT_ID", "")
    platform.cursors.clear()
    assert not platform.tick(MISSING).run_requests
