"""Numbers: the cases that earlier loaders lost, and round trips in every style."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.parsing.numbers import Unreadable, parse_count, parse_money, parse_number

READ = {
    "12345,67": "12345.67",
    "1,234.56": "1234.56",
    "1.234,56": "1234.56",
    "1.234.567,89": "1234567.89",
    "1,234,567": "1234567",
    "1 234": "1234",
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


@pytest.mark.parametrize(
    ("text", "comma", "point"),
    [("1,234", "1.234", "1234"), ("1.234", "1234", "1.234"), ("-1,234", "-1.234", "-1234"), ("1,23", "1.23", "1.23")],
)
def test_one_separator_before_three_digits_is_decided_by_the_setting(text, comma, point):
    assert parse_number(text, decimal_comma=True) == Decimal(comma)
    assert parse_number(text, decimal_comma=False) == Decimal(point)


def test_money_has_two_decimals_and_is_never_rounded():
    assert str(parse_money("1 234,5 ₽")) == "1234.50"
    assert str(parse_money("12.340000", decimal_comma=False)) == "12.34"
    for text in ("0,005", "1.2345", "10000000000000000"):
        with pytest.raises(Unreadable):
            parse_money(text)


def test_a_count_is_whole_and_not_negative():
    assert parse_count("1 234") == 1234
    assert parse_count("5,00") == 5
    for text in ("1,5", "-1", "1,234"):
        with pytest.raises(Unreadable):
            parse_count(text)


def test_a_long_text_is_quoted_by_its_beginning_only():
    with pytest.raises(Unreadable) as caught:
        parse_number("x" * 10_000)
    assert len(str(caught.value)) < 120


SPACES = st.sampled_from(["", " ", "\u00a0", "\u202f", "\u2009"])
CURRENCIES = st.sampled_from(["", "руб.", " руб", "₽", "\u00a0₽", " р.", " RUB"])


@st.composite
def written(draw):
    """A kopeck amount, how it is written, and which separator is decimal."""
    cents = draw(st.integers(-(10**14), 10**14))
    decimal, groups = draw(st.sampled_from([(",", "."), (".", ","), (",", None), (".", None)]))
    group = draw(SPACES) if groups is None else groups
    whole, rest = divmod(abs(cents), 100)
    body = f"{whole:,}".replace(",", group) + decimal + f"{rest:02d}" + draw(CURRENCIES)
    if cents < 0:
        body = draw(st.sampled_from(["-{}", "−{}", "({})", "- {}"])).format(body)
    return Decimal(cents).scaleb(-2), draw(SPACES) + body + draw(SPACES), decimal == ","


@given(written())
def test_every_style_reads_back_to_the_kopeck(case):
    value, text, decimal_comma = case
    assert parse_number(text, decimal_comma) == value
    assert parse_money(text, not decimal_comma) == value, "two decimals are never ambiguous"


@given(
    st.one_of(st.text(), st.text(alphabet="0123456789,.- −()₽%рубRUe\u00a0"), st.from_regex(r"[0-9., -]+")),
    st.booleans(),
)
def test_no_other_error_escapes_and_what_is_read_is_finite(text, decimal_comma):
    for read in (parse_number, parse_money, parse_count):
        try:
            value = read(text, decimal_comma)
        except Unreadable:
            continue
        assert value is None or Decimal(value).is_finite()


@given(st.from_regex(r"[0-9]{1,4}([ .,][0-9]{1,4}){0,3}", fullmatch=True), st.booleans())
def test_no_digit_is_lost_or_invented(text, decimal_comma):
    try:
        value = parse_number(text, decimal_comma)
    except Unreadable:
        return
    digits = "".join(filter(str.isdigit, text))
    assert "".join(filter(str.isdigit, f"{value:f}")).lstrip("0") == digits.lstrip("0")
