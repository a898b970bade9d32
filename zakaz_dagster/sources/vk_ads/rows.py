"""Facts with their names, tags and VAT: rows of `fact_vk_ads_daily`.

Belongs here: columns to columns. Does not: which rows there are (`facts`), which tags held when (`history`).
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.sources.vk_ads.description import ADS, GROUPS, PLANS
from zakaz_dagster.sources.vk_ads.dimensions import KEYS, TAG_COLUMNS
from zakaz_dagster.sources.vk_ads.facts import FACTS
from zakaz_dagster.sources.vk_ads.history import version_at
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
    *(name for name, _ in TAG_COLUMNS),
)


@dataclass(frozen=True)
class Names:
    """Versions of the account's objects (sorted by object and `valid_from`) and the objects as they are now."""

    account: str
    plans: pa.Table
    groups: pa.Table
    ads: pa.Table
    versions: dict[str, pa.Table]


def rows_of(facts: pa.Table, names: Names, vat: Vat) -> pa.Table:
    """One table row for each fact, in the same order."""
    groups = _looked_up(facts["ad_group_id"], names.groups, KEYS[GROUPS])
    plans = _looked_up(groups["ad_plan_id"], names.plans, KEYS[PLANS])
    columns = {
        **{name: facts[name] for name in FACTS.names},
        **_tags(facts, names.versions),
        "account": pa.array([names.account] * facts.num_rows, pa.string()),
        "ad_plan_id": groups["ad_plan_id"],
        "ad_group_name": groups["ad_group_name"],
        "ad_plan_name": pc.fill_null(plans["ad_plan_name"], ""),
        "spend_rub": vat.added(facts["spent_rub"], facts["date"]),
    }
    return pa.table({name: columns[name] for name in COLUMNS})


def _looked_up(ids: pa.ChunkedArray, table: pa.Table, key: str) -> pa.Table:
    return table.take(pc.index_in(ids, table[key].combine_chunks()))


def _tags(facts: pa.Table, versions: dict[str, pa.Table]) -> dict[str, pa.ChunkedArray]:
    """The tags of the ad, or of the group for its remainder, as they were on the day."""
    of_ad = versions[ADS].take(version_at(versions[ADS], KEYS[ADS], facts["ad_id"], facts["date"]))
    of_group = versions[GROUPS].take(version_at(versions[GROUPS], KEYS[GROUPS], facts["ad_group_id"], facts["date"]))
    is_rest = pc.equal(facts["is_remainder"], 1)
    return {name: pc.if_else(is_rest, of_group[name], of_ad[name]) for name, _ in TAG_COLUMNS}
