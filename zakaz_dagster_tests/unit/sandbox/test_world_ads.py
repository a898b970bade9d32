"""Advertising of the world: every habit marketers have, figures exact to the kopeck, corrections after the fact."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from zakaz_dagster.dev.sandbox.world import World, WorldParams
from zakaz_dagster.dev.sandbox.world.ads import NOTHING, Correction, Scale, Stat
from zakaz_dagster.dev.sandbox.world.moments import days, parse, shift

START, TODAY = date(2026, 6, 25), date(2026, 11, 22)
NOW = parse("2026-11-22T12:00:00+03:00")


@pytest.fixture
def world():
    return World(WorldParams(seed=7, start=START))


def test_ids_are_unique(world):
    for found in (
        [plan.id for plan in world.vk.plans(NOW)],
        [group.id for _, group in world.vk.groups(NOW)],
        [banner.id for _, _, banner in world.vk.banners(NOW)],
        [campaign.id for campaign in world.direct.campaigns(NOW)],
        [group.id for campaign in world.direct.campaigns(NOW) for group in campaign.groups],
        [ad.id for _, _, ad in world.direct.ads(NOW)],
    ):
        assert len(set(found)) == len(found) > 20


def test_vk_has_every_kind_of_url_parameters(world):
    groups = [group for _, group in world.vk.groups(NOW)]
    kinds = Counter((group.enable_utm, group.utm is not None) for group in groups)
    assert kinds[True, True] > 3, "own parameters"
    assert kinds[True, False] > 3, "automatic parameters"
    assert kinds[False, False] > 3, "the link's own tags"
    assert any(len({banner.utm.content for banner in group.banners}) > 1 and not group.enable_utm for group in groups)
    links = [banner.urls["primary"] for _, _, banner in world.vk.banners(NOW)]
    assert any(link == "https://vk.com/afisha_example" for link in links)
    assert any(
        "utm_content" in link and group.enable_utm
        for _, group, b in world.vk.banners(NOW)
        for link in [b.urls["primary"]]
    )


def test_vk_automatic_parameters_carry_the_group_and_the_banner(world):
    auto = [(g, b) for _, g, b in world.vk.banners(NOW) if g.enable_utm and g.utm is None]
    for group, banner in auto:
        assert banner.utm[:4] == ("vk_ads", "cpc", str(group.id), str(banner.id))


def test_vk_has_deleted_and_blocked_objects_with_spend(world):
    for status in ("deleted", "blocked"):
        stopped = [(plan, group) for plan, group in world.vk.groups(NOW) if group.status(NOW) == status]
        assert any(
            world.vk.group_stat(plan, group, day, NOW)
            for plan, group in stopped
            for day in days(plan.starts, plan.ends)
        )
    assert any(banner.status(NOW) == "deleted" for _, _, banner in world.vk.banners(NOW))


def test_some_vk_groups_spend_more_than_their_banners(world):
    day = shift(TODAY, -2)
    assert any(world.vk.rest_stat(plan, group, day, NOW) for plan, group in world.vk.groups(NOW))


def test_direct_has_wizards_responsive_ads_sitelinks_and_both_levels_of_tracking(world):
    campaigns = world.direct.campaigns(NOW)
    ads = [ad for _, _, ad in world.direct.ads(NOW)]
    assert {campaign.login for campaign in campaigns} == {"zakaz-afisha", "zakaz-gastroli"}
    assert any(campaign.wizard for campaign in campaigns)
    assert any(campaign.tracking for campaign in campaigns)
    assert any(group.tracking for campaign in campaigns for group in campaign.groups)
    assert {ad.kind for ad in ads} >= {"TEXT_AD", "RESPONSIVE_AD"}
    assert any(ad.sitelinks for ad in ads)
    assert any(ad.utm.campaign == str(ad.campaign_id) and ad.utm.content == str(ad.id) for ad in ads)


def test_tags_hold_impossible_dates_unknown_cities_and_next_years_shows(world):
    tags = [banner.utm.content for _, _, banner in world.vk.banners(NOW)]
    tags += [ad.utm.content for _, _, ad in world.direct.ads(NOW)]
    assert any(tag.endswith("_31_02") for tag in tags)
    assert any(tag.startswith("zamkadsk_") for tag in tags)
    assert any(tag.endswith("_01") for tag in tags), "January's shows are advertised in November"


def test_figures_are_possible_and_repeat(world):
    other = World(WorldParams(seed=7, start=START))
    day = shift(TODAY, -1)
    rows, again = list(world.direct.rows(day, NOW)), list(other.direct.rows(day, NOW))
    assert [row.stat for row in rows] == [row.stat for row in again]
    for row in rows:
        assert 0 <= row.stat.conversions <= row.stat.clicks <= row.stat.impressions
        assert row.stat.cost > 0


def test_groups_add_up_to_the_day_and_banners_with_the_rest_to_groups(world):
    truth = world.truth(shift(TODAY, -1), NOW)["vk"]
    by_group = Counter()
    for banner in truth["banners"]:
        by_group[banner["group_id"]] += Decimal(banner["spend"])
    for group in truth["groups"]:
        assert by_group[group["id"]] + Decimal(group["rest"]["spend"]) == Decimal(group["spend"])
    assert sum(Decimal(group["spend"]) for group in truth["groups"]) == Decimal(truth["spend"])


def test_logins_and_ads_add_up_to_the_day_of_direct(world):
    truth = world.truth(shift(TODAY, -1), NOW)["direct"]
    for parts in (truth["ads"], truth["logins"].values()):
        assert sum(Decimal(part["spend"]) for part in parts) == Decimal(truth["spend"]) > 0
        assert sum(part["clicks"] for part in parts) == truth["clicks"]


def test_a_correction_counts_from_its_moment_on(world):
    day = shift(TODAY, -3)
    row = next(row for row in world.direct.rows(day, NOW) if row.ad)
    world.correct(Correction("direct", row.ad.id, day, NOW, Stat(10, 2, 12_345, 0)))
    assert world.direct.stat(row.campaign, row.ad, day, NOW - 1) == row.stat
    assert world.direct.stat(row.campaign, row.ad, day, NOW) == Stat(10, 2, 12_345, 0)


def test_late_corrections_change_some_ads_and_empty_one_day_of_each_vendor(world):
    vk_day, direct_day = shift(TODAY, -4), shift(TODAY, -5)
    before = {day: world.truth(day, NOW) for day in days(shift(TODAY, -9), TODAY)}
    world.correct_late(NOW)
    assert world.truth(vk_day, NOW)["vk"]["spend"] == world.truth(direct_day, NOW)["direct"]["spend"] == "0.00"
    assert before[vk_day]["vk"]["spend"] != "0.00" != before[direct_day]["direct"]["spend"]
    assert world.truth(shift(TODAY, -2), NOW)["vk"]["spend"] != before[shift(TODAY, -2)]["vk"]["spend"]
    assert world.truth(TODAY, NOW)["vk"] == before[TODAY]["vk"]


def test_nothing_is_spent_before_the_world_began_or_after_now(world):
    assert not list(world.direct.rows(shift(START, -1), NOW))
    assert not list(world.direct.rows(shift(TODAY, 1), NOW))
    assert all(world.vk.group_stat(p, g, shift(TODAY, 1), NOW) == NOTHING for p, g in world.vk.groups(NOW))


def test_the_scale_decides_how_many_ads_there_are():
    big = World(WorldParams(seed=7, start=START, scale=Scale(groups=6, ads=4)))
    assert {len(plan.groups) for plan in big.vk.plans(NOW)} == {6}
    assert all(len(group.banners) == 4 for _, group in big.vk.groups(NOW))
