"""Figures joined with what their clicks carried, cut into days of finished rows.

A day is cut out, summed and given its landings when it is asked for, so of a million rows one day at a time is ever
built. Belongs here: that join. Does not: versions (`sources.versions`), sums (`rows`).
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
    landings = {name: column.combine_chunks() for name, column in _columns(versions.table())}
    for day, cut in tables.by_day(placed, days):
        table = rows.summed(cut)
        place = table[_PLACE].combine_chunks()
        table = table.drop_columns([_PLACE])
        for name, values in landings.items():
            encoded = values.type == pa.string()
            column = pa.DictionaryArray.from_arrays(place, values) if encoded else values.take(place)
            table = table.append_column(name, column)
        yield day, table.append_column("spend_rub", table["cost_rub"])


def _columns(versions: pa.Table) -> Iterator[tuple[str, pa.ChunkedArray]]:
    return ((name, versions[name]) for name in LANDED)
