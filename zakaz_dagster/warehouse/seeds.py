"""Hand-kept tables: `sql/seeds/<name>.csv` is the whole content of the table whose file says `seed: <name>`.

Belongs here: comparing and replacing that content. Does not: what a row means.
"""

# ruff: noqa: S608  (names come from our own files and the catalogue; values are parameters)
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import pyarrow as pa

from zakaz_dagster.seeds import content
from zakaz_dagster.table_schemas import arrow_type
from zakaz_dagster.warehouse.arrow import fit, is_nullable
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.replace_table import replace_whole
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster.warehouse.table_info import SERVICE_COLUMNS, shape


def changed(wh: Warehouse, existing: Collection[str]) -> Iterator[tuple[str, str]]:
    """Seeded tables whose content is not that of the file, with a word about it."""
    for table, name, wanted, held in _different(wh, existing):
        yield table, f"{held} rows differ from the {wanted.num_rows} of sql/seeds/{name}.csv"


def replace_changed(wh: Warehouse) -> list[tuple[str, str]]:
    """Replace those tables' content, each in one atomic swap."""
    done = []
    for table, name, wanted, _ in _different(wh, seeded().keys()):
        replace_whole(wh, table, wanted, run_id="schema")
        done.append((table, f"{wanted.num_rows} rows from sql/seeds/{name}.csv"))
    return done


def seeded() -> dict[str, str]:
    """The seed of each table that has one."""
    return {name: table.meta["seed"] for name, table in load("tables").items() if "seed" in table.meta}


def replace(wh: Warehouse, table: str) -> int:
    """Replace one seeded table by its file's rows; returns how many."""
    types = {key: kind for key, kind in shape(wh, table).types.items() if key not in SERVICE_COLUMNS}
    rows = _wanted(table, seeded()[table], types)
    return replace_whole(wh, table, rows, run_id="seed").rows_after


def _different(wh: Warehouse, existing: Collection[str]) -> Iterator[tuple[str, str, pa.Table, int]]:
    """Table, seed, wanted rows and the number of rows held, where the two contents differ."""
    for table, name in seeded().items():
        if table in existing:
            types = {key: kind for key, kind in shape(wh, table).types.items() if key not in SERVICE_COLUMNS}
            wanted = _wanted(table, name, types)
            held = wh.query(f"SELECT {', '.join(types)} FROM {table}")
            if _content(wanted) != _content(held):
                yield table, name, wanted, held.num_rows


def _wanted(table: str, name: str, types: Mapping[str, str]) -> pa.Table:
    """The file's rows in the table's types; an empty cell is NULL where the column allows it."""
    records = content(name)
    columns = {}
    for column in records[0] if records else types:
        kind = types.get(column, "String")
        cells = [record[column] or (None if is_nullable(kind) else "") for record in records]
        columns[column] = pa.array(cells, pa.string()).cast(arrow_type(kind))
    return fit(pa.table(columns), types, table=table)


def _content(rows: pa.Table) -> list[tuple[str, ...]]:
    return sorted(tuple(str(value) for value in row.values()) for row in rows.to_pylist())
