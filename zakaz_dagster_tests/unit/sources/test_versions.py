"""Versions of tags: a change opens one, older days keep the older one, nothing new stores nothing."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.sources.tables import by_day, in_day_order, number
from zakaz_dagster.sources.versions import Dimension, Versions, new_rows
from zakaz_dagster.sources.vk_ads.dimensions import AD as VK_AD
from zakaz_dagster.sources.vk_ads.dimensions import _dated_by_vk
from zakaz_dagster.sources.yandex_direct.dimensions import seen_on

DAY = date(2026, 11, 1)
SCHEMA = pa.schema(
    [("account", pa.string()), ("ad_id", pa.uint64()), ("valid_from", pa.date32()), ("name", pa.string()), ("tag", pa.string())]
)  # fmt: skip
ABOUT = Dimension(SCHEMA, ("account", "ad_id"), ("tag",))


def see(versions, day, *objects, name="N", account="acc"):
    """(ad, tag) as seen on a day."""
    rows = [(account, ad, None, name, tag) for ad, tag in objects]
    versions.observe(rows, lambda _row, _newest: DAY + timedelta(days=day))
    return versions


def tags(versions, *asked, account="acc"):
    """The tag of each (ad, day); None where the ad has no version."""
    rows = pa.table(
        {
            "account": pa.chunked_array([pa.array([account] * len(asked)).dictionary_encode()]),
            "ad_id": pa.array([ad for ad, _ in asked], pa.uint64()),
            "date": pa.array([DAY + timedelta(days=day) for _, day in asked], pa.date32()),
        }
    )
    return versions.table()["tag"].take(versions.at(rows)).to_pylist()


def brief(table):
    return [(row["ad_id"], (row["valid_from"] - DAY).days, row["name"], row["tag"]) for row in table.to_pylist()]


def test_the_first_version_covers_the_days_before_it():
    versions = see(Versions(ABOUT), 0, (7, "a"))
    assert tags(versions, (7, -300), (7, 0), (7, 9)) == ["a", "a", "a"]
    assert brief(versions.changed()) == [(7, 0, "N", "a")]


def test_a_change_opens_a_version_and_a_tag_that_returns_a_third():
    versions = see(see(see(Versions(ABOUT), 0, (7, "a")), 5, (7, "b")), 8, (7, "a"))
    assert tags(versions, *((7, day) for day in (0, 4, 5, 7, 8, 99))) == ["a", "a", "b", "b", "a", "a"]


def test_the_same_again_stores_nothing_also_after_it_was_stored():
    stored = see(see(Versions(ABOUT), 0, (7, "a"), (8, "x")), 2, (7, "b")).table()
    again = see(Versions(ABOUT, stored), 9, (7, "b"), (8, "x"))
    assert again.changed().num_rows == 0
    assert again.table().equals(stored)
    as_numbers = pa.table(
        {name: stored[name].cast(pa.int32()) if name == "valid_from" else stored[name] for name in SCHEMA.names}
    )
    assert Versions(ABOUT, as_numbers).table().equals(stored), "an engine gives dates as numbers of days"


def test_a_new_name_rewrites_the_version_it_belongs_to_and_opens_none():
    stored = see(Versions(ABOUT), 0, (7, "a"), name="old").table()
    versions = see(Versions(ABOUT, stored), 3, (7, "a"), name="new")
    assert brief(versions.changed()) == brief(versions.table()) == [(7, 0, "new", "a")]


def test_back_and_forth_within_a_day_leaves_the_last_word():
    versions = see(see(see(Versions(ABOUT), 0, (7, "a")), 4, (7, "b")), 4, (7, "c"))
    assert brief(versions.table()) == [(7, 0, "N", "a"), (7, 4, "N", "c")]


def test_a_version_never_begins_before_the_one_it_follows():
    versions = see(see(Versions(ABOUT), 5, (7, "a")), 2, (7, "b"))
    assert brief(versions.table()) == [(7, 5, "N", "b")]


def test_objects_that_are_not_seen_keep_their_versions_and_unknown_ones_have_none():
    versions = Versions(ABOUT, see(Versions(ABOUT), 0, (7, "a"), (8, "b")).table())
    see(versions, 3, (8, "b"))
    assert versions.changed().num_rows == 0
    assert tags(versions, (7, 3), (9, 3), (8, 3)) == ["a", None, "b"]
    assert tags(versions, (7, 3), account="another") == [None]
    assert tags(Versions(ABOUT)) == []
    assert ("acc", 7) in versions
    assert ("acc", 9) not in versions


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 40)), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=12),
)
def test_lookup_equals_the_plain_definition(asked, changes):
    versions = see(Versions(ABOUT), 0, *((ad, "start") for ad in range(4)))
    held = {ad: [(0, "start")] for ad in range(4)}
    for day, ad in sorted(changes):
        see(versions, day, (ad, f"{day}-{ad}"))
        held[ad].append((day, f"{day}-{ad}"))
    expected = [([tag for at, tag in held[ad] if at <= day] or [held[ad][0][1]])[-1] for ad, day in asked]
    if any(at == 0 for at, _ in changes):
        return  # the first version was replaced on its own day
    assert tags(versions, *asked) == expected


def test_a_dimension_without_versions_stores_only_rows_that_are_new_or_changed():
    rows = see(Versions(ABOUT), 0, (7, "a"), (8, "b")).table()
    assert new_rows(rows, None).equals(rows)
    assert new_rows(rows, rows).num_rows == 0
    assert brief(new_rows(see(Versions(ABOUT), 0, (7, "a"), (8, "c")).table(), rows)) == [(8, 0, "N", "c")]


def vk_row(created, touched):
    moscow = ZoneInfo("Europe/Moscow")
    moments = {
        "created_at": datetime(2026, 11, created, 23, 30, tzinfo=moscow) if created else None,
        "updated_at": datetime(2026, 11, touched, 12, tzinfo=moscow) if touched else None,
    }
    return tuple(moments.get(name) for name in VK_AD.schema.names)


@pytest.mark.parametrize(
    ("now", "newest", "began"),
    [
        (vk_row(3, 9), None, 3),  # a new ad began when it was made, on the Moscow day
        (vk_row(None, 9), None, 22),
        (vk_row(3, 20), vk_row(3, 9), 20),  # VK says when it was touched
        (vk_row(3, 30), vk_row(3, 9), 22),  # never later than today
        (vk_row(3, 9), vk_row(3, 9), 22),  # a change that VK did not note
        (vk_row(3, None), vk_row(3, 9), 22),
    ],
)
def test_vk_dates_a_change_by_its_own_moment(now, newest, began):
    assert _dated_by_vk(VK_AD, date(2026, 11, 22))(now, newest) == date(2026, 11, began)


@pytest.mark.parametrize(("hour", "day"), [(0, 21), (11, 21), (12, 22), (23, 22)])
def test_direct_dates_a_change_by_the_day_a_reading_speaks_of(hour, day):
    now = datetime(2026, 11, 22, hour, 10, tzinfo=ZoneInfo("Europe/Moscow"))
    assert seen_on(now)((), None) == date(2026, 11, day)


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 3), st.sampled_from("abc")), min_size=1))
def test_numbering_is_exact(rows):
    columns = [
        pa.chunked_array([pa.array([row[0] for row in rows], pa.uint64())]),
        pa.chunked_array([pa.array([row[1] for row in rows], pa.int32()).cast(pa.date32())]),
        pa.chunked_array([pa.array([row[2] for row in rows]).dictionary_encode()]),
    ]
    numbered = number(columns)
    assert len(numbered.first) == len(set(rows))
    assert [rows[numbered.first[code]] for code in numbered.codes] == rows
    assert np.array_equal(np.sort(numbered.first), sorted({rows.index(row) for row in rows}))
    assert numbered.repeated.tolist() == [rows.count(row) > 1 for row in rows]


@given(st.lists(st.integers(0, 9), max_size=30))
def test_a_range_is_cut_into_all_its_days(offsets):
    table = pa.table(
        {"date": pa.array([DAY + timedelta(days=n) for n in offsets], pa.date32()), "n": pa.array(offsets, pa.int64())}
    )
    days = [DAY + timedelta(days=n) for n in range(-1, 11)]
    cut = dict(by_day(in_day_order(table), days))
    assert list(cut) == days
    assert {day: rows["n"].to_pylist() for day, rows in cut.items()} == {
        day: [n for n in offsets if DAY + timedelta(days=n) == day] for day in days
    }


def test_what_is_derived_is_read_again_in_place_while_the_words_are_the_same():
    about = Dimension(SCHEMA, ("account", "ad_id"), ("name", "tag"), ("tag",))
    versions = see(see(Versions(about), 0, (7, "?"), name="old"), 5, (7, "?"), name="new")
    stored = Versions(about, versions.table())
    stored.reread(("acc", 7, DAY + timedelta(days=day), name, "city") for day, name in ((0, "another"), (5, "new")))
    assert brief(stored.changed()) == [(7, 5, "new", "city")]
    assert brief(stored.table()) == [(7, 0, "old", "?"), (7, 5, "new", "city")]
