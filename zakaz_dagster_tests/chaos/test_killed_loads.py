"""Loads and engines that die in the middle: each day of each table is as before or as after, never between.

Tables are read with FINAL, as everything of the platform reads them: an engine that is killed before it has removed the
parts a swap replaced (minutes later) finds them again beside the new ones, and `_ver` tells which rows count. Rows the
new version no longer has come back with them; the check `days_equal_ledger` is red then, until the day is loaded again.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig
from zakaz_dagster.warehouse.side_table import Superseded
from zakaz_dagster_tests.chaos import loader
from zakaz_dagster_tests.plugins.clickhouse import PROJECT, serving

NEEDED = (*loader.TABLES, "stg_rejects", "meta_day_loads")
PRICES = (
    "SELECT sale_date AS day, groupArray(JSONExtractUInt(payload, 'price')) AS versions FROM stg_qtickets_orders_raw FINAL GROUP BY day",
    "SELECT sale_date AS day, groupArray(toUInt32(price_rub)) AS versions FROM stg_qtickets_sales_raw FINAL GROUP BY day",
)
LEDGER = "SELECT day, totals FROM meta_day_loads FINAL"


def start(config, version, *die_at):
    command = [sys.executable, "-m", "zakaz_dagster_tests.chaos.loader"]
    arguments = [config.port, config.password, config.database, version, *die_at]
    return subprocess.Popen(
        [*command, *map(str, arguments)], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def loaded(config, version):
    """An undisturbed load; how many statements it took."""
    done = start(config, version)
    out, err = done.communicate(timeout=120)
    assert done.returncode == 0, err
    return int(out)


def versions(warehouse):
    """The version each day holds, one mapping a table; a day of mixed versions or lost rows fails here."""
    found = []
    for query in PRICES:
        table = {row["day"]: row["versions"] for row in warehouse.rows(query)}
        for day, held in table.items():
            assert len(held) == loader.ORDERS, (query, day, held)
            assert len(set(held)) == 1, (query, day, held)
        found.append({day: held[0] for day, held in table.items()})
    return found


def check(warehouse, before, after):
    """Nothing between, and no day stands as done in the ledger before both tables hold it."""
    orders, tickets = versions(warehouse)
    for table in (orders, tickets):
        assert len(table) == loader.DAYS
        assert set(table.values()) <= {before, after}, table
    for row in warehouse.rows(LEDGER):
        if json.loads(row["totals"])["price_rub"] == str(loader.ORDERS * after):
            assert (orders[row["day"]], tickets[row["day"]]) == (after, after)


def killed_at(warehouse, places, first_version=2):
    """One load after another dies before the given statement, and the next one finishes its work."""
    config = warehouse.config
    for version, place in enumerate(places, first_version):
        killed = start(config, version, place)
        killed.communicate(timeout=120)
        assert killed.returncode == -signal.SIGKILL, place
        check(warehouse, version - 1, version)
        loaded(config, version)
        assert [set(table.values()) for table in versions(warehouse)] == [{version}, {version}]


@pytest.fixture
def once(sparse_warehouse):
    """A database with version 1 in it, and the number of statements a load takes."""
    warehouse = sparse_warehouse(*NEEDED)
    loaded(warehouse.config, 1)
    return warehouse, loaded(warehouse.config, 1)


def test_a_load_killed_in_its_middle_leaves_each_day_old_or_new(once):
    warehouse, statements = once
    killed_at(warehouse, [round(statements * 0.75)])


def test_two_loads_of_the_same_days_at_once_end_as_one_of_them(once):
    """The one that began earlier gives way where they meet, and its step's retry reads and writes again."""
    warehouse, _ = once

    def attempt(version):
        for gave_way in range(10):
            with suppress(Superseded):
                loader.load(warehouse, version)
                return gave_way
        raise AssertionError("it gives way for ever")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(attempt, (2, 3)))
    orders, tickets = versions(warehouse)
    assert orders == tickets
    [winner] = set(orders.values())
    entered = {json.loads(row["totals"])["price_rub"] for row in warehouse.rows(LEDGER)}
    assert entered == {str(loader.ORDERS * winner)}
    for table in loader.TABLES:
        assert warehouse.scalar(f"SELECT uniqExact(_ver) FROM {table}") == 1


@pytest.mark.slow
def test_a_load_killed_before_any_of_its_statements_leaves_each_day_old_or_new(once):
    warehouse, statements = once
    assert statements > 20
    killed_at(warehouse, range(1, statements + 1))


@pytest.mark.slow
def test_the_engine_killed_during_loads_leaves_each_day_old_or_new(tmp_path):
    chance = random.Random(7)
    before = 1
    for version in range(1, 13):
        with serving(tmp_path) as endpoint:
            config = WarehouseConfig(port=endpoint.port, password=endpoint.password, database="chaos")
            warehouse = Warehouse.connect(config)
            if version == 1:
                schema.apply(warehouse)
            else:
                check(warehouse, before - 1, before)
            loaded(config, version)
            check(warehouse, version, version)
            before = version + 1
            running = start(config, before)
            time.sleep(chance.uniform(0.5, 3))
            endpoint.process.kill()
            running.kill()
            running.communicate()
