"""A local ClickHouse endpoint in its own process, with the schema applied, for benchmarks that load."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zakaz_dagster.dev.stack import Service, start
from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig


@contextmanager
def database() -> Iterator[Warehouse]:
    """A warehouse on a fresh engine; both end with the block."""
    with tempfile.TemporaryDirectory() as place, serving(Path(place)) as (warehouse, _):
        schema.apply(warehouse)
        yield warehouse


@contextmanager
def serving(home: Path) -> Iterator[tuple[Warehouse, Service]]:
    """The engine over the data in this folder, kept when the block ends."""
    arguments = ["--data-dir", str(home / "data"), "--port", "0", "--exit-with-parent"]
    service = start("clickhouse", ["-m", "zakaz_dagster.dev.clickhouse", *arguments], home)
    try:
        warehouse = Warehouse.connect(WarehouseConfig(port=int(str(service.facts["port"])), password=service.password))
        yield warehouse, service
        warehouse.close()
    finally:
        service.stop()
