"""Figures joined with what their clicks carried, cut into days of finished rows.

The objects of a period are numbered once; a day is cut out, summed and given its landings when it is asked for, so of
a million rows one day at a time is ever built. Belongs here: that join. Does not: versions (`history`), sums (`rows`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from zakaz_dagster.sources.yandex_direct import rows
from zakaz_dagster.sources.yandex_direct.history import History, Landings
from zakaz_dagster.sources.yandex_direct.keys import number

_CODE = "_object"


class Objects:
    """The distinct ads, or groups and campaigns without one, that figures name."""

    def __init__(self, figures: pa.Table) -> None:
        numbered = number([figures[name] for name in rows.OBJECT])
        self._figures = figures
        self._codes = numbered.codes
        named = figures.select([*rows.OBJECT, "campaign_name", "ad_group_name"]).take(pa.array(numbered.first))
        self._objects: list[dict[str, Any]] = named.to_pylist()

    def of(self, account: str) -> list[Mapping[str, Any]]:
        """Ids and names of one login's objects."""
        return [each for each in self._objects if each["account"] == account]

    def land(self, history: History) -> Landed:
        """The figures with the versions of a history that has seen all these objects."""
        keys = [(each["account"], each["campaign_id"], each["ad_group_id"], each["ad_id"]) for each in self._objects]
        coded = self._figures.append_column(_CODE, pa.array(self._codes, pa.int32()))
        return Landed(coded, history.landings(keys))


class Landed:
    """Figures in day order whose objects are numbered, and the versions of those objects."""

    def __init__(self, coded: pa.Table, landings: Landings) -> None:
        self._coded = coded
        self._landings = landings

    def by_day(self, days: Sequence[date]) -> Iterator[tuple[date, pa.Table]]:
        """Every day with its finished rows; cost and spend are both with VAT, as the report is asked for so."""
        for day, cut in rows.by_day(self._coded, days):
            table = rows.summed(cut)
            complete = self._landings.add_to(table.drop_columns([_CODE]), np.asarray(table[_CODE]))
            yield day, complete.append_column("spend_rub", complete["cost_rub"])
