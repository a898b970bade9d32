"""Numbers: the cases that earlier loaders lost, what a table says about its separators, and round trips in every style."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.parsing.numbers import (
    ANY,
    Measure,
    Unreadable,
    conventions_of,
    parse_count,
    parse_money,
    parse_number,
)

COUNT, MONEY = Measure.COUNT, Measure.MONEY
READ = {
    "12345,67": "12345.67",
    "1,234.56": "1234.56",
    "1.234,56": "1234.56",
    "1.234.567,89": "1234567.89",
    "1,234,567": "1234567",
    "1 234": "1234",
    "1'234'567.50": "1234567.50",
    "1’234,50": "1234.50",
    "1\u00a0234,5": "1234.5",
    "1\u202f234\u2009567,50": "1234567.50",
    "−100,50": "-100.50",
    "–100,50": "-100.50",
    "- 100,50": "-100.50",
    "(100,50)": "-100.50",
    "(100,50 руб.)": "-100.50",
    "(1 234)\u00a0₽": "-1234",
    "12 345,67 руб.": "12345.67",
    "12 345,67руб": "12345.67",
    "500 р.": "500",
    "RUB 1,234.50": "1234.50",
    "₽100": "100",
    "-₽100": "-100",
    "1500 Рублей": "1500",
    "+7": "7",
    "0,123": "0.123",
    "012,345": "12.345",
    "12345,678": "12345.678",
    "1 234,567": "1234.567",
    ",50": "0.50",
    "-0": "0",
    "\ufeff42": "42",
}
REFUSED = (
    "12%", "abc", "1e5", "NaN", "Infinity", "1,23.45", "1.23,45.6", "12 34", "1 2345", "1,2,3", "(−5)", "--5", "5-",
    "5,", ".", "0x10", "١٢", "5²", "1_000", "10 шт", "05.10.2025", "Итого", "1,234 567", "(5", "()", "руб.", "—5",
    "1'23", "1,234",
)  # fmt: skip


@pytest.mark.parametrize(("text", "value"), READ.items())
def test_reads_what_people_write(text, value):
    assert parse_number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", " ", "-", "--", "—", "–", "−", "\u00a0"])
def test_empty_cells_and_dashes_are_nothing_not_zero(text):
    assert parse_number(text) is None
    assert parse_money(text) is None
    assert parse_count(text) is None


@pytest.mark.parametrize("text", REFUSED)
def test_anything_else_is_refused_and_quoted(text):
    with pytest.raises(Unreadable) as caught:
        parse_number(text)
    assert repr(text) in str(caught.value)


def column(measure: Measure, *cells: str, beside: tuple = (), decimal: str = "") -> list[Decimal | str | None]:
    """The values of a column, or why not, with other columns of its table beside it."""
    found = conventions_of([(measure, cells), *beside], decimal)[0]
    values: list[Decimal | str | None] = []
    for cell in cells:
        try:
            values.append(parse_number(cell, measure, found))
        except Unreadable as error:
            values.append(str(error))
    return values


def test_one_separator_before_three_digits_alone_is_refused_with_both_readings():
    for measure, text in ((MONEY, "150,000"), (MONEY, "9.600"), (COUNT, "1,000")):
        (reason,) = column(measure, text)
        thousands, decimals = text.replace(",", "").replace(".", ""), text.replace(",", ".")
        assert f"it may mean {thousands} or {decimals}" in reason


def test_kopecks_have_two_digits_and_things_are_whole():
    assert column(MONEY, "1,234") == [1234]
    assert column(MONEY, "-2.345") == [-2345]
    assert column(COUNT, "1,234") == [1234]
    assert column(COUNT, "1.001") == [1001]


@pytest.mark.parametrize(
    ("measure", "cells", "beside", "values"),
    [
        (MONEY, ["150,000", "9,600"], [(MONEY, ["12.50"])], [150000, 9600]),
        (COUNT, ["1,000"], [(MONEY, ["150,000.00"])], [1000]),
        (COUNT, ["1,000", "12"], [], [1000, 12]),
        (MONEY, ["150.000", "850"], [(COUNT, ["3"])], [150000, 850]),
        (MONEY, ["12.500"], [(MONEY, ["1.234.500"])], [12500]),
        (COUNT, ["1,000", "12,000", "0"], [(MONEY, ["10 000,00"])], [1, 12, 0]),
        (MONEY, ["150,000", "12,345"], [], [150000, 12345]),
        (COUNT, ["5,00"], [(MONEY, ["1,234.56"])], [5]),
    ],
)
def test_the_other_cells_say_which_separator_a_table_uses(measure, cells, beside, values):
    assert column(measure, *cells, beside=tuple(beside)) == values


def test_a_fixed_number_of_decimals_is_fixed_for_the_whole_column():
    values = column(COUNT, "1,000", "12", beside=((MONEY, ["10 000,00"]),))
    assert "it may mean 1000 or 1.000" in str(values[0]), "the columns contradict each other"
    assert values[1] == 12
    assert "kopecks" in str(column(MONEY, "12345.678", "1.234")[1])
    assert "it may mean" in str(column(MONEY, "150,000", beside=((MONEY, ["1 500,00"]),))[0])
    assert column(MONEY, "150.000", "9600.000") == [150, 9600]
    assert "it may mean 1250 or 1.250" in str(column(MONEY, "12.5", "1.250")[1])
    assert "it may mean 1000 or 1.000" in str(column(COUNT, "5,0", "1,000")[1])


def test_a_declared_separator_decides_what_is_open_but_gives_no_three_decimals():
    assert column(MONEY, "150,000", decimal=".") == [150000]
    assert column(MONEY, "12.500", decimal=",") == [12500]
    assert "it may mean" in str(column(COUNT, "1,000", decimal=",")[0])
    assert column(MONEY, "150,000.00", decimal=",") == [150000]


def test_money_has_two_decimals_and_is_never_rounded():
    assert str(parse_money("1 234,5 ₽")) == "1234.50"
    assert str(parse_money("12.340000")) == "12.34"
    for text in ("0,005", "1.2345", "10000000000000000"):
        with pytest.raises(Unreadable):
            parse_money(text)


def test_a_count_is_whole_and_not_negative():
    assert parse_count("1 234") == 1234
    assert parse_count("5,00") == 5
    assert parse_count("1 234 шт.") == 1234
    for text in ("1,5", "-1", "0,001"):
        with pytest.raises(Unreadable):
            parse_count(text)


def test_only_a_share_may_end_with_a_per_cent_sign():
    assert parse_number("12,5 %", Measure.SHARE) == Decimal("12.5")
    for measure in (MONEY, COUNT, Measure.NUMBER):
        with pytest.raises(Unreadable):
            parse_number("12,5 %", measure)


def test_a_long_text_is_quoted_by_its_beginning_only():
    with pytest.raises(Unreadable) as caught:
        parse_number("x" * 10_000)
    assert len(str(caught.value)) < 120


SPACES = st.sampled_from(["", " ", "\u00a0", "\u202f", "\u2009"])
CURRENCIES = st.sampled_from(["", "руб.", " руб", "₽", "\u00a0₽", " р.", " RUB"])
FORMS = st.sampled_from(sorted(ANY))


@st.composite
def written(draw):
    """A kopeck amount and how it is written."""
    cents = draw(st.integers(-(10**14), 10**14))
    form = draw(FORMS)
    group = draw(SPACES) if form.group == " " else form.group
    whole, rest = divmod(abs(cents), 100)
    body = f"{whole:,}".replace(",", group) + form.decimal + f"{rest:02d}" + draw(CURRENCIES)
    if cents < 0:
        body = draw(st.sampled_from(["-{}", "−{}", "({})", "- {}"])).format(body)
    return Decimal(cents).scaleb(-2), draw(SPACES) + body + draw(SPACES), form


@given(written())
def test_every_style_reads_back_to_the_kopeck(case):
    value, text, _ = case
    assert parse_number(text) == value, "two decimals are never ambiguous"
    assert parse_money(text) == value


@given(FORMS, st.lists(st.integers(0, 10**7), min_size=1, max_size=6), st.lists(st.integers(0, 10**9), min_size=1))
def test_a_table_in_one_convention_gives_its_numbers_back_or_says_that_they_are_open(form, counts, cents):
    def grouped(whole):
        return f"{whole:,}".replace(",", form.group)

    money = [f"{grouped(each // 100)}{form.decimal}{each % 100:02d}" for each in cents]
    read = column(COUNT, *map(grouped, counts), beside=((MONEY, money),))
    assert read == counts
    alone = column(COUNT, *map(grouped, counts))
    assert all(value == count or "it may mean" in str(value) for value, count in zip(alone, counts, strict=True))


@given(
    st.one_of(st.text(), st.text(alphabet="0123456789,.- −()₽%рубRUe\u00a0"), st.from_regex(r"[0-9., -]+")),
    st.sampled_from(Measure),
)
def test_no_other_error_escapes_and_what_is_read_is_finite(text, measure):
    try:
        value = parse_number(text, measure, conventions_of([(measure, [text])])[0])
    except Unreadable:
        return
    assert value is None or Decimal(value).is_finite()


@given(st.from_regex(r"[0-9]{1,4}([ .,'][0-9]{1,4}){0,3}", fullmatch=True), FORMS)
def test_no_digit_is_lost_or_invented(text, form):
    try:
        value = parse_number(text, conventions=frozenset([form]))
    except Unreadable:
        return
    digits = "".join(filter(str.isdigit, text))
    assert "".join(filter(str.isdigit, f"{value:f}")).lstrip("0") == digits.lstrip("0")
