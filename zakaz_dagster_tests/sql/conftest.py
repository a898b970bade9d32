"""Databases that several tests of one module read: made once, because applying the schema takes a second."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig
from zakaz_dagster_tests.sql import theatre
from zakaz_dagster_tests.sql.world import World


@contextmanager
def _database(clickhouse: Any) -> Iterator[Warehouse]:
    name = f"test_{secrets.token_hex(5)}"
    wh = Warehouse.connect(
        WarehouseConfig(clickhouse.host, clickhouse.port, password=clickhouse.password, database=name, patience=10.0)
    )
    schema.apply(wh)
    yield wh
    wh.command(f"DROP DATABASE IF EXISTS {name} SYNC", settings=schema.ANYWHERE)
    wh.close()


@pytest.fixture(scope="module")
def empty_warehouse(clickhouse: Any) -> Iterator[Warehouse]:
    """The schema and its seeds without a day of data. Tests only read it."""
    with _database(clickhouse) as wh:
        yield wh


@pytest.fixture(scope="module")
def theatre_world(clickhouse: Any) -> Iterator[Warehouse]:
    """The hand-written world of `theatre`, with every fact built. Tests only read it."""
    with _database(clickhouse) as wh:
        theatre.fill(World(wh))
        yield wh


@pytest.fixture
def world(warehouse: Warehouse) -> World:
    """An empty world for one test."""
    return World(warehouse)


@pytest.fixture(scope="module")
def module_world(clickhouse: Any) -> Iterator[Callable[[], World]]:
    """An empty world that the tests of one module share; each keeps to days of its own."""
    with _database(clickhouse) as wh:
        made = World(wh)
        yield lambda: made
