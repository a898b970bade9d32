"""Which tags a click carries, by the vendor's rule of precedence."""

from __future__ import annotations

import pytest

from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.yandex_direct.landings import Clicked, Lander, overlaid

SITE = "https://tickets.example.ru/show"


@pytest.fixture(scope="module")
def lander():
    return Lander(city_index())


def ad(**details):
    return Clicked(**{"campaign_id": 101, "ad_group_id": 201, "ad_id": 301, **details})


def test_a_link_without_blocks_stands_for_itself(lander):
    landing = lander.of(ad(href=f"{SITE}?id=1&utm_source=yandex&utm_medium=cpc&utm_content=tomsk_05_12#buy"))
    assert (landing.utm_source, landing.utm_medium, landing.utm_content) == ("yandex", "cpc", "tomsk_05_12")
    assert (landing.utm_city, landing.utm_day, landing.utm_month, landing.city) == ("томск", 5, 12, "томск")
    assert (landing.url_params, landing.url_params_from) == ("", "")
    assert landing.landing_url.endswith("#buy")


def test_the_groups_block_beats_the_campaigns_and_they_are_not_merged(lander):
    landing = lander.of(
        ad(
            href=f"{SITE}?utm_source=site&utm_term=mine",
            group_params="utm_content=omsk_01_02",
            campaign_params="utm_source=campaign&utm_content=tomsk_05_12",
        )
    )
    assert (landing.utm_source, landing.utm_content, landing.utm_term) == ("site", "omsk_01_02", "mine")
    assert landing.url_params_from == "group"


def test_the_campaigns_block_counts_when_the_group_has_none(lander):
    landing = lander.of(
        ad(href=f"{SITE}?utm_content=omsk_01_02", group_params=" ", campaign_params="?utm_content=tomsk_05_12")
    )
    assert (landing.utm_content, landing.url_params_from) == ("tomsk_05_12", "campaign")


def test_a_block_that_empties_a_key_wins_as_well(lander):
    assert lander.of(ad(href=f"{SITE}?utm_content=omsk_01_02", group_params="utm_content=")).utm_content == ""


def test_known_macros_are_expanded_and_others_name_no_city(lander):
    block = "utm_campaign={campaign_id}&utm_content={ad_id}&utm_term={keyword}&utm_medium={gbid}&utm_source={banner_id}"
    landing = lander.of(ad(href=SITE, campaign_params=block))
    assert (landing.utm_campaign, landing.utm_content, landing.utm_medium) == ("101", "301", "201")
    assert (landing.utm_source, landing.utm_term) == ("301", "{keyword}")
    assert landing.utm_city == ""
    assert "{campaign_id}" in landing.landing_url  # as it is set


def test_macros_in_percent_braces_and_names(lander):
    block = "utm_campaign=%7Bcampaign_id%7D&utm_content={campaign_name}"
    landing = lander.of(ad(href=SITE, group_params=block, campaign_name="tomsk_05_12"))
    assert (landing.utm_campaign, landing.utm_content, landing.utm_city) == ("101", "tomsk_05_12", "томск")


def test_cyrillic_and_double_encoding(lander):
    once = "%D1%82%D0%BE%D0%BC%D1%81%D0%BA_05_12"
    assert lander.of(ad(href=f"{SITE}?utm_content={once}")).utm_city == "томск"
    assert lander.of(ad(href=f"{SITE}?utm_content={once.replace('%', '%25')}")).utm_city == "томск"


def test_an_impossible_date_keeps_the_city_and_no_date(lander):
    landing = lander.of(ad(href=f"{SITE}?utm_content=tomsk_31_02"))
    assert (landing.utm_city, landing.utm_day, landing.utm_month) == ("томск", 0, 0)


def test_names_give_the_city_when_tags_do_not(lander):
    assert lander.of(ad(campaign_name="Мастер кампаний Томск")).city == "томск"
    assert lander.of(ad(campaign_name="Все", ad_group_name="Группа: Омск")).city == "омск"
    unknown = lander.of(ad(campaign_name="Всё подряд"))
    assert (unknown.city, unknown.utm_city, unknown.landing_url) == ("не указано", "", "")


def test_a_wizard_campaign_carries_its_own_block(lander):
    wizard = Clicked(
        101,
        0,
        0,
        campaign_name="Мастер",
        campaign_params="utm_content=tomsk_05_12&utm_campaign={campaign_id}&utm_term={ad_id}",
    )
    landing = lander.of(wizard)
    assert (landing.utm_city, landing.utm_campaign, landing.utm_term) == ("томск", "101", "{ad_id}")


@pytest.mark.parametrize(
    ("href", "block", "whole"),
    [
        ("https://a.ru/?x=1&utm_source=a#top", "utm_source=b", "https://a.ru/?x=1&utm_source=b#top"),
        ("https://a.ru/", "utm_source=b&utm_medium=c", "https://a.ru/?utm_source=b&utm_medium=c"),
        ("https://a.ru/?UTM_Source=a&y=2", "utm_source=b", "https://a.ru/?y=2&utm_source=b"),
        ("https://a.ru/?x=1", "", "https://a.ru/?x=1"),
        ("", "utm_source=b", ""),
    ],
)
def test_overlaying_keeps_what_the_block_does_not_name(href, block, whole):
    assert overlaid(href, block) == whole
