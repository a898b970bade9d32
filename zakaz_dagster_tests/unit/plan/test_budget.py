"""Budget files become rows; an account that could be another's, and a month told twice, are put aside."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.errors import ShapeChanged
from zakaz_dagster.parsing.dates import parse_month
from zakaz_dagster.parsing.unreadable import Unreadable
from zakaz_dagster.sources.plan.budget import Budgets, budgets_of
from zakaz_dagster_tests.unit.plan.test_plan import workbook

ACCOUNTS = [("vk_ads", "Кабинет"), ("yandex_direct", "login-1"), ("vk_ads", "общий"), ("yandex_direct", "общий")]
MONTHS = [
    "январь",
    "февраль",
    "март",
    "апрель",
    "май",
    "июнь",
    "июль",
    "август",
    "сентябрь",
    "октябрь",
    "ноябрь",
    "декабрь",
]


def budgets(text: str | bytes) -> Budgets:
    return budgets_of("budget.csv", text if isinstance(text, bytes) else text.encode(), ACCOUNTS)


def rows(found: Budgets) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for table in found.months.values() for row in table.to_pylist()]


NOVEMBER = date(2026, 11, 1)


@pytest.mark.parametrize("month", ["2026-11", "11.2026", "ноябрь 2026", "Ноября 2026 г.", "01.11.2026", "2026-11-01"])
def test_a_month_is_read_in_every_usual_form(month: str) -> None:
    found = budgets(
        f"Месяц;Кабинет;Бюджет, руб.\n{month};КАБИНЕТ;150 000,50\n{month};login-1;90000\nИтого;;240 000,50\n"
    )
    assert rows(found) == [
        (NOVEMBER, "vk_ads", "Кабинет", Decimal("150000.50")),
        (NOVEMBER, "yandex_direct", "login-1", Decimal(90000)),
    ]
    assert (found.rejects, found.budget_rub) == ([], Decimal("240000.50"))


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_a_month_is_read_back_from_what_people_write(day: date) -> None:
    first = day.replace(day=1)
    for text in (
        f"{day:%Y-%m}",
        f"{day:%m.%Y}",
        f"{day.month}.{day.year}",
        f"{MONTHS[day.month - 1]} {day.year}",
        str(first),
    ):
        assert parse_month(text) == first
    if day.day > 1:
        with pytest.raises(Unreadable):
            parse_month(str(day))


def test_a_workbook_is_read_too() -> None:
    data = workbook(
        [
            ["Месяц", "Площадка", "Логин", "Бюджет"],
            [date(2026, 11, 1), "Директ", "login-2", 5000],
            [date(2026, 12, 1), "ВК", "общий", 10],
        ]
    )
    found = budgets(data)
    assert rows(found) == [
        (NOVEMBER, "yandex_direct", "login-2", Decimal(5000)),
        (date(2026, 12, 1), "vk_ads", "общий", Decimal(10)),
    ]
    assert found.unknown == {"login-2"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ноябрь 2026;общий;5;", "several platforms have it"),
        ("ноябрь 2026;login-2;5;", "no platform has it yet"),
        ("ноябрь 2026;общий;5;Google", "a platform: VK or Директ"),
        ("15.11.2026;login-1;5;", "its first day"),
        ("13.2026;login-1;5;", "a month of the calendar"),
        ("ноябрь 2026;login-1;-5;", "zero or more"),
        ("ноябрь 2026;login-1;1.2.3;", "budget"),
        ("ноябрь 2026;кабинет;10;", "the same month and account as row 2"),
    ],
)
def test_what_could_mean_another_account_or_month_is_put_aside_and_the_rest_is_kept(line: str, said: str) -> None:
    found = budgets(f"Месяц;Кабинет;Бюджет;Площадка\nноябрь 2026;Кабинет;10;VK\n{line}\n")
    assert rows(found) == [(NOVEMBER, "vk_ads", "Кабинет", Decimal(10))]
    assert [(reject.where, said in reject.reason) for reject in found.rejects] == [("row 3", True)], found.rejects


def test_a_file_that_is_no_budget_is_refused_by_what_it_lacks() -> None:
    with pytest.raises(ShapeChanged, match="«Бюджет»"):
        budgets("Месяц;Билеты\nноябрь 2026;5\n")
