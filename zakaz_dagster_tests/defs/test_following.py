"""Whatever loads a day, by whatever way, its facts follow; what a blocking check found wrong goes no further."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from click.testing import CliRunner

from zakaz_dagster.cli import main
from zakaz_dagster.defs.shared.partitions import RANGE_END, RANGE_START, Days
from zakaz_dagster.dev.reconcile import compare
from zakaz_dagster.sources.qtickets.description import CATALOGUE, DIMENSIONS
from zakaz_dagster.warehouse import build_ledger
from zakaz_dagster_tests.defs.conftest import FOLLOW, add_run, day, words
from zakaz_dagster_tests.sql import plain

NOON = "2026-11-22T12:00:00+03:00"
SALES = ("stg_qtickets_orders_raw", "stg_qtickets_sales_raw")
OLD = Days(day("2026-09-01"), day("2026-09-03"))  # what no schedule reads again
NEW = Days(day("2026-11-19"), day("2026-11-21"))


@pytest.fixture(autouse=True)
def _noon(platform):
    platform.at(NOON)


def equal_to_the_world(platform, days):
    """Spend of every group and campaign, and tickets sold, as the world's own books have them."""
    for book, cells, wrong in compare(platform.warehouse, platform.sandbox.url, days.first, days.last):
        assert book.startswith("sales") or (cells and not wrong), wrong
    sold_as_in_the_world(platform, days)


def sold_as_in_the_world(platform, days):
    told = [city for each in platform.sandbox.truths(days.first, days.last)["days"] for city in each["sales"]["cities"]]
    sold = platform.warehouse.scalar(
        "SELECT sum(tickets_sold) FROM v_sales_daily WHERE date BETWEEN {first:Date} AND {last:Date}",
        {"first": days.first, "last": days.last},
    )
    assert sold == sum(city["tickets_sold"] for city in told) > 0


def test_staging_loaded_by_hand_for_old_days_reaches_the_dashboards(platform):
    assert platform.materialize(*SALES, *CATALOGUE, *DIMENSIONS, days=OLD).success
    assert platform.rows("stg_qtickets_sales_raw", "sale_date", OLD)
    assert not platform.rows("fact_qtickets_sales_daily", "sale_date", OLD)
    old, *catalogue = platform.follow()  # what is made of the whole catalogue is owed today
    assert old.success
    assert all(run.success for run in catalogue)
    sold_as_in_the_world(platform, OLD)


def test_a_file_imported_on_the_command_line_reaches_the_dashboards(platform, tmp_path, monkeypatch):
    """No run of Dagster loaded it."""
    report = tmp_path / "report.csv"
    report.write_text(
        "Дата,№ кампании,Кампания,№ группы,Группа,№ объявления,Показы,Клики,Расход (руб.)\n"
        "01.09.2022,11,Осень,12,Томск,13,100,7,1250.50\n",
        "utf-8",
    )
    monkeypatch.setenv("ZAKAZ_START_DATE", "2022-01-01")
    done = CliRunner().invoke(main, ["import", "direct-report", str(report), "--login", "zakaz"])
    assert done.exit_code == 0, done.output
    assert not platform.rows("fact_marketing_daily", "date", Days(day("2022-09-01"), day("2022-09-01")))
    from zakaz_dagster.definitions import build_definitions

    platform.definitions = build_definitions()
    assert all(run.success for run in platform.follow())
    spent = platform.warehouse.scalar("SELECT sum(spend_raw_rub) FROM fact_marketing_daily WHERE date = '2022-09-01'")
    assert float(spent) == 1250.5


def test_days_that_are_not_built_are_red_after_twenty_minutes_and_the_named_job_makes_them_good(platform):
    """Nobody's sensor runs here."""
    assert platform.materialize(*SALES, days=OLD).success
    check = dg.AssetCheckKey(dg.AssetKey("fact_qtickets_sales_daily"), "follows")

    def verdict(minutes):
        platform.set_now(datetime.now(UTC) + timedelta(minutes=minutes))
        job = platform.definitions.resolve_job_def("all_checks").get_subset(asset_check_selection={check})
        [found] = job.execute_in_process(instance=platform.instance).get_asset_check_evaluations()
        return found

    assert verdict(5).passed
    red = verdict(25)
    assert not red.passed
    assert red.severity is dg.AssetCheckSeverity.ERROR
    assert f"{OLD.first}..{OLD.last} (3 days)" in red.description
    assert "stg_qtickets_sales_raw" in red.description
    assert "reload_days" in red.metadata["what to do"].value
    platform.at(NOON)
    assert platform.run("reload_days", OLD).success
    assert verdict(25).passed


def test_what_follows_is_everything_that_reads_it_and_nothing_else(platform):
    assert platform.run("vk_ads_daily", NEW).success
    request = platform.tick(FOLLOW).run_requests[0]
    asked = {key.to_user_string() for key in request.asset_selection}
    assert {
        "fact_utm_daily",
        "fact_marketing_daily",
        "fact_sales_attributed_daily",
        "fact_show_totals",
    } <= asked
    assert not asked & {"fact_qtickets_sales_daily", "fact_inventory_daily"}
    assert request.tags[RANGE_START] == str(NEW.first)
    assert request.tags[RANGE_END] == "2026-11-22"  # sales of these days may be owed to that advertising


def test_a_job_that_builds_its_facts_itself_leaves_nothing_to_do(platform):
    assert platform.run("qtickets_reload", NEW).success
    assert platform.follow() == []


def test_a_sales_run_that_is_cancelled_while_the_sensor_looks_leaves_nothing_behind(platform):
    tags = Days(NEW.last, NEW.last).tags
    run = add_run(platform.instance, "qtickets_reload", dg.DagsterRunStatus.STARTED, **tags)
    assert platform.materialize(*SALES, days=Days(NEW.last, NEW.last)).success
    assert not platform.tick(FOLLOW).run_requests  # that run will build them
    platform.instance.report_run_canceled(platform.instance.get_run_by_id(run.run_id))
    [done] = platform.follow()
    assert done.success
    assert not build_ledger.owed(platform.warehouse, OLD.first, day("2026-11-22"))


@pytest.mark.parametrize("end", [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED])
def test_a_build_that_ends_badly_is_asked_for_again_later_each_time(platform, end):
    assert platform.materialize(*SALES, days=Days(NEW.last, NEW.last)).success
    asked = []
    for minutes in range(0, 241, 15):
        platform.set_now(platform.at(NOON) + timedelta(minutes=minutes))
        for request in platform.tick(FOLLOW).run_requests or []:
            asked.append(minutes)
            tags = {**request.tags, "dagster/run_key": request.run_key}
            add_run(platform.instance, "marts_refresh", end, **tags)
    assert asked == [0, 15, 45, 105, 225]


def test_a_blocking_check_stops_the_facts_on_every_path_until_the_day_is_loaded_right(platform):
    again = Days(NEW.last, NEW.last)
    assert platform.run("reload_days", again).success
    before = platform.warehouse.rows("SELECT * FROM fact_marketing_daily ORDER BY ALL")
    assert platform.materialize("fact_vk_ads_daily", days=again).success
    platform.warehouse.command(  # as if two loads had met
        "INSERT INTO fact_vk_ads_daily SELECT * REPLACE (spent_rub + 1000 AS spent_rub, spend_rub + 1000 AS spend_rub)"
        f" FROM fact_vk_ads_daily WHERE date = '{again.last}' LIMIT 1"
    )
    checks = platform.definitions.resolve_job_def("all_checks")
    wanted = {dg.AssetCheckKey(dg.AssetKey("fact_vk_ads_daily"), "groups_equal_vendor")}
    checks.get_subset(asset_check_selection=wanted).execute_in_process(instance=platform.instance, raise_on_error=False)
    assert not platform.tick(FOLLOW).run_requests
    for failed in (
        platform.run("marts_refresh", again),
        platform.run("qtickets_refresh", Days(day("2026-11-22"), day("2026-11-22"))),
        platform.materialize("fact_marketing_daily", days=again),
    ):
        assert not failed.success
        assert "blocked by fact_vk_ads_daily__groups_equal_vendor" in words(failed)
    assert platform.warehouse.rows("SELECT * FROM fact_marketing_daily ORDER BY ALL") == before
    assert platform.rows("fact_qtickets_sales_daily", "sale_date", Days(day("2026-11-22"), day("2026-11-22")))
    assert platform.run("reload_days", again).success  # the remedy
    platform.follow()
    equal_to_the_world(platform, again)


def test_a_run_for_what_is_owed_leaves_out_what_a_blocking_check_stops_behind_it(platform):
    """Sales of days whose advertising is known to be wrong."""

    @dg.asset_check(asset="fact_vk_ads_daily", name="groups_equal_vendor", blocking=True)
    def red():
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.ERROR)

    dg.materialize([red], instance=platform.instance, selection=dg.AssetSelection.checks(red), raise_on_error=False)
    assert platform.materialize(*SALES, *CATALOGUE, *DIMENSIONS, days=OLD).success
    runs = platform.obey(FOLLOW, platform.tick(FOLLOW))
    assert [words(run) for run in runs] == [""] * len(runs) != []
    assert platform.rows("fact_qtickets_sales_daily", "sale_date", OLD)


def test_everything_for_these_days_is_one_job_that_ends_equal_to_the_world(platform):
    days = Days(day("2026-11-18"), day("2026-11-22"))  # the running day, too
    assert platform.run("reload_days", days).success
    assert platform.follow() == []
    equal_to_the_world(platform, Days(days.first, day("2026-11-21")))
    assert all(plain.rows_of(platform.warehouse, view) for view in plain.PLAIN)
    assert not platform.warehouse.scalar(
        "SELECT count() FROM meta_day_loads WHERE source = 'vk_ads' AND day = '2026-11-22'"
    )
    facts = list(build_ledger.facts())
    assert platform.materialize(*facts, days=days).success, "all facts by hand, the running day included"


def test_days_that_a_vendor_no_longer_keeps_do_not_stop_the_repair_of_the_others(platform):
    gone = Days(day("2025-10-01"), day("2025-10-01"))
    assert platform.run("reload_days", gone).success
    failed = platform.run("vk_ads_daily", gone)
    assert not failed.success
    assert "the last 366 days" in words(failed)
