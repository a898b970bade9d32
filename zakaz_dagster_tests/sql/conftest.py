"""Databases that several tests read, and copies of them: applying the schema and building facts take seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster_tests.plugins.warehouse import Shelf
from zakaz_dagster_tests.sql import theatre
from zakaz_dagster_tests.sql.programme import FILLED, Programme, setting
from zakaz_dagster_tests.sql.quick import QuickWorld, copied
from zakaz_dagster_tests.sql.world import World


@pytest.fixture(scope="module")
def empty_warehouse(shelf: Shelf) -> Iterator[Warehouse]:
    """The schema and its seeds without a day of data. Tests only read it."""
    with shelf.lend() as wh:
        yield wh


@pytest.fixture(scope="session")
def theatre_world(shelf: Shelf) -> Iterator[Warehouse]:
    """The hand-written world of `theatre`, with every fact built. Tests only read it."""
    with shelf.lend() as wh:
        theatre.fill(QuickWorld(wh))
        yield wh


@pytest.fixture
def spoilt(theatre_world: Warehouse, warehouse: Warehouse) -> World:
    """A theatre that a test may spoil: the parts of the one that others read, linked and not copied."""
    return copied(warehouse, World(theatre_world))


@pytest.fixture
def world(warehouse: Warehouse) -> World:
    """An empty world for one test."""
    return QuickWorld(warehouse)


@pytest.fixture(scope="module")
def module_world(shelf: Shelf) -> Iterator[Callable[[], World]]:
    """An empty world that the tests of one module share; each keeps to days of its own."""
    with shelf.lend() as wh:
        made = QuickWorld(wh)
        yield lambda: made


@pytest.fixture
def programme(module_world: Callable[[], World]) -> Programme:
    """Shows to be forecast; the tests of a module fill the same tables one after the other."""
    wh = module_world().wh
    for table in FILLED:
        wh.command(f"TRUNCATE TABLE {table}")
    setting(wh, "month_budget_rub", 0)
    return Programme(World(wh))
