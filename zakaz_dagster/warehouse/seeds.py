"""Hand-kept tables: `sql/seeds/<name>.csv` is the whole content of the table whose file says `seed: <name>`.

Belongs here: comparing and replacing that content. Does not: what a row means.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pyarrow as pa

from zakaz_dagster.seeds import seed
from zakaz_dagster.warehouse.catalog import shape
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.columns import SERVICE_COLUMNS, arrow_type, fit, is_nullable
from zakaz_dagster.warehouse.statements import load
from zakaz_dagster.warehouse.whole import replace_whole


def changed(wh: Warehouse, existing: Collection[str]) -> Iterator[tuple[str, str]]:
    """Seeded tables whose content is not that of the file, with a word about it."""
    for table, name in _seeded().items():
        if table in existing:
            wanted, held = _wanted(wh, table, name), _held(wh, table)
            if _content(wanted) != _content(held):
                yield table, f"{held.num_rows} rows differ from the {wanted.num_rows} of sql/seeds/{name}.csv"


def replace_changed(wh: Warehouse) -> list[tuple[str, str]]:
    """Replace those tables' content, each in one atomic swap."""
    seeded = _seeded()
    done = []
    for table, _ in list(changed(wh, seeded.keys())):
        rows = _wanted(wh, table, seeded[table])
        replace_whole(wh, table, rows, run_id="schema")
        done.append((table, f"{rows.num_rows} rows from sql/seeds/{seeded[table]}.csv"))
    return done


def _seeded() -> dict[str, str]:
    return {name: table.meta["seed"] for name, table in load("tables").items() if "seed" in table.meta}


def _own_types(wh: Warehouse, table: str) -> dict[str, str]:
    return {name: kind for name, kind in shape(wh, table).types.items() if name not in SERVICE_COLUMNS}


def _wanted(wh: Warehouse, table: str, name: str) -> pa.Table:
    """The file's rows in the table's types; an empty cell is NULL where the column allows it."""
    types, records = _own_types(wh, table), seed(name)
    columns = {}
    for column in records[0] if records else types:
        kind = types.get(column, "String")
        cells = [record[column] or (None if is_nullable(kind) else "") for record in records]
        columns[column] = pa.array(cells, pa.string()).cast(arrow_type(kind))
    return fit(pa.table(columns), types, table=table)


def _held(wh: Warehouse, table: str) -> pa.Table:
    return wh.query(f"SELECT {', '.join(_own_types(wh, table))} FROM {table}")  # noqa: S608


def _content(rows: pa.Table) -> list[tuple[str, ...]]:
    return sorted(tuple(str(value) for value in row.values()) for row in rows.to_pylist())
