"""Show tags: which texts name a city and a day, and why the others do not."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zakaz_dagster.parsing.tags import LONGEST, REASONS, ShowTag, is_possible, parse_content, tag_of
from zakaz_dagster.parsing.utm import Utm
from zakaz_dagster.seeds import city_index, seed

CITIES = city_index()
ALIASES = {row["alias"]: row["city"] for row in seed("city_aliases")}


@pytest.mark.parametrize(
    ("text", "city", "day", "month"),
    [
        ("msk_01_10", "москва", 1, 10),
        ("spb_15_09", "санкт-петербург", 15, 9),
        ("nnv_20_08", "нижний новгород", 20, 8),
        ("MSK_21_11", "москва", 21, 11),
        ("velikiy_novgorod_05_12", "великий новгород", 5, 12),
        ("rostov-na-donu_05_10", "ростов-на-дону", 5, 10),
        ("орёл_29_02", "орёл", 29, 2),
        ("%D1%83%D1%84%D0%B0_16_11", "уфа", 16, 11),
        ("%25D1%2583%25D1%2584%25D0%25B0_16_11", "уфа", 16, 11),
        ("нижний+новгород_20_08", "нижний новгород", 20, 8),
        ("нижний%20новгород%5F20%5F08", "нижний новгород", 20, 8),
        (" tomsk_16_11 ", "томск", 16, 11),
    ],
)
def test_a_whole_tag_gives_city_and_date(text, city, day, month):
    tag = parse_content(text, CITIES)
    assert (tag.city, tag.day, tag.month, tag.reason) == (city, day, month, "")
    assert (tag.city_from, tag.date_from) == ("content", "content")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no tag"),
        ("  ", "no tag"),
        ("17305414105", "numeric id"),
        ("{{banner_id}}", "macro"),
        ("%7B%7Bbanner_id%7D%7D", "macro"),
        ("{ad_id}", "macro"),
        ("{{city}}_01_10", "macro"),
        ("crea01_family", "label"),
        ("tomsk", "label"),
        ("tomsk_05_10_v2", "almost a tag"),
        ("crea_1_2", "label"),
        ("01_10", "label"),
        ("_01_10", "label"),
        ("62384014_01_10", "label"),
        ("tomsk_٠٥_١٠", "label"),
        ("x" * LONGEST + "_tomsk_05_10", "label"),
    ],
)
def test_what_is_no_tag_says_why(text, reason):
    assert parse_content(text, CITIES) == ShowTag(reason=reason)


@pytest.mark.parametrize("date_part", ["31_02", "30_02", "00_05", "05_00", "31_04", "32_01", "01_13", "99_99"])
def test_an_impossible_date_is_rejected_and_the_city_kept(date_part):
    tag = parse_content(f"tomsk_{date_part}", CITIES)
    assert (tag.city, tag.day, tag.month, tag.reason) == ("томск", 0, 0, "impossible date")


def test_an_unknown_city_stays_raw_and_nothing_is_guessed():
    tag = parse_content("Gorod-N_2_05_10", CITIES)
    assert (tag.city, tag.raw_city, tag.day, tag.month, tag.reason) == ("", "Gorod-N_2", 5, 10, "unknown city")
    assert parse_content("vk_tomsk_05_10", CITIES).city == "", "a tag is the city and the date, nothing before it"


@pytest.mark.parametrize(
    ("text", "day", "month", "year"),
    [
        ("tomsk_6_1", 6, 1, 0),
        ("tomsk-06-01", 6, 1, 0),
        ("tomsk_06_01/", 6, 1, 0),
        ("tomsk_06_01_2026", 6, 1, 2026),
        ("tomsk_06_01_26", 6, 1, 2026),
        ("tomsk_2026_01_06", 6, 1, 2026),
        ("Томск 06.01.2026", 6, 1, 2026),
        ("tomsk/6/01", 6, 1, 0),
        ('"tomsk_06_01".', 6, 1, 0),
        ("tomsk_06_01\r\n", 6, 1, 0),
        ("tomsk_06\u00a001", 6, 1, 0),
        ("tom\u200bsk\u2028_06\u200901", 6, 1, 0),
        ("tomsk–06—01", 6, 1, 0),
        ("tomsk＿０６_01", 6, 1, 0),
        ("%F2%EE%EC%F1%EA_06_01", 6, 1, 0),
        ("г. Томск 6-01", 6, 1, 0),
    ],
)
def test_almost_tags_with_one_meaning_are_read(text, day, month, year):
    tag = parse_content(text, CITIES)
    assert (tag.city, tag.day, tag.month, tag.year, tag.reason) == ("томск", day, month, year, "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tomsk_2_05_10", "ambiguous date"),
        ("tomsk_05-06_10", "ambiguous date"),
        ("tomsk_06_01_12", "ambiguous date"),
        ("tomsk_24_12_26", "ambiguous date"),  # 24 December 2026, or 26 December 2024
        ("tomsk_0601", "almost a tag"),
        ("tomsk_06012026", "almost a tag"),
        ("06_01_tomsk", "almost a tag"),
        ("tomsk_06_01_v2", "almost a tag"),
        ("tomsk 6 января", "almost a tag"),
        ("tomsk_01_2026", "almost a tag"),
        ("tomsk_31_02_2026", "impossible date"),
        ("tomsk_29_02_2026", "impossible date"),
        ("tomsk_2026_13_01", "impossible date"),
        ("tomsk_1_13", "impossible date"),
    ],
)
def test_almost_tags_that_are_not_read_keep_their_city_and_say_why(text, reason):
    tag = tag_of(Utm(content=text), CITIES)
    assert (tag.city, tag.day, tag.month, tag.year, tag.reason) == ("томск", 0, 0, 0, reason)


def test_a_date_that_begins_with_a_year_is_read_that_way_round():
    assert parse_content("msk_2026_10_01", CITIES)[:4] == ("москва", 1, 10, 2026)
    assert parse_content("ufa_2026_03_10", CITIES)[:4] == ("уфа", 10, 3, 2026)
    assert parse_content("atlantis_2026_10_01", CITIES)[1:6] == (1, 10, 2026, "unknown city", "atlantis")
    assert parse_content("msk_9999_10_01", CITIES)[1:5] == (0, 0, 0, "ambiguous date"), "not 10 January either"


@pytest.mark.parametrize(
    ("text", "city", "day"),
    [
        ("tomsk_06_01|{device_type}", "томск", 6),
        ("tomsk_06_01_{{banner_id}}", "томск", 6),
        ("{{geo}}_tomsk_06_01", "томск", 6),
        ("%7Bphrase_id%7D|tomsk_06_01", "томск", 6),
        ("tomsk_06_01|{device_ty", "томск", 6),  # cut by a vendor's limit of characters
        ("tomsk_06_{month}_01", "томск", 0),  # the part that is not known may be the month
        ("tomsk_06_1{x}", "томск", 0),  # and this one the second digit
        ("{x}tomsk_06_01", "", 0),
        ("tomsk{x}_06_01", "", 0),
    ],
)
def test_a_macro_is_cut_out_with_what_is_glued_to_it(text, city, day):
    tag = tag_of(Utm(content=text), CITIES)
    assert (tag.city, tag.day) == (city, day)
    assert tag.reason == ("" if day else "macro")


@pytest.mark.parametrize("text", ["skidka_20%deti", "50%babushki", "%E4%E5%F2%E8", "%", "%%%", "100%", "%98%98_06_01"])
def test_percent_signs_that_are_no_encoding_are_text(text):
    assert tag_of(Utm("vk", text, text, text), CITIES)[:4] == ("", 0, 0, 0)


@pytest.mark.parametrize(
    ("utm", "expected"),  # city, city_from, day, date_from, reason
    [
        (Utm("vk", "tomsk", "afisha_family"), ("томск", "medium", 0, "", "no tag")),
        (Utm("vk", "cpc", "afisha_tomsk"), ("томск", "campaign", 0, "", "no tag")),
        (Utm("vk", "omsk", "x", "tomsk_05_10"), ("томск", "content", 5, "content", "")),
        (Utm("vk", "omsk", "x", "crea_tomsk"), ("томск", "content", 0, "", "label")),
        (Utm("vk", "tomsk", "x", "expo_05_10"), ("томск", "medium", 5, "content", "unknown city")),
        (Utm("vk", "tomsk", "omsk", "{{banner_id}}"), ("томск", "medium", 0, "", "macro")),
        (Utm("yandex", "cpc", "62384014", "10766679603", "выставка"), ("", "", 0, "", "numeric id")),
        (Utm("insta", "lenta_free1", "roditeli"), ("", "", 0, "", "no tag")),
        (Utm("vk", "cpc", "{campaign_name_tomsk}"), ("", "", 0, "", "no tag")),
        (Utm("yandex", "cpc", "tomsk|{campaign_id}"), ("томск", "campaign", 0, "", "no tag")),
        (Utm("posev", "05.10", "gruppa_posev"), ("", "", 5, "medium", "no tag")),
        (Utm("posev", "05.10", "tomsk"), ("томск", "campaign", 5, "medium", "no tag")),
        (Utm("posev", "05.10", "x", "omsk_07_11"), ("омск", "content", 7, "content", "")),
        (Utm("posev", "31.02", "tomsk"), ("томск", "campaign", 0, "", "impossible date")),
        (Utm("vk", "05.10", "tomsk"), ("томск", "campaign", 0, "", "no tag")),
        (Utm("vk", "cpc", "", "tomsk_31_02"), ("томск", "content", 0, "", "impossible date")),
        (Utm("vk", "vladimir", "владимир винокур"), ("владимир", "medium", 0, "", "no tag")),
        (Utm(), ("", "", 0, "", "no tag")),
    ],
)
def test_the_whole_utm_is_read_content_then_medium_then_campaign(utm, expected):
    tag = tag_of(utm, CITIES)
    assert (tag.city, tag.city_from, tag.day, tag.date_from, tag.reason) == expected


ENCODINGS = st.sampled_from(
    [str, quote, quote_plus, lambda text: quote(quote(text, safe=""), safe=""), lambda text: quote(text).lower()]
)
CITY = st.sampled_from(sorted(ALIASES))
DAY = st.dates(date(2020, 1, 1), date(2039, 12, 31))
GAPS = st.sampled_from(["_", "-", ".", " ", "/", "__", "\u2013"])
FORMS = st.sampled_from(["{d}{g}{m}", "{d:02}{g}{m:02}", "{d:02}{g}{m:02}{g}{y}", "{y}{g}{m:02}{g}{d:02}"])


@given(CITY, DAY, st.sampled_from(["_", "-", " "]), st.booleans(), GAPS, FORMS, ENCODINGS)
def test_every_city_and_day_come_back_through_a_link(alias, day, separator, upper, gap, form, encode):
    text = alias.replace(" ", separator)
    content = f"{text.upper() if upper else text}{gap}{form.format(d=day.day, m=day.month, y=day.year, g=gap)}"
    tag = tag_of(Utm.from_url(f"https://t.ru/?utm_source=vk&utm_content={encode(content)}#top"), CITIES)
    assert (tag.city, tag.day, tag.month, tag.reason) == (ALIASES[alias], day.day, day.month, "")
    assert tag.year == (day.year if "{y}" in form else 0)


NOISE = st.text(alphabet="0123456789_-./ |{}%vгx", max_size=6)


@given(CITY, DAY, FORMS, NOISE, NOISE)
@settings(max_examples=500)
def test_noise_around_a_tag_never_makes_another_day_of_it(alias, day, form, before, after):
    """A tag that is read names the day in it, or one that the noise spells out in full."""
    dated = form.format(d=day.day, m=day.month, y=day.year, g="_")
    tag = tag_of(Utm(content=f"{before}{alias}_{dated}{after}"), CITIES)
    if tag.reason == "" and not any(digit in after for digit in "0123456789"):
        assert (tag.day, tag.month) == (day.day, day.month)


@given(CITY, DAY)
def test_reading_a_tag_that_was_read_changes_nothing(alias, day):
    once = parse_content(f"{alias}-{day.day}-{day.month}-{day.year}", CITIES)
    again = parse_content(f"{once.city}_{once.day:02}_{once.month:02}_{once.year}", CITIES)
    assert again == once._replace(raw_city=again.raw_city)


@given(st.builds(Utm, *[st.one_of(st.text(), st.text(alphabet="tomsk_0123456789.{}%7BD+ ё-/|\n"))] * 5))
def test_any_utm_gives_a_consistent_tag(utm):
    tag = tag_of(utm, CITIES)
    assert tag.city in {"", *ALIASES.values()}
    assert bool(tag.city) == bool(tag.city_from)
    assert bool(tag.day) == bool(tag.month) == bool(tag.date_from)
    assert tag.day == 0 or is_possible(tag.day, tag.month, tag.year)
    assert tag.reason in {"", *REASONS}
    if not tag.reason:
        assert tag.city
        assert tag.day
        assert tag.city_from == tag.date_from == "content"
