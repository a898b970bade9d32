"""Dates: every documented form, refusals instead of swaps, and days of instants."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.parsing.dates import Unreadable, local_date, moscow_day, parse_date

FIFTH = date(2025, 10, 5)
FORMS = (
    "2025-10-05", "2025-10-05 12:30", "2025-10-05T12:30:00", "2025-10-05T12:30:00.123", "2025-10-05T00:00:00+03:00",
    "2025-10-04T21:00:00Z", "05.10.2025", "5.10.2025", "05/10/2025", "05-10-2025", "05.10.25", "05.10.2025 12:30",
    "05.10.2025 9:05:07", "05.10.2025, 12:30", "05.10.2025 г.", "5 октября 2025", "5 октября 2025 г.", "5 Октября 2025г",
    "5 октября 2025 года", "5 октября 2025 г. в 19:00", "05 окт. 2025", "5\u00a0окт 2025", " 05.10.2025\r\n",
)  # fmt: skip
REFUSED = (
    "31.02.2025", "00.05.2025", "2025-02-30", "10/25/2025", "05-10-25", "05/10/25", "05.10/2025", "5 октября", "45935",
    "20251005", "Итого", "5 октубря 2025", "1899-12-30", "1970-01-01", "0000-00-00", "05.10.2025 25:00", "2025-10-05x",
    "05.10.2025 12:61", "5 октября 2025 текст", "2025-W40-7", "2025-10-05T24:30", "сегодня", "٠٥.١٠.٢٠٢٥",
)  # fmt: skip


@pytest.mark.parametrize("text", FORMS)
def test_every_documented_form_is_read(text):
    assert parse_date(text) == FIFTH


@pytest.mark.parametrize("text", REFUSED)
def test_anything_else_is_refused_never_swapped_or_completed(text):
    with pytest.raises(Unreadable) as caught:
        parse_date(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["", "  ", "--", "—", "-"])
def test_empty_cells_and_dashes_are_no_date(text):
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("words", "month"),
    [
        ("январь января январе янв", 1), ("февраль февраля февр фев", 2), ("март марта марте мар", 3),
        ("апрель апреля апр", 4), ("май мая мае", 5), ("июнь июня июн", 6), ("июль июля июл", 7),
        ("август августа авг", 8), ("сентябрь сентября сент сен", 9), ("октябрь октября октябре окт", 10),
        ("ноябрь ноября нояб ноя", 11), ("декабрь декабря декабрём дек", 12),
    ],
)  # fmt: skip
def test_months_in_every_case_and_short(words, month):
    assert {parse_date(f"7 {word.upper()} 2026") for word in words.split()} == {date(2026, month, 7)}


def test_a_show_at_midnight_in_tomsk_is_the_next_date_than_in_moscow():
    instant = "2021-06-16T20:00:00+03:00"
    assert moscow_day(instant) == date(2021, 6, 16)
    assert local_date(instant, "Asia/Krasnoyarsk") == date(2021, 6, 17)
    assert local_date(instant, "Europe/Kaliningrad") == date(2021, 6, 16)


def test_moscow_had_summer_time_once():
    assert moscow_day("2010-07-01T20:30:00Z") == date(2010, 7, 2)
    assert moscow_day("2012-01-01T20:30:00Z") == date(2012, 1, 2)
    assert moscow_day("2026-01-01T20:30:00Z") == date(2026, 1, 1)


@pytest.mark.parametrize("instant", ["2025-10-05T12:30:00", "2025-10-05", "", "yesterday", "0001-01-01T00:00:00+14:00"])
def test_an_instant_without_a_zone_has_no_day(instant):
    with pytest.raises(Unreadable):
        moscow_day(instant)
    with pytest.raises(Unreadable):
        local_date(instant, "Asia/Tomsk")


@pytest.mark.parametrize("zone", ["", "Asia", "Asia/Nowhere", "../etc/passwd", "Tomsk\0", "+07:00"])
def test_an_unknown_zone_is_named(zone):
    with pytest.raises(Unreadable, match="time zone"):
        local_date("2025-10-05T12:30:00+03:00", zone)


DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
MONTHS = [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
]


@given(DAYS, st.sampled_from(["", " 00:00", " 23:59:59"]))
def test_every_day_reads_back_in_every_form(day, clock):
    forms = [
        day.isoformat(),
        f"{day:%d.%m.%Y}",
        f"{day:%d/%m/%Y}",
        f"{day:%d.%m.%y}",
        f"{day.day}.{day.month}.{day.year}",
    ]
    forms.append(f"{day.day} {MONTHS[day.month - 1]} {day.year} г.")
    assert {parse_date(form + clock) for form in forms} == {day}


@given(st.datetimes(datetime(2015, 1, 2), datetime(2090, 1, 1)), st.integers(-12, 14))
def test_the_moscow_day_is_three_hours_ahead_of_utc_whatever_zone_is_written(moment, hours):
    zoned = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    expected = (zoned.astimezone(UTC) + timedelta(hours=3)).date()
    assert moscow_day(zoned.isoformat()) == expected == parse_date(zoned.isoformat())


@given(st.one_of(st.text(), st.from_regex(r"[0-9./ :TZ+-]*"), st.from_regex(r"[0-9]{1,2} [а-я]{3,8} [0-9]{4}.*")))
def test_no_other_error_escapes(text):
    for read in (
        parse_date,
        moscow_day,
        lambda instant: local_date(instant, "Asia/Tomsk"),
        lambda zone: local_date("2025-10-05T12:30:00+03:00", zone),
    ):
        try:
            found = read(text)
        except Unreadable:
            continue
        assert found is None or 1999 <= found.year <= 2100
