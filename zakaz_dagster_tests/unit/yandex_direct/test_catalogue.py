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


OLD = Campaign(id=5, state="CONVERTED", currency="YND_FIXED")


def test_a_campaign_closed_before_roubles_says_nothing_of_todays_money() -> None:
    opened(Campaign(id=1, currency="RUB"), OLD).prove_roubles([1])
    with pytest.raises(OtherCurrency, match="no campaign that Direct lists"):
        opened(OLD).prove_roubles([77])
    with pytest.raises(OtherCurrency, match="billed in YND_FIXED"):
        opened(Campaign(id=1, currency="RUB"), OLD).prove_roubles([1, 5])


@pytest.mark.parametrize("state", ["ON", "ARCHIVED", "ENDED", "UNKNOWN"])
def test_any_other_campaign_in_another_currency_does(state: str) -> None:
    with pytest.raises(OtherCurrency, match="billed in KZT, RUB"):
        opened(Campaign(id=1, currency="RUB"), Campaign(id=2, state=state, currency="KZT"))


def test_without_spend_there_is_nothing_to_prove() -> None:
    opened().prove_roubles([])
