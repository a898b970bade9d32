"""Facts with their names, tags and VAT: rows of `fact_vk_ads_daily`.

Belongs here: columns to columns. Does not: which rows there are (`facts`), which tags held when (`versions`).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.sources.vk_ads.dimensions import Dimensions
from zakaz_dagster.sources.vk_ads.facts import FACTS
from zakaz_dagster.sources.vk_ads.tags import Tags
from zakaz_dagster.sources.vk_ads.vat import Vat

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
