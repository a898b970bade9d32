"""Halving finds every bad id, asks every good one exactly once, and stops when everything is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.vk_ads.statistics import IdsRefused, ask_in_chunks


def vendor(bad):
    def ask(chunk):
        if wrong := bad.intersection(chunk):
            raise IdsRefused(f"Wrong ids: {sorted(wrong)}")
        return list(chunk)

    return ask


@given(st.lists(st.integers(1, 5000), unique=True, max_size=600), st.data(), st.integers(1, 200))
def test_every_bad_id_is_found_and_every_good_one_answered_once(ids, data, size):
    bad = set(data.draw(st.lists(st.sampled_from(ids), max_size=20))) if ids else set()
    answers = ask_in_chunks(ids, size, vendor(bad))
    assert set(answers.refused) == bad
    assert [id_ for chunk in answers.given for id_ in chunk] == [id_ for id_ in ids if id_ not in bad]
    assert all(len(chunk) <= size for chunk in answers.given)


def test_without_bad_ids_there_is_one_request_per_chunk():
    assert len(ask_in_chunks(range(5000), 200, vendor(set())).given) == 25


def test_one_bad_id_of_two_hundred_costs_sixteen_more_requests_at_most():
    asked = []

    def ask(chunk):
        asked.append(chunk)
        return vendor({137})(chunk)

    ask_in_chunks(range(200), 200, ask)
    assert len(asked) <= 17


def test_a_vendor_that_refuses_everything_is_given_up():
    with pytest.raises(BadData, match="one account"):
        ask_in_chunks(range(5000), 200, vendor(set(range(5000))))
