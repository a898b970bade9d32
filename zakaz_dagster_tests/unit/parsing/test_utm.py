"""UTM: links to values, values to show tags, macros, and the year a tag does not have."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.parsing.utm import FIELDS, ShowTag, Utm, expand, is_possible, parse_content, resolve_year, tag_of
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
        ("tomsk_5_10", "label"),
        ("tomsk_05_10_v2", "label"),
        ("01_10", "label"),
        ("_01_10", "label"),
        ("62384014_01_10", "label"),
        ("tomsk_٠٥_١٠", "label"),
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
    iso_like = parse_content("ufa_2026_03_10", CITIES)
    assert (iso_like.reason, iso_like.raw_city) == ("unknown city", "ufa_2026")


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


def test_links_give_five_values_decoded_once():
    url = "https://t.ru/show?ref=1&utm_source=vk_ads&utm_medium=cpc&utm_content=%25D1%83+x&UTM_TERM=%D1%83&x=utm_campaign#?utm_campaign=no"
    assert Utm.from_url(url) == Utm("vk_ads", "cpc", "", "%D1\ufffd x", "у")
    assert Utm.from_url("https://vk.com/club1") == Utm.from_url("") == Utm()
    assert Utm.from_url("https://t.ru/?utm_source=a&amp;utm_medium=b") == Utm("a", "b")
    assert Utm.from_url("https://t.ru/?redirect=https://x?utm_source=inner&utm_medium=m") == Utm("", "m")


def test_of_a_repeated_key_the_last_counts():
    assert Utm.from_query("utm_content=a_01_10&utm_content=b_02_10").content == "b_02_10"


def test_a_block_wins_over_the_link_key_by_key():
    url = "https://t.ru/?utm_source=site&utm_content=ufa_15_11&utm_term=t"
    block = "utm_source=vk_ads&utm_content={{banner_id}}&utm_term="
    assert Utm.effective(url, block) == Utm("vk_ads", "", "", "{{banner_id}}", "")
    assert Utm.effective(url, "") == Utm.from_url(url)
    overlaid = Utm.from_url(url).overlaid_by(Utm.from_query(block))
    assert overlaid == Utm("vk_ads", "", "", "{{banner_id}}", "t"), "an empty value of the other does not erase"


def test_known_macros_are_replaced_and_the_others_left():
    values = {"banner_id": "77", "ad_id": "5", "campaign_name": "Томск & Ко"}
    assert expand("{{banner_id}}_{{geo}}", values) == "77_{{geo}}"
    assert expand("{ad_id}_{keyword}", values) == "5_{keyword}"
    assert expand("%7B%7Bbanner_id%7D%7D-%7bad_id%7d", values) == "77-5"
    assert expand("%7Bcampaign_name%7D", values) == quote("Томск & Ко", safe="")
    assert expand("{campaign_name}", values) == "Томск & Ко"
    assert expand("{banner_id}", values, double_only=True) == "{banner_id}"
    assert Utm(content="{{banner_id}}", term="{x}").expanded(values) == Utm(content="77", term="{x}")


@pytest.mark.parametrize(
    ("day", "month", "near", "meant"),
    [
        (5, 1, date(2025, 12, 20), date(2026, 1, 5)),
        (28, 12, date(2026, 1, 5), date(2025, 12, 28)),
        (16, 11, date(2025, 11, 16), date(2025, 11, 16)),
        (16, 10, date(2025, 11, 15), date(2025, 10, 16)),
        (15, 10, date(2025, 11, 15), date(2026, 10, 15)),
        (29, 2, date(2027, 12, 1), date(2028, 2, 29)),
        (29, 2, date(2026, 2, 20), None),
        (31, 2, date(2026, 2, 20), None),
        (0, 0, date(2026, 2, 20), None),
    ],
)
def test_the_year_is_of_the_next_show_unless_it_was_just_over(day, month, near, meant):
    assert resolve_year(day, month, near) == meant


@given(st.dates(date(2001, 1, 1), date(2098, 1, 1)), st.integers(-30, 334))
def test_a_tag_seen_from_a_month_after_to_eleven_months_before_finds_its_show(near, days):
    show = near + timedelta(days=days)
    assert resolve_year(show.day, show.month, near) == show


@given(st.integers(-5, 40), st.integers(-5, 20))
def test_possible_days_are_the_days_of_a_leap_year(day, month):
    try:
        date(2024, month, day)
    except ValueError:
        assert not is_possible(day, month)
    else:
        assert is_possible(day, month)


ENCODINGS = st.sampled_from(
    [str, quote, quote_plus, lambda text: quote(quote(text, safe=""), safe=""), lambda text: quote(text).lower()]
)


@given(
    st.sampled_from(sorted(ALIASES)),
    st.dates(date(2024, 1, 1), date(2024, 12, 31)),
    st.sampled_from(["_", "-", " "]),
    st.booleans(),
    ENCODINGS,
)
def test_every_city_and_day_come_back_through_a_link(alias, day, separator, upper, encode):
    text = alias.replace(" ", separator)
    content = f"{text.upper() if upper else text}_{day:%d_%m}"
    tag = tag_of(Utm.from_url(f"https://t.ru/?utm_source=vk&utm_content={encode(content)}#top"), CITIES)
    assert (tag.city, tag.day, tag.month, tag.reason) == (ALIASES[alias], day.day, day.month, "")


KEYS = st.sampled_from([*FIELDS, "ref", "utm", "utm_id"])


@given(st.lists(st.tuples(KEYS, st.text())))
def test_a_query_reads_as_the_standard_library_reads_it(pairs):
    query = urlencode(pairs, errors="replace")
    expected = {**dict.fromkeys(FIELDS, ""), **dict(parse_qsl(query, keep_blank_values=True))}
    assert list(Utm.from_query(query)) == [expected[name] for name in FIELDS]


@given(st.text(alphabet="%0123456789abcdefABCDEFдё+&=_"))
def test_broken_encoding_decodes_as_the_standard_library_does(text):
    expected = dict(parse_qsl(f"utm_term={text.replace('&', '')}", keep_blank_values=True))["utm_term"]
    assert Utm.from_query(f"utm_term={text.replace('&', '')}").term == expected


@given(st.builds(Utm, *[st.one_of(st.text(), st.text(alphabet="tomsk_0123456789.{}%7BD+ ё-"))] * 5))
def test_any_utm_gives_a_consistent_tag(utm):
    tag = tag_of(utm, CITIES)
    assert tag.city in {"", *ALIASES.values()}
    assert bool(tag.city) == bool(tag.city_from)
    assert bool(tag.day) == bool(tag.month) == bool(tag.date_from)
    assert tag.day == 0 or is_possible(tag.day, tag.month)
    if not tag.reason:
        assert tag.city
        assert tag.day
        assert tag.city_from == tag.date_from == "content"


@given(st.text(), st.dictionaries(st.from_regex(r"\w{1,5}", fullmatch=True), st.text()))
def test_expanding_never_fails_and_leaves_text_without_macros_alone(text, values):
    expand(text, values)
    assert expand(text, {}) == text
