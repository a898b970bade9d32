"""Rows made to fit a table exactly, or refused.

Belongs here: the checked cast. Does not: which Arrow type a column has (`table_schemas`), where the columns of a table
are read (`table_info`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa

from zakaz_dagster.errors import BadData, Fatal
from zakaz_dagster.table_schemas import arrow_type

SERVICE_COLUMNS = ("_loaded_at", "_ver", "_run_id")


def is_nullable(clickhouse_type: str) -> bool:
    """Whether the column may hold no value (LowCardinality(Nullable(…)) included)."""
    return "Nullable(" in clickhouse_type


def fit(rows: pa.Table, types: Mapping[str, str], *, table: str) -> pa.Table:
    """The rows with exactly the table's columns, in its order and types; a value that does not fit is an error.

    Nothing is filled in or rounded: a missing or an unknown column, a NULL where none may be, an overflow, a lost
    decimal digit and a time without a zone are all refused. A table without rows and columns means "no rows".
    """
    if rows.num_rows == 0 and not set(rows.column_names) - set(SERVICE_COLUMNS):
        return pa.table({name: pa.array([], arrow_type(declared)) for name, declared in types.items()})
    missing = [name for name in types if name not in rows.column_names]
    unknown = [name for name in rows.column_names if name not in types]
    if missing or unknown:
        raise Fatal(
            f"rows for {table} lack the columns {missing or 'none'} and have unknown ones: {unknown or 'none'}",
            source="clickhouse",
            expected="the columns of the table",
            next_step=f"correct the rows or sql/tables/{table}.sql, then `zakaz schema apply`",
        )
    columns = [_column(rows.column(name), name, declared, table) for name, declared in types.items()]
    return pa.Table.from_arrays(columns, names=list(types))


def _column(values: pa.ChunkedArray, name: str, declared: str, table: str) -> pa.ChunkedArray:
    target = arrow_type(declared)
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if values.null_count and not is_nullable(declared):
        raise BadData(f"{table}.{name} has {values.null_count} empty values", source="clickhouse", expected=declared)
    if pa.types.is_timestamp(target) and pa.types.is_timestamp(values.type) and values.type.tz is None:
        raise BadData(f"{table}.{name} has times without a zone", source="clickhouse", expected=declared)
    if values.type == target:
        return values
    try:
        return values.cast(target, safe=True)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        # Arrow's own text repeats the value, so the chain stops here.
        raise BadData(
            f"{table}.{name}: a {values.type} does not fit without loss", source="clickhouse", expected=declared
        ) from None


def with_service_columns(
    rows: pa.Table, types: Mapping[str, str], *, loaded_at: datetime, ver: int, run_id: str
) -> pa.Table:
    """The rows plus those of `_loaded_at`, `_ver` and `_run_id` that the table has."""
    values: dict[str, object] = {"_loaded_at": loaded_at.replace(microsecond=0), "_ver": ver, "_run_id": run_id}
    for name in SERVICE_COLUMNS:
        if name in types and name not in rows.column_names:
            scalar = pa.scalar(values[name], type=arrow_type(types[name]))
            rows = rows.append_column(name, pa.repeat(scalar, rows.num_rows))
    return rows
