"""VK Ads as a day source: a range is asked in as few requests as the vendor allows and answered day by day.

    lists ─▶ group statistics (the truth) ─▶ ad statistics of groups that had anything ─▶ facts ─▶ rows ─▶ days

Belongs here: the order of these steps and what a refused or missing object means. Does not: protocol, shapes, columns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData
from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.sources.base import ROUBLE, DayRead, Reject, check_range
from zakaz_dagster.sources.tables import by_day, in_day_order
from zakaz_dagster.sources.vk_ads.api import VkAdsApi
from zakaz_dagster.sources.vk_ads.catalogue import Catalogue, read_catalogue
from zakaz_dagster.sources.vk_ads.description import HISTORY_DAYS, TABLE, oldest_day
from zakaz_dagster.sources.vk_ads.dimensions import Dimensions, dimensions_of
from zakaz_dagster.sources.vk_ads.records import SOURCE, AdGroup, Banner
from zakaz_dagster.sources.vk_ads.rows import Vat, facts_of, rows_of, standing
from zakaz_dagster.sources.vk_ads.statistics import (
    FIGURES,
    Asked,
    active,
    ask_in_chunks,
    figures_of,
    refuse_hidden_money,
)
from zakaz_dagster.timezone import MOSCOW, bounds, days_between
from zakaz_dagster.transport.log import Stats

TOTALS: Mapping[str, Decimal | int] = {"spent_rub": Decimal(0), "impressions": 0, "clicks": 0}
Stored = Callable[[], Mapping[str, pa.Table]]
Earlier = Callable[[date, date, Collection[int]], pa.Table]


@dataclass
class Level:
    """Statistics of one level over the range: of how many objects, and those VK would not speak of."""

    table: pa.Table
    objects: int
    rejects: list[Reject] = field(default_factory=list)


class VkAdsSource:
    """One account. `now` is the present moment (aware); `stored` gives the dimension tables as stored before, if any.

    `earlier(first, last, groups)` gives the rows of the fact table as they stand, of all but these ad groups.
    After `read` began, `dimensions()` has the dimension rows that are new or changed; store them by plain insert.
    """

    def __init__(
        self,
        api: VkAdsApi,
        cities: CityIndex,
        *,
        account: str,
        vat: Vat,
        now: Callable[[], datetime],
        chunk: int = 200,
        stored: Stored = dict,
        earlier: Earlier | None = None,
    ) -> None:
        self.api = api
        self._cities = cities
        self._account = account
        self._vat = vat
        self._now = now
        self._chunk = chunk
        self._stored = stored
        self._earlier = earlier
        self._known: tuple[Catalogue, Dimensions] | None = None

    @property
    def stats(self) -> Stats:
        return self.api.stats

    def dimensions(self) -> Mapping[str, pa.Table]:
        """Rows of the three dimension tables to insert: new objects, new versions of tags, changed attributes."""
        return self._look_up()[1].changed

    def read(self, first: date, last: date) -> Iterator[DayRead]:
        """Every day of first..last (Moscow days, both inclusive), ascending; money in roubles, without and with VAT.

        Nothing is given out before the whole range is read and proven. Raises Retriable (network, limits, a list that
        moves), Fatal (token, access, a changed shape, a day that VK does not keep) or BadData (not whole, another
        currency, sums that disagree).
        """
        now = self._now().astimezone(MOSCOW)
        oldest = oldest_day(now.date())
        older = f"VK Ads keeps daily statistics of the last {HISTORY_DAYS} days; older ones stay as they were loaded"
        check_range(SOURCE, first, last, oldest=oldest, today=now.date(), older=older)
        catalogue, names = self._look_up()
        days = days_between(first, last)
        groups = self._level("ad_groups", catalogue.groups, list(catalogue.groups), days)
        refuse_hidden_money(groups.table, first, last)
        busy = set(pc.unique(active(groups.table)["id"]).to_pylist())
        ads = self._level("banners", catalogue.banners, catalogue.banners_of(busy), days)
        groups_of_ads = names.ads.select(["ad_id", "ad_group_id"])
        facts = facts_of(groups.table, ads.table, groups_of_ads, standing(catalogue))
        rejects = [*catalogue.rejects, *groups.rejects, *ads.rejects]
        rows = rows_of(facts, names, self._account, self._vat)
        kept = self._kept(days, catalogue.groups, rows.schema)
        sums = _sums_by_day(pa.concat_tables([each.select(["date", *TOTALS]) for each in (groups.table, kept)]))
        for (day, own), (_, others) in zip(by_day(rows, days), by_day(kept, days), strict=True):
            yield DayRead(
                day=day,
                tables={TABLE: pa.concat_tables([own, others])},
                received=groups.objects + ads.objects + len(rejects),
                accepted=groups.objects + ads.objects,
                rejects=rejects,
                covered_until=min(bounds(day)[1], now).isoformat(timespec="seconds"),
                totals=sums.get(day, TOTALS),
                kept=[f"ad groups of {name} that no list has" for name in pc.unique(others["account"]).to_pylist()],
            )

    def _kept(self, days: Sequence[date], listed: Collection[int], schema: pa.Schema) -> pa.Table:
        """In day order, stored rows of groups that no list has: deleted ones are listed, these are another account's.

        What they spent was spent. The same account under another label lists its groups: nothing counts twice. Rows of
        zeros say nothing, and go: a group that a list named by mistake has no other.
        """
        if self._earlier is None:
            return schema.empty_table()
        stored = self._earlier(days[0], days[-1], listed)
        return in_day_order(active(stored).select(schema.names).cast(schema))

    def _look_up(self) -> tuple[Catalogue, Dimensions]:
        """Catalogue and names, read once per source, after the account's currency was seen to be the rouble."""
        if self._known is None:
            _check_currency(self.api.currency())
            catalogue = read_catalogue(self.api)
            today = self._now().astimezone(MOSCOW).date()
            self._known = (
                catalogue,
                dimensions_of(catalogue, self._cities, self._account, self._stored(), today),
            )
        return self._known

    def _level(
        self, level: str, known: Mapping[int, AdGroup | Banner], ids: Sequence[int], days: Sequence[date]
    ) -> Level:
        """Statistics of these objects; one that VK refuses or leaves out is a reject if no money depends on it."""
        span = f"{days[0]}..{days[-1]}"
        missing: dict[int, str] = {}
        odd: dict[int, str] = {}

        def ask(chunk: Sequence[int]) -> pa.Table:
            asked = Asked(chunk, days, lambda id_, day: known[id_].could_run(day), may_be_odd=level == "banners")
            answer = self.api.statistics(level, chunk, days[0], days[-1])
            found = figures_of(answer.content, asked, answer.request_id)
            missing.update(dict.fromkeys(found.missing, "missing from the answer"))
            odd.update(found.odd)
            # only a group's zeros are kept: they are the truth
            return found.table if level == "ad_groups" else active(found.table)

        answers = ask_in_chunks(ids, self._chunk, ask)
        could = {id_ for id_ in {**missing, **answers.refused} if any(known[id_].could_run(day) for day in days)}
        if lost := sorted(could & missing.keys()):  # an object that is simply not in the answer may have spent
            raise _unreadable(f"{level} {lost[:20]} were asked for and are missing from the answer", span)
        if level == "ad_groups" and could:  # a refused ad only loses its share to the group's remainder
            said = answers.refused[min(could)]
            raise _unreadable(f"VK refuses statistics of {level} {sorted(could)[:20]}: {said}", span)
        rejects = [
            Reject(f"VK gives no statistics of it: {words}", f"{level} {id_}")
            for id_, words in sorted({**{id_: answers.refused[id_] for id_ in could}, **odd}.items())
        ]
        return Level(pa.concat_tables([FIGURES.empty_table(), *answers.given]), len(ids) - len(rejects), rejects)


def _sums_by_day(groups: pa.Table) -> Mapping[date, Mapping[str, Any]]:
    """Control sums: the groups' own figures."""
    sums = groups.group_by("date").aggregate([(name, "sum") for name in TOTALS]).to_pylist()
    return {each["date"]: {name: each[f"{name}_sum"] or zero for name, zero in TOTALS.items()} for each in sums}


def _check_currency(currency: str) -> None:
    if currency != ROUBLE:
        raise BadData(
            f"the account's currency is {currency}" if currency else "VK does not name the account's currency",
            source=SOURCE,
            expected=f"{ROUBLE}: all money here is added up as roubles",
            next_step="nothing was loaded; connect the account that is billed in roubles, or load this one apart",
        )


def _unreadable(what: str, span: str) -> BadData:
    return BadData(
        what,
        source=SOURCE,
        day=span,
        expected="figures of every object in the lists",
        next_step="nothing was changed; run it again, and if it stays ask VK support about these ids",
    )
