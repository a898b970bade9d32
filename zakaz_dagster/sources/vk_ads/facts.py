"""Figures of groups and of ads as one set of rows whose sums are the groups'.

    row of an ad        what the ad had, if anything
    row of a remainder  group − Σ its ads, if not zero; ad_id 0; negative where the ads claim more than the group
    row of zeros        ad_id 0, for a group that could have run on the day and had nothing, in VK's own words

Belongs here: that identity, in columns. Does not: names, tags and VAT (`rows`).
"""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData
from zakaz_dagster.sources.vk_ads.catalogue import DELETED
from zakaz_dagster.sources.vk_ads.records import SOURCE
from zakaz_dagster.sources.vk_ads.statistics import MONEY, active

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


def standing(groups: pa.Table, plans: pa.Table) -> pa.Table:
    """Groups that are not deleted, from the day they were created to the end of their ad plan; a date that VK does not
    name is no limit. Without that the table would fill with the silence of campaigns that ended years ago.
    """
    alive = groups.filter(pc.not_equal(groups["status"], DELETED))
    created = pc.local_timestamp(alive["created_at"]).cast(pa.timestamp("s")).cast(pa.date32())
    ends = plans["date_end"].take(pc.index_in(alive["ad_plan_id"], plans["ad_plan_id"].combine_chunks()))
    return pa.table(
        {
            "ad_group_id": alive["ad_group_id"],
            "since": pc.fill_null(created, pa.scalar(date(2000, 1, 1))),
            "until": pc.fill_null(ends, pa.scalar(date(2100, 1, 1))),
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
