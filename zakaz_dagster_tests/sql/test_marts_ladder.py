"""The ladder of attribution at its edges: what decides a rung, and what makes it fall to the next."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from zakaz_dagster_tests.sql.world import World, day, rows

NOWHERE = "не указано"
OWED = (
    "fact_qtickets_sales_daily",
    "fact_utm_daily",
    "fact_marketing_daily",
    "fact_utm_matches_daily",
    "fact_sales_attributed_daily",
)
_days = count(1)


@pytest.fixture
def clean_day(module_world: Callable[[], World]) -> tuple[World, str]:
    """A day far from the other tests' days, so that their advertising is out of the window."""
    year = 1990 + next(_days)
    return module_world(), f"{year}-06-15"


def match(world: World, on: str, utm: str) -> tuple[object, ...]:
    """(rung, source, campaign, ad group, ad) of a sale with this UTM."""
    world.sale(on, 1, 100, event=1, show=1, utm=utm)
    world.build(on, on, *OWED)
    query = f"""SELECT match_level, source, campaign_id, ad_group_id, ad_id
        FROM fact_sales_attributed_daily WHERE sale_date = '{on}'"""
    (found,) = rows(world.wh, query)
    return found


def before(on: str, days: int) -> str:
    return (day(on) - (day("2000-01-02") - day("2000-01-01")) * days).isoformat()


def test_an_ad_in_the_content_wins_over_a_campaign(clean_day: tuple[World, str]) -> None:
    world, on = clean_day
    world.direct(on, 100, 10, 1001, "5", utm="yandex/cpc/x/y")
    world.direct(on, 200, 20, 2001, "5", utm="yandex/cpc/x/z")
    assert match(world, on, "yandex/cpc/200/1001") == ("ad", "yandex_direct", 100, 10, 1001)


def test_a_number_of_the_other_platform_does_not_count(clean_day: tuple[World, str]) -> None:
    world, on = clean_day
    world.vk(on, 300, 30, 3001, "5", utm="vk/cpc/a/b")
    assert match(world, on, "yandex/cpc/300/3001") == ("source", "yandex_direct", 0, 0, 0)


def test_an_unknown_channel_accepts_the_platform_that_has_the_number(clean_day: tuple[World, str]) -> None:
    world, on = clean_day
    world.vk(on, 301, 31, 3002, "5", utm="vk/cpc/a/b")
    assert match(world, on, "target/cpc/x/3002") == ("ad", "vk_ads", 301, 31, 3002)


def test_a_number_that_two_platforms_have_decides_nothing(clean_day: tuple[World, str]) -> None:
    world, on = clean_day
    world.vk(on, 400, 40, 4001, "5", utm="vk/cpc/a/b")
    world.direct(on, 401, 41, 4001, "5", utm="yandex/cpc/a/b")
    assert match(world, on, "target/cpc/x/4001") == ("none", NOWHERE, 0, 0, 0)


def test_vk_puts_the_ad_group_into_the_campaign(clean_day: tuple[World, str]) -> None:
    world, on = clean_day
    world.vk(on, 500, 50, 5001, "5", utm="vk_ads/cpc/50/{{banner_id}}")
    assert match(world, on, "vk_ads/cpc/50/777") == ("campaign", "vk_ads", 500, 50, 0)


def test_a_listed_ad_without_figures_is_known_by_its_number(clean_day: tuple[World, str]) -> None:
    world, on = clean_day
    world.put("dim_vk_ad_plans", account="кабинет", ad_plan_id=600, ad_plan_name="старый план")
    world.put(
        "dim_vk_ad_groups", account="кабинет", ad_group_id=60, ad_plan_id=600, ad_group_name="г", valid_from=day(on)
    )
    world.put("dim_vk_ads", account="кабинет", ad_id=6001, ad_group_id=60, ad_name="о", valid_from=day(on))
    assert match(world, on, "vk/cpc/x/6001") == ("ad", "vk_ads", 600, 60, 6001)


def test_the_whole_utm_must_be_equal(clean_day: tuple[World, str]) -> None:
    world, on = clean_day
    world.vk(on, 700, 70, 7001, "5", utm="vk/cpc/promo/a/term")
    assert match(world, on, "vk/cpc/promo/a/other") == ("source", "vk_ads", 0, 0, 0)


def test_case_does_not_count_and_a_macro_in_the_term_is_filled_at_the_click(clean_day: tuple[World, str]) -> None:
    world, on = clean_day
    world.direct(on, 800, 80, 8001, "5", utm="Yandex/CPC/Promo/A/{keyword}")
    assert match(world, on, "yandex/cpc/promo/a/цирк томск") == ("utm", "yandex_direct", 800, 80, 8001)


def test_two_groups_of_one_campaign_give_the_campaign_without_a_group(clean_day: tuple[World, str]) -> None:
    world, on = clean_day
    world.vk(on, 900, 90, 9001, "5", utm="vk/cpc/promo/a")
    world.vk(on, 900, 91, 9002, "5", utm="vk/cpc/promo/a")
    assert match(world, on, "vk/cpc/promo/a") == ("utm", "vk_ads", 900, 0, 0)


@pytest.mark.parametrize(("days", "rung"), [(30, "utm"), (31, "source"), (-1, "source")])
def test_a_campaign_counts_when_it_ran_within_the_window(clean_day: tuple[World, str], days: int, rung: str) -> None:
    world, on = clean_day
    ran = before(on, days)
    world.vk(ran, 1000, 110, 11001, "5", utm="vk/cpc/window/a")
    world.build(ran, ran, *OWED)
    assert match(world, on, "vk/cpc/window/a")[0] == rung


def test_an_ad_that_nobody_saw_sent_nobody(clean_day: tuple[World, str]) -> None:
    world, on = clean_day
    world.vk(on, 1200, 120, 12001, "0", utm="vk/cpc/silent/a", impressions=0, clicks=0, conversions=None)
    assert match(world, on, "vk/cpc/silent/a") == ("source", "vk_ads", 0, 0, 0)


def test_empty_tags_match_no_ad_without_tags(clean_day: tuple[World, str]) -> None:
    world, on = clean_day
    world.vk(on, 1300, 130, 13001, "5")
    assert match(world, on, "") == ("none", NOWHERE, 0, 0, 0)


def test_a_deleted_show_still_is_what_its_tag_named(clean_day: tuple[World, str]) -> None:
    world, on = clean_day
    world.show(7, event=1, name="Отменённый", city="томск", on=f"{on[:4]}-06-20", deleted=True)
    assert match(world, on, "foo/bar/x/tomsk_20_06") == ("show", NOWHERE, 0, 0, 0)


def test_building_many_days_equals_building_each(module_world: Callable[[], World]) -> None:
    """What a day holds depends on that day and the window before it, not on what was asked for."""
    world = module_world()
    for number in range(1, 8):
        on = f"2012-03-0{number}"
        world.vk(on, number, 10 + number, 100 + number, "10", utm=f"vk/cpc/c{number % 3}/tomsk_0{number}_04")
        world.sale(on, number, 100, event=1, show=1, utm=f"vk/cpc/c{number % 2}/tomsk_0{number}_04")
        world.sale(on, 50 + number, 200, event=1, show=1, utm=f"vk/cpc/x/{107 - number}")
    content = "SELECT * EXCEPT (_loaded_at, _ver) FROM fact_sales_attributed_daily WHERE sale_date >= '2012-03-01' AND sale_date < '2012-04-01' ORDER BY ALL"
    world.build("2012-03-01", "2012-03-10", *OWED)
    whole = rows(world.wh, content)
    for number in range(1, 8):
        world.build(f"2012-03-{number:02}", f"2012-03-{number:02}", *OWED)
    assert rows(world.wh, content) == whole
    assert len(whole) == 14


def test_a_tag_of_two_cities_names_none_and_its_money_is_listed(clean_day: tuple[World, str]) -> None:
    """Nobody knows which of the two is meant: the spend has no city, the sale keeps that of its event."""
    world, on = clean_day
    world.direct(on, 950, 95, 9501, "30", utm="yandex/cpc/tomsk_omsk/x")
    world.direct(on, 951, 96, 9502, "70", utm="yandex/cpc/tomsk_omsk/omsk_20_06")  # the content says which
    world.sale(on, 1, 100, event=1, show=1, city="томск", utm="foo/tomsk-omsk/x/y")
    world.sale(on, 2, 250, event=1, show=1, city="томск", utm="foo/tomsk/x/y")
    world.build(on, on, *OWED)
    spend = f"SELECT ad_id, city, utm_problem, toFloat64(spend_rub) FROM fact_marketing_daily WHERE date = '{on}' ORDER BY ad_id"
    assert rows(world.wh, spend) == [
        (9501, NOWHERE, "город не распознан", 30.0),
        (9502, "омск", "нет показа в этот день", 70.0),
    ]
    sales = f"""SELECT match_level, city, orders, revenue_rub FROM v_sales_attributed
        WHERE date = '{on}' ORDER BY revenue_rub"""
    assert rows(world.wh, sales) == [("none", "томск", 1, 100), ("city", "томск", 1, 250)]
    listed = f"""SELECT side, reason, city, money_rub FROM v_utm_unmapped WHERE date = '{on}' ORDER BY money_rub"""
    assert rows(world.wh, listed) == [
        ("расход", "город не распознан", NOWHERE, 30.0),
        ("расход", "нет показа в этот день", "омск", 70.0),
        ("продажи", "канал не определён", "томск", 100.0),
        ("продажи", "канал не определён", "томск", 250.0),
    ]


@pytest.mark.parametrize("utm", ["tg/kanal/30/3100", "posev/21.11/3100", "email/x/30/{}/3100", "qr/plakat/30/a"])
def test_numbers_in_a_known_channel_without_a_platform_are_no_platforms(clean_day: tuple[World, str], utm: str) -> None:
    world, on = clean_day
    world.vk(on, 30, 31, 3100, "5", utm="vk/cpc/a/b")
    world.direct(on, 30, 32, 3101, "5", utm="yandex/cpc/a/b")
    assert match(world, on, utm) == ("source", NOWHERE, 0, 0, 0)
    assert rows(world.wh, f"SELECT DISTINCT utm_problem FROM v_sales_attributed WHERE date = '{on}'") == [("",)]


def test_a_post_with_the_tags_of_an_ad_stays_the_posts(clean_day: tuple[World, str]) -> None:
    """Somebody copied a link with tags of Telegram into an ad: the sale is of the channel that the tags name."""
    world, on = clean_day
    world.vk(on, 33, 34, 3300, "5", utm="tg/kanal/anons/a")
    assert match(world, on, "tg/kanal/anons/a") == ("source", NOWHERE, 0, 0, 0)


def test_a_second_row_of_a_setting_or_a_channel_breaks_no_build(clean_day: tuple[World, str]) -> None:
    world, on = clean_day
    world.wh.command("INSERT INTO dim_settings SELECT * FROM dim_settings FINAL")
    world.wh.command("INSERT INTO dim_channels SELECT * FROM dim_channels FINAL")
    world.vk(on, 35, 36, 3500, "5", utm="vk/cpc/twice/a")
    assert match(world, on, "vk/cpc/twice/a") == ("utm", "vk_ads", 35, 36, 3500)
    assert rows(world.wh, f"SELECT count() FROM fact_utm_daily WHERE date = '{on}'") == [(1,)]


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("tomsk_2_05_06", "неоднозначная дата"),
        ("tomsk_0506", "метка не по форме"),
        ("05_06_tomsk", "метка не по форме"),
        ("tomsk_31_06_2026", "невозможная дата"),
    ],
)
def test_an_almost_tag_that_is_not_read_is_listed_with_its_money(
    clean_day: tuple[World, str], tag: str, reason: str
) -> None:
    world, on = clean_day
    world.direct(on, 37, 38, 3700, "40", utm=f"yandex/cpc/x/{tag}")
    world.sale(on, 1, 250, event=1, show=1, city="томск", utm=f"tg/kanal/x/{tag}")
    world.build(on, on)
    listed = (
        f"SELECT side, reason, city, spend_rub, revenue_rub FROM v_utm_unmapped WHERE date = '{on}' ORDER BY money_rub"
    )
    assert rows(world.wh, listed) == [("расход", reason, "томск", 40.0, 0.0), ("продажи", reason, "томск", 0.0, 250.0)]
