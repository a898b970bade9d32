"""The `warehouse` fixture: a database with the whole schema and nothing but seeds in it, on the running engine.

Applying the schema takes longer than most tests. So a test gets the database of one before it, emptied, when that is
provably as new: the same tables and views by the server's own word, the seeds' very parts. Else it gets a new one.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.client import COMMON, Warehouse, WarehouseConfig
from zakaz_dagster.warehouse.seeds import seeded
from zakaz_dagster.warehouse.sql_files import load

PARTS = "FROM system.parts WHERE active AND database = currentDatabase()"
OBJECTS = "SELECT name, create_table_query AS sql FROM system.tables WHERE database = currentDatabase()"
CONTENT = f"SELECT count() AS parts, groupBitXor(cityHash64(table, hash_of_all_files)) AS files {PARTS}"
State = dict[str, Any]
# Code made for an expression pays after many rows, and so does a second thread; a test has few. The demo keeps both.
FEW_ROWS = {"max_threads": 1} | dict.fromkeys(
    ("compile_expressions", "compile_aggregate_expressions", "compile_sort_description"), 0
)
COMMON.update(FEW_ROWS)


def connect(clickhouse: Any, name: str) -> Warehouse:
    return Warehouse.connect(
        WarehouseConfig(clickhouse.host, clickhouse.port, password=clickhouse.password, database=name, patience=10.0)
    )


@contextmanager
def database(clickhouse: Any) -> Iterator[Warehouse]:
    """A database name of its own, dropped afterwards; the caller creates it."""
    wh = connect(clickhouse, f"test_{secrets.token_hex(5)}")
    yield wh
    wh.command(f"DROP DATABASE IF EXISTS {wh.config.database} SYNC", settings=schema.ANYWHERE)
    wh.close()


class Shelf:
    """Databases as new, with the state that proves it; with a `name`, one of that name, lent to one at a time."""

    def __init__(self, clickhouse: Any, name: str = "") -> None:
        self.clickhouse = clickhouse
        self.name = name
        self.seeds = seeded().keys()
        self.free: list[tuple[Warehouse, State]] = []

    @contextmanager
    def lend(self) -> Iterator[Warehouse]:
        """A database as new, until the block ends."""
        wh, state = self.take()
        yield wh
        self.give_back(wh, state)

    def take(self) -> tuple[Warehouse, State]:
        if self.free:
            return self.free.pop()
        wh = connect(self.clickhouse, self.name or f"test_{secrets.token_hex(5)}")
        schema.apply(wh)
        return wh, self.state(wh, self.objects(wh))

    def give_back(self, wh: Warehouse, state: State) -> None:
        live = self.mended(wh, state["objects"])
        for row in wh.rows(f"SELECT DISTINCT table {PARTS}"):
            if row["table"] not in self.seeds:
                wh.command(f"TRUNCATE TABLE `{row['table']}`")
        if self.state(wh, live) == state:
            self.free.append((wh, state))
        else:
            wh.command(f"DROP DATABASE {wh.config.database} SYNC", settings=schema.ANYWHERE)
            wh.close()

    def mended(self, wh: Warehouse, objects: dict[str, str]) -> dict[str, str]:
        """What a test made goes, and a view that it changed is as before; a changed table stays, and is noticed.

        Returns the objects as they then are; the server is asked again only when something was mended.
        """
        live = self.objects(wh)
        if live == objects:
            return live
        for name in live.keys() - objects.keys():
            wh.command(f"DROP TABLE `{name}` SYNC")
        for name in load("views").keys() & objects.keys():
            if live.get(name) != objects[name]:
                wh.command(f"DROP VIEW IF EXISTS `{name}` SYNC")
                wh.command(objects[name])
        return self.objects(wh)

    def objects(self, wh: Warehouse) -> dict[str, str]:
        return {row["name"]: row["sql"] for row in wh.rows(OBJECTS)}

    def state(self, wh: Warehouse, objects: dict[str, str]) -> State:
        return {"objects": objects, **wh.rows(CONTENT)[0]}


@pytest.fixture(scope="session")
def shelf(clickhouse: Any) -> Shelf:
    """All databases go with the engine at the session's end."""
    return Shelf(clickhouse)


@pytest.fixture
def bare_warehouse(clickhouse: Any) -> Iterator[Warehouse]:
    """A warehouse whose database does not exist yet."""
    with database(clickhouse) as wh:
        yield wh


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
def warehouse(shelf: Shelf) -> Iterator[Warehouse]:
    """A warehouse with the schema applied and nothing but seeds in it."""
    with shelf.lend() as wh:
        yield wh
