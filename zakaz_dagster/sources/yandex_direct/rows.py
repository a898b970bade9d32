"""From a report's table to rows of `fact_direct_daily`: our columns, repeated keys summed, days apart.

Belongs here: columns. Does not: reading bytes (`tsv`, `exports`), links and their history (`landings`, `dimensions`).
Text is dictionary-encoded to the end, so a million rows fit into little memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zakaz_dagster.errors import BadData, ShapeChanged
from zakaz_dagster.sources.tables import number
from zakaz_dagster.sources.yandex_direct import description
from zakaz_dagster.sources.yandex_direct.money import MONEY
from zakaz_dagster.sources.yandex_direct.odd_rows import EMPTY
from zakaz_dagster.sources.yandex_direct.records import SOURCE

TABLE, KEY = description.TABLE, description.KEY
_NAME = pa.dictionary(pa.int32(), pa.string())
_COLUMNS: Mapping[str, tuple[str, pa.DataType]] = {
    "date": ("Date", pa.date32()),
    "campaign_id": ("CampaignId", pa.uint64()),
    "campaign_name": ("CampaignName", _NAME),
    "ad_group_id": ("AdGroupId", pa.uint64()),
    "ad_group_name": ("AdGroupName", _NAME),
    "ad_id": ("AdId", pa.uint64()),
    "network": ("AdNetworkType", _NAME),
    "impressions": ("Impressions", pa.uint64()),
    "clicks": ("Clicks", pa.uint64()),
    "conversions": ("Conversions", pa.uint64()),
    "cost_rub": ("Cost", MONEY),
}
_SUMS = ("impressions", "clicks", "conversions", "cost_rub")
NOTHING: Mapping[str, Decimal | int] = {
    "rows": 0, "impressions": 0, "clicks": 0, "conversions": 0, "cost_rub": Decimal("0.00"),
}  # fmt: skip


def figures(report: pa.Table, account: str) -> pa.Table:
    """The report under our names. A missing id is 0, a missing name ''; a missing figure adds nothing.

    Conversions alone keep their NULL: "not measured" and "none" differ there.
    """
    for needed in ("Date", "Cost"):
        if needed not in report.column_names:
            raise ShapeChanged(
                f"the column {needed} is missing",
                source=SOURCE,
                expected="the fields asked for",
                next_step="nothing was loaded; ask for the report with its Date and Cost",
            )
    columns = {name: _column(report, vendors, kind) for name, (vendors, kind) in _COLUMNS.items()}
    if columns["date"].null_count:
        raise BadData(
            "a row without a date",
            source=SOURCE,
            expected="the day of every row",
            next_step="nothing was changed; run it again",
        )
    rows = report.num_rows
    accounts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([account]))
    return pa.table({"date": columns.pop("date"), "account": pa.chunked_array([accounts], _NAME), **columns})


def summed(table: pa.Table) -> pa.Table:
    """One row per key: rows that share it are added up (campaign-wizard rows have no ids to tell them apart)."""
    repeated = number([table[name] for name in KEY]).repeated
    if not repeated.any():
        return table
    rest = [name for name in table.column_names if name not in (*KEY, *_SUMS)]
    plain = pa.table([_decoded(column) for column in table.filter(pa.array(repeated)).columns], table.column_names)
    sums = [(name, "sum", pc.ScalarAggregateOptions(min_count=1)) for name in _SUMS]
    grouped = plain.group_by(list(KEY)).aggregate([*sums, *((name, "max") for name in rest)])
    renamed = grouped.rename_columns([name.removesuffix("_sum").removesuffix("_max") for name in grouped.column_names])
    once = table.filter(pa.array(~repeated))
    return pa.concat_tables([once, renamed.select(table.column_names).cast(table.schema)]).unify_dictionaries()


def totals(table: pa.Table) -> dict[date, dict[str, Any]]:
    """Control sums by day, with the number of rows they were made of."""
    sums = [(name, "sum") for name in _SUMS]
    rows = table.select(["date", *_SUMS]).group_by("date").aggregate([*sums, ("date", "count")]).to_pylist()
    return {
        row["date"]: {"rows": row["date_count"], **{name: row[f"{name}_sum"] or NOTHING[name] for name in _SUMS}}
        for row in rows
    }


def with_others(
    table: pa.Table, said: Mapping[str, Any], others: pa.Table | None
) -> tuple[pa.Table, dict[str, Decimal | int]]:
    """A finished day and its control sums, with rows of other logins that stay as they are stored."""
    totals = {name: value for name, value in said.items() if name != "rows"}
    if others is None or not others.num_rows:
        return table, totals
    plain = pa.table([_decoded(column) for column in table.columns], table.column_names)
    theirs = others.select(plain.column_names).cast(plain.schema)
    stored = totals_of(theirs)
    return pa.concat_tables([plain, theirs]), {name: value + stored[name] for name, value in totals.items()}


def totals_of(day: pa.Table) -> Mapping[str, Any]:
    """Control sums of the rows of one day."""
    return next(iter(totals(day).values()), NOTHING)


def _column(report: pa.Table, name: str, kind: pa.DataType) -> pa.ChunkedArray:
    """A column the report does not have is empty, as if every cell were `--`."""
    if name not in report.column_names:
        if kind == _NAME:
            codes = pa.array(np.zeros(report.num_rows, np.int32))
            return pa.chunked_array([pa.DictionaryArray.from_arrays(codes, pa.array([""]))], _NAME)
        nothing = pa.nulls(report.num_rows, kind)
        return pa.chunked_array([nothing if name == "Conversions" else nothing.fill_null(0)], kind)
    column = report[name]
    if kind == _NAME:
        return _without_dashes(column)
    return column if name in {"Date", "Conversions"} or not column.null_count else pc.fill_null(column, 0).cast(kind)


def _without_dashes(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """`--` as ''. Only the dictionary is touched, unless '' is in it already."""
    encoded = (column if pa.types.is_dictionary(column.type) else column.dictionary_encode()).combine_chunks()
    texts = pc.if_else(pc.equal(encoded.dictionary, EMPTY), "", encoded.dictionary)
    distinct = pc.unique(texts)
    codes = encoded.indices if len(distinct) == len(texts) else pc.index_in(texts, distinct).take(encoded.indices)
    return pa.chunked_array([pa.DictionaryArray.from_arrays(codes, distinct)], _NAME)


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
