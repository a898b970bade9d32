"""Figures of groups and of ads as rows of `fact_vk_ads_daily`, whose sums are the groups'.

    row of an ad        what the ad had, if anything
    row of a remainder  group − Σ its ads, if not zero; ad_id 0; negative where the ads claim more than the group
    row of zeros        ad_id 0, for a group that could have run on the day and had nothing, in VK's own words

VK gives `spent` without VAT. Each row's spend with VAT is rounded to the kopeck, half away from zero; sums are sums of
rounded rows, so every view agrees with every other. Belongs here: that identity, names, tags and VAT, in columns. Does
not: which tags held when (`sources.versions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.vk_ads.catalogue import Catalogue
from zakaz_dagster.sources.vk_ads.dimensions import Dimensions
from zakaz_dagster.sources.vk_ads.records import SOURCE, day_of
from zakaz_dagster.sources.vk_ads.statistics import MONEY, active
from zakaz_dagster.sources.vk_ads.tags import Tags

MEASURES = ("impressions", "clicks", "conversions", "spent_rub")
KEY = ["date", "ad_group_id"]
FACTS = pa.schema(
    [
        ("date", pa.date32()),
        ("ad_group_id", pa.uint64()),
        ("ad_id", pa.uint64()),
        ("is_remainder", pa.uint8()),
        ("impressions", pa.int64()),
        ("clicks", pa.int64()),
        ("conversions", pa.int64()),
        ("spent_rub", MONEY),
    ]
)
COLUMNS = (
    "date",
    "account",
    "ad_plan_id",
    "ad_plan_name",
    "ad_group_id",
    "ad_group_name",
    "ad_id",
    "is_remainder",
    "impressions",
    "clicks",
    "conversions",
    "spent_rub",
    "spend_rub",
    *Tags._fields,
)


@dataclass(frozen=True)
class Vat:
    """The present rate, and earlier ones as (first day of the next rate, rate before it), ascending."""

    pct: Decimal
    earlier: Sequence[tuple[date, Decimal]] = ()

    def rate(self, day: date) -> Decimal:
        """Per cent on a day."""
        return next((rate for until, rate in self.earlier if day < until), self.pct)

    def added(self, spent: pa.ChunkedArray, days: pa.ChunkedArray) -> pa.ChunkedArray:
        """`spent` with the VAT of each day."""
        different = pc.unique(days)
        factors = pa.array([1 + self.rate(day) / 100 for day in different.to_pylist()], pa.decimal128(9, 6))
        factor = factors.take(pc.index_in(days, different).combine_chunks())
        exact = pc.multiply(spent.combine_chunks(), factor)
        return pa.chunked_array([pc.round(exact, 2, "half_towards_infinity").cast(MONEY)])


def facts_of(groups: pa.Table, ads: pa.Table, group_of_ad: pa.Table, shown_groups: pa.Table) -> pa.Table:
    """Rows in the order of (date, group, ad). `groups` and `ads` are figures with `id`.

    `group_of_ad` maps `ad_id` to `ad_group_id`; `shown_groups` has the groups whose zeros are shown (see there).
    """
    of_ads = _with_group(active(ads), group_of_ad)
    own = groups.rename_columns(["ad_group_id", *groups.column_names[1:]])
    rest = _rest(own, of_ads)
    shown = pa.concat_tables([_shaped(of_ads, remainder=False), _shaped(active(rest), remainder=True)])
    zeros = _shaped(_silent(rest, shown, shown_groups), remainder=True)
    return pa.concat_tables([shown, zeros]).sort_by([(name, "ascending") for name in ("date", "ad_group_id", "ad_id")])


def standing(catalogue: Catalogue) -> pa.Table:
    """Ad groups with the first and the last day whose zeros are shown: their lifetime, cut off at their ad plan's end.

    Else the table would fill with the silence of campaigns that ended years ago. A group that is deleted today stood
    until then, so a day says the same whenever it is read.
    """
    spans = [(group.lifetime, catalogue.plan_of(group)) for group in catalogue.groups.values()]
    last = [min(last, (plan and day_of(plan.date_end)) or last) for (_, last), plan in spans]
    return pa.table(
        {
            "ad_group_id": pa.array(catalogue.groups, pa.uint64()),
            "since": pa.array([first for (first, _), _ in spans], pa.date32()),
            "until": pa.array(last, pa.date32()),
        }
    )


def _with_group(ads: pa.Table, group_of_ad: pa.Table) -> pa.Table:
    place = pc.index_in(ads["id"], group_of_ad["ad_id"].combine_chunks())
    return ads.rename_columns(["ad_id", *ads.column_names[1:]]).append_column(
        "ad_group_id", group_of_ad["ad_group_id"].take(place)
    )


def _rest(own: pa.Table, of_ads: pa.Table) -> pa.Table:
    """Group minus its ads, for every group and day; unknown conversions of a group stay unknown."""
    sums = of_ads.group_by(KEY).aggregate([(name, "sum") for name in MEASURES])
    orphans = sums.join(own.select(KEY), KEY, join_type="left anti")
    if orphans.num_rows:
        raise BadData(
            f"ads of ad group {orphans['ad_group_id'][0]} had figures on a day for which the group has none",
            source=SOURCE,
            day=str(orphans["date"][0]),
            expected="figures of the group wherever its ads have some",
            next_step="nothing was changed; run it again, and if it stays ask VK support about this group",
        )
    both = own.join(sums, KEY, join_type="left outer")
    for name in MEASURES:
        of_its_ads = pc.fill_null(both[f"{name}_sum"].cast(own.schema.field(name).type), _zero(own, name))
        both = both.set_column(both.column_names.index(name), name, _difference(both[name], of_its_ads))
    return both.select([*KEY, *MEASURES])


def _difference(whole: pa.ChunkedArray, part: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.subtract(whole, part).cast(whole.type)


def _silent(rest: pa.Table, shown: pa.Table, shown_groups: pa.Table) -> pa.Table:
    """Days on which a standing group has no other row."""
    able = rest.join(shown_groups, "ad_group_id", join_type="inner")
    inside = pc.and_(pc.less_equal(able["since"], able["date"]), pc.less_equal(able["date"], able["until"]))
    return able.filter(inside).select(rest.column_names).join(shown.select(KEY), KEY, join_type="left anti")


def _shaped(figures: pa.Table, *, remainder: bool) -> pa.Table:
    count = figures.num_rows
    nothing = pa.array([0] * count, pa.uint64())
    columns = {
        "ad_id": nothing if remainder else figures["ad_id"],
        "is_remainder": pa.array([int(remainder)] * count, pa.uint8()),
    }
    return pa.table([columns.get(name) if name in columns else figures[name] for name in FACTS.names], schema=FACTS)


def _zero(figures: pa.Table, name: str) -> pa.Scalar:
    return pa.scalar(0, figures.schema.field(name).type)


def rows_of(facts: pa.Table, names: Dimensions, account: str, vat: Vat) -> pa.Table:
    """One table row for each fact, in the same order."""
    groups = _looked_up(facts["ad_group_id"], names.groups, "ad_group_id")
    plans = _looked_up(groups["ad_plan_id"], names.plans, "ad_plan_id")
    columns = {
        **{name: facts[name] for name in FACTS.names},
        **_tags(facts, names),
        "account": pa.array([account] * facts.num_rows, pa.string()),
        "ad_plan_id": groups["ad_plan_id"],
        "ad_group_name": groups["ad_group_name"],
        "ad_plan_name": pc.fill_null(plans["ad_plan_name"], ""),
        "spend_rub": vat.added(facts["spent_rub"], facts["date"]),
    }
    return pa.table({name: columns[name] for name in COLUMNS})


def _looked_up(ids: pa.ChunkedArray, table: pa.Table, key: str) -> pa.Table:
    return table.take(pc.index_in(ids, table[key].combine_chunks()))


def _tags(facts: pa.Table, names: Dimensions) -> dict[str, pa.ChunkedArray]:
    """The tags of the ad, or of the group for its remainder, as they were on the day."""
    of_ad, of_group = (each.table().take(each.at(facts)) for each in (names.ad_versions, names.group_versions))
    is_rest = pc.equal(facts["is_remainder"], 1)
    return {name: pc.if_else(is_rest, of_group[name], of_ad[name]) for name in Tags._fields}
