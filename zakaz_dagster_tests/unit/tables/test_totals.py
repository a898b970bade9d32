"""Totals are told by their sums, on any level, above or below; what may be a total or a line is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zakaz_dagster_tests.unit.gmail.mailing import HEADER, figures, read_file, reasons
from zakaz_dagster_tests.unit.gmail.test_earlier_defects import csv

LINE = "05.10.2025;{};{};{};{};0"
TOMSK, BALLET, OMSK = (
    LINE.format("Лёд", "Томск", 10, 10000),
    LINE.format("Балет", "Томск", 1, 500),
    LINE.format("Лёд", "Омск", 5, 5000),
)


def counts(*rows: str) -> list[int]:
    return [line[3] for line in figures(read_file(csv(*rows)))]


@pytest.mark.parametrize(
    "rows",
    [
        ["Томск;;;11;10500;0", TOMSK, BALLET, "Омск;;;5;5000;0", OMSK, "Итого;;;16;15500;0"],
        ["Всего;;;16;15500;0", TOMSK, BALLET, "Итого Томск;;;11;10500;0", OMSK, "Итого Омск;;;5;5000;0"],
        ["Общий итог;;;16;15500;0", "Томск;;;11;10500;0", TOMSK, BALLET, "Омск;;;5;5000;0", OMSK],
        [TOMSK, BALLET, ";Томск;;11;10500;0", OMSK, ";Омск;;5;5000;0", ";;;16;15500;0"],
        [TOMSK, BALLET, OMSK, "05.10.2025;Все события;—;16;15500;0"],
        [TOMSK, BALLET, OMSK, "05.10.2025;;;16;15500;0"],
        [TOMSK, BALLET, "05.10.2025;;Томск;11;10500;0", OMSK, "05.10.2025;;Омск;5;5000;0"],
        ["05.10.2025;;Омск;5;5000;0", OMSK, "05.10.2025;;Томск;11;10500;0", TOMSK, BALLET],
        [TOMSK, BALLET, OMSK, "05.10.2025;Oбщий итoг;Томск;16;15500;0"],  # with a Latin O and o
        [TOMSK, BALLET, OMSK, "Итого;;;16;15500;0", "в т.ч. онлайн;;;10;10000;0", "из них касса;;;6;5500;0"],
        [TOMSK, BALLET, OMSK, "Всего продано:;;;16;;"],
        [HEADER, "1;2;3;4;5;6", TOMSK, HEADER, BALLET, OMSK, "ИТОГО ЗА ДЕНЬ;;;16;15500;0"],
    ],
)
def test_totals_of_every_layout_are_no_lines(rows):
    read = read_file(csv(*rows))
    assert sorted(line[3] for line in figures(read)) == [1, 5, 10]
    assert reasons(read) == []


def test_a_dated_total_in_unknown_words_is_told_by_what_it_leaves_empty():
    rows = [TOMSK, OMSK, "05.10.2025;За день;;15;15000;0", TOMSK.replace("05", "06"), "06.10.2025;За день;;10;10000;0"]
    assert counts(*rows) == [10, 5, 10]
    assert counts(TOMSK, OMSK, LINE.format("Лёд", "", 15, 15000), BALLET) == [10, 5, 1]
    alone = read_file(csv(TOMSK, "05.10.2025;За день;;10;10000;0"))
    assert figures(alone) == []
    assert "may be a total or a line" in reasons(alone)[0]


@pytest.mark.parametrize(
    "total", ["Итого по Томску;;;12;10500;0", "Всего;;;11;10499;0", "Total:;;;11;x;0", "Итого;;;;y;"]
)
@pytest.mark.parametrize("above", [True, False])
def test_a_total_that_does_not_agree_costs_the_table(total, above):
    read = read_file(csv(*([total, TOMSK, BALLET] if above else [TOMSK, BALLET, total])))
    assert figures(read) == []
    assert len(read.refused) == 2
    assert "the total row does not agree" in reasons(read)[0]


def test_a_total_is_compared_although_lines_were_put_aside():
    bad = "05.10.2025;Лёд;Омск;много;2000;0"
    assert counts(TOMSK, bad, "Итого;;;12;12000;0") == [10]
    assert counts(TOMSK, bad, "Итого;;;9;12000;0") == []
    assert counts(TOMSK, bad, "Итого;;;12;11999;0") == []
    assert counts(TOMSK, "скоро;Лёд;Омск;2;2000;0", "Итого;;;12;12000;0") == [10]


def test_a_line_without_a_name_that_is_no_sum_stays_a_line():
    assert counts(TOMSK, BALLET, "05.10.2025;;Томск;2;300;0") == [10, 1, 2]
    assert counts("05.10.2025;;Томск;2;300;0", "05.10.2025;;Омск;2;300;0") == [2, 2]


def test_words_alone_make_no_total():
    assert counts(LINE.format("Итог", "Томск", 10, 10000), BALLET) == [10, 1]
    assert counts(LINE.format("Всё о Еве", "Томск", 7, 700), BALLET, "Итого;;;8;1200;0") == [7, 1]


def test_sums_alone_make_no_total_of_a_line_that_stands_for_itself():
    same = [LINE.format("Лёд", city, count, count * 500) for city, count in (("Томск", 1), ("Чита", 1), ("Омск", 2))]
    assert counts(*same) == [1, 1, 2]
    assert counts(TOMSK, TOMSK) == [10, 10]
    assert counts(LINE.format("Лёд", "Нигдеград", 10, 10000), OMSK, LINE.format("Лёд", "Тридевятск", 15, 15000)) == [
        10,
        5,
        15,
    ]


def test_what_may_be_a_total_or_a_line_is_refused_unless_a_total_says_which():
    shows = [
        LINE.format(event, "Томск", count, count * 500) for event, count in (("Лёд", 1), ("Балет", 1), ("Цирк", 2))
    ]
    read = read_file(csv(*shows))
    assert figures(read) == []
    assert "row 4 equals the sum of other rows: it may be a total or a line" in reasons(read)[0]
    assert counts(*shows, "Итого;;;4;2000;0") == [1, 1, 2]


def test_a_line_without_a_date_is_put_aside_and_no_total():
    read = read_file(csv(TOMSK, "31.02.2025;Лёд;;10;10000;0", "скоро;Лёд;Омск;10;10000;0"))
    assert [line[3] for line in figures(read)] == [10]
    assert len(reasons(read)) == 2


def test_lines_below_zero_are_refunds():
    back = LINE.format("Лёд", "Томск", -2, "-2000,00")
    read = read_file(csv(TOMSK, back, "Итого;;;8;8000;0"))
    assert [line[3:] for line in figures(read)] == [(10, "10000.00", "0.00"), (0, "0.00", "2000.00")]
    free = read_file(csv(TOMSK, LINE.format("Лёд", "Томск", -1, 0)))
    assert [line.counted.refunded_tickets for line in free.statements[0].lines] == [0, 1]
    for odd in (LINE.format("Лёд", "Омск", -1, 500), "05.10.2025;Лёд;Омск;-1;-500;500"):
        assert "below zero" in reasons(read_file(csv(TOMSK, odd)))[0]
    assert counts(TOMSK, back, "Итого;;;10;10000;0") == [], "the total proves that the refund is not in it"


WORDS = {
    "city": ["Итого по городу", "{city}", "Итого {city}", "{city} итого", "Всего:"],
    "day": ["Итого за {day}", "Всего за день", "Итого", "За {day}"],
    "all": ["Итого", "ВСЕГО:", "Общий итог", "Total", "Всего по отчёту", ""],
}
CITY_NAMES = ["Томск", "Омск", "Чита", "Пермь"]
lines_of_a_city = st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**9)), min_size=1, max_size=3)
reports = st.lists(
    st.dictionaries(st.sampled_from(CITY_NAMES), lines_of_a_city, min_size=1, max_size=3), min_size=1, max_size=3
)


def _sum(lines):
    return tuple(map(sum, zip(*lines, strict=True)))


def _rows(report, words, above):
    """The report with totals of cities, days and of all, each above or below what it adds up."""

    def placed(name, label, lines, rows):
        total = f"{label};;;{';'.join(map(str, _sum(lines)))};0"
        return [total, *rows] if above[name] else [*rows, total]

    table, every = [], []
    for number, cities in enumerate(report, start=1):
        day, of_day, rows = f"{number:02d}.10.2025", [], []
        for city, lines in cities.items():
            own = [f"{day};Шоу {at};{city};{count};{money};0" for at, (count, money) in enumerate(lines)]
            rows += placed("city", words["city"].format(city=city), lines, own)
            of_day += lines
        table += placed("day", words["day"].format(day=day), of_day, rows)
        every += of_day
    return placed("all", words["all"], every, table), every


@settings(max_examples=200, deadline=None)
@given(
    reports,
    st.fixed_dictionaries({name: st.sampled_from(values) for name, values in WORDS.items()}),
    st.fixed_dictionaries({name: st.booleans() for name in WORDS}),
    st.integers(0, 50),
)
def test_random_reports_with_totals_on_three_levels_give_their_lines_or_a_reason(report, words, above, at):
    rows, every = _rows(report, words, above)
    found = read_file(csv(*rows))
    if above["city"] == above["day"]:
        assert sorted(counts(*rows)) == sorted(count for count, _ in every), reasons(found)
    if figures(found):
        assert sorted(line[3] for line in figures(found)) == sorted(count for count, _ in every)
    label, _, _, count, money, _ = rows[at % len(rows)].split(";")
    spoilt = [*rows]
    spoilt[at % len(rows)] = (
        f"{label};;;{int(count) + 1};{money};0" if not label[:1].isdigit() else rows[at % len(rows)]
    )
    if spoilt != rows and "тог" in label.lower() + label:
        assert figures(read_file(csv(*spoilt))) == []
