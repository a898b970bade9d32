"""The client logins of one token: which of them can be read, and whose rows stay as they are stored.

    answered    read now, or billed in another currency: its stored rows go
    the others  without access, or no longer in DIRECT_LOGINS: what they spent was spent, their stored rows stay

Belongs here: that one login stops no other, that no two are one advertiser, what is said of those that were not read.
Does not: asking for reports (`source`) and objects (`catalogue`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData, Failure
from zakaz_dagster.redaction import presentable
from zakaz_dagster.sources.base import Reject
from zakaz_dagster.sources.tables import number
from zakaz_dagster.sources.yandex_direct.api import DirectApi
from zakaz_dagster.sources.yandex_direct.catalogue import Catalogue, OtherCurrency
from zakaz_dagster.sources.yandex_direct.errors import NoAccess
from zakaz_dagster.sources.yandex_direct.records import SOURCE

_T = TypeVar("_T")
Aside = Callable[[date, date], Iterable[Mapping[str, Any]]]  # what stg_rejects holds of the days first..last


class Logins:
    """The configured logins with their catalogues, and what is wrong with those that cannot be read."""

    def __init__(self, api: DirectApi, names: Sequence[str]) -> None:
        self.catalogues = {login: Catalogue(api, login) for login in names}
        self._unread: dict[str, Failure] = {}

    def readable(self) -> list[str]:
        """Logins with access and money in roubles; raises what is wrong with the last one when none is left."""
        for login, catalogue in self.catalogues.items():
            if login not in self._unread:
                self.read_or_note(login, catalogue.open)
        return [login for login in self.catalogues if login not in self._unread]

    def read_or_note(self, login: str, act: Callable[[], _T]) -> _T | None:
        """What `act` gives; None when the login cannot be read, which is noted. Raises when no login is left."""
        try:
            return act()
        except (NoAccess, OtherCurrency) as failure:
            self._unread[login] = failure
            if len(self._unread) == len(self.catalogues):
                raise
            return None

    def refuse_one_twice(self, figures: pa.Table) -> None:
        """Two logins may be one advertiser (another spelling, another representative): its money would count twice."""
        owner: dict[int, str] = {}
        for login, campaigns in self._campaigns(figures).items():
            for campaign in sorted(campaigns):
                first = owner.setdefault(campaign, login)
                if first != login:
                    raise BadData(
                        f"campaign {campaign} comes under the logins {self.shown(first)} and {self.shown(login)}: they "
                        "are one advertiser",
                        source=SOURCE,
                        expected="every login an advertiser of its own",
                        next_step="nothing was loaded; keep one of them in DIRECT_LOGINS, then run reload_days for the "
                        "days that were loaded with both",
                    )

    def answered(self) -> list[str]:
        """Accounts of which it is known what they have now, be it nothing: rows stored for them earlier go."""
        return [login for login in self.catalogues if not isinstance(self._unread.get(login), NoAccess)]

    def of_others(self, stored: pa.Table, figures: pa.Table) -> pa.Table:
        """Those of the stored rows of other accounts that stay beside the figures read now.

        A campaign belongs to one advertiser: an account with a campaign that was read now under a login is that login
        under an earlier name, and its rows would be the same money once more.
        """
        read = set[int]().union(*self._campaigns(figures).values())
        accounts = stored["account"].cast(pa.string())
        theirs = pc.is_in(stored["campaign_id"], pa.array(sorted(read), stored["campaign_id"].type))
        renamed = pc.unique(accounts.filter(theirs))
        return stored.filter(pc.invert(pc.is_in(accounts, renamed)))

    def _campaigns(self, figures: pa.Table) -> dict[str, set[int]]:
        """The campaigns of each login that was read: those that it lists, and those that only its report names."""
        found = {login: set(self.catalogues[login].campaigns) for login in self.readable()}
        named = figures.select(["account", "campaign_id"])
        for row in named.take(pa.array(number(named.columns).first)).to_pylist():
            if row["campaign_id"]:
                found[row["account"]].add(row["campaign_id"])
        return found

    def rejects(self) -> Iterator[Reject]:
        """One for each login that was not read: money that may be missing is said on every day."""
        for login, failure in self._unread.items():
            name = self.shown(login)
            rest = "its rows are those of its last good load" if isinstance(failure, NoAccess) else "it has no rows"
            yield Reject(f"login {name} was not read, {rest}: {failure.what}. {failure.next_step}", f"login {name}")

    def shown(self, login: str) -> str:
        """A login as one may say it; a mail address may not be said, so it is told by its place in the settings."""
        return (
            login if presentable(login) == login else f"number {[*self.catalogues].index(login) + 1} of DIRECT_LOGINS"
        )


def of_login(login: str, odd: Reject) -> Reject:
    """A row that was put aside, with the login whose money it is."""
    return Reject(odd.reason, f"login {login}, {odd.where}", odd.payload)


def owner(place: str) -> str:
    """The login in the place of a reject as it is stored; '' for what is said of an object."""
    return place.removeprefix("login ").partition(", ")[0] if place.startswith("login ") else ""


def again(stored: Mapping[str, Any]) -> Reject:
    """A stored reject, to be stored once more."""
    return Reject(stored["reason"], stored["place"], stored["payload"])
