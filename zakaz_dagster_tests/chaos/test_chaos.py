"""A life with faults ends equal to a clean build, and no wrong figure was shown without something being red."""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

import pytest

from zakaz_dagster_tests.chaos.faults import KINDS, SWITCHES, Fault, Scenario, draw
from zakaz_dagster_tests.chaos.life import live, shrunk, with_faults, writes
from zakaz_dagster_tests.chaos.reader import SHOWN, behind
from zakaz_dagster_tests.chaos.stage import Killed, Stage, Trap
from zakaz_dagster_tests.engines.in_process import warehouse_on


def test_a_scenario_is_drawn_from_its_seed_and_replayed_from_its_script() -> None:
    scenario = draw(3, 8)
    assert scenario == draw(3, 8) == Scenario.of(scenario.script())
    assert scenario != draw(4, 8)
    assert list(scenario.minutes) == sorted(set(scenario.minutes))
    assert 7 * 7 < scenario.minutes[-1] / 1440 < 8 * 7 + 1


def test_every_kind_of_fault_and_every_switch_of_a_vendor_is_drawn_sooner_or_later() -> None:
    assert {fault.kind for seed in range(20) for fault in draw(seed, 8).faults} == KINDS.keys()
    (_, about, _), chance = KINDS["vendor"], random.Random(1)
    drawn = [about(chance) for _ in range(10_000)]
    seen = {(each["vendor"], str(each["switches"])) for each in drawn}
    assert seen == {(name, str(each)) for name, switches in SWITCHES.items() for each in switches}


def test_a_failing_scenario_is_cut_down_to_the_faults_that_matter() -> None:
    scenario = draw(5, 8)
    guilty = [scenario.faults[7], scenario.faults[19]]
    short = shrunk(scenario, lambda each: all(fault in each.faults for fault in guilty))
    assert list(short.faults) == guilty
    assert len(short.minutes) < len(scenario.minutes)
    assert with_faults(short, [Fault(0, "disk full")]).minutes == short.minutes[:5]


def test_the_reader_looks_after_every_write_of_what_dashboards_show() -> None:
    pattern = writes(*behind(*SHOWN))
    assert pattern.match(
        "ALTER TABLE fact_sales_counted_daily REPLACE PARTITION ID '202611' FROM fact_sales_counted_daily__side_1"
    )
    assert pattern.match("ALTER TABLE fact_channels_daily DROP PARTITION ID '202611'")
    assert not pattern.match("INSERT INTO fact_sales_counted_daily__side_1 SELECT 1")
    assert not pattern.match("ALTER TABLE stg_qtickets_orders_raw REPLACE PARTITION ID '20261101' FROM x")


@pytest.mark.parametrize("busy", [False, True])
def test_what_an_engine_asks_itself_at_its_start_kills_no_worker(tmp_path: Path, busy: bool) -> None:
    with warehouse_on(Path(sys.executable), tmp_path, made=Stage) as (_, engine):
        engine.traps.append(Trap(re.compile(""), lambda: setattr(engine, "worker_dead", True)))
        engine.busy = busy  # the reader's own statements pass before and after
        engine.die()
        engine.back()
        assert (engine.worker_dead, engine.busy, len(engine.traps)) == (False, busy, 1)
        engine.busy = False
        with pytest.raises(Killed):
            engine.query("SELECT 1")


@pytest.mark.slow
def test_a_life_of_a_few_faults_ends_as_if_nothing_had_happened() -> None:
    """The proof over weeks is `make chaos`."""
    scenario = Scenario(
        1,
        (30, 35, 50, 60, 700, 705, 720, 735),
        (
            Fault(0, "engine killed", 2, {"table": "stg_qtickets_sales_raw", "where": "swap", "skip": 0, "after": 0.003, "at_once": False}),
            Fault(4, "engine killed", 2, {"table": "fact_sales_attributed_daily", "where": "swap", "skip": 0, "after": 0.003, "at_once": True}),
            Fault(5, "worker killed", 1, {"statement": 40}),
        ),
    )  # fmt: skip
    outcome = live(scenario)
    assert outcome.right, (outcome.missed, outcome.differences)
    assert outcome.figures["engine kills inside statements"] == 2
    assert outcome.figures["workers killed"] == 1
    assert outcome.figures["readings"] > 5 * outcome.figures["steps"]
