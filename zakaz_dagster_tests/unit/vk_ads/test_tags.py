"""The tags a click carries: link, group parameters over it, VK's default, macros; and the city they mean."""

from __future__ import annotations

import pytest

from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.vk_ads.records import AdGroup, AdPlan, Banner, Link
from zakaz_dagster.sources.vk_ads.tags import UNKNOWN_CITY, Tagger, Tags, link_of

LINK = "https://tickets.example.ru/show?id=77&utm_source=vk_ads&utm_medium=cpc&utm_content=%D1%83%D1%84%D0%B0_16_11"
PLAN = AdPlan(id=12804417, name="Концерты ноябрь")


def tags(link=LINK, *, enable=False, utm=None, group_name="Группа", ad_name="A1"):
    group = AdGroup(id=118230451, name=group_name, ad_plan_id=12804417, enable_utm=enable, utm=utm)
    banner = Banner(id=190455101, ad_group_id=118230451, name=ad_name)
    return Tagger(city_index()).of_ad(banner, link, group, PLAN)


def test_without_group_parameters_the_link_counts():
    got = tags(utm="utm_content=kazan_14_11")
    assert (got.utm_content, got.utm_city, got.utm_day, got.utm_month, got.city) == ("уфа_16_11", "уфа", 16, 11, "уфа")
    assert got.landing_url == LINK


def test_group_parameters_outrank_the_link():
    got = tags(enable=True, utm="utm_campaign={{ad_plan_id}}&utm_content=kazan_14_11")
    assert (got.utm_source, got.utm_campaign, got.utm_content, got.city) == (
        "vk_ads",
        "12804417",
        "kazan_14_11",
        "казань",
    )


@pytest.mark.parametrize("utm", [None, "", " "])
def test_vks_default_overwrites_the_city_of_the_link_with_the_ads_id(utm):
    got = tags(enable=True, utm=utm)
    assert got[:4] == ("vk_ads", "cpc", "118230451", "190455101")
    assert (got.utm_city, got.utm_day, got.city) == ("", 0, UNKNOWN_CITY)


def test_campaign_in_a_macro_is_the_ad_group():
    got = tags(
        enable=True, utm="?utm_campaign={{campaign_id}}-{{ad_group_id}}&utm_term={{campaign_name}}{{ad_plan_name}}"
    )
    assert (got.utm_campaign, got.utm_term) == ("118230451-118230451", "ГруппаКонцерты ноябрь")


def test_macros_known_only_at_the_click_stay_and_single_braces_are_text():
    got = tags(enable=True, utm="utm_term={{geo}}&utm_content={banner_id}")
    assert (got.utm_term, got.utm_content) == ("{{geo}}", "{banner_id}")


@pytest.mark.parametrize(
    ("group", "ad", "city"),
    [("Томск 25-45", "A1", "томск"), ("25-45", "A1 Томск", "томск"), ("Томск и Омск", "A1", UNKNOWN_CITY)],
)
def test_names_tell_the_city_when_tags_do_not(group, ad, city):
    got = tags(link="https://vk.com/afisha_example", group_name=group, ad_name=ad)
    assert (got.utm_city, got.city) == ("", city)


def test_an_impossible_date_is_no_date():
    got = tags(link="https://x.example/?utm_content=tomsk_31_02")
    assert (got.utm_city, got.utm_day, got.utm_month, got.city) == ("томск", 0, 0, "томск")


def of_group(*ads, name="Группа"):
    group = AdGroup(id=1, name=name, enable_utm=False)
    return Tagger(city_index()).of_group(group, None, ads)


def test_a_group_says_what_its_ads_agree_on():
    first = Tags("vk", "cpc", "lenta", "tomsk_14_11", "", "томск", 14, 11, "томск", "https://a.example")
    second = first._replace(utm_content="tomsk_15_11", utm_day=15, landing_url="https://b.example")
    assert of_group(first, first) == first
    assert of_group(first, second) == Tags("vk", "cpc", "lenta", "", "", "томск", 0, 0, "томск", "")


def test_a_mixed_group_never_picks_one_of_its_cities():
    first, second = Tags(utm_city="томск", city="томск"), Tags(utm_city="омск", city="омск")
    assert of_group(first, second).city == UNKNOWN_CITY
    assert of_group(first, second, name="Барнаул").city == "барнаул"


def test_the_primary_link_counts_then_any_that_has_an_address():
    urls = {"header_click": Link(url="https://b.example"), "primary": Link(id=5, url="https://a.example")}
    assert link_of(Banner(id=1, ad_group_id=1, urls=urls)).url == "https://a.example"
    urls["primary"] = Link(id=5)
    assert link_of(Banner(id=1, ad_group_id=1, urls=urls)).url == "https://b.example"
    assert link_of(Banner(id=1, ad_group_id=1, urls={"primary": Link(id=5)})).id == 5
    assert link_of(Banner(id=1, ad_group_id=1, urls=[])) is None
