"""The engine killed by kill -9 inside the statement that puts rows in place, for every kind of table.

    staging    the days of a load             dimension  an unpartitioned table, replaced whole
    fact       a month, rebuilt               ledger     the lines of a load, inserted; its rejects, replaced

After the next start the platform looks (`heal`) and does the interrupted work again. Then nothing is mixed, and every
table holds what was told last. The engine runs in a process of its own without HTTP, because a start takes half a second.
"""

# ruff: noqa: S608
from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from zakaz_dagster.errors import Failure
from zakaz_dagster.table_schemas import arrow_type
from zakaz_dagster.warehouse import healing
from zakaz_dagster.warehouse.arrow import SERVICE_COLUMNS
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.replace_table import replace_whole
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster.warehouse.table_info import shape
from zakaz_dagster_tests.chaos import loader
from zakaz_dagster_tests.engines.in_process import Engine, warehouse_on
from zakaz_dagster_tests.sql.putting import value

FACT, DIMENSION = "fact_inventory_daily", "dim_shows"
SEATS = "stg_qtickets_inventory_raw"
INSIDE = {
    "staging": f"ALTER TABLE {loader.TABLES[0]}",
    "lines": f"ALTER TABLE {loader.TABLES[1]}",
    "fact": f"ALTER TABLE {FACT}",
    "dimension": f"ALTER TABLE {DIMENSION}",
    "ledger": "INSERT INTO meta_day_loads",
}
SLOWEST = 0.008  # seconds that a swap takes here; kills are spread over them


class Deadly(Engine):
    """Dies inside the next statement that begins with `inside`, `after` seconds behind its begin."""

    inside, after, deaths = "", 0.0, 0

    def asked(self, ask: dict[str, Any]) -> str:
        if not self.inside or not ask["sql"].startswith(self.inside):
            return super().asked(ask)
        self.inside = ""
        self.deaths += 1
        self.write(ask)
        time.sleep(self.after)
        self.kill()
        return ""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Warehouse, Deadly]]:
    with warehouse_on(Path(sys.executable), tmp_path, made=Deadly) as (wh, engine):
        for table in load("tables").values():
            wh.command(table.sql)
        monkeypatch.setattr(loader, "ORDERS", loader.ORDERS)
        tell(wh, 1)
        holds(wh, 1)
        yield wh, engine


def count(version: int) -> int:
    return 5 + version % 3


def tell(wh: Warehouse, version: int) -> None:
    """Everything that is written, in the version's figures and in a number of rows of its own."""
    loader.ORDERS = count(version)
    loader.load(wh, version)
    rows = [{"show_id": number, "event_id": version} for number in range(count(version))]
    columns = {
        name: pa.array([value(kind, name, row) for row in rows], arrow_type(kind))
        for name, kind in shape(wh, DIMENSION).types.items()
        if name not in SERVICE_COLUMNS
    }
    replace_whole(wh, DIMENSION, pa.table(columns), run_id=f"v{version}")
    wh.command(f"TRUNCATE TABLE {SEATS}")
    seats = ", ".join(f"('{loader.FIRST}', now(), {number}, {version}, {version})" for number in range(count(version)))
    wh.command(f"INSERT INTO {SEATS} (snapshot_date, snapshot_at, show_id, event_id, _ver) VALUES {seats}")
    rebuild(wh, load("builds")[FACT], loader.FIRST, loader.FIRST, run_id=f"v{version}")


def holds(wh: Warehouse, version: int) -> None:
    """Every table holds this version and nothing else."""
    assert healing.mixed(wh) == []
    orders, lines = loader.TABLES
    for table, figure, rows in (
        (orders, "toInt64(JSONExtractFloat(payload, 'price'))", loader.DAYS * count(version)),
        (lines, "toInt64(price_rub)", loader.DAYS * count(version)),
        (DIMENSION, "event_id", count(version)),
        (FACT, "event_id", count(version)),
        ("meta_day_loads FINAL", "received", loader.DAYS),
    ):
        expected = count(version) if table.startswith("meta") else version
        found = wh.rows(f"SELECT {figure} AS figure, count() AS n FROM {table} GROUP BY figure")
        assert [(row["figure"], row["n"]) for row in found] == [(expected, rows)], table


def killed(told: tuple[Warehouse, Deadly], kinds: list[str], seed: int) -> Counter[str]:
    """One kill for each kind, and what was mixed when the engine was back, by kind."""
    (wh, engine), chance, mixed = told, random.Random(seed), Counter[str]()
    for version, kind in enumerate(kinds, 2):
        engine.inside, engine.after = INSIDE[kind], chance.uniform(0, SLOWEST)
        with pytest.raises(Failure):
            tell(wh, version)
        engine.start()
        mixed[kind] += bool(healing.mixed(wh))
        left = healing.heal(wh).left
        assert {each.kind for each in left} <= {"load"}
        assert {each.table for each in healing.mixed(wh)} <= {each.table for each in left}
        tell(wh, version)
        holds(wh, version)
    assert engine.deaths == len(kinds)
    return mixed


def test_after_a_kill_inside_any_kind_of_swap_everything_is_whole_again(told: tuple[Warehouse, Deadly]) -> None:
    killed(told, list(INSIDE), 1)


@pytest.mark.slow
def test_three_hundred_kills_inside_swaps_leave_nothing_mixed_and_nothing_wrong(
    told: tuple[Warehouse, Deadly], record_property: Any
) -> None:
    mixed = killed(told, [*INSIDE] * 60, 2)
    record_property("mixed when the engine was back", dict(mixed))
    assert sum(mixed.values()) > 0, "no kill hit: SLOWEST is not the time of a swap here"
