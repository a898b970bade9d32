"""The `warehouse` fixture: a fresh database with the whole schema, on the running engine, for one test."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig
from zakaz_dagster.warehouse.statements import load


@pytest.fixture
def bare_warehouse(clickhouse: Any) -> Iterator[Warehouse]:
    """A warehouse whose database does not exist yet."""
    config = WarehouseConfig(
        host=clickhouse.host,
        port=clickhouse.port,
        password=clickhouse.password,
        database=f"test_{secrets.token_hex(5)}",
        patience=10.0,
    )
    wh = Warehouse.connect(config)
    yield wh
    wh.command(f"DROP DATABASE IF EXISTS {config.database} SYNC", settings=schema.ANYWHERE)
    wh.close()


@pytest.fixture
def sparse_warehouse(bare_warehouse: Warehouse) -> Callable[..., Warehouse]:
    """`sparse_warehouse("meta_job_runs", "v_ops_runs")`: only these tables and views, for tests that need no more."""

    def make(*names: str) -> Warehouse:
        bare_warehouse.command(f"CREATE DATABASE {bare_warehouse.config.database}", settings=schema.ANYWHERE)
        statements = {**load("tables"), **load("views")}
        for name in names:
            bare_warehouse.command(statements[name].sql)
        return bare_warehouse

    return make


@pytest.fixture
def warehouse(bare_warehouse: Warehouse) -> Warehouse:
    """A warehouse with the schema applied and nothing but seeds in it."""
    schema.apply(bare_warehouse)
    return bare_warehouse
