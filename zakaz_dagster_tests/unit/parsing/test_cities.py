"""Cities: normal forms, the seed's own rules, and recognition without guessing."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster import seeds
from zakaz_dagster.parsing.cities import ALSO_WORDS, CityIndex, city_key, normalise
from zakaz_dagster.parsing.names import name_key
from zakaz_dagster.seeds import FOLDER, city_aliases, city_index, seed

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
    "Томск г": "томск",
    "ТОМСК Г.": "томск",
    "гор. Томск": "томск",
    "«Томск»": "томск",
    "То\u0301мск": "томск",
    "Улан\u2010Удэ г.": "улан-удэ",
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
    aliases = [alias for alias, _, _ in rows]
    assert header == ["alias", "city", "display"]
    assert aliases == sorted(set(aliases))
    assert aliases == [city_key(alias) for alias in aliases]


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


def test_the_table_holds_every_city_under_its_own_name_and_a_display_for_people():
    rows = city_aliases()
    assert {city_key(row["city"]) for row in rows} <= {row["alias"] for row in rows}
    shown = {row["city"]: row["display"] for row in rows}
    assert len(set(shown.values())) == len(shown)
    assert all(display == display.strip() and display[0].isupper() for display in shown.values())
    assert all(city_key(display) == city_key(city) for city, display in shown.items())
    assert shown["ростов-на-дону"] == "Ростов-на-Дону"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("УСТЬ-КЕМЬ,Усть-Кемь,\n", {"усть кемь": ("усть-кемь", "Усть-Кемь")}),
        (
            "kem,усть-кемь,Усть-Кемь\nКемь,усть-кемь,\n",
            dict.fromkeys(["kem", "кемь", "усть кемь"], ("усть-кемь", "Усть-Кемь")),
        ),
        ("rn,нов-на-реке,\n", dict.fromkeys(["rn", "нов на реке"], ("нов-на-реке", "Нов-на-Реке"))),
    ],
)
def test_an_editor_may_write_spellings_in_any_case_and_leave_the_display_out(tmp_path, monkeypatch, lines, expected):
    (tmp_path / "city_aliases.csv").write_text("alias,city,display\n" + lines, encoding="utf-8")
    monkeypatch.setattr(seeds, "FOLDER", tmp_path)
    assert {row["alias"]: (row["city"], row["display"]) for row in city_aliases()} == expected


@given(st.text())
def test_normal_forms_are_idempotent_and_resolve_agrees_with_them(text):
    for form in (normalise, city_key, name_key):
        once = form(text)
        assert form(once) == once
        assert "ё" not in once
        assert once == " ".join(once.split()) == once.lower()
    assert INDEX.resolve(text) == INDEX.resolve(city_key(text))
    assert INDEX.find_in(text) in {"", *ALIASES.values()}


words = st.lists(st.text("абвеёйклмнопрстуяabckot0123", min_size=2, max_size=8), min_size=1, max_size=3)
gaps = st.text(st.characters(categories=("Pd", "Zs")) | st.sampled_from("_\t\n"), min_size=1, max_size=3)
around = st.sampled_from(
    [
        ("", ""),
        ("г. ", ""),
        ("г.", ""),
        ("город ", ""),
        ("гор. ", ""),
        ("", " г"),
        ("", " г."),
        ("«", "»"),
        (" ", "\u200b"),
    ]
)
cases = st.sampled_from([str.upper, str.title, str.lower, str.capitalize])


@given(words, gaps, gaps, around, cases)
def test_dashes_spaces_case_and_town_marks_never_make_another_city(parts, one, other, marks, case):
    plain = " ".join(parts)
    written = case(one.join(parts[:2]) + "".join(other + part for part in parts[2:]))
    assert city_key(marks[0] + written + marks[1]) == city_key(plain)
    assert name_key(written) == name_key(plain)


@given(
    st.sampled_from(sorted(ALIASES)),
    st.sampled_from(["_", "-", " ", "\u00a0", "\u2011", "\u2013", "  "]),
    st.sampled_from([str.upper, str.title, str.lower]),
)
def test_separators_and_case_never_matter(alias, separator, case):
    assert INDEX.resolve(case(alias).replace(" ", separator)) == ALIASES[alias]
