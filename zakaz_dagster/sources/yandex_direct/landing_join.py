"""Figures joined with what their clicks carried, cut into days of finished rows.

Of a landing a row holds its number, so a million rows get theirs at once and the days are cut out of them, copying
nothing. Belongs here: that join. Does not: versions (`sources.versions`), sums (`rows`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from zakaz_dagster.sources import tables
from zakaz_dagster.sources.versions import Versions
from zakaz_dagster.sources.yandex_direct import rows
from zakaz_dagster.sources.yandex_direct.dimensions import OBJECT

LANDED = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "utm_city", "utm_day", "utm_month",
          "city", "landing_url")  # fmt: skip
_PLACE = "_version"


def objects_in(figures: pa.Table) -> list[Mapping[str, Any]]:
    """Ids and names of the distinct ads, or groups and campaigns without one, that figures name."""
    first = tables.number([figures[name] for name in OBJECT]).first
    named: list[Mapping[str, Any]] = (
        figures.select([*OBJECT, "campaign_name", "ad_group_name"]).take(pa.array(first)).to_pylist()
    )
    return named


def by_day(figures: pa.Table, versions: Versions, days: Sequence[date]) -> Iterator[tuple[date, pa.Table]]:
    """Every day's finished rows, from figures in day order; cost and spend are both with VAT, as reports are asked so.

    The versions have seen all objects of the figures.
    """
    placed = figures.append_column(_PLACE, versions.at(figures).cast(pa.int32()))
    table = tables.in_day_order(rows.summed(placed))
    place = table[_PLACE].combine_chunks()
    table = table.drop_columns([_PLACE])
    landings = versions.table()
    for name in LANDED:
        table = table.append_column(name, _at(place, landings[name].combine_chunks()))
    yield from tables.by_day(table.append_column("spend_rub", table["cost_rub"]), days)


def _at(place: pa.Array, values: pa.Array) -> pa.Array:
    """The values at these places; texts as a dictionary in which each stands once."""
    if values.type != pa.string():
        return values.take(place)
    encoded = values.dictionary_encode()
    return pa.DictionaryArray.from_arrays(encoded.indices.take(place), encoded.dictionary)
