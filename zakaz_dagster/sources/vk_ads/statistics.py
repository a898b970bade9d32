"""One statistics answer as columns, after proof that it is whole.

Belongs here: every id and every day that was asked for is there once, the vendor's own sums agree, money is exact.
Does not: which ids are asked (`source`), what becomes of the figures (`facts`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData, ShapeChanged
from zakaz_dagster.sources.vk_ads.records import SOURCE, Base, Statistics, StatItem, Totals, decode

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
CLICKS_WITHOUT_MONEY = 100  # so many are never free


def figures_of(
    raw: bytes, asked: Sequence[int], first: dt.date, last: dt.date, request_id: str = ""
) -> tuple[pa.Table, list[int]]:
    """Figures per object and day, and the ids that are missing from the answer; failures name the request."""
    what = f"statistics {first}..{last}" + (f" (x-request-id {request_id})" if request_id else "")
    body = decode(raw, Statistics, what)
    days = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    seen: set[int] = set()
    for item in body.items:
        if item.id in seen:
            raise _not_whole(f"object {item.id} came twice", what)
        seen.add(item.id)
        _check_days(item, days, what)
        _check_sum(f"object {item.id}", [row.base for row in item.rows], item.total, what)
    if strays := seen.difference(asked):
        raise _not_whole(f"objects nobody asked for: {sorted(strays)[:5]}", what)
    _check_sum("all objects", [row.base for item in body.items for row in item.rows], body.total, what)
    return columns_of(body), [id_ for id_ in asked if id_ not in seen]


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
            f"statistics: `spent` is not roubles with at most two decimals ({error})", source=SOURCE
        ) from None


def _check_days(item: StatItem, days: Sequence[dt.date], what: str) -> None:
    came = [row.date for row in item.rows]
    if came == days:
        return
    missing = sorted(set(days).difference(came))
    if missing:
        raise _not_whole(f"object {item.id} lacks {len(missing)} of {len(days)} days, {missing[0]} first", what)
    if len(came) != len(days):
        raise _not_whole(f"object {item.id} has days that were not asked for, or a day twice", what)


def _check_sum(whose: str, parts: Sequence[Base], total: Totals | None, what: str) -> None:
    """The vendor's sum against ours; each part was rounded to the kopeck, so money may differ by half of one a part."""
    if total is None or total.base is None:
        return
    said = total.base
    counts = (sum(part.shows for part in parts), sum(part.clicks for part in parts))
    spent = sum((part.spent for part in parts), ZERO)
    if counts != (said.shows, said.clicks) or abs(spent - said.spent) > KOPECK * (1 + len(parts)) / 2:
        raise _not_whole(
            f"{whose}: the rows sum up to {counts[0]} impressions, {counts[1]} clicks, {spent} roubles, the vendor's "
            f"total says {said.shows}, {said.clicks}, {said.spent}",
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
