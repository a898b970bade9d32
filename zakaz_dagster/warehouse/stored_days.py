"""Rows of a day table as they stand, for a source that answers for a part of a day only and must hand back the rest."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import pyarrow as pa

from zakaz_dagster.warehouse.client import Warehouse

SPAN = "date BETWEEN {first:Date} AND {last:Date}"


def stored_days(
    wh: Warehouse, table: str, column: str, first: date, last: date, known: Collection[str] | Collection[int]
) -> pa.Table:
    """Rows of these days whose `column` has none of the known values; of each day those of its last load, as an engine
    may keep two for a moment.
    """
    days = {"first": str(first), "last": str(last)}
    held = wh.rows(f"SELECT DISTINCT {column} AS value FROM {table} WHERE {SPAN}", days)  # noqa: S608  our own names
    others = sorted({str(row["value"]) for row in held} - {str(value) for value in known})
    newest = f"SELECT date, max(_ver) FROM {table} WHERE {SPAN} GROUP BY date"  # noqa: S608
    return wh.query(
        f"SELECT * FROM {table} FINAL WHERE {SPAN} AND (date, _ver) IN ({newest})"  # noqa: S608
        f" AND has({{others:Array(String)}}, toString({column}))",
        {**days, "others": others},
    )
