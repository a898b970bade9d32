"""Cities: normal forms, the seed's own rules, and recognition without guessing."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.parsing.cities import ALSO_WORDS, CityIndex, normalise
from zakaz_dagster.seeds import FOLDER, city_index, seed

INDEX = city_index()
ALIASES = {row["alias"]: row["city"] for row in seed("city_aliases")}

SPELLINGS = {
    "MSK": "москва",
    "СПБ": "санкт-петербург",
    "NNV": "нижний новгород",
    "Нижний\u00a0Новгород": "нижний новгород",
    "нижний-новгород": "нижний новгород",
    "velikiy_novgorod": "великий новгород",
    "naberezhnye_chelny": "набережные челны",
    "Ростов-на-Дону": "ростов-на-дону",
    "ростов на дону": "ростов-на-дону",
    "rnd": "ростов-на-дону",
    "Ростов Великий": "ростов великий",
    "Комсомольск‑на‑Амуре": "комсомольск-на-амуре",
    "komsomolsk-na-amure": "комсомольск-на-амуре",
    "Орел": "орёл",
    "ОРЁЛ": "орёл",
    "Оре\u0308л": "орёл",
    "г. Томск": "томск",
    "г.Томск": "томск",
    "город Чита": "чита",
    "Н.Новгород": "нижний новгород",
    "С.-Петербург": "санкт-петербург",
    "noyabrsk": "ноябрьск",
    "tol_yatti": "тольятти",
    "мск": "москва",
    "спб": "санкт-петербург",
    "нск": "новосибирск",
    "нн": "нижний новгород",
    "екб": "екатеринбург",
    "krsk": "красноярск",
    "prokopyevsk": "прокопьевск",
    "mezhdurechensk": "междуреченск",
    "novokuznetsk": "новокузнецк",
    "ulan-ude": "улан-удэ",
    "yuzhno_sakhalinsk": "южно-сахалинск",
}


@pytest.mark.parametrize(("text", "city"), SPELLINGS.items())
def test_spellings_resolve_to_one_name(text, city):
    assert INDEX.resolve(text) == city


@pytest.mark.parametrize(
    "text", ["", " ", "новгород", "нижний", "moskvaa", "томск 2", "г", "17305414105", "yuzhnyy_buto"]
)
def test_what_the_table_does_not_have_is_unknown(text):
    assert INDEX.resolve(text) == ""


@pytest.mark.parametrize(
    ("text", "city"),
    [
        ("РСЯ Томск семьи", "томск"),
        ("vk_tomsk_family", "томск"),
        ("Выставка кубиков (Барнаул)", "барнаул"),
        ("Кубики, Комсомольск-на-Амуре", "комсомольск-на-амуре"),
        ("спб и санкт-петербург", "санкт-петербург"),
        ("Ростов Великий, кремль", "ростов великий"),
        ("Москва и Томск", ""),
        ("Шоу «Орёл и решка»", ""),
        ("выставка ковров", ""),
        ("томская область", ""),
        ("crea01_family", ""),
        ("", ""),
    ],
)
def test_a_longer_text_names_a_city_only_when_it_names_one(text, city):
    assert INDEX.find_in(text) == city


def test_the_seed_is_sorted_and_every_spelling_is_in_normal_form_and_given_once():
    with (FOLDER / "city_aliases.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    aliases = [alias for alias, _ in rows]
    assert header == ["alias", "city"]
    assert aliases == sorted(set(aliases))
    assert aliases == [normalise(alias) for alias in aliases]


def test_every_city_of_the_seed_is_stable_and_spelt_in_one_way():
    cities = set(ALIASES.values())
    assert len({normalise(city) for city in cities}) == len(cities)
    for city in cities:
        assert city == city.lower() == " ".join(city.split())
        assert INDEX.resolve(city) == INDEX.resolve(normalise(city)) == city == ALIASES[normalise(city)]


def test_the_seed_has_no_districts_villages_or_labels():
    junk = {"family", "cpc", "rsya", "lenta", "posev", "mamy", "profil", "afisha", "семей", "foros"}
    assert not junk & set(ALIASES)
    assert not [alias for alias in ALIASES if alias.startswith(("yuzhnyy", "южный")) or alias.isdigit()]


def test_words_that_are_also_cities_are_spellings_of_the_seed():
    assert set(ALIASES) >= ALSO_WORDS, "an entry without a spelling does nothing"


def test_one_spelling_for_two_cities_is_refused():
    with pytest.raises(ValueError, match="two cities"):
        CityIndex({"NSK": "новосибирск", "nsk": "норильск"})
    with pytest.raises(ValueError, match="two cities"):
        CityIndex({"орёл": "орск", "orel": "орел"})


@given(st.text())
def test_normalise_is_idempotent_and_resolve_agrees_with_it(text):
    once = normalise(text)
    assert normalise(once) == once
    assert "ё" not in once
    assert once == " ".join(once.split())
    assert INDEX.resolve(text) == INDEX.resolve(once)
    assert INDEX.find_in(text) in {"", *ALIASES.values()}


@given(
    st.sampled_from(sorted(ALIASES)),
    st.sampled_from(["_", "-", " ", "\u00a0", "\u2011", "\u2013", "  "]),
    st.sampled_from([str.upper, str.title, str.lower]),
)
def test_separators_and_case_never_matter(alias, separator, case):
    assert INDEX.resolve(case(alias).replace(" ", separator)) == ALIASES[alias]
