"""Tags that are made are the tags that are read: the loaders' parser is the judge."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.errors import BadData
from zakaz_dagster.parsing import show_links
from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.parsing.show_links import Show, content_of, link, parameters, warnings, year_meant
from zakaz_dagster.parsing.tags import tag_of
from zakaz_dagster.parsing.utm import Utm
from zakaz_dagster.seeds import city_index

CITIES = city_index()
TODAY = date(2026, 6, 1)
days = st.dates(date(2024, 1, 1), date(2039, 12, 31))
pieces = st.text("abяё1=&?#/%{}+.:-_", max_size=30)
CLICKED = {"campaign_id": "17", "banner_id": "203", "ad_id": "203"}


@given(st.sampled_from(sorted(set(CITIES.spellings.values()))), days, st.booleans())
def test_every_city_and_day_is_read_back_by_the_loaders_parser(city: str, day: date, with_year: bool) -> None:
    content = content_of(city, day, CITIES, with_year=with_year)
    for block in parameters(content).values():
        before = Utm.from_query(block)
        for utm in (before, before.expanded(CLICKED)):
            tag = tag_of(utm, CITIES)
            assert (tag.city, tag.day, tag.month, tag.reason) == (city, day.day, day.month, "")
            assert tag.year == (day.year if with_year else 0)
            assert (tag.city_from, tag.date_from) == ("content", "content")
        assert before.expanded(CLICKED) == Utm(before.source, "cpc", "17", content, "203")


@given(
    pieces, st.sampled_from(["томск", "санкт-петербург", "орёл" if CITIES.resolve("орёл") == "орёл" else "уфа"]), days
)
def test_a_link_keeps_its_address_and_is_made_once(tail: str, city: str, day: date) -> None:
    block = parameters(content_of(city, day, CITIES))["vk_ads"]
    made = link("https://t.ru/" + tail, block, CITIES)
    assert link(made, block, CITIES) == made
    assert Utm.from_url(made) == Utm.from_query(block)
    assert made.startswith("https://t.ru/")


def test_old_tags_of_a_link_give_way_and_the_rest_stays() -> None:
    made = link(
        "https://t.ru/p?ref=1&UTM_content=omsk_01_01&amp;utm_term=x#buy?a",
        parameters("tomsk_15_06")["yandex_direct"],
        CITIES,
    )
    assert made == (
        "https://t.ru/p?ref=1&utm_source=yandex&utm_medium=cpc&utm_campaign={campaign_id}"
        "&utm_content=tomsk_15_06&utm_term={ad_id}#buy?a"
    )


@pytest.mark.parametrize(
    ("city", "content"),
    [("томск", "tomsk_06_01"), ("москва", "moskva_06_01"), ("санкт-петербург", "sankt_peterburg_06_01")],
)
def test_the_spelling_is_the_one_people_expect(city: str, content: str) -> None:
    assert content_of(city, date(2026, 1, 6), CITIES) == content


def test_a_city_without_a_latin_spelling_is_written_as_it_is_and_an_unknown_one_refused() -> None:
    cities = CityIndex({"усть-кемь": "усть-кемь"})
    assert content_of("усть-кемь", date(2026, 1, 6), cities) == "усть_кемь_06_01"
    assert "utm_content=%D1%83" in parameters("усть_кемь_06_01")["vk_ads"]
    with pytest.raises(BadData, match="city_aliases"):
        content_of("атлантида", date(2026, 1, 6), cities)


@pytest.mark.parametrize(
    "url",
    [
        "example.ru", "/afisha", "https://", "https:///a", "javascript:alert(1)", "ftp://t.ru/", "https://t.ru/ a", "https://t.ru/\n",
        "https://user:secret@t.ru/", "https://t.ru:99999/", "https://t.ru:port/", "https://[::1", 'https://t.ru/"><b>',
    ],
)  # fmt: skip
def test_what_no_browser_opens_is_no_landing_page(url: str) -> None:
    with pytest.raises(BadData, match="no address of a web page"):
        link(url, parameters("tomsk_15_06")["vk_ads"], CITIES)


@pytest.mark.parametrize(
    "url", ["http://t.ru", "https://пример.рф/афиша?й=1", "https://t.ru:8443/#/show", "HTTPS://T.RU/"]
)
def test_what_a_browser_opens_is_one(url: str) -> None:
    assert "utm_content=tomsk_15_06" in link(url, parameters("tomsk_15_06")["yandex_direct"], CITIES)


def test_a_show_without_a_city_says_so() -> None:
    for blank in ("", " "):
        with pytest.raises(BadData, match="the show has no city"):
            content_of(blank, date(2026, 1, 6), CITIES)


def show(number: int, on: str, *, event: int = 1, until: str = "", city: str = "томск", active: bool = True) -> Show:
    first = date.fromisoformat(on)
    return Show(number, event, f"Спектакль {event}", city, first, date.fromisoformat(until) if until else first, active)


def test_a_day_without_a_show_is_refused_and_the_three_nearest_named() -> None:
    shows = [show(n, f"2026-06-{day:02}") for n, day in enumerate((1, 8, 17, 20, 30), start=1)]
    with pytest.raises(BadData) as refused:
        show_links.shows_on([*shows, show(9, "2026-06-15", city="уфа")], "томск", date(2026, 6, 15))
    said = str(refused.value)
    assert [said.find(f"2026-06-{day:02} «") > 0 for day in (17, 20, 8, 1, 30)] == [True, True, True, False, False]
    assert "уфа" not in said
    with pytest.raises(BadData, match="омск 2026-06-15"):
        show_links.shows_on([show(9, "2026-06-15", city="омск")], "чита", date(2026, 6, 15))


def test_every_day_of_an_exhibition_is_its_day() -> None:
    run = show(5, "2026-06-01", until="2026-07-10")
    assert show_links.shows_on([run], "томск", date(2026, 7, 10)) == [run]
    with pytest.raises(BadData):
        show_links.shows_on([run], "томск", date(2026, 7, 11))


def said(shows: list[Show], day: date, *, with_year: bool = False) -> str:
    return " | ".join(warnings(shows, "томск", day, today=TODAY, grace_days=30, with_year=with_year))


def test_ambiguity_is_told() -> None:
    day = date(2026, 6, 15)
    own = show(1, "2026-06-15")
    assert said([own, show(2, "2026-06-15")], day) == "", "two sessions of one event"
    assert "names neither" in said([own, show(2, "2026-06-15", event=2)], day)
    assert "names neither" in said([own, show(2, "2026-05-01", event=2, until="2026-06-30")], day), (
        "beside an exhibition"
    )
    assert "on 2025-06-15" in said([own, show(2, "2025-06-15", event=2)], day)
    assert "on 2025-06-15" in said([own, show(2, "2025-06-01", event=2, until="2025-07-01")], day)
    assert said([own, show(2, "2025-06-15")], day, with_year=True) == ""
    assert said([own, show(2, "2024-06-15")], day) == "", "more than a year ago"
    assert "sale of the show is closed" in said([show(1, "2026-06-15", active=False)], day)


def test_a_show_that_the_tag_cannot_mean_today_is_told() -> None:
    assert "means 2026-12-01 now, not 2027-12-01" in said([show(1, "2027-12-01")], date(2027, 12, 1))
    over = said([show(1, "2026-04-01")], date(2026, 4, 1))
    assert "was over on 2026-04-01" in over
    assert "means 2027-04-01 now" in over


@given(st.dates(date(2023, 1, 1), date(2030, 1, 1)), st.integers(0, 365))
def test_the_year_of_a_tag_is_the_first_such_day_from_the_grace_on(since: date, ahead: int) -> None:
    day = since + timedelta(days=ahead)
    meant = year_meant(day.day, day.month, since)
    assert meant is not None
    assert (meant.day, meant.month) == (day.day, day.month)
    assert since <= meant <= day
