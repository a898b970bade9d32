"""Dimensions with history, through a real engine: a changed tag never rewrites the days that were clicked before it."""

# ruff: noqa: S608  (statements are made of our own table names and the sandbox's ids)

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.seeds import seed
from zakaz_dagster.sources.vk_ads.description import ADS, GROUPS, PLANS, TABLE
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse.arrow import fit, with_service_columns
from zakaz_dagster.warehouse.replace_days import replace_days
from zakaz_dagster.warehouse.table_info import shape
from zakaz_dagster_tests.contract.vk_ads.account import FIRST, LAST, NOON, by_group, source_on, truth_by_group

OURS = "* EXCEPT (_loaded_at, _ver, _run_id)"
DIMENSIONS = (PLANS, GROUPS, ADS)


def stored_in(warehouse):
    return lambda: {name: warehouse.query(f"SELECT * FROM {name} FINAL") for name in DIMENSIONS}


def load(warehouse, source, first, last):
    """What the asset does, in short: days replaced, dimension rows inserted."""
    version = time.time_ns()
    reads = list(source.read(first, last))
    days = {read.day: read.tables[TABLE] for read in reads}
    replace_days(warehouse, TABLE, days, guard=None, ver=version, run_id="test")
    changed = source.dimensions()
    for name, rows in changed.items():
        if rows.num_rows:
            types = shape(warehouse, name).types
            full = with_service_columns(rows, types, loaded_at=datetime.now(UTC), ver=version, run_id="test")
            warehouse.insert(name, fit(full, types, table=name))
    return reads, changed


def busy_group(sandbox, day):
    """A group with spend on the day whose tags are VK's own or its own."""
    return max(sandbox.truth(day)["vk"]["groups"], key=lambda group: float(group["spend"]))["id"]


def test_a_second_load_changes_no_number_and_stores_no_dimension(sandbox, tmp_path, warehouse):
    source = source_on(sandbox.url, tmp_path, stored=stored_in(warehouse))
    reads, changed = load(warehouse, source, FIRST, LAST)
    assert by_group(reads) == truth_by_group(sandbox.truths(FIRST, LAST)["days"])
    assert all(changed[name].num_rows for name in DIMENSIONS)
    before = warehouse.rows(f"SELECT {OURS} FROM {TABLE} ORDER BY ALL")
    _, again = load(warehouse, source_on(sandbox.url, tmp_path, stored=stored_in(warehouse)), FIRST, LAST)
    assert again[GROUPS].num_rows == again[ADS].num_rows == 0
    assert warehouse.rows(f"SELECT {OURS} FROM {TABLE} ORDER BY ALL") == before
    assert len(before) > 100


def test_edited_parameters_count_from_their_day_on(sandbox, tmp_path, warehouse):
    load(warehouse, source_on(sandbox.url, tmp_path, stored=stored_in(warehouse)), FIRST, LAST)
    group = busy_group(sandbox, LAST)
    edited = {"enable_utm": True, "utm": "utm_source=vk&utm_content=omsk_20_12", "updated": f"{LAST} 10:00:00"}
    old = warehouse.rows(f"SELECT DISTINCT utm_content FROM {TABLE} WHERE ad_group_id = {group} AND date < '{LAST}'")
    sandbox.fault("vk", group_utm={str(group): edited})
    load(warehouse, source_on(sandbox.url, tmp_path, stored=stored_in(warehouse)), FIRST, LAST)
    tags = f"SELECT DISTINCT utm_content, city FROM {TABLE} WHERE ad_group_id = {group}"
    assert warehouse.rows(f"{tags} AND date = '{LAST}'") == [{"utm_content": "omsk_20_12", "city": "омск"}]
    kept = warehouse.rows(f"SELECT DISTINCT utm_content FROM {TABLE} WHERE ad_group_id = {group} AND date < '{LAST}'")
    assert sorted(map(str, kept)) == sorted(map(str, old))
    versions = warehouse.rows(
        f"SELECT valid_from, utm_content FROM {ADS} FINAL WHERE ad_group_id = {group} ORDER BY ad_id, valid_from"
    )
    assert {row["utm_content"] for row in versions if row["valid_from"] == LAST} == {"omsk_20_12"}
    assert {row["utm_content"] for row in versions if row["valid_from"] < LAST}.isdisjoint({"omsk_20_12"})


def test_a_corrected_day_loses_its_spend_in_the_table(sandbox, tmp_path, warehouse):
    load(warehouse, source_on(sandbox.url, tmp_path), FIRST, LAST)
    sandbox.correct(late=True)
    load(warehouse, source_on(sandbox.url, tmp_path), FIRST, LAST)
    stored = warehouse.rows(f"SELECT date, sum(spent_rub) AS spent FROM {TABLE} FINAL GROUP BY date ORDER BY date")
    truth = [day["vk"]["spend"] for day in sandbox.truths(FIRST, LAST)["days"]]
    assert [f"{row['spent']:.2f}" for row in stored] == truth
    assert "0.00" in truth


@pytest.mark.parametrize(
    "fault", [{"missing_days": [str(LAST)]}, {"money": "absent"}, {"refuse_tokens": "revoked_token"}]
)
def test_a_failed_read_leaves_the_table_as_it_was(fault, sandbox, tmp_path, warehouse):
    load(warehouse, source_on(sandbox.url, tmp_path), FIRST, LAST)
    before = warehouse.rows(f"SELECT * FROM {TABLE} ORDER BY ALL")
    sandbox.correct(late=True)
    sandbox.fault("vk", **fault)
    with pytest.raises(Exception, match="vk_ads"):
        load(warehouse, source_on(sandbox.url, tmp_path), FIRST, LAST)
    assert warehouse.rows(f"SELECT * FROM {TABLE} ORDER BY ALL") == before


def test_next_days_run_sees_the_new_version_as_of_its_own_day(sandbox, tmp_path, warehouse):
    load(warehouse, source_on(sandbox.url, tmp_path, stored=stored_in(warehouse)), FIRST, LAST)
    group = busy_group(sandbox, LAST)
    sandbox.clock("2026-11-23T12:00:00+03:00")
    tomorrow = datetime(2026, 11, 23, 12, tzinfo=MOSCOW)
    sandbox.fault("vk", group_utm={str(group): {"utm": "utm_content=omsk_20_12", "updated": "2026-11-22 09:00:00"}})
    source = source_on(sandbox.url, tmp_path, stored=stored_in(warehouse), now=lambda: tomorrow)
    reads, _ = load(warehouse, source, LAST, NOON.date())
    tags = {
        (row["date"], row["utm_content"])
        for read in reads
        for row in read.tables[TABLE].to_pylist()
        if row["ad_group_id"] == group
    }
    assert {content for day, content in tags if day == NOON.date()} <= {"omsk_20_12"}
    assert "omsk_20_12" not in {content for day, content in tags if day == LAST}
    assert date(2026, 11, 22) == LAST + timedelta(days=1)


def test_a_spelling_that_is_added_later_reaches_the_days_before_it(sandbox, tmp_path, warehouse):
    """Nothing changed at VK's: the same words are read with another list of cities."""
    spellings = {row["alias"]: row["city"] for row in seed("city_aliases")}
    few = {alias: city for alias, city in spellings.items() if len(city) % 2}
    rows = f"SELECT {OURS} FROM {TABLE} FINAL ORDER BY ALL"

    def read(cities):
        options = {"stored": stored_in(warehouse), "cities": CityIndex(cities)}
        return load(warehouse, source_on(sandbox.url, tmp_path, **options), FIRST, LAST)[1]

    read(spellings)
    expected = warehouse.rows(rows)
    for table in DIMENSIONS:
        warehouse.command(f"TRUNCATE TABLE {table}")
    read(few)
    assert {bool(row["utm_city"]) for row in expected if row["city"] not in few.values()} == {True, False}, (
        "tags, names"
    )
    changed = read(spellings)
    assert warehouse.rows(rows) == expected
    assert all(changed[table].num_rows for table in (GROUPS, ADS))
    assert warehouse.scalar(f"SELECT max(n) FROM (SELECT count() AS n FROM {ADS} FINAL GROUP BY ad_id)") == 1
    assert read(spellings)[ADS].num_rows == 0


def test_a_new_name_with_another_city_counts_from_its_day_on(sandbox, tmp_path, warehouse):
    load(warehouse, source_on(sandbox.url, tmp_path, stored=stored_in(warehouse)), FIRST, LAST)
    found = f"SELECT DISTINCT city FROM {TABLE} FINAL WHERE utm_city = '' AND ad_group_id = {{}} AND date {{}} '{LAST}'"
    group = warehouse.scalar(
        f"SELECT ad_group_id FROM {TABLE} FINAL WHERE utm_city = '' AND city != 'не указано' AND ad_id != 0"
        f" GROUP BY 1 HAVING countIf(date = '{LAST}') > 0 AND countIf(date < '{LAST}') > 0 ORDER BY 1 LIMIT 1"
    )
    before = warehouse.rows(found.format(group, "<"))
    sandbox.fault("vk", group_utm={str(group): {"name": "Владивосток 25-45", "updated": f"{LAST} 10:00:00"}})
    load(warehouse, source_on(sandbox.url, tmp_path, stored=stored_in(warehouse)), FIRST, LAST)
    assert warehouse.rows(found.format(group, "=")) == [{"city": "владивосток"}]
    assert warehouse.rows(found.format(group, "<")) == before
