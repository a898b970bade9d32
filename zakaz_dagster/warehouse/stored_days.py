"""What stands of a day, rows and rejects, for a source that answers for a part of it and must hand back the rest."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

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


def stored_rejects(wh: Warehouse, source: str, first: date, last: date) -> list[dict[str, Any]]:
    """What was put aside of these days: day, reason, place and payload."""
    return wh.rows(
        "SELECT day, reason, place, payload FROM stg_rejects FINAL"
        " WHERE source = {source:String} AND day BETWEEN {first:Date} AND {last:Date} ORDER BY day, place, reason",
        {"source": source, "first": str(first), "last": str(last)},
    )
