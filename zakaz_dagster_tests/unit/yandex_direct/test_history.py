"""Landings keep to the days they were true on."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.sources.yandex_direct.history import History, Version, seen_on, version
from zakaz_dagster.sources.yandex_direct.keys import may_repeat, number
from zakaz_dagster.sources.yandex_direct.landings import Clicked, Landing
from zakaz_dagster.timezone import MOSCOW

EMPTY = Landing("", "", "", "", "", "", 0, 0, "не указано", "", "", "")
DAY = date(2026, 11, 1)


def seen(content, ad=301, **names):
    clicked = Clicked(101, 201, ad, **names)
    return version(
        "acc", clicked, EMPTY._replace(utm_content=content, landing_url=f"https://a.ru/?utm_content={content}")
    )


def contents(history, *pairs):
    """utm_content of rows of (day, ad)."""
    ads = list(dict.fromkeys(ad for _, ad in pairs))
    rows = pa.table({"date": pa.array([day for day, _ in pairs], pa.date32())})
    landings = history.landings([("acc", 101, 201, ad) for ad in ads])
    return landings.add_to(rows, np.array([ads.index(ad) for _, ad in pairs]))["utm_content"].to_pylist()


def test_the_first_version_covers_the_days_before_it():
    history = History()
    history.observe(seen("a"), DAY, known=True)
    assert contents(history, (DAY - timedelta(days=300), 301), (DAY, 301), (DAY + timedelta(days=9), 301)) == ["a"] * 3


def test_a_change_counts_from_the_day_it_was_seen():
    history = History()
    history.observe(seen("a"), DAY, known=True)
    history.observe(seen("b"), DAY + timedelta(days=5), known=True)
    days = [DAY + timedelta(days=n) for n in (0, 4, 5, 6)]
    assert contents(history, *((day, 301) for day in days)) == ["a", "a", "b", "b"]


def test_a_landing_that_returns_is_a_third_version():
    history = History()
    for days, content in ((0, "a"), (2, "b"), (4, "a")):
        history.observe(seen(content), DAY + timedelta(days=days), known=True)
    assert contents(history, *((DAY + timedelta(days=n), 301) for n in (1, 3, 5))) == ["a", "b", "a"]
    assert history.changed().num_rows == 3


def test_what_is_stored_comes_back_the_same():
    history = History()
    history.observe(seen("a"), DAY, known=True)
    history.observe(seen("b"), DAY + timedelta(days=2), known=True)
    again = History(Version.all_of(history.changed()))
    assert contents(again, (DAY, 301), (DAY + timedelta(days=2), 301)) == ["a", "b"]
    again.observe(seen("b"), DAY + timedelta(days=9), known=True)
    assert again.changed().num_rows == 0


def test_a_new_name_updates_its_version_and_opens_none():
    history = History([seen("a", campaign_name="old")._replace(valid_from=DAY)])
    history.observe(seen("a", campaign_name="new"), DAY + timedelta(days=3), known=True)
    [row] = history.changed().to_pylist()
    assert (row["valid_from"], row["campaign_name"]) == (DAY, "new")


def test_an_ad_the_vendor_forgot_changes_nothing():
    history = History([seen("a")._replace(valid_from=DAY)])
    history.observe(seen(""), DAY + timedelta(days=3), known=False)
    history.observe(seen("", ad=302), DAY, known=False)
    assert contents(history, (DAY + timedelta(days=4), 301), (DAY, 302)) == ["a", ""]


@pytest.mark.parametrize(
    ("hour", "day"),
    [(0, date(2026, 11, 21)), (11, date(2026, 11, 21)), (12, date(2026, 11, 22)), (23, date(2026, 11, 22))],
)
def test_a_load_at_night_speaks_of_the_day_before(hour, day):
    assert seen_on(datetime(2026, 11, 22, hour, 10, tzinfo=MOSCOW)) == day


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=12),
)
def test_lookup_equals_the_plain_definition(rows, changes):
    history = History()
    held = {}
    for ad in range(4):
        history.observe(seen("start", ad=300 + ad), DAY, known=True)
        held[ad] = [(0, "start")]
    for at, ad in sorted(changes):
        content = f"c{at}-{ad}"
        history.observe(seen(content, ad=300 + ad), DAY + timedelta(days=at), known=True)
        held[ad].append((at, content))
    expected = [[content for at, content in held[ad] if at <= day][-1] for ad, day in rows]
    assert contents(history, *((DAY + timedelta(days=day), 300 + ad) for ad, day in rows)) == expected


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
    repeated = [rows.count(row) > 1 for row in rows]
    assert may_repeat(columns).tolist() == repeated
