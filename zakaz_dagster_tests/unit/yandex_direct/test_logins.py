"""Each login is an advertiser of its own, and the rows of one that was not read stay as they are stored."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest

from zakaz_dagster.errors import BadData
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


@pytest.mark.parametrize(
    ("listed", "read"),
    [
        ({"a": [1, 2], "b": [2]}, figures()),
        ({"a": [], "b": []}, figures(("a", 77), ("b", 77))),  # of the wizard: in no list
        ({"a": [], "b": [77]}, figures(("a", 77))),
    ],
)
def test_a_campaign_under_two_logins_is_one_advertiser_twice(listed: dict[str, Sequence[int]], read: pa.Table) -> None:
    with pytest.raises(BadData, match=r"campaign (2|77) comes under the logins a and b.*keep one.*DIRECT_LOGINS"):
        logins(**listed).refuse_one_twice(read)


def test_logins_with_campaigns_of_their_own_and_rows_without_one_are_fine() -> None:
    logins(a=[1], b=[2]).refuse_one_twice(figures(("a", 1), ("a", 3), ("b", 4), ("a", 0), ("b", 0)))


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
