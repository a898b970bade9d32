"""The grammar of tags in SQL is that of the loaders' parser: the same texts give the same city, day, month and reason."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from zakaz_dagster.parsing import cities
from zakaz_dagster.parsing.utm import Utm, resolve_year, tag_of
from zakaz_dagster.seeds import city_index, seed
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.sql.world import World, day, rows, tags

ON = "2025-11-21"
CASES = [
    "vk/cpc/afisha/tomsk_21_11",
    "vk/cpc/afisha/TOMSK_21_11",
    "vk/cpc/afisha/%D0%BE%D1%80%D1%91%D0%BB_05_01",
    "vk/cpc/afisha/rostov-na-donu_05_01",
    "vk/cpc/afisha/velikiy_novgorod_31_12",
    "vk/cpc/afisha/tomsk_31_02",
    "vk/cpc/afisha/tomsk_00_13",
    "vk/cpc/afisha/atlantis_05_01",
    "vk/cpc/afisha/{{banner_id}}",
    "vk/cpc/afisha/17305414105",
    "vk/cpc/afisha/crea01_family",
    "vk/tomsk/afisha_family",
    "vk/nizhniy novgorod i omsk/x/y",  # two cities name none
    "vk/cpc/tomsk_omsk/y",
    "vk/cpc/vladimir-vinokur/vladimir",  # a surname inside a text, a city as a whole field
    "posev/21.12/gruppa_posev",
    "posev/31.02/gruppa_posev",
    "posev/21.12/gruppa_posev/tomsk_01_12",
    "////",
    "yandex/cpc/g. Томск/г. Томск",
]
WORDS = (
    "promo",
    "afisha",
    "2",
    "17305414105",
    "{ad_id}",
    "%D0%BE%D0%BC%D1%81%D0%BA",
    "город",
    "г.",
    "и",
    "na",
    "ё",
    "",
)


def random_utms(count: int) -> list[Utm]:
    """Texts of cities, words, separators, cases and encodings in every order; the same on every run."""
    rnd = Random(20251121)
    spellings = [text for row in seed("city_aliases") for text in (row["alias"], row["city"])]

    def text() -> str:
        made = ""
        for at in range(rnd.choice((0, 1, 1, 2, 3))):
            word = rnd.choice(spellings if rnd.random() < 0.6 else WORDS)
            word = rnd.choice((word, word.upper(), word.title(), word.replace(" ", "_"), word.replace("е", "ё")))
            made += (rnd.choice("_- +.|") if at else "") + word
        return made + (f"_{rnd.randint(0, 32):02}_{rnd.randint(0, 13):02}" if rnd.random() < 0.5 else "")

    def utm() -> Utm:
        medium = rnd.choice(("cpc", "21.11", "31.02", text()))
        campaign = rnd.choice(("", "gruppa_posev", text()))
        return Utm(rnd.choice(("vk", "posev", "")), medium, campaign, text(), "")

    return [utm() for _ in range(count)]


def test_sql_and_the_parser_read_every_tag_alike(world: World) -> None:
    utms = list(dict.fromkeys([*(Utm(*tags(case).values()) for case in CASES), *random_utms(2000)]))
    for number, utm in enumerate(utms):
        world.put("fact_direct_daily", date=day(ON), ad_id=number, **dict(zip(tags(""), utm, strict=True)))
    rebuild(world.wh, load("builds")["fact_utm_daily"], day(ON), day(ON))
    found = rows(
        world.wh,
        """SELECT utm_source, utm_medium, utm_campaign, utm_content, utm_term, tag_city, tag_day, tag_month, tag_reason,
            tag_city_raw, tag_city_from, tag_date_from, tag_show_date FROM fact_utm_daily""",
    )
    assert len(found) == len(utms)
    for *utm, city, number, month, reason, raw, city_from, date_from, show_date in found:
        expected = tag_of(Utm(*utm), city_index())
        assert (city, number, month, reason, raw, city_from, date_from) == tuple(expected), utm
        year = resolve_year(expected.day, expected.month, day(ON)) if not reason else None
        assert show_date == (year.isoformat() if year else None), utm


def test_the_spellings_that_are_also_words_are_the_parsers() -> None:
    sql = load("builds")["fact_utm_daily"].sql
    listed = sql[sql.index("NOT IN (") : sql.index(") AS parts")]
    assert {word.strip("' ") for word in listed.split("(")[1].rstrip(")").replace("\n", " ").split(",")} == set(
        cities.ALSO_WORDS
    )


def test_no_spelling_has_more_words_than_the_sql_looks_at() -> None:
    assert max(len(cities.normalise(row["alias"]).split()) for row in seed("city_aliases")) <= 5


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
    ],
)
def test_a_tag_means_the_nearest_day_with_a_month_of_grace(
    module_world: Callable[[], World], on: str, tag: str, means: str | None
) -> None:
    world = module_world()
    world.direct(on, 1, 1, 1, "10", utm=f"yandex/cpc/x/{tag}")
    rebuild(world.wh, load("builds")["fact_utm_daily"], day(on), day(on))
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
    rebuild(world.wh, load("builds")["fact_utm_daily"], day("2025-10-01"), day("2025-10-01"))
    found = tags(utm)
    query = f"""SELECT channel_group, source FROM fact_utm_daily WHERE date = '2025-10-01'
        AND utm_source = '{found["utm_source"]}' AND utm_medium = '{found["utm_medium"]}'"""
    assert rows(world.wh, query) == [(channel, source)]
