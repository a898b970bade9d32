"""Money that VK hides or bills in another currency is never taken for free advertising or for roubles."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.vk_ads.source import _check_currency
from zakaz_dagster.sources.vk_ads.statistics import CLICKS_WITHOUT_MONEY, MONEY, refuse_hidden_money

DAY = date(2026, 3, 1)


def figures(clicks: list[int], spent: list[str]) -> pa.Table:
    money = pa.array([Decimal(each) for each in spent], MONEY)
    return pa.table({"clicks": pa.array(clicks, pa.int64()), "spent_rub": money})


@pytest.mark.parametrize("clicks", [[CLICKS_WITHOUT_MONEY], [CLICKS_WITHOUT_MONEY - 1, 1, 0]])
def test_many_clicks_without_any_money_are_a_user_who_may_not_see_it(clicks: list[int]) -> None:
    with pytest.raises(BadData, match="not a kopeck spent.*right to see finances"):
        refuse_hidden_money(figures(clicks, ["0"] * len(clicks)), DAY, DAY)


@pytest.mark.parametrize(
    ("clicks", "spent"), [([CLICKS_WITHOUT_MONEY - 1], ["0"]), ([9000, 0], ["0", "0.01"]), ([], [])]
)
def test_a_few_free_clicks_and_any_money_are_taken_as_they_are(clicks: list[int], spent: list[str]) -> None:
    refuse_hidden_money(figures(clicks, spent), DAY, DAY)


@pytest.mark.parametrize(
    ("currency", "says"), [("KZT", "currency is KZT"), ("rub", "currency is rub"), ("", "not name")]
)
def test_another_currency_is_refused(currency: str, says: str) -> None:
    with pytest.raises(BadData, match=says):
        _check_currency(currency)
    _check_currency("RUB")
