"""A local ClickHouse endpoint in its own process, with the schema applied, for benchmarks that load."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zakaz_dagster.dev.stack import start
from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig


@contextmanager
def database() -> Iterator[Warehouse]:
    """A warehouse on a fresh engine; both end with the block."""
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        arguments = ["--data-dir", str(home / "data"), "--port", "0", "--exit-with-parent"]
        service = start("clickhouse", ["-m", "zakaz_dagster.dev.clickhouse", *arguments], home)
        try:
            warehouse = Warehouse.connect(
                WarehouseConfig(port=int(str(service.facts["port"])), password=service.password)
            )
            schema.apply(warehouse)
            yield warehouse
            warehouse.close()
        finally:
            service.stop()
