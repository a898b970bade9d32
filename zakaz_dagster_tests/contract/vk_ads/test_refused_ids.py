"""An id that VK refuses or leaves out: found by halving, named, and never a silent hole."""

from __future__ import annotations

import pytest

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.vk_ads.description import TABLE
from zakaz_dagster_tests.contract.vk_ads.account import FIRST, LAST, by_ad, by_group, source_on, truth_by_group


def busy(sandbox, kind):
    return [each["id"] for each in sandbox.truth(LAST)["vk"][kind]]


@pytest.mark.parametrize("bare", [False, True])
def test_a_refused_ad_leaves_its_money_in_the_remainder_and_is_a_reject(bare, sandbox, tmp_path):
    ads = busy(sandbox, "banners")
    bad = [ads[0], ads[len(ads) // 2], ads[-1]]
    sandbox.fault("vk", refused_ids=bad, bare_errors=bare)
    reads = list(source_on(sandbox.url, tmp_path).read(FIRST, LAST))
    assert by_group(reads) == truth_by_group(sandbox.truths(FIRST, LAST)["days"])
    assert not {ad for _, ad in by_ad(reads)} & set(bad)
    for read in reads:
        assert sorted(reject.where for reject in read.rejects) == sorted(f"banners {ad}" for ad in bad)
        assert read.received == read.accepted + 3
    assert "Wrong banners" in reads[0].rejects[0].reason


def test_refused_groups_are_all_named_and_nothing_is_given_out(sandbox, tmp_path):
    groups = busy(sandbox, "groups")
    bad = [groups[1], groups[-2]]
    sandbox.fault("vk", refused_ids=bad)
    with pytest.raises(BadData) as caught:
        next(source_on(sandbox.url, tmp_path).read(FIRST, LAST))
    assert all(str(group) in str(caught.value) for group in bad)


def test_a_missing_group_or_ad_is_a_failure_not_a_zero(sandbox, tmp_path):
    for kind, level in (("groups", "ad_groups"), ("banners", "banners")):
        sandbox.reset()
        missing = busy(sandbox, kind)[3]
        sandbox.fault("vk", missing_ids=[missing])
        with pytest.raises(BadData, match=rf"{level} \[{missing}\]"):
            next(source_on(sandbox.url, tmp_path).read(FIRST, LAST))


def gone_group(source):
    """A group deleted before the range: it cannot have spent in it."""
    groups = source.dimensions()["dim_vk_ad_groups"].to_pylist()
    return next(row["ad_group_id"] for row in groups if row["status"] == "deleted" and row["updated_at"].date() < FIRST)


@pytest.mark.parametrize("switch", ["refused_ids", "missing_ids"])
def test_an_object_deleted_before_the_range_may_be_refused(switch, sandbox, tmp_path):
    gone = gone_group(source_on(sandbox.url, tmp_path))
    sandbox.fault("vk", **{switch: [gone]})
    reads = list(source_on(sandbox.url, tmp_path).read(FIRST, LAST))
    assert by_group(reads) == truth_by_group(sandbox.truths(FIRST, LAST)["days"])
    assert reads[0].rejects == [], "nothing is lost, so nothing is put aside"


def test_an_account_that_refuses_everything_is_not_halved_for_ever(sandbox, tmp_path):
    source = source_on(sandbox.url, tmp_path)
    groups = source.dimensions()["dim_vk_ad_groups"]["ad_group_id"].to_pylist()
    sandbox.fault("vk", refused_ids=groups)
    asked = source.stats.requests
    with pytest.raises(BadData, match="its own lists named"):
        next(source.read(FIRST, LAST))
    assert source.stats.requests - asked < 150


def test_rows_of_refused_ads_have_the_tags_of_their_group(sandbox, tmp_path):
    ad = busy(sandbox, "banners")[0]
    sandbox.fault("vk", refused_ids=[ad])
    [read] = source_on(sandbox.url, tmp_path).read(LAST, LAST)
    [reject] = read.rejects
    assert reject.where == f"banners {ad}"
    rests = [row for row in read.tables[TABLE].to_pylist() if row["is_remainder"] and row["spent_rub"]]
    assert rests
    assert all(row["city"] for row in rests)
