"""Versions of tags: a change opens one, dated by VK; older days keep the older; nothing new stores nothing."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.sources.vk_ads.description import ADS, PLANS
from zakaz_dagster.sources.vk_ads.dimensions import SCHEMAS
from zakaz_dagster.sources.vk_ads.history import merge, version_at
from zakaz_dagster.timezone import MOSCOW

TODAY = date(2026, 11, 22)
CREATED = datetime(2026, 10, 1, 10, tzinfo=MOSCOW)
NOTHING = SCHEMAS[ADS].empty_table()


def moment(day, hour=12):
    return datetime(day.year, day.month, day.day, hour, tzinfo=MOSCOW)


def ad(content, ad_id=7, touched=date(2026, 11, 20), *, began=None, hour=12, **more):
    blank = {name: 0 if name.endswith(("_day", "_month")) else "" for name in SCHEMAS[ADS].names}
    row = {**blank, "account": "main", "ad_id": ad_id, "ad_group_id": 1, "utm_content": content, "valid_from": began}
    return {**row, "created_at": CREATED, "updated_at": moment(touched, hour), **more}


def table(*rows):
    return pa.Table.from_pylist(list(rows), schema=SCHEMAS[ADS])


def brief(rows):
    return [(row["ad_id"], row["valid_from"], row["utm_content"]) for row in rows.to_pylist()]


def test_the_first_version_begins_with_the_ad():
    versions, store = merge(ADS, table(ad("tomsk_14_11")), NOTHING, TODAY)
    assert brief(store) == brief(versions) == [(7, date(2026, 10, 1), "tomsk_14_11")]


def test_the_same_again_stores_nothing():
    held, _ = merge(ADS, table(ad("tomsk_14_11")), NOTHING, TODAY)
    versions, store = merge(ADS, table(ad("tomsk_14_11")), held, TODAY)
    assert store.num_rows == 0
    assert brief(versions) == brief(held)


def test_changed_tags_open_a_version_on_the_day_vk_names():
    held, _ = merge(ADS, table(ad("tomsk_14_11")), NOTHING, TODAY)
    versions, store = merge(ADS, table(ad("omsk_20_11", touched=date(2026, 11, 21))), held, TODAY)
    assert brief(store) == [(7, date(2026, 11, 21), "omsk_20_11")]
    assert brief(versions) == [(7, date(2026, 10, 1), "tomsk_14_11"), (7, date(2026, 11, 21), "omsk_20_11")]


def test_a_changed_name_rewrites_the_version_it_belongs_to():
    held, _ = merge(ADS, table(ad("tomsk_14_11")), NOTHING, TODAY)
    versions, store = merge(ADS, table(ad("tomsk_14_11", ad_name="B2", status="deleted")), held, TODAY)
    assert brief(store) == [(7, date(2026, 10, 1), "tomsk_14_11")]
    assert versions.to_pylist() == store.to_pylist()
    assert versions["ad_name"].to_pylist() == ["B2"]


def test_back_and_forth_within_a_day_leaves_the_last_word():
    held, _ = merge(ADS, table(ad("a")), NOTHING, TODAY)
    held, _ = merge(ADS, table(ad("b", touched=TODAY)), held, TODAY)
    versions, _ = merge(ADS, table(ad("c", touched=TODAY, hour=13)), held, TODAY)
    assert brief(versions) == [(7, date(2026, 10, 1), "a"), (7, TODAY, "c")]


def test_a_change_that_vk_does_not_note_counts_from_the_day_it_is_seen():
    held, _ = merge(ADS, table(ad("a")), NOTHING, TODAY)
    versions, _ = merge(ADS, table(ad("b")), held, TODAY)
    assert brief(versions) == [(7, date(2026, 10, 1), "a"), (7, TODAY, "b")]


def test_a_later_touch_without_a_change_of_tags_does_not_date_the_next_change():
    held, _ = merge(ADS, table(ad("a")), NOTHING, TODAY)
    renamed, _ = merge(ADS, table(ad("a", touched=date(2026, 11, 21), ad_name="B")), held, TODAY)
    assert brief(renamed) == brief(held)
    versions, _ = merge(ADS, table(ad("b", touched=date(2026, 11, 21), ad_name="B")), renamed, TODAY)
    assert brief(versions)[1] == (7, TODAY, "b")


def test_objects_that_vanished_keep_their_versions():
    held, _ = merge(ADS, table(ad("a", ad_id=1), ad("b", ad_id=2)), NOTHING, TODAY)
    versions, store = merge(ADS, table(ad("b", ad_id=2)), held, TODAY)
    assert store.num_rows == 0
    assert [row[0] for row in brief(versions)] == [1, 2]


def test_plans_have_no_versions():
    plans = pa.Table.from_pylist([{"account": "main", "ad_plan_id": 5}], schema=SCHEMAS[PLANS])
    versions, store = merge(PLANS, plans, SCHEMAS[PLANS].empty_table(), TODAY)
    assert versions.to_pylist() == store.to_pylist() == plans.to_pylist()


def at(versions, ids, days):
    found = version_at(
        versions,
        "ad_id",
        pa.chunked_array([pa.array(ids, pa.uint64())]),
        pa.chunked_array([pa.array(days, pa.date32())]),
    )
    return found.to_pylist()


@pytest.mark.parametrize(
    ("day", "content"),
    [
        (date(2025, 1, 1), "a"),
        (date(2026, 10, 1), "a"),
        (date(2026, 11, 20), "a"),
        (date(2026, 11, 21), "b"),
        (date(2027, 1, 1), "b"),
    ],
)
def test_a_day_has_the_tags_it_had(day, content):
    held, _ = merge(ADS, table(ad("a"), ad("x", ad_id=9)), NOTHING, TODAY)
    versions, _ = merge(ADS, table(ad("b", touched=date(2026, 11, 21)), ad("x", ad_id=9)), held, TODAY)
    place = at(versions, [7], [day])[0]
    assert versions["utm_content"][place].as_py() == content


def test_an_unknown_object_has_no_version():
    versions, _ = merge(ADS, table(ad("a")), NOTHING, TODAY)
    assert at(versions, [7, 8], [TODAY, TODAY]) == [0, None]
    assert at(NOTHING, [], []) == []


@given(
    st.dictionaries(st.integers(1, 2**40), st.sets(st.integers(0, 40), min_size=1), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 45)), max_size=30),
)
def test_the_version_is_always_the_newest_that_had_begun(began, asked):
    start = date(2026, 1, 1)
    rows = sorted((id_, start + timedelta(days=day)) for id_, days in began.items() for day in days)
    versions = table(*(ad("", ad_id=id_, began=day) for id_, day in rows))
    ids = [sorted(began)[place % len(began)] for place, _ in asked]
    days = [start + timedelta(days=offset) for _, offset in asked]
    for id_, day, place in zip(ids, days, at(versions, ids, days), strict=True):
        own = [row for row in rows if row[0] == id_]
        wanted = max([row for row in own if row[1] <= day], default=own[0])
        assert rows[place] == wanted
