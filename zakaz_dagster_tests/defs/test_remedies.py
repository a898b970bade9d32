"""Whatever a red check tells people to run is run here after something made it red, and makes it green.

What there is to run is read from the checks' own words: the jobs that they name, `zakaz schema apply`, "load the days
again". A check that names one and is neither here nor a fault of the watch's story fails the first test.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache

import dagster as dg

from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.shared.checks import check_name
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.health import reading
from zakaz_dagster.health.freshness import missing_days
from zakaz_dagster.paths import PROJECT_ROOT
from zakaz_dagster.resources import watch
from zakaz_dagster.settings import Settings
from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.defs.conftest import day, words
from zakaz_dagster_tests.story import watch_data, watch_platform

RELOAD, SCHEMA = "reload_days", "zakaz schema apply"
DAYS = Days(day("2026-11-19"), day("2026-11-21"))
TODAY = Days(day("2026-11-22"), day("2026-11-22"))
ON = "2026-11-20"
AGAIN = "INSERT INTO {0} SELECT * FROM {0} WHERE {1} = '" + ON + "' LIMIT 1"
MORE = "ALTER TABLE {0} UPDATE {1} = {1} + {3} WHERE {2} = '" + ON + "'"
OTHER_DAY = (
    "INSERT INTO {0} SELECT * REPLACE (toDate('2026-11-21') AS sale_date)"
    " FROM (SELECT * FROM {0} WHERE sale_date = '" + ON + "' {1} LIMIT 1)"
)
EARLIER = "ALTER TABLE {0} UPDATE changed_ns = toUInt64(toUnixTimestamp(now() - INTERVAL 1 HOUR)) * 1000000000 WHERE 1"
LOAD_AGAIN = re.compile(
    r"(load|materialise|reload|загрузите)\b[^;.]*\b(again|days?|дни|день|заново)|(days|day) again", re.IGNORECASE
)
# What makes each check red; a check that names the remedy and is not here fails the first test.
HARMS = {
    "dim_utm_tags__complete": "ALTER TABLE dim_utm_tags DELETE WHERE cityHash64(utm_content) % 2 = 0",
    "fact_direct_daily__days_equal_vendor": MORE.format("fact_direct_daily", "cost_rub", "date", 77),
    "fact_direct_daily__no_rejects": (
        "ALTER TABLE meta_day_loads UPDATE rejected = 1 WHERE source = 'yandex_direct' AND day = '" + ON + "'"
    ),
    "fact_direct_daily__one_row_per_ad_and_day": AGAIN.format("fact_direct_daily", "date"),
    "fact_marketing_daily__equals_platforms": MORE.format("fact_marketing_daily", "spend_rub", "date", 77),
    "fact_marketing_daily__one_row_per_ad_and_day": AGAIN.format("fact_marketing_daily", "date"),
    "fact_qtickets_sales_daily__follows_catalogue": (
        f"ALTER TABLE fact_qtickets_sales_daily UPDATE _ver = 1 WHERE 1;{EARLIER.format('dim_events')};{EARLIER.format('dim_shows')}"
    ),
    "fact_qtickets_sales_daily__equals_staging": MORE.format("fact_qtickets_sales_daily", "revenue_rub", "sale_date", 77),
    "fact_sales_attributed_daily__equals_staging": MORE.format("fact_sales_attributed_daily", "revenue_rub", "sale_date", 77),
    "fact_sales_attributed_daily__one_row_per_grain": AGAIN.format("fact_sales_attributed_daily", "sale_date"),
    "fact_sales_attributed_daily__rungs_follow_the_ladder": (
        "ALTER TABLE fact_sales_attributed_daily UPDATE match_level = 'ad', ad_id = 0 WHERE sale_date = '" + ON + "'"
    ),
    "fact_show_totals__equals_facts": "ALTER TABLE fact_show_totals UPDATE revenue_rub = revenue_rub + 77 WHERE 1",
    "fact_utm_daily__as_read_now": (
        "ALTER TABLE fact_utm_daily UPDATE tag_city = 'атлантида', tag_reason = '' WHERE date = '" + ON + "'"
    ),
    "fact_utm_daily__one_row_per_utm_and_day": AGAIN.format("fact_utm_daily", "date"),
    "fact_vk_ads_daily__groups_equal_vendor": MORE.format("fact_vk_ads_daily", "spent_rub", "date", 77),
    "fact_vk_ads_daily__one_row_per_ad_and_day": (
        "INSERT INTO fact_vk_ads_daily SELECT * REPLACE (ad_group_id + 1 AS ad_group_id) FROM fact_vk_ads_daily"
        f" WHERE date = '{ON}' AND ad_id != 0 LIMIT 1"
    ),
    "stg_qtickets_orders_raw__one_day_per_order": OTHER_DAY.format("stg_qtickets_orders_raw", ""),
    "stg_qtickets_sales_raw__days_equal_ledger": MORE.format("stg_qtickets_sales_raw", "price_rub", "sale_date", 5),
    "stg_qtickets_sales_raw__one_row_per_ticket": OTHER_DAY.format("stg_qtickets_sales_raw", "AND channel = 'api'"),
    "stg_qtickets_sales_raw__filter_respected": (
        "INSERT INTO stg_qtickets_sales_raw SELECT * REPLACE (sold_at - 86400 * 3 AS sold_at, concat(line_id, 'x') AS line_id)"
        f" FROM stg_qtickets_sales_raw WHERE sale_date = '{ON}' AND channel = 'api' LIMIT 1"
    ),
    "v_sales_daily__equals_sale_lines": MORE.format("fact_sales_counted_daily", "revenue_rub", "date", 77),
    "dim_settings__complete": "ALTER TABLE dim_settings DELETE WHERE key = 'tag_grace_days'",
    "dim_channels__one_group_per_platform": (
        "ALTER TABLE dim_channels DELETE WHERE source = 'vk_ads'"
    ),
    "dim_shows__event_known": "ALTER TABLE dim_events DELETE WHERE 1",
    "stg_qtickets_inventory_raw__show_known": "ALTER TABLE dim_shows DELETE WHERE show_id % 2 = 0",
    "stg_qtickets_sales_raw__event_and_show_known": "ALTER TABLE dim_shows DELETE WHERE show_id % 2 = 0",
    "fact_direct_daily__campaign_known": "ALTER TABLE dim_direct_campaigns DELETE WHERE 1",
    "fact_direct_daily__links_known": "ALTER TABLE fact_direct_daily UPDATE landing_url = '' WHERE 1",
    "fact_vk_ads_daily__ad_plan_known": "ALTER TABLE dim_vk_ad_plans DELETE WHERE 1",
    "fact_direct_daily__figures_possible": MORE.format("fact_direct_daily", "clicks", "date", 1_000_000),
    "fact_vk_ads_daily__figures_possible": MORE.format("fact_vk_ads_daily", "clicks", "date", 1_000_000),
    "fact_marketing_daily__figures_possible": MORE.format("fact_marketing_daily", "clicks", "date", 1_000_000),
    "fact_direct_daily__city_recognised": "ALTER TABLE fact_direct_daily UPDATE city = 'не указано' WHERE 1",
    "fact_vk_ads_daily__city_recognised": (
        "INSERT INTO fact_vk_ads_daily SELECT * REPLACE ('не указано' AS city, ad_id + 1 AS ad_id, 10000000 AS spent_rub)"
        f" FROM fact_vk_ads_daily WHERE date = '{ON}' AND ad_id != 0 LIMIT 1"
    ),
    "fact_marketing_daily__city_recognised": (
        "INSERT INTO fact_marketing_daily SELECT * REPLACE ('не указано' AS city, 10000000 AS spend_raw_rub, 10000000 AS spend_rub)"
        f" FROM fact_marketing_daily WHERE date = '{ON}' LIMIT 1"
    ),
    "fact_marketing_daily__vat_as_set": "ALTER TABLE fact_marketing_daily UPDATE spend_rub = spend_raw_rub * 2 WHERE 1",
    "fact_vk_ads_daily__remainder_small": (
        "INSERT INTO fact_vk_ads_daily SELECT * REPLACE (0 AS ad_id, 1 AS is_remainder, -1000000 AS spent_rub)"
        f" FROM fact_vk_ads_daily WHERE date = '{ON}' LIMIT 1"
    ),
    "fact_sales_attributed_daily__refunds_below_sales": (
        MORE.format("fact_sales_attributed_daily", "refunds_rub", "sale_date", 10_000_000)
    ),
    "stg_qtickets_sales_raw__figures_possible": MORE.format("stg_qtickets_sales_raw", "price_rub", "sale_date", -1_000_000),
    "stg_qtickets_sales_raw__few_put_aside": (
        "ALTER TABLE meta_day_loads UPDATE rejected = received, accepted = 0 WHERE source = 'qtickets' AND day = '" + ON + "'"
    ),
}  # fmt: skip
CATALOGUES = ("dim_events", "dim_shows")
# The remedy has a test of its own where everything for it is at hand.
ELSEWHERE = {"meta_backup_runs__restored_lately": "contract/backup/test_backup.py"}
ASKING = re.compile("(?:ask|look) whether ")  # somebody decides first; two of this form are faults of the story


@cache
def jobs():
    return frozenset(job.name for job in build_definitions().resolve_all_job_defs())


def remedies(name):
    """What the check's words, in both languages, tell to run."""
    meta = load("checks")[name].meta
    text = f"{meta.get('action', '')} {meta.get('ru_action', '')}"
    said = {job for job in jobs() if re.search(rf"\b{job}\b", text)} | ({SCHEMA} if SCHEMA in text else set())
    return said or ({RELOAD} if LOAD_AGAIN.search(text) else set())


def run(platform, remedy):
    if remedy == SCHEMA:
        schema.apply(platform.warehouse)
        return
    done = platform.run(remedy, TODAY if remedy == "qtickets_refresh" else DAYS)
    assert done.success, words(done)


def spoil(platform, names):
    for harm in dict.fromkeys(each for name in names for each in HARMS[name].split(";")):
        platform.warehouse.command(harm, settings={"mutations_sync": "2"})


def evaluated(platform, names):
    checks = load("checks")
    keys = {dg.AssetCheckKey(dg.AssetKey(checks[name].meta["asset"]), check_name(checks[name])) for name in names}
    job = platform.definitions.resolve_job_def("all_checks").get_subset(asset_check_selection=keys)
    done = job.execute_in_process(instance=platform.instance, raise_on_error=False)
    return {
        f"{each.asset_key.to_user_string()}__{each.check_name}": each for each in done.get_asset_check_evaluations()
    }


def test_every_check_that_tells_what_to_run_is_rehearsed():
    stories = {fault.verdict for fault in (*watch_data.DATA.values(), *watch_platform.PLATFORM.values())}
    telling = {name for name in load("checks") if remedies(name)}
    asking = {name for name in telling if ASKING.match(load("checks")[name].meta["action"])} - HARMS.keys()
    assert telling - stories - asking == (HARMS.keys() | ELSEWHERE.keys()) - stories
    assert len(asking & stories) > 1
    assert len(telling) > 35
    for name, place in ELSEWHERE.items():
        assert name in (PROJECT_ROOT / "zakaz_dagster_tests" / place).read_text("utf-8")


def test_what_the_checks_tell_to_run_makes_every_one_of_them_green(platform):
    platform.at("2026-11-22T12:00:00+03:00")
    for job, days in (("qtickets_refresh", TODAY), (RELOAD, DAYS)):
        assert (done := platform.run(job, days)).success, words(done)
    platform.follow()
    before = evaluated(platform, HARMS)
    assert {name: each.description for name, each in before.items() if not each.passed} == {}
    for remedy in sorted({remedy for name in HARMS for remedy in remedies(name)}):
        names = [name for name in HARMS if remedy in remedies(name)]
        spoil(platform, names)
        assert {name for name, each in evaluated(platform, names).items() if each.passed} == set(), remedy
        run(platform, remedy)
        platform.follow()
        after = evaluated(platform, names)
        assert {name: each.description for name, each in after.items() if not each.passed} == {}, remedy


def test_the_repair_fills_a_day_never_loaded_one_read_too_early_and_the_catalogues(platform):
    platform.at("2026-11-22T12:00:00+03:00")
    [qtickets, vk, _] = list(watch.watched(Settings()))
    assert platform.run(RELOAD, DAYS).success
    platform.warehouse.command(
        "ALTER TABLE meta_day_loads DELETE WHERE source = 'vk_ads' AND day = '2026-11-20'",
        settings={"mutations_sync": "2"},
    )
    platform.warehouse.command(
        "ALTER TABLE meta_day_loads UPDATE covered_until = toDateTime('2026-11-20 12:00:00', 'Europe/Moscow')"
        " WHERE source = 'qtickets' AND day = '2026-11-20'",
        settings={"mutations_sync": "2"},
    )
    for table in CATALOGUES:
        platform.warehouse.command(f"TRUNCATE TABLE {table}")
    now = datetime(2026, 11, 22, 9, 1, tzinfo=UTC)

    def verdicts():
        return [missing_days(each, reading.seen(platform.warehouse, each, now), now) for each in (qtickets, vk)]

    for verdict in verdicts():
        assert verdict.figure == 1
        assert RELOAD in verdict.action
    assert platform.run(RELOAD, Days(day(ON), day(ON))).success
    assert [verdict.figure for verdict in verdicts()] == [0, 0]
    assert all(platform.warehouse.scalar(f"SELECT count() FROM {table}") > 5 for table in CATALOGUES)
