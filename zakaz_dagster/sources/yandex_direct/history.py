"""Versions of an ad's landing: which rows to store, and which version held on a day.

Direct tells only today's links and has no date of their change. A day re-read a month later must keep the tags its
clicks carried, so another landing opens a new version, dated by the day it was first seen, and older days keep theirs.
Belongs here: comparing and looking up. Does not: where versions are kept (the caller hands them in and stores them).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa

from zakaz_dagster.sources.yandex_direct.keys import number
from zakaz_dagster.sources.yandex_direct.links import Clicked, Landing
from zakaz_dagster.sources.yandex_direct.records import Ad
from zakaz_dagster.sources.yandex_direct.rows import OBJECT

TABLE = "dim_direct_ads"
NOON = timedelta(hours=12)
_DAYS_SPAN = 1 << 20  # a day number stays below this
_EPOCH = date(1970, 1, 1)


class Version(NamedTuple):
    """One landing of one ad from `valid_from` on; the columns of the dimension table."""

    account: str
    campaign_id: int
    ad_group_id: int
    ad_id: int
    valid_from: date
    campaign_name: str
    ad_group_name: str
    ad_title: str
    ad_type: str
    state: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    utm_content: str
    utm_term: str
    utm_city: str
    utm_day: int
    utm_month: int
    city: str
    landing_url: str
    url_params: str
    url_params_from: str

    @property
    def key(self) -> tuple[str, int, int, int]:
        return self[:4]

    @property
    def landing(self) -> tuple[Any, ...]:
        """What a click is attributed by; names and states may change without opening a version."""
        return self[Version._fields.index("utm_source") :]

    @classmethod
    def all_of(cls, table: pa.Table) -> list[Self]:
        return [cls(*row) for row in zip(*(table[name].to_pylist() for name in cls._fields), strict=True)]


_TYPES = {"valid_from": pa.date32(), "utm_day": pa.uint8(), "utm_month": pa.uint8()}
SCHEMA = pa.schema(
    [(name, _TYPES.get(name, pa.uint64() if name.endswith("_id") else pa.string())) for name in Version._fields]
)
LANDED = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "utm_city", "utm_day", "utm_month",
          "city", "landing_url")  # fmt: skip


def version(login: str, clicked: Clicked, landing: Landing, ad: Ad | None = None) -> Version:
    """The row of what was seen; its day is set when it is taken in."""
    about = (ad.title, ad.type, ad.state) if ad else ("", "", "")
    names = (clicked.campaign_name, clicked.ad_group_name)
    return Version._make((login, *clicked[:3], _EPOCH, *names, *about, *landing))


def seen_on(now: datetime) -> date:
    """The day an observation speaks of: a load in the small hours shows how the day before ended."""
    return (now - NOON).date()


class History:
    """All versions known: those stored before and those found since."""

    def __init__(self, held: Iterable[Version] = ()) -> None:
        self._versions: dict[tuple[str, int, int, int], list[Version]] = defaultdict(list)
        self._changed: dict[tuple[Any, ...], Version] = {}
        for version in sorted(held, key=lambda version: version.valid_from):
            self._put(version)

    def observe(self, current: Version, day: date, *, known: bool) -> None:
        """Take in how an ad is on `day`. One that Direct does not know any more changes nothing that is held."""
        versions = self._versions.get(current.key)
        if versions is None:
            found = current._replace(valid_from=day)
        elif not known:
            return
        else:
            last = versions[-1]
            same = current.landing == last.landing
            found = current._replace(valid_from=last.valid_from if same else max(day, last.valid_from))
            if found == last:
                return
        self._put(found)
        self._changed[found.key, found.valid_from] = found

    def changed(self) -> pa.Table:
        """Versions to store: new ones, and those whose names or states changed."""
        columns = zip(*self._changed.values(), strict=True) if self._changed else [()] * len(SCHEMA)
        return pa.table([pa.array(values, kind.type) for values, kind in zip(columns, SCHEMA, strict=True)], SCHEMA)

    def landed(self, figures: pa.Table) -> pa.Table:
        """The rows with the landing that held on each one's day; the first version covers the days before it."""
        objects = number([figures[name] for name in OBJECT])
        keys = zip(*(figures[name].take(pa.array(objects.first)).to_pylist() for name in OBJECT), strict=True)
        lists = [self._versions[key] for key in keys]
        at = np.array(
            [code * _DAYS_SPAN + (item.valid_from - _EPOCH).days for code, items in enumerate(lists) for item in items],
            np.int64,
        )
        codes = objects.codes.astype(np.int64) * _DAYS_SPAN
        days = np.asarray(figures["date"].cast(pa.int32())).astype(np.int64)
        place = np.maximum(np.searchsorted(at, codes + days, "right") - 1, np.searchsorted(at, codes, "left"))
        flat = [item for items in lists for item in items]
        return _with_columns(figures, flat, pa.array(place, pa.int32()))

    def _put(self, version: Version) -> None:
        versions = self._versions[version.key]
        if versions and versions[-1].valid_from == version.valid_from:
            versions.pop()
        versions.append(version)


def _with_columns(figures: pa.Table, versions: Sequence[Version], place: pa.Array) -> pa.Table:
    for name in LANDED:
        kind = SCHEMA.field(name).type
        values = pa.array([getattr(version, name) for version in versions], kind)
        column = pa.DictionaryArray.from_arrays(place, values) if kind == pa.string() else values.take(place)
        figures = figures.append_column(name, column)
    return figures
