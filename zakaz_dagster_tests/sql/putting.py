"""Rows of which a test names what matters; the rest is filled in from the table's types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime

import pyarrow as pa

from zakaz_dagster.table_schemas import arrow_type
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse.arrow import is_nullable
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.table_info import shape


class Rows:
    """Rows for a warehouse; `loaded_at` is when every one came. They wait until somebody looks (`wh`)."""

    def __init__(self, wh: Warehouse, loaded_at: str = "2025-12-31 12:00") -> None:
        self._wh = wh
        self.loaded_at = datetime.fromisoformat(loaded_at).replace(tzinfo=MOSCOW)
        self._types: dict[str, Mapping[str, str]] = {}
        self._waiting: dict[str, list[dict[str, object]]] = defaultdict(list)

    @property
    def wh(self) -> Warehouse:
        """The warehouse with every row in it."""
        for table in list(self._waiting):
            found = self._waiting.pop(table)
            columns = {
                name: pa.array([row[name] for row in found], arrow_type(kind))
                for name, kind in self.types(table).items()
            }
            self._wh.insert(table, pa.table(columns))
        return self._wh

    def types(self, table: str) -> Mapping[str, str]:
        if table not in self._types:
            self._types[table] = shape(self._wh, table).types
        return self._types[table]

    def put(self, table: str, **values: object) -> None:
        """One row; columns that are not named are empty, zero or NULL."""
        types = self.types(table)
        assert values.keys() <= types.keys(), values.keys() - types.keys()
        known = {"_loaded_at": self.loaded_at, "_ver": 1, "_run_id": "test", **values}
        self._waiting[table].append({name: value(kind, name, known) for name, kind in types.items()})


def value(kind: str, name: str, known: Mapping[str, object]) -> object:
    if name in known:
        return known[name]
    if is_nullable(kind):
        return None
    if "String" in kind:
        return ""
    return (
        datetime.fromtimestamp(0, MOSCOW) if kind.startswith("DateTime") else date(1970, 1, 1) if kind == "Date" else 0
    )
