"""Dirt in VK's answers: an odd record costs what is odd in it, is said, and no money is lost or leaked by it."""

from __future__ import annotations

import logging
from datetime import date, timedelta

import pytest

from zakaz_dagster.errors import Failure
from zakaz_dagster.sources.vk_ads.description import TABLE
from zakaz_dagster_tests.contract.vk_ads.account import (
    FIRST,
    LAST,
    api_on,
    by_ad,
    by_group,
    source_on,
    truth_by_ad,
    truth_by_group,
)

SECRETS = ("sandbox-vk-secret", "ivan.proverkin@example.ru", "913 000-11-22")


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ({"ad_groups": "name"}, r"$.items[0].name: Expected `str | null`, got `object`"),
        ({"ad_plans": "date_end"}, r"$.items[0].date_end"),
        ({"banners": "created"}, r"$.items[0].created"),
        ({"ad_groups": "ad_plan_id"}, r"$.items[0].ad_plan_id"),
    ],
)
def test_an_odd_field_costs_that_field(field, reason, sandbox, tmp_path):
    sandbox.fault("vk", odd_field=field)
    reads = list(source_on(sandbox.url, tmp_path).read(FIRST, LAST))
    days = sandbox.truths(FIRST, LAST)["days"]
    assert by_group(reads) == truth_by_group(days)
    assert by_ad(reads).keys() == truth_by_ad(days).keys()
    for read in reads:
        [odd] = read.rejects
        assert reason in odd.reason
        assert odd.where.startswith(("AdGroup ", "AdPlan ", "Banner "))
        assert read.received == read.accepted + 1


@pytest.mark.parametrize("field", ["id", "ad_group_id"])
def test_an_ad_without_its_ids_leaves_its_money_in_the_remainder(field, sandbox, tmp_path):
    sandbox.fault("vk", odd_field={"banners": field})
    reads = list(source_on(sandbox.url, tmp_path).read(FIRST, LAST))
    assert by_group(reads) == truth_by_group(sandbox.truths(FIRST, LAST)["days"])
    assert {len(read.rejects) for read in reads} == {1}


def test_an_ad_whose_figures_cannot_be_read_leaves_its_money_in_the_remainder(sandbox, tmp_path):
    bad = [each["id"] for each in sandbox.truth(LAST)["vk"]["banners"]][:2]
    sandbox.fault("vk", odd_figures=bad)
    reads = list(source_on(sandbox.url, tmp_path).read(FIRST, LAST))
    assert by_group(reads) == truth_by_group(sandbox.truths(FIRST, LAST)["days"])
    assert not {ad for _, ad in by_ad(reads)} & set(bad)
    assert [odd.where for odd in reads[0].rejects] == [f"banners {ad}" for ad in sorted(bad)]
    assert "clicks: Expected `int`, got `null`" in reads[0].rejects[0].reason


def test_a_group_whose_figures_cannot_be_read_is_a_failure(sandbox, tmp_path):
    sandbox.fault("vk", odd_figures=[sandbox.truth(LAST)["vk"]["groups"][0]["id"]])
    with pytest.raises(Failure, match="clicks"):
        next(source_on(sandbox.url, tmp_path).read(FIRST, LAST))


def test_an_account_that_was_not_there_yet_has_days_without_zeros(sandbox, tmp_path):
    """VK need not answer anything for days before an object was made: those days are complete and have no row of it."""
    first = LAST - timedelta(days=200)
    sandbox.fault("vk", living_days=True)
    reads = list(source_on(sandbox.url, tmp_path).read(first, LAST))
    assert by_group(reads) == truth_by_group(sandbox.truths(first, LAST)["days"])
    assert all(not read.rejects for read in reads)
    groups = {group for _, group in by_group(reads)}
    early = {row["ad_group_id"] for row in reads[0].tables[TABLE].to_pylist()}
    assert early < groups


def test_a_day_that_is_missing_while_the_group_ran_is_still_a_failure(sandbox, tmp_path):
    sandbox.fault("vk", living_days=True, missing_days=[str(date(2026, 11, 18))])
    with pytest.raises(Failure, match="lacks 1 of 7 days, 2026-11-18 first"):
        next(source_on(sandbox.url, tmp_path).read(FIRST, LAST))


@pytest.mark.parametrize("echo", [True, "grant"])
def test_a_vendor_that_repeats_the_request_leaks_nothing(echo, sandbox, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    api = api_on(sandbox.url, tmp_path)
    tokens = (api.tokens.token(), api.tokens._file.read().refresh_token) if echo is True else ()
    sandbox.fault("vk", echo=echo)
    with pytest.raises(Failure) as caught:
        list(source_on(sandbox.url, tmp_path).read(FIRST, LAST))
    told = [caught.value, caught.value.__cause__, caught.value.__context__]
    texts = [f"{error} {vars(error)}" for error in told if error is not None] + [caplog.text]
    assert not [secret for secret in (*SECRETS, *tokens) for text in texts if secret in text]
    assert "bad_request" in texts[0] or "invalid_client" in texts[0]
