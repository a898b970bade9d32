"""What tags say: each distinct text is read once, and every UTM of a day finds it, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from random import Random

import pytest

from zakaz_dagster.ingest import dictionaries
from zakaz_dagster.ingest.dictionaries import read_tags
from zakaz_dagster.parsing.tags import tag_of
from zakaz_dagster.parsing.utm import Utm
from zakaz_dagster.seeds import city_index, seed
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.sql.world import BUILDS, World, day, rows, tags

ON = "2025-11-21"
# Texts that people and robots really put into tags: escapes of other encodings, cut escapes, spaces of every kind.
ODD = [
    "skidka_20%deti",
    "50%babushki",
    "%F2%EE%EC%F1%EA_06_01",
    "%",
    "%E4",
    "tomsk_06_01\r\n",
    "tomsk\t06\u00a001",
    "tom\u200bsk_06\u200301",
    "tomsk_06_01\u2028",
    "tomsk_06_01|{device_type}",
    "msk_2026_10_01",
    "\x00\x01tomsk_06_01",
    "\u202etomsk_06_01\u202c",
    "🎭_06_01",
    "{" * 50,
    "a" * 2000,
    "'; DROP TABLE dim_utm_tags; --",
]


def random_utms(count: int) -> list[Utm]:
    """Spellings, odd texts, separators, cases and dates in every order; the same on every run."""
    rnd = Random(20251121)
    spellings = [text for row in seed("city_aliases") for text in (row["alias"], row["city"])]

    def text() -> str:
        made = ""
        for at in range(rnd.choice((0, 1, 1, 2, 3))):
            word = rnd.choice(spellings if rnd.random() < 0.6 else ODD)
            word = rnd.choice((word, word.upper(), word.title(), word.replace(" ", "_"), word.replace("е", "ё")))
            made += (rnd.choice("_- +.|") if at else "") + word
        return made + (f"_{rnd.randint(0, 32):02}_{rnd.randint(0, 13):02}" if rnd.random() < 0.5 else "")

    def utm() -> Utm:
        medium = rnd.choice(("cpc", "21.11", "31.02", text()))
        campaign = rnd.choice(("", "gruppa_posev", text()))
        return Utm(rnd.choice(("vk", "posev", "", *ODD)), medium, campaign, text(), rnd.choice(("", *ODD)))

    return [utm() for _ in range(count)]


def test_every_tag_of_a_day_says_in_the_facts_what_the_parser_reads(world: World) -> None:
    utms = list(dict.fromkeys([*(Utm("vk", odd, odd, odd, odd) for odd in ODD), *random_utms(400)]))
    for number, utm in enumerate(utms):
        put = world.direct if number % 2 else world.vk
        put(ON, 1 + number, 1, 1 + number, "10", **dict(zip(tags(""), utm, strict=True)))
        if number % 3 == 0:
            world.put("stg_qtickets_sales_raw", channel="api", sale_date=day(ON), line_id=str(number), price_rub=100,
                      tickets=1, **dict(zip(tags(""), utm, strict=True)))  # fmt: skip
    world.build(ON, ON)
    found = rows(
        world.wh,
        """SELECT utm_source, utm_medium, utm_campaign, utm_content, utm_term, tag_city, tag_day, tag_month, tag_year,
            tag_reason, tag_city_raw, tag_city_from, tag_date_from FROM fact_utm_daily""",
    )
    assert len(found) == len(utms)
    for *utm, city, number, month, year, reason, raw, city_from, date_from in found:
        said = (city, number, month, year, reason, raw, city_from, date_from)
        assert said == tuple(tag_of(Utm(*utm), city_index())), utm
    spend = "SELECT toFloat64(sum(spend_rub)) FROM fact_marketing_daily"
    assert rows(world.wh, spend) == [(sum(10 if number % 2 else 12 for number in range(len(utms))),)]
    revenue = "SELECT toFloat64(sum(revenue_rub)) FROM fact_sales_attributed_daily"
    assert rows(world.wh, revenue) == [(100 * len(range(0, len(utms), 3)),)]


def test_a_text_that_is_no_utf8_is_a_tag_like_any_other(world: World) -> None:
    world.direct(ON, 1, 1, 1, "10", utm="vk/cpc/x/TAG")
    world.direct(ON, 1, 1, 2, "5", utm="vk/cpc/x/tomsk_06_01")
    spoilt = (
        "SELECT * REPLACE (unhex('FFFE5F746F6D736B5F30365F3031') AS utm_content) FROM fact_direct_daily WHERE ad_id = 1"
    )
    world.wh.command(f"INSERT INTO fact_direct_daily {spoilt}")
    world.build(ON, ON)
    found = rows(world.wh, "SELECT hex(utm_content), tag_city, tag_reason FROM fact_utm_daily ORDER BY utm_content")
    assert found == [("544147", "", "label"), ("746F6D736B5F30365F3031", "томск", ""),
                     ("FFFE5F746F6D736B5F30365F3031", "томск", "unknown city")]  # fmt: skip


def test_a_tag_is_read_once_and_again_when_the_rules_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.direct(ON, 1, 1, 1, "10", utm="vk/cpc/x/tomsk_06_01")
    world.direct("2025-11-02", 1, 1, 1, "10", utm="vk/cpc/x/label")  # another day of the month that will be built
    world.direct("2025-12-01", 1, 1, 1, "10", utm="vk/cpc/x/omsk_06_01")
    first = read_tags(world.wh, day(ON), day(ON))
    assert (first.texts, first.reasons) == (2, {"label": 1})
    assert read_tags(world.wh, day(ON), day(ON)).texts == 0
    assert read_tags(world.wh, day(ON), date(2025, 12, 3)).texts == 1
    monkeypatch.setattr(dictionaries, "parser_version", lambda: "other rules")
    assert read_tags(world.wh, day(ON), day(ON)).texts == 3
    assert rows(world.wh, "SELECT DISTINCT parser FROM dim_utm_tags FINAL") == [("other rules",)]


def test_a_tag_that_nobody_read_costs_no_build_and_says_so(world: World) -> None:
    world.direct(ON, 1, 1, 1, "10", utm="vk/cpc/x/tomsk_06_01")
    world.sale(ON, 1, 300, event=1, show=1, utm="vk/cpc/y/tomsk_06_01")
    world.build(ON, ON, "fact_qtickets_sales_daily")
    world.wh.command("TRUNCATE TABLE dim_utm_tags")
    for name in BUILDS:
        rebuild(world.wh, load("builds")[name], day(ON), day(ON))
    listed = rows(world.wh, "SELECT side, reason, money_rub FROM v_utm_unmapped ORDER BY money_rub")
    assert listed == [("расход", "метка ещё не прочитана", 10.0), ("продажи", "метка ещё не прочитана", 300.0)]


@pytest.mark.parametrize(
    ("tag", "shows"),
    [
        ("tomsk_20_11", 1),
        ("tomsk_5_12", 1),
        ("tomsk_10_12_2025", 1),
        ("tomsk_19_11", 0),
        ("tomsk_11_12", 0),
        ("omsk_05_12", 0),
    ],
)
def test_every_day_of_an_exhibition_names_it(module_world: Callable[[], World], tag: str, shows: int) -> None:
    world = module_world()
    world.show(900, event=9, name="Выставка", city="томск", on="2025-11-20", until="2025-12-10")
    world.show(901, event=10, name="Ошибка", city="омск", on="2025-11-20", until="1970-01-01")
    world.sale(ON, 1, 100, event=9, show=900, utm=f"tg/post/x/{tag}")
    world.build(ON, ON)
    query = f"SELECT tag_shows FROM fact_utm_daily WHERE date = '{ON}' AND utm_content = '{tag}'"
    assert rows(world.wh, query) == [(shows,)]
    query = f"SELECT match_level FROM fact_sales_attributed_daily WHERE sale_date = '{ON}' AND utm_content = '{tag}'"
    assert rows(world.wh, query) == [("show" if shows else "city",)]


@pytest.mark.parametrize(
    ("on", "tag", "means"),
    [
        ("2025-12-01", "tomsk_06_01", "2026-01-06"),  # December speaks of January
        ("2026-01-06", "tomsk_06_01", "2026-01-06"),
        ("2026-01-20", "tomsk_06_01", "2026-01-06"),  # clicks trickle in after the show
        ("2026-02-06", "tomsk_06_01", "2027-01-06"),  # 31 days later it can only be the next one
        ("2026-01-10", "tomsk_28_12", "2025-12-28"),
        ("2026-01-10", "tomsk_29_02", None),  # no such day within a year
        ("2027-12-10", "tomsk_29_02", "2028-02-29"),
        ("2025-12-01", "tomsk_06_01_2026", "2026-01-06"),
        ("2026-12-01", "tomsk-2026-01-06", "2026-01-06"),  # a year that is written counts
    ],
)
def test_a_tag_means_the_nearest_day_with_a_month_of_grace(
    module_world: Callable[[], World], on: str, tag: str, means: str | None
) -> None:
    world = module_world()
    world.direct(on, 1, 1, 1, "10", utm=f"yandex/cpc/x/{tag}")
    world.build(on, on, "fact_utm_daily")
    query = f"SELECT tag_show_date FROM fact_utm_daily WHERE date = '{on}' AND utm_content = '{tag}'"
    assert rows(world.wh, query) == [(means,)]


@pytest.mark.parametrize(
    ("utm", "channel", "source"),
    [
        ("vk/cpc", "VK Реклама", "vk_ads"),
        ("VK/Posty", "VK сообщества", "не указано"),  # the pair counts before the source
        ("newsletter/email", "Рассылки", "не указано"),  # any source with this medium
        ("yandex/cpc", "Яндекс.Директ", "yandex_direct"),
        ("somebody/cpc", "канал не определён", "не указано"),
        ("", "без меток", "не указано"),
    ],
)
def test_a_channel_is_the_pair_then_the_source_then_the_medium(
    module_world: Callable[[], World], utm: str, channel: str, source: str
) -> None:
    world = module_world()
    world.sale("2025-10-01", 1, 100, event=1, show=1, utm=utm)
    world.build("2025-10-01", "2025-10-01", "fact_utm_daily")
    found = tags(utm)
    query = f"""SELECT channel_group, source FROM fact_utm_daily WHERE date = '2025-10-01'
        AND utm_source = '{found["utm_source"]}' AND utm_medium = '{found["utm_medium"]}'"""
    assert rows(world.wh, query) == [(channel, source)]


def test_a_renamed_campaign_bears_on_its_day_the_name_it_spent_under(module_world: Callable[[], World]) -> None:
    """A sale takes the name that the platform lists now; beside the spend of its day that is one row, not two."""
    world = module_world()
    listed = {"account": "кабинет", "ad_plan_id": 66, "valid_from": day("2024-03-01")}
    world.put("dim_vk_ad_plans", account="кабинет", ad_plan_id=66, ad_plan_name="Я: новое имя")
    world.put("dim_vk_ad_groups", ad_group_id=67, ad_group_name="Я: новая группа", **listed)
    world.put("dim_vk_ads", account="кабинет", ad_id=68, ad_group_id=67, valid_from=day("2024-03-01"))
    world.vk("2024-03-05", 66, 67, 68, "10", utm="vk/cpc/x/68", ad_plan_name="А: старое имя", ad_group_name="А: старая")
    for number, on in enumerate(("2024-03-05", "2024-03-06")):
        world.sale(on, 700 + number, 300, event=6601, show=0, utm="vk/cpc/x/68")
    world.build("2024-03-05", "2024-03-06")
    found = rows(
        world.wh,
        """SELECT date, campaign_name, ad_group_name, spend_rub, revenue_rub FROM v_campaign_performance
        WHERE campaign_id = 66 ORDER BY date, spend_rub""",
    )
    assert found == [
        ("2024-03-05", "А: старое имя", "А: старая", 12.0, 300.0),
        ("2024-03-06", "Я: новое имя", "Я: новая группа", 0.0, 300.0),
    ]
