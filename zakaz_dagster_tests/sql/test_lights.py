"""A ratio and its colour stand where spend and sales meet; a row with one side of them shows its measure, uncoloured."""

from __future__ import annotations

from datetime import date
from itertools import count

import pytest

from zakaz_dagster_tests.sql.world import World, rows

GREEN, RED, NONE, APART = "зелёный", "красный", "нет расхода", "нельзя сравнить"
ON = "2025-12-01"
_ads = count(1)


@pytest.fixture
def world(world: World) -> World:
    world.event(1, "Динозавры", "томск")
    world.show(1, event=1, name="Динозавры", city="томск", on="2026-01-06")
    return world


def spend(world: World, group: int, roubles: str, *, city: str, tag: str = "") -> int:
    ad = 5000 + next(_ads)
    world.direct(ON, 500, group, ad, roubles, utm=f"yandex/cpc/500/{tag or ad}", city=city)
    return ad


def sell(world: World, roubles: int, content: object, *, city: str = "томск") -> None:
    world.sale(ON, next(_ads), roubles, event=1, show=1, city=city, utm=f"yandex/cpc/500/{content}")


def campaign(world: World) -> list[tuple[object, ...]]:
    world.build(ON, ON)
    query = """SELECT city, ad_group_id, spend_rub, revenue_rub, roas, romi_status, campaign_roas, campaign_status
        FROM v_campaign_performance WHERE campaign_id = 500 ORDER BY spend_rub, ad_group_id"""
    return rows(world.wh, query)


def test_spend_without_a_city_and_sales_of_a_city_meet_in_the_campaign(world: World) -> None:
    ad = spend(world, 51, "100", city="не указано")
    sell(world, 250, ad)
    assert campaign(world) == [
        ("томск", 51, 0.0, 250.0, None, NONE, 2.5, GREEN),
        ("не указано", 51, 100.0, 0.0, None, APART, 2.5, GREEN),
    ]


def test_spend_of_another_city_than_the_event_meets_its_sales_in_the_campaign(world: World) -> None:
    ad = spend(world, 51, "100", city="омск")
    sell(world, 50, ad)
    assert campaign(world) == [
        ("томск", 51, 0.0, 50.0, None, NONE, 0.5, RED),
        ("омск", 51, 100.0, 0.0, None, APART, 0.5, RED),
    ]


def test_a_sale_that_knows_its_campaign_but_no_group_leaves_the_groups_uncoloured(world: World) -> None:
    first, _ = spend(world, 51, "100", city="томск"), spend(world, 52, "200", city="томск")
    sell(world, 300, first)
    sell(world, 600, "unknown")  # of the campaign, in whichever group
    assert campaign(world) == [
        ("томск", 0, 0.0, 600.0, None, NONE, 3.0, GREEN),
        ("томск", 51, 100.0, 300.0, None, APART, 3.0, GREEN),
        ("томск", 52, 200.0, 0.0, None, APART, 3.0, GREEN),
    ]


def test_groups_whose_sales_stand_beside_their_spend_have_colours_of_their_own(world: World) -> None:
    first, _ = spend(world, 51, "100", city="томск"), spend(world, 52, "200", city="томск")
    sell(world, 400, first)
    assert campaign(world) == [
        ("томск", 51, 100.0, 400.0, 4.0, GREEN, 4 / 3, "жёлтый"),
        ("томск", 52, 200.0, 0.0, 0.0, RED, 4 / 3, "жёлтый"),
    ]


def test_a_group_with_some_spend_without_a_city_is_compared_as_a_whole(world: World) -> None:
    """Sales of the ad without a city stand in Tomsk, too: neither row would tell the truth."""
    first, _ = spend(world, 51, "100", city="томск"), spend(world, 51, "300", city="не указано")
    sell(world, 200, first)
    assert [row[4:] for row in campaign(world)] == [(None, APART, 0.5, RED), (None, APART, 0.5, RED)]


def test_a_campaign_that_sold_nothing_is_red_whatever_its_city(world: World) -> None:
    spend(world, 51, "100", city="не указано")
    assert campaign(world) == [("не указано", 51, 100.0, 0.0, 0.0, RED, 0.0, RED)]


@pytest.mark.parametrize("later", ["another label", "zzz", "0"])
def test_a_campaign_meets_its_sales_when_its_account_was_relabelled(world: World, later: str) -> None:
    """Spend of an old day keeps the label of its load, the platform's lists have the one of now."""
    world.vk(ON, 500, 51, 511, "100", utm="vk_ads/cpc/51/511", city="томск", account="label")
    for account, ver in (("label", 1), (later, 2)):
        world.put("dim_vk_ads", account=account, ad_id=511, valid_from=date(2025, 11, 1), ad_group_id=51, _ver=ver)
        world.put(
            "dim_vk_ad_groups",
            account=account,
            ad_group_id=51,
            valid_from=date(2025, 11, 1),
            ad_plan_id=500,
            _ver=ver,
        )
    world.sale(ON, next(_ads), 300, event=1, show=1, city="томск", utm="vk_ads/cpc/51/511")
    found = campaign(world)
    assert {row[6:] for row in found} == {(2.5, GREEN)}
    assert {row[5] for row in found} <= {GREEN, NONE, APART}


def test_a_city_is_compared_with_the_spend_that_names_it(world: World) -> None:
    sell(world, 300, spend(world, 51, "100", city="томск"))
    spend(world, 52, "40", city="не указано")
    world.build(ON, ON)
    query = "SELECT city, spend_rub, roas, romi_pct, drr_pct, cpt_rub, romi_status FROM v_romi_kpi ORDER BY city"
    assert rows(world.wh, query) == [
        ("не указано", 40.0, None, None, None, None, APART),
        ("томск", 100.0, 3.0, 200.0, pytest.approx(100 / 3), 100.0, GREEN),
    ]
    steps = "SELECT city, click_to_order_pct, conversion_pct, cost_per_order_rub FROM v_funnel_daily ORDER BY city"
    assert rows(world.wh, steps) == [("не указано", None, None, None), ("томск", 5.0, 5.0, 100.0)]


@pytest.mark.parametrize(("green", "yellow"), [(1.5, 1.0), (3.0, 0.3), (1.0, 1.0)])
def test_the_colours_follow_the_settings(world: World, green: float, yellow: float) -> None:
    for key, value in (("roas_green_above", green), ("roas_yellow_from", yellow)):
        world.wh.command(
            f"INSERT INTO dim_settings SELECT * REPLACE ({value} AS value, _ver + 1 AS _ver) FROM dim_settings FINAL WHERE key = '{key}'"
        )
    kinds = ", ".join(
        f"({kind}, {roas})" for kind in (0, 1, 2) for roas in (-1, 0, yellow - 0.01, yellow, green, green + 0.01)
    )
    found = rows(world.wh, f"""
        SELECT s.kind, s.roas, t.romi_status_code FROM (SELECT toUInt8(x.1) AS kind, toFloat64(x.2) AS roas FROM (SELECT arrayJoin([{kinds}]) AS x)) AS s
        ASOF JOIN v_romi_lights AS t ON s.kind = t.light_kind AND round(s.roas, 9) >= t.roas_from""")  # fmt: skip
    assert len(found) == 18
    for kind, roas, code in found:
        assert code == (0 if kind != 1 else 3 if roas > green else 2 if roas >= yellow else 1), (kind, roas)


def expo(world: World, event: int, first: str, last: str, *, city: str = "томск") -> None:
    world.event(event, f"Выставка {event}", city)
    world.show(event, event=event, on=first, until=last)


def shows(world: World) -> list[tuple[object, ...]]:
    world.build("2025-11-01", "2025-12-31")
    query = """SELECT event_id, show_date, spend_rub, net_revenue_rub, roas, romi_status FROM v_show_performance
        WHERE spend_rub != 0 OR net_revenue_rub != 0 ORDER BY event_id, show_date"""
    return rows(world.wh, query)


def test_spend_of_every_day_of_an_exhibition_is_the_exhibitions(world: World) -> None:
    expo(world, 8, "2025-12-10", "2025-12-31")
    for on, tag, roubles in (
        ("2025-12-01", "tomsk_10_12", "100"),
        ("2025-12-12", "tomsk_20_12", "150"),
        ("2025-12-12", "tomsk-31-12", "50"),
    ):
        world.direct(on, 500, 51, 5000 + len(tag) + int(roubles), roubles, utm=f"yandex/cpc/x/{tag}")
    world.sale("2025-12-12", 1, 500, event=8, show=8, city="томск")
    assert shows(world) == [(8, "2025-12-10", 300.0, 500.0, 500 / 300, GREEN)]


def test_a_day_of_two_events_names_neither(world: World) -> None:
    expo(world, 8, "2025-12-10", "2025-12-31")
    expo(world, 9, "2025-12-20", "2025-12-20")
    world.direct(ON, 500, 51, 1, "100", utm="yandex/cpc/x/tomsk_20_12")
    world.direct(ON, 500, 51, 2, "30", utm="yandex/cpc/x/tomsk_19_12")
    world.sale(ON, 1, 500, event=9, show=9, city="томск")
    assert shows(world) == [
        (0, "2025-12-20", 100.0, 0.0, None, APART),
        (8, "2025-12-10", 30.0, 0.0, 0.0, RED),
        (9, "2025-12-20", 0.0, 500.0, None, NONE),
    ]


def test_of_several_runs_of_one_event_the_one_that_began_last_is_meant(world: World) -> None:
    expo(world, 8, "2025-12-10", "2025-12-31")
    world.show(80, event=8, on="2025-12-20")
    world.direct(ON, 500, 51, 1, "100", utm="yandex/cpc/x/tomsk_20_12")
    world.direct(ON, 500, 51, 2, "30", utm="yandex/cpc/x/tomsk_21_12")
    assert [row[:3] for row in shows(world)] == [(8, "2025-12-10", 30.0), (8, "2025-12-20", 100.0)]


def test_spend_that_names_no_show_has_no_colour(world: World) -> None:
    world.direct(ON, 500, 51, 1, "100", utm="yandex/cpc/x/label")
    assert shows(world) == [(0, None, 100.0, 0.0, None, APART)]
