"""The Arrow schema of each table of sql/tables, read from its CREATE statement: no column is typed a second time.

Belongs here: ClickHouse's types as Arrow's, and the columns of a file. Does not: rows made to fit
(`warehouse.arrow`), the table as it is on a server (`warehouse.table_info`).
"""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib.abc import MetaPathFinder

import pyarrow as pa

from zakaz_dagster.errors import Fatal
from zakaz_dagster.paths import SQL_ROOT
from zakaz_dagster.timezone import MOSCOW


class _NoPandas(MetaPathFinder):
    """Finds no pandas, whoever looks."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)


def _without_pandas() -> None:
    """Keep Arrow from importing pandas (0.2 s, 40 MB), of which it asks at its first array whether it is there.

    Nothing here needs pandas; who asks for it by name, as `to_pandas` does, still gets it.
    """
    if "pandas" not in sys.modules:
        sys.meta_path.insert(0, absent := _NoPandas())
        try:
            pa.array([0])
        finally:
            sys.meta_path.remove(absent)


_without_pandas()  # whoever makes arrays of ours has imported this module first
# Texts that stand in many rows stay a dictionary up to the server: a tenth of the bytes, and nothing to look up there.
ENCODED = pa.dictionary(pa.int32(), pa.string())
PLAIN: dict[str, pa.DataType] = {
    "String": pa.string(),
    "Bool": pa.bool_(),
    "UInt8": pa.uint8(),
    "UInt16": pa.uint16(),
    "UInt32": pa.uint32(),
    "UInt64": pa.uint64(),
    "Int8": pa.int8(),
    "Int16": pa.int16(),
    "Int32": pa.int32(),
    "Int64": pa.int64(),
    "Float32": pa.float32(),
    "Float64": pa.float64(),
    "Date": pa.date32(),
    "Date32": pa.date32(),
}
_WRAPPED = re.compile(r"(LowCardinality|Nullable)\((.*)\)")
_DECIMAL = re.compile(r"Decimal\((\d+), ?(\d+)\)")
_DATETIME = re.compile(r"DateTime(?:\('([^']+)'\))?")
# A column stands on a line of its own: name, type, then COMMENT, CODEC or DEFAULT.
_COLUMN = re.compile(r"^    (\w+) ([\w(]+?(?:\(.*?\))*\)*)(?: (?:COMMENT|CODEC|DEFAULT)\b.*)?,?$", re.MULTILINE)


@cache  # asked for every column of every load
def arrow_type(clickhouse_type: str) -> pa.DataType:
    """The Arrow type that carries a column without loss."""
    wrapped = _WRAPPED.fullmatch(clickhouse_type)
    if wrapped:
        return arrow_type(wrapped[2])
    if clickhouse_type in PLAIN:
        return PLAIN[clickhouse_type]
    if found := _DECIMAL.fullmatch(clickhouse_type):
        return pa.decimal128(int(found[1]), int(found[2]))
    if found := _DATETIME.fullmatch(clickhouse_type):
        return pa.timestamp("s", found[1] or str(MOSCOW))
    raise Fatal(f"no Arrow type is known for {clickhouse_type}", source="sql", expected="a type of table_schemas.py")


@cache
def schema_of(table: str) -> pa.Schema:
    """The columns of sql/tables/<table>.sql in order, without those that every load adds (names that begin with _)."""
    path = SQL_ROOT / "tables" / f"{table}.sql"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise Fatal(f"cannot read sql/tables/{path.name}: {error.strerror}", source="sql") from None
    columns = _COLUMN.findall(text.partition("\n(\n")[2].partition("\n)\n")[0])
    return pa.schema([(name, arrow_type(kind)) for name, kind in columns if not name.startswith("_")])


def as_schema(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Columns as the schema has them; ClickHouse's Arrow gives dates and moments as numbers of days and seconds."""
    columns = []
    for kind in schema:
        column = table[kind.name]
        if pa.types.is_integer(column.type) and pa.types.is_temporal(kind.type):
            column = column.cast(pa.int32() if pa.types.is_date(kind.type) else pa.int64())
        columns.append(column.cast(kind.type))
    return pa.table(columns, schema=schema)
