"""Whose rows stay as they are stored: of an advertiser that was not read, and only of such a one."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from zakaz_dagster.sources.yandex_direct.api import Found
from zakaz_dagster.sources.yandex_direct.logins import Logins
from zakaz_dagster.sources.yandex_direct.records import Campaign


class Api:
    """The lists of campaigns of some logins, as campaign ids."""

    def __init__(self, **campaigns: Sequence[int]) -> None:
        self._of = campaigns

    def campaigns(self, login: str) -> Found[Campaign]:
        return Found([Campaign(id=id_, currency="RUB") for id_ in self._of[login]], [])


def logins(**campaigns: Sequence[int]) -> Logins:
    return Logins(Api(**campaigns), list(campaigns))  # type: ignore[arg-type]


def figures(*rows: tuple[str, int]) -> pa.Table:
    accounts, ids = zip(*rows, strict=True) if rows else ((), ())
    return pa.table({"account": pa.array(accounts, pa.string()), "campaign_id": pa.array(ids, pa.uint64())})


def test_rows_of_an_account_that_nobody_asks_for_any_more_stay() -> None:
    stored = figures(("earlier", 5), ("earlier", 6))
    assert logins(present=[1]).of_others(stored, figures(("present", 1))) == stored


def test_rows_of_a_login_that_is_written_in_another_way_now_are_not_its_money_twice() -> None:
    stored = figures(("Zakaz.Afisha", 1), ("Zakaz.Afisha", 77), ("other", 5))
    for listed, read in (([1], figures()), ([], figures(("zakaz-afisha", 1)))):
        kept = logins(**{"zakaz-afisha": listed}).of_others(stored, read)
        assert kept.to_pylist() == [{"account": "other", "campaign_id": 5}]


def test_rows_without_a_campaign_tell_nothing_of_whose_they_are() -> None:
    stored = figures(("earlier", 0))
    assert logins(present=[1]).of_others(stored, figures(("present", 0))) == stored
