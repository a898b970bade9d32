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

from zakaz_dagster.sources.yandex_direct import description
from zakaz_dagster.sources.yandex_direct.landings import Clicked, Landing
from zakaz_dagster.sources.yandex_direct.records import Ad

TABLE = description.ADS
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

    def landings(self, objects: Iterable[tuple[str, int, int, int]]) -> Landings:
        """The versions of these objects (keys), numbered as they come."""
        return Landings([self._versions[key] for key in objects])

    def _put(self, version: Version) -> None:
        versions = self._versions[version.key]
        if versions and versions[-1].valid_from == version.valid_from:
            versions.pop()
        versions.append(version)


class Landings:
    """Versions ready to be looked up for whole columns of rows."""

    def __init__(self, versions: Sequence[Sequence[Version]]) -> None:
        flat = [(code, version) for code, own in enumerate(versions) for version in own]
        self._at = np.array([code * _DAYS_SPAN + (item.valid_from - _EPOCH).days for code, item in flat], np.int64)
        self._columns = {
            name: pa.array([getattr(item, name) for _, item in flat], SCHEMA.field(name).type) for name in LANDED
        }

    def add_to(self, rows: pa.Table, codes: Any) -> pa.Table:
        """The rows with the landing that held on each one's day; the first version covers the days before it."""
        objects = codes.astype(np.int64) * _DAYS_SPAN
        days = np.asarray(rows["date"].cast(pa.int32())).astype(np.int64)
        found = np.searchsorted(self._at, objects + days, "right") - 1
        place = pa.array(np.maximum(found, np.searchsorted(self._at, objects, "left")), pa.int32())
        for name, values in self._columns.items():
            encoded = values.type == pa.string()
            column = pa.DictionaryArray.from_arrays(place, values) if encoded else values.take(place)
            rows = rows.append_column(name, column)
        return rows
