"""VK Ads as a day source: a range is asked in as few requests as the vendor allows and answered day by day.

    lists ─▶ group statistics (the truth) ─▶ ad statistics of groups that had anything ─▶ facts ─▶ rows ─▶ days

Belongs here: the order of these steps and what a refused or missing object means. Does not: protocol, shapes, columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData, Fatal
from zakaz_dagster.parsing.cities import CityIndex
from zakaz_dagster.sources.base import DayRead, Reject
from zakaz_dagster.sources.vk_ads.api import VkAdsApi
from zakaz_dagster.sources.vk_ads.catalogue import Catalogue, gone_before, read_catalogue
from zakaz_dagster.sources.vk_ads.chunks import ask_in_chunks
from zakaz_dagster.sources.vk_ads.description import ADS, GROUPS, HISTORY_DAYS, PLANS, TABLE
from zakaz_dagster.sources.vk_ads.dimensions import SCHEMAS, dimension_rows
from zakaz_dagster.sources.vk_ads.facts import facts_of, standing
from zakaz_dagster.sources.vk_ads.history import merge
from zakaz_dagster.sources.vk_ads.records import SOURCE, AdGroup, Banner
from zakaz_dagster.sources.vk_ads.rows import Names, rows_of
from zakaz_dagster.sources.vk_ads.statistics import FIGURES, active, figures_of, refuse_hidden_money
from zakaz_dagster.sources.vk_ads.vat import Vat
from zakaz_dagster.timezone import MOSCOW, bounds
from zakaz_dagster.transport.stats import Stats

TOTALS: Mapping[str, Decimal | int] = {"spent_rub": Decimal(0), "impressions": 0, "clicks": 0}
Held = Callable[[], Mapping[str, pa.Table]]


@dataclass
class Figures:
    """Statistics of one level over the range: of how many objects, and those VK would not speak of."""

    table: pa.Table
    objects: int
    rejects: list[Reject] = field(default_factory=list)


@dataclass(frozen=True)
class Read:
    """A range once it is whole: its rows, how many objects answered, and the sums of the groups' own figures by day."""

    rows: pa.Table
    objects: int
    rejects: Sequence[Reject]
    sums: Sequence[Mapping[str, Any]]
    asked_at: datetime


class VkAdsSource:
    """One account. `now` is the present moment (aware); `held` gives the dimension tables as stored before, if any.

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
        held: Held = dict,
    ) -> None:
        self.api = api
        self._cities = cities
        self._account = account
        self._vat = vat
        self._now = now
        self._chunk = chunk
        self._held = held
        self._catalogue: Catalogue | None = None
        self._names: Names | None = None
        self._changed: dict[str, pa.Table] = {}

    @property
    def requests(self) -> int:
        return self.api.stats.requests

    @property
    def stats(self) -> Stats:
        return self.api.stats

    def dimensions(self) -> Mapping[str, pa.Table]:
        """Rows of the three dimension tables to insert: new objects, new versions of tags, changed attributes."""
        self._look_up()
        return self._changed

    def read(self, first: date, last: date) -> Iterator[DayRead]:
        """Every day of first..last (Moscow), ascending."""
        now = self._now().astimezone(MOSCOW)
        _check_range(first, last, now.date())
        catalogue, names = self._look_up()
        groups = self._figures("ad_groups", catalogue.groups, list(catalogue.groups), first, last)
        refuse_hidden_money(groups.table, first, last)
        busy = set(pc.unique(active(groups.table)["id"]).to_pylist())
        ads = self._figures("banners", catalogue.banners, catalogue.banners_of(busy), first, last)
        facts = facts_of(
            groups.table, ads.table, names.ads.select(["ad_id", "ad_group_id"]), standing(names.groups, names.plans)
        )
        rows = rows_of(facts, names, self._vat)
        sums = groups.table.group_by("date").aggregate([(name, "sum") for name in TOTALS])
        read = Read(rows, groups.objects + ads.objects, [*groups.rejects, *ads.rejects], sums.to_pylist(), now)
        yield from _days(read, first, last)

    def _look_up(self) -> tuple[Catalogue, Names]:
        """Catalogue and names, read once per source."""
        if self._catalogue is None or self._names is None:
            self._catalogue = read_catalogue(self.api)
            current = dimension_rows(self._catalogue, self._cities, self._account)
            held, today = self._held(), self._now().astimezone(MOSCOW).date()
            versions: dict[str, pa.Table] = {}
            for name, table in current.items():
                earlier = held.get(name, SCHEMAS[name].empty_table())
                versions[name], self._changed[name] = merge(name, table, earlier, today)
            self._names = Names(self._account, current[PLANS], current[GROUPS], current[ADS], versions)
        return self._catalogue, self._names

    def _figures(
        self, level: str, known: Mapping[int, AdGroup | Banner], ids: Sequence[int], first: date, last: date
    ) -> Figures:
        """Statistics of these objects; one that VK refuses or leaves out is a reject if no money depends on it."""
        missing: dict[int, str] = {}

        def ask(chunk: Sequence[int]) -> pa.Table:
            answer = self.api.statistics(level, chunk, first, last)
            table, absent = figures_of(answer.content, chunk, first, last, answer.request_id)
            missing.update(dict.fromkeys(absent, "missing from the answer"))
            return table if level == "ad_groups" else active(table)  # only a group's zeros are kept: they are the truth

        answers = ask_in_chunks(ids, self._chunk, ask)
        _judge_missing(level, {id_: known[id_] for id_ in missing}, first, last)
        _judge_refused(level, {id_: known[id_] for id_ in answers.refused}, answers.refused, first, last)
        rejects = [
            Reject(f"VK gives no statistics of it: {words}", f"{level} {id_}")
            for id_, words in sorted({**missing, **answers.refused}.items())
        ]
        table = pa.concat_tables([FIGURES.empty_table(), *answers.given])
        return Figures(table, len(ids) - len(rejects), rejects)


def _judge_missing(level: str, absent: Mapping[int, AdGroup | Banner], first: date, last: date) -> None:
    """An object that is simply not in the answer may have spent, unless it was deleted before the range."""
    ids = [id_ for id_, item in absent.items() if not gone_before(item, first)]
    if ids:
        raise _unreadable(f"{level} {ids[:20]} were asked for and are missing from the answer", first, last)


def _judge_refused(
    level: str, refused: Mapping[int, AdGroup | Banner], said: Mapping[int, str], first: date, last: date
) -> None:
    """A refused ad only loses its share to the group's remainder; without a group's figures a day cannot be right."""
    ids = [id_ for id_, item in refused.items() if isinstance(item, AdGroup) and not gone_before(item, first)]
    if ids:
        raise _unreadable(f"VK refuses statistics of {level} {ids[:20]}: {said[ids[0]]}", first, last)


def _unreadable(what: str, first: date, last: date) -> BadData:
    return BadData(
        what,
        source=SOURCE,
        day=f"{first}..{last}",
        expected="figures of every object in the lists",
        next_step="nothing was changed; run it again, and if it stays ask VK support about these ids",
    )


def _check_range(first: date, last: date, today: date) -> None:
    oldest = today - timedelta(days=HISTORY_DAYS - 1)
    if first < oldest:
        raise Fatal(
            f"VK Ads keeps daily statistics of the last {HISTORY_DAYS} days only, today that is from {oldest}",
            source=SOURCE,
            day=first,
            next_step=f"ask for days from {oldest}; older ones stay as they were loaded",
        )
    if last > today:
        raise Fatal(f"the day has not begun in Moscow, where it is {today}", source=SOURCE, day=last)


def _days(read: Read, first: date, last: date) -> Iterator[DayRead]:
    """Slices of the rows, which are in day order. Every object answered for every day, or for none."""
    ends = _ends(read.rows["date"])
    sums = {each["date"]: each for each in read.sums}
    start = 0
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        end = ends.get(day, start)
        yield DayRead(
            day=day,
            tables={TABLE: read.rows.slice(start, end - start)},
            received=read.objects + len(read.rejects),
            accepted=read.objects,
            rejects=read.rejects,
            covered_until=min(_end_of(day), read.asked_at).isoformat(timespec="seconds"),
            totals={name: sums.get(day, {}).get(f"{name}_sum") or zero for name, zero in TOTALS.items()},
        )
        start = end


def _end_of(day: date) -> datetime:
    return bounds(day)[1]


def _ends(days: pa.ChunkedArray) -> dict[date, int]:
    """Day to the end of its contiguous run."""
    if not len(days):
        return {}
    runs = pc.run_end_encode(days.combine_chunks())
    return dict(zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True))
