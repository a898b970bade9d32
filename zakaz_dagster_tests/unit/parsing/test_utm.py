"""UTM: links to five values, and macros."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode

from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.parsing.utm import FIELDS, Utm, expand


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


def test_known_macros_are_replaced_and_the_others_left():
    values = {"banner_id": "77", "ad_id": "5", "campaign_name": "Томск & Ко"}
    assert expand("{{banner_id}}_{{geo}}", values) == "77_{{geo}}"
    assert expand("{ad_id}_{keyword}", values) == "5_{keyword}"
    assert expand("%7B%7Bbanner_id%7D%7D-%7bad_id%7d", values) == "77-5"
    assert expand("%7Bcampaign_name%7D", values) == quote("Томск & Ко", safe="")
    assert expand("{campaign_name}", values) == "Томск & Ко"
    assert expand("{banner_id}", values, double_only=True) == "{banner_id}"
    assert Utm(content="{{banner_id}}", term="{x}").expanded(values) == Utm(content="77", term="{x}")


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


@given(st.text(), st.dictionaries(st.from_regex(r"\w{1,5}", fullmatch=True), st.text()))
def test_expanding_never_fails_and_leaves_text_without_macros_alone(text, values):
    expand(text, values)
    assert expand(text, {}) == text
