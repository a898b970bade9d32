"""Loads of one day, or of one table, at the same time: the later one is whole, none is mixed."""

# ruff: noqa: S608
from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest

from zakaz_dagster.errors import Failure
from zakaz_dagster.warehouse import side_table as sides
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster_tests.contract.test_warehouse_day import FIRST, ORDERS, held, leftovers, orders, put


def test_two_days_are_replaced_at_the_same_time(warehouse: Warehouse) -> None:
    failures: list[Failure] = []
    targets = [FIRST + timedelta(days=step) for step in range(6)]

    def load(day: date) -> None:
        try:
            for ver in range(3):
                put(warehouse, day, orders(day, 50), ver=ver, run_id=f"run of {day}")
        except Failure as failure:
            failures.append(failure)

    threads = [threading.Thread(target=load, args=(day,)) for day in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert held(warehouse) == dict.fromkeys(targets, 50)
    assert leftovers(warehouse) == []


def test_two_loads_of_one_day_leave_the_later_one_whole(warehouse: Warehouse) -> None:
    """Two swaps at once used to leave both copies."""
    outcomes: list[object] = []

    def load(ver: int) -> None:
        try:
            put(warehouse, FIRST, orders(FIRST, 40 + ver, start=1000 * ver), ver=ver, guard=None)
        except sides.Superseded as failure:
            outcomes.append(failure)

    for round_ in range(5):
        threads = [threading.Thread(target=load, args=(10 * round_ + number,)) for number in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = warehouse.rows(f"SELECT _ver, count() AS n FROM {ORDERS} GROUP BY _ver")
        assert found == [{"_ver": 10 * round_ + 4, "n": 44 + 10 * round_}]


def test_a_load_that_began_earlier_gives_way_and_changes_nothing(warehouse: Warehouse) -> None:
    put(warehouse, FIRST, orders(FIRST, 5), ver=9)
    with pytest.raises(sides.Superseded, match="began later.*repeated by itself"):
        put(warehouse, FIRST, orders(FIRST, 7), ver=8)
    assert warehouse.rows(f"SELECT _ver, count() AS n FROM {ORDERS} GROUP BY _ver") == [{"_ver": 9, "n": 5}]
    assert leftovers(warehouse) == []


@pytest.mark.parametrize(("ver", "times", "whole"), [(9, 1, False), (1, 1, True), (1, 99, False)])
def test_rows_that_another_load_leaves_beside_a_swap_are_noticed(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, ver: int, times: int, whole: bool
) -> None:
    """Those of a later load win, those of an earlier one are swapped out again, and for ever is nobody patient."""
    put(warehouse, FIRST, orders(FIRST, 5), ver=1)
    swap, left = sides.Side._swap, [times]

    def beside(side: sides.Side, *about: object) -> None:
        swap(side, *about)  # type: ignore[arg-type]
        left[0] -= 1
        if left[0] >= 0:
            warehouse.command(f"INSERT INTO {ORDERS} SELECT * REPLACE({ver} AS _ver) FROM {ORDERS} LIMIT 2")

    monkeypatch.setattr(sides.Side, "_swap", beside)
    if whole:
        assert put(warehouse, FIRST, orders(FIRST, 7), ver=2).rows_after == 7
        assert warehouse.rows(f"SELECT _ver, count() AS n FROM {ORDERS} GROUP BY _ver") == [{"_ver": 2, "n": 7}]
    else:
        with pytest.raises(sides.Superseded):
            put(warehouse, FIRST, orders(FIRST, 7), ver=2)


@pytest.mark.parametrize("kept", [(1, 2), (5, 40)])
def test_a_day_doubled_by_a_crash_is_whole_after_the_next_load(warehouse: Warehouse, kept: tuple[int, int]) -> None:
    put(warehouse, FIRST, orders(FIRST, 5), ver=1)
    warehouse.command(f"CREATE TABLE kept AS {ORDERS}")
    warehouse.command(f"ALTER TABLE kept ATTACH PARTITION '{FIRST}' FROM {ORDERS}")
    start, count = kept
    put(warehouse, FIRST, orders(FIRST, count, start=start), ver=2, guard=None)
    warehouse.command(f"ALTER TABLE {ORDERS} ATTACH PARTITION '{FIRST}' FROM kept")
    warehouse.command("DROP TABLE kept SYNC")
    put(warehouse, FIRST, orders(FIRST, 3), ver=3, guard=None)
    assert warehouse.rows(f"SELECT _ver, count() AS n FROM {ORDERS} GROUP BY _ver") == [{"_ver": 3, "n": 3}]
