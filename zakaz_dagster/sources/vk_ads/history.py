"""Versions of an object's tags: which row to store, and which one held on a day.

VK tells only today's tags. A day re-read a month later must keep the tags its clicks carried, so a change of tags opens
a new version, dated by VK's own `updated` (never earlier than the change), and older days keep the older one.
Belongs here: comparing and looking up. Does not: where versions are kept (the caller hands them in and stores them).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.sources.vk_ads.dimensions import KEYS, SCHEMAS, TAG_COLUMNS

VERSIONED = ("ad_group_id", *(name for name, _ in TAG_COLUMNS))
_DAYS_SPAN = 1 << 20  # a day number stays below this


def merge(table: str, current: pa.Table, held: pa.Table, today: date) -> tuple[pa.Table, pa.Table]:
    """All versions, sorted by object and day; and the rows among them that are new or changed and must be stored."""
    schema, key = SCHEMAS[table], KEYS[table]
    if "valid_from" not in schema.names:
        return current.sort_by(key), current
    held = _as_read(held, schema).sort_by([(key, "ascending"), ("valid_from", "ascending")])
    known = {row[schema.names.index(key)]: row for row in _rows(held)}  # the last of an object wins: its newest version
    changed = [
        row
        for now in _rows(current)
        if (row := _dated(now, known.get(now[schema.names.index(key)]), schema.names, today)) is not None
    ]
    store = _table(changed, schema)
    return _newest(pa.concat_tables([held, store]), key), store


def version_at(versions: pa.Table, key: str, ids: pa.ChunkedArray, days: pa.ChunkedArray) -> pa.Array:
    """For each (id, day) the row of `versions` that held, the object's first one for days before it; null if unknown.

    `versions` is sorted by (key, valid_from).
    """
    objects = versions[key].combine_chunks()
    distinct = pc.unique(objects)
    place = pc.index_in(ids, distinct)
    at = np.asarray(pc.index_in(objects, distinct)).astype(np.int64) * _DAYS_SPAN + _numbers(versions["valid_from"])
    sought = np.asarray(pc.fill_null(place, 0)).astype(np.int64) * _DAYS_SPAN
    found = np.searchsorted(at, sought + _numbers(days), side="right") - 1
    first = np.searchsorted(at, sought, side="left")
    unknown = np.asarray(pc.is_null(place))
    return pa.array(np.maximum(found, first), mask=unknown)


def _as_read(held: pa.Table, schema: pa.Schema) -> pa.Table:
    """Stored rows in our types: the engine gives dates and times as plain numbers of days and seconds."""
    columns = []
    for kind in schema:
        values = held[kind.name]
        if pa.types.is_integer(values.type) and pa.types.is_temporal(kind.type):
            values = values.cast(pa.int32() if pa.types.is_date(kind.type) else pa.int64())
        columns.append(values.cast(kind.type))
    return pa.table(columns, schema=schema)


def _dated(now: tuple[Any, ...], last: tuple[Any, ...] | None, names: list[str], today: date) -> tuple[Any, ...] | None:
    """`now` with the day its version began, or None when it says nothing new."""
    start, created, touched = (names.index(name) for name in ("valid_from", "created_at", "updated_at"))
    if last is None:
        began = now[created].date() if now[created] else today
    elif all(now[names.index(name)] == last[names.index(name)] for name in VERSIONED):
        began = last[start]
    elif now[touched] and last[touched] and now[touched] > last[touched]:
        began = max(last[start], min(now[touched].date(), today))
    else:  # VK did not note the change, so all that is known is that we see it today
        began = today
    row = (*now[:start], began, *now[start + 1 :])
    return None if row == last else row


def _newest(versions: pa.Table, key: str) -> pa.Table:
    """Of rows with the same (key, valid_from) the last one, sorted."""
    places = pa.array(range(versions.num_rows), pa.int64())
    numbered = versions.append_column("_place", places)
    last = numbered.group_by([key, "valid_from"]).aggregate([("_place", "max")])["_place_max"]
    return versions.take(last).sort_by([(key, "ascending"), ("valid_from", "ascending")])


def _rows(table: pa.Table) -> Iterable[tuple[Any, ...]]:
    return zip(*(table[name].to_pylist() for name in table.column_names), strict=True)


def _table(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(values, kind.type) for values, kind in zip(columns, schema, strict=True)], schema=schema)


def _numbers(days: pa.ChunkedArray) -> Any:
    return np.asarray(days.cast(pa.int32())).astype(np.int64)
