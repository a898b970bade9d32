"""Money is added up as roubles only where a campaign says that it is."""

from __future__ import annotations

import pytest

from zakaz_dagster.sources.yandex_direct.api import Found
from zakaz_dagster.sources.yandex_direct.catalogue import Catalogue, OtherCurrency
from zakaz_dagster.sources.yandex_direct.records import Campaign


class Api:
    def __init__(self, *campaigns: Campaign) -> None:
        self._campaigns = campaigns

    def campaigns(self, _login: str) -> Found[Campaign]:
        return Found(list(self._campaigns), [])


def opened(*campaigns: Campaign) -> Catalogue:
    catalogue = Catalogue(Api(*campaigns), "organiser")  # type: ignore[arg-type]
    catalogue.open()
    return catalogue


def test_spend_of_the_wizard_alone_is_in_no_known_currency() -> None:
    with pytest.raises(OtherCurrency, match=r"organiser spent money, and no campaign that Direct lists"):
        opened().prove_roubles([77])


def test_one_campaign_in_roubles_proves_the_money_of_all() -> None:
    opened(Campaign(id=1, currency="RUB")).prove_roubles([1, 77])


def test_without_spend_there_is_nothing_to_prove() -> None:
    opened().prove_roubles([])
