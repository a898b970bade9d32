"""Statistics of many ids: asked so many at a time, each answer as columns after proof that it is whole.

One bad id makes VK refuse a whole request, so a refused chunk is halved until the bad ids stand alone. Belongs here:
cutting and halving; every id and every day on which it can have run is there once, the vendor's own sums agree, money
is exact. Does not: which ids are asked (`source`), what becomes of the figures (`rows`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData, ShapeChanged
from zakaz_dagster.sources.odd_records import salvaged
from zakaz_dagster.sources.vk_ads.records import (
    SOURCE,
    Base,
    LooseStatistics,
    Statistics,
    StatItem,
    Totals,
    decode,
)

MONEY = pa.decimal128(18, 2)
FIGURES = pa.schema(
    [
        ("id", pa.uint64()),
        ("date", pa.date32()),
        ("impressions", pa.int64()),
        ("clicks", pa.int64()),
        ("conversions", pa.int64()),
        ("spent_rub", MONEY),
    ]
)
KOPECK = Decimal("0.01")
ZERO = Decimal(0)
MOST_REFUSED = 50  # each costs up to 16 requests; so many are no stray ids but a wrong account
CLICKS_WITHOUT_MONEY = 100  # so many are never free


class IdsRefused(Exception):
    """The vendor refused a request because of at least one of its ids; `words` are the vendor's."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass
class Answers:
    """Answers to every id that was accepted, and the refused ids with the vendor's words."""

    given: list[pa.Table] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


def ask_in_chunks(
    ids: Sequence[int], size: int, ask: Callable[[Sequence[int]], pa.Table], most_refused: int = MOST_REFUSED
) -> Answers:
    """`ask` for all ids in chunks of `size`; a refused chunk is halved until the bad ids stand alone."""
    answers = Answers()
    waiting = [ids[start : start + size] for start in range(0, len(ids), size)][::-1]
    while waiting:
        chunk = waiting.pop()
        try:
            answers.given.append(ask(chunk))
        except IdsRefused as refusal:
            if len(chunk) > 1:
                middle = len(chunk) // 2
                waiting += [chunk[middle:], chunk[:middle]]
                continue
            answers.refused[chunk[0]] = refusal.words
            if len(answers.refused) > most_refused:
                raise _too_many(answers.refused, len(ids)) from None
    return answers


def _too_many(refused: dict[int, str], asked: int) -> BadData:
    return BadData(
        f"VK refused {len(refused)} of {asked} objects that its own lists named, the last with: "
        f"{list(refused.values())[-1]}",
        source=SOURCE,
        expected="lists and statistics of one account",
        next_step="see `zakaz doctor --live`: does the token belong to the account that is listed?",
    )


@dataclass(frozen=True)
class Asked:
    """One statistics request. `could_run(id, day)`: whether VK must have a row for the object and day.

    With `may_be_odd` an object whose figures cannot be read is put aside: an ad's share stays in its group's remainder.
    """

    ids: Sequence[int]
    days: Sequence[dt.date]
    could_run: Callable[[int, dt.date], bool] = lambda _id, _day: True
    may_be_odd: bool = False
    name: str = ""

    def __str__(self) -> str:
        return self.name or f"statistics {self.days[0]}..{self.days[-1]}"


@dataclass(frozen=True)
class Figures:
    """Figures by object and day, ids that are not in the answer, and objects that were put aside."""

    table: pa.Table
    missing: Sequence[int]
    odd: Mapping[int, str]


def figures_of(raw: bytes, asked: Asked, request_id: str = "") -> Figures:
    """The answer as columns once it is proven whole; failures name the request."""
    what = f"{asked}" + (f" (x-request-id {request_id})" if request_id else "")
    body, odd = readable(raw, what) if asked.may_be_odd else (decode(raw, Statistics, what), {})
    seen: set[int] = set(odd)
    for item in body.items:
        if item.id in seen:
            raise _not_whole(f"object {item.id} came twice", what)
        seen.add(item.id)
        _check_days(item, asked, what)
        _check_sum(f"object {item.id}", [row.base for row in item.rows], item.total, what)
    if strays := seen.difference(asked.ids):
        raise _not_whole(f"objects nobody asked for: {sorted(strays)[:5]}", what)
    bases = [row.base for item in body.items for row in item.rows]
    _check_sum("all objects", bases, body.total, what, exact=not odd)
    return Figures(columns_of(body), [id_ for id_ in asked.ids if id_ not in seen], odd)


def readable(raw: bytes, what: str) -> tuple[Statistics, dict[int, str]]:
    """The objects that can be read, and the others by id, with the reason; ShapeChanged when none can."""
    try:
        return decode(raw, Statistics, what), {}
    except ShapeChanged as changed:
        failure = changed
    loose = decode(raw, LooseStatistics, what)
    items: list[StatItem] = []
    odd: dict[int, str] = {}
    for number, each in enumerate(loose.items):
        item, reason = salvaged(each, StatItem, f"$.items[{number}]")
        if item is not None and not reason:
            items.append(item)
        elif isinstance(each, dict) and isinstance(each.get("id"), int):
            odd[each["id"]] = reason
        else:
            raise failure
    if not items:
        raise failure
    return Statistics(items, loose.total), odd


def columns_of(body: Statistics) -> pa.Table:
    """The figures as they came."""
    rows = [row for item in body.items for row in item.rows]
    bases = [row.base for row in rows]
    return pa.table(
        [
            pa.array([item.id for item in body.items for _ in item.rows], pa.uint64()),
            pa.array([row.date for row in rows], pa.date32()),
            pa.array([base.shows for base in bases], pa.int64()),
            pa.array([base.clicks for base in bases], pa.int64()),
            pa.array([base.vk.goals if base.vk is not None else None for base in bases], pa.int64()),
            _money([base.spent for base in bases]),
        ],
        schema=FIGURES,
    )


def active(figures: pa.Table) -> pa.Table:
    """The rows in which anything is not zero."""
    measures = ("impressions", "clicks", "conversions", "spent_rub")
    flags = [pc.fill_null(pc.not_equal(figures[name], pa.scalar(0, figures[name].type)), False) for name in measures]
    kept = flags[0]
    for flag in flags[1:]:
        kept = pc.or_(kept, flag)
    return figures.filter(kept)


def refuse_hidden_money(groups: pa.Table, first: dt.date, last: dt.date) -> None:
    """A user without financial rights gets figures whose money is 0 throughout; that is not free advertising."""
    clicks, spent = pc.sum(groups["clicks"]).as_py() or 0, pc.sum(groups["spent_rub"]).as_py() or ZERO
    if clicks >= CLICKS_WITHOUT_MONEY and not spent:
        raise BadData(
            f"{clicks} clicks and not a kopeck spent",
            source=SOURCE,
            day=f"{first}..{last}",
            expected="money beside clicks",
            next_step="give the API user the right to see finances: without it VK leaves money out of statistics",
        )


def _money(values: list[Decimal]) -> pa.Array:
    try:
        return pa.array(values, MONEY)
    except (pa.ArrowInvalid, ArithmeticError) as error:
        raise ShapeChanged(
            f"statistics: a value of `spent` is none ({error})",
            source=SOURCE,
            expected="roubles with at most two decimals",
            next_step="nothing was changed; compare the answer with the vendor's change log",
        ) from None


def _check_days(item: StatItem, asked: Asked, what: str) -> None:
    came = [row.date for row in item.rows]
    if came == asked.days:
        return
    if len(set(came)) != len(came) or not set(came) <= set(asked.days):
        raise _not_whole(f"object {item.id} has days that were not asked for, or a day twice", what)
    missing = [day for day in asked.days if day not in came and asked.could_run(item.id, day)]
    if missing:
        raise _not_whole(f"object {item.id} lacks {len(missing)} of {len(asked.days)} days, {missing[0]} first", what)


def _check_sum(whose: str, parts: list[Base], total: Totals | None, what: str, *, exact: bool = True) -> None:
    """The vendor's sum against ours; each part was rounded to the kopeck, so money may differ by half of one a part.

    When some objects were put aside (not `exact`), the rest must not exceed the sum of all.
    """
    if total is None or total.base is None:
        return
    said = total.base
    spent = sum((part.spent for part in parts), ZERO)
    over = (sum(part.shows for part in parts) - said.shows, sum(part.clicks for part in parts) - said.clicks)
    rouble_gap, tolerance = spent - said.spent, KOPECK * (1 + len(parts)) / 2
    fits = over == (0, 0) and abs(rouble_gap) <= tolerance if exact else max(over) <= 0 and rouble_gap <= tolerance
    if not fits:
        raise _not_whole(
            f"{whose}: the rows sum up to {said.shows + over[0]} impressions, {said.clicks + over[1]} clicks, {spent} "
            f"roubles, the vendor's total says {said.shows}, {said.clicks}, {said.spent}",
            what,
        )


def _not_whole(problem: str, what: str) -> BadData:
    return BadData(
        f"{what}: {problem}",
        source=SOURCE,
        expected="every object and day asked for exactly once, and sums that agree",
        next_step="nothing was changed; run it again, and if it repeats look at the answer with "
        "`zakaz inspect vk-statistics`",
    )
