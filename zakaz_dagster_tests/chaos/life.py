"""One simulated life from its first load to its end, and the comparison with a clean build of the same truth.

Belongs here: the order of things, and cutting a failing scenario down. Does not: the parts themselves.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from zakaz_dagster.warehouse import healing, schema, side_table
from zakaz_dagster_tests.chaos.faults import Fault, Scenario, Trouble
from zakaz_dagster_tests.chaos.reader import SHOWN, Reader, behind, hashes
from zakaz_dagster_tests.chaos.simulation import MAILS, MAILS_EVERY, RELOAD, Simulation, simulated
from zakaz_dagster_tests.chaos.stage import Stage
from zakaz_dagster_tests.engines.in_process import warehouse_on

QUIET = (1, 1, 3, 5)  # days after the last fault: a weekly reload and every wait between attempts lie within
# Holds what Direct tells no more: a correction takes an ad's only figures away, and an ad without figures is not listed.
DIRECT_ADS = "dim_direct_ads"
LONGEST = timedelta(days=1)  # between two reads of a source: at the last moment each is read once more
EXTRA = 5  # minutes until the next look when something wrong has not been told yet


@dataclass(frozen=True)
class Outcome:
    """What a life came to; right when nothing differs and nothing was missed."""

    scenario: Scenario
    figures: Counter[str]
    missed: tuple[str, ...]
    differences: tuple[str, ...]
    seconds: float

    @property
    def right(self) -> bool:
        return not self.missed and not self.differences


def live(scenario: Scenario, folder: Path | None = None) -> Outcome:
    """Live it in a folder of its own, which is removed."""
    began, place = time.perf_counter(), folder or Path(tempfile.mkdtemp(prefix="chaos"))
    try:
        with simulated(place / "platform", scenario.begin, scenario.seed) as sim:
            reader = Reader(sim)
            reader.learn()
            sim.engine.reader = reader.read
            sim.engine.read_after = writes(*behind(*SHOWN))
            _through(scenario, sim, reader)
            _until_quiet(sim, reader)
            differences = tuple(_differences(sim, place / "clean"))
            sim.figures["restarts of the engine"] = sim.engine.restarts
            missed = tuple(map(str, reader.missed))
            return Outcome(scenario, sim.figures, missed, differences, time.perf_counter() - began)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def writes(*tables: str) -> re.Pattern[str]:
    """Statements that change what these tables hold; their side tables are others."""
    return re.compile(rf"(ALTER TABLE|INSERT INTO) ({'|'.join(sorted(tables))})\b")


def _through(scenario: Scenario, sim: Simulation, reader: Reader) -> None:
    trouble = Trouble(sim, scenario.faults)
    for step, minutes in enumerate(scenario.minutes):
        _moment(sim, reader, scenario.begin + timedelta(minutes=minutes), lambda step=step: trouble.at(step))
        while reader.open:
            _moment(sim, reader, sim.now + timedelta(minutes=EXTRA))
    trouble.end()


def _moment(sim: Simulation, reader: Reader, at: object, happens: Callable[[], None] = lambda: None) -> None:
    """Time goes on, things go wrong, the daemon ticks, everybody looks."""
    sim.figures["steps"] += 1
    sim.go_to(at)
    reader.learn()
    happens()
    reader.learn()
    sim.step()
    with sim.engine.unharmed():
        if sim.engine.alive:
            reader.read()
        reader.look()


def _until_quiet(sim: Simulation, reader: Reader) -> None:
    """Nothing goes wrong any more; only ticks follow, and mails are read however often they were needed before."""
    sim.engine.hours_pass = True
    sim.switched_on.add(MAILS_EVERY)
    for days in QUIET:
        for gap in (timedelta(days=days), timedelta(minutes=16)):
            _moment(sim, reader, sim.now + gap)
    _moment(sim, reader, sim.now + LONGEST)


def _differences(sim: Simulation, folder: Path) -> Iterator[str]:
    """Partitions that differ from those of a platform that loads the same truth once and knows the same ads of Direct."""
    ours, ads = hashes(sim.warehouse), sim.warehouse.query(f"SELECT * FROM {DIRECT_ADS} FINAL")
    yield from (f"{each} is mixed" for each in healing.mixed(sim.warehouse))
    yield from (f"{name} is left" for name in _left(sim))
    yield from (f"run {run.run_id} of {run.job_name} has not ended" for run in sim.unfinished())
    with ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        _, engine = stack.enter_context(warehouse_on(Path(sys.executable), folder, made=Stage))
        kept = sim.lend(engine)
        schema.apply(sim.warehouse)
        sim.warehouse.insert(DIRECT_ADS, ads)
        assert sim.run(MAILS, {}), sim.failures
        assert sim.run(RELOAD, sim.days.tags), sim.failures
        clean = hashes(sim.warehouse)
        sim.lend(kept)
    for key in sorted(ours.keys() | clean.keys()):
        if ours.get(key) != clean.get(key):
            yield f"{' '.join(key)}: rows and hash {ours.get(key)}, in a clean build {clean.get(key)}"


def _left(sim: Simulation) -> Iterator[str]:
    """Side tables of dead runs, once they are old enough to be dropped."""
    name = f"position(name, '{side_table.MARK}') > 1"
    for row in sim.warehouse.rows(f"SELECT name FROM system.tables WHERE database = currentDatabase() AND {name}"):  # noqa: S608
        yield str(row["name"])


def shrunk(scenario: Scenario, fails: Callable[[Scenario], bool]) -> Scenario:
    """The fewest faults, found by leaving ever smaller parts of them out, with which it still fails (ddmin)."""
    faults, parts = list(scenario.faults), 2
    while len(faults) >= 2:
        size = -(-len(faults) // parts)
        for start in range(0, len(faults), size):
            rest = faults[:start] + faults[start + size :]
            if fails(with_faults(scenario, rest)):
                faults, parts = rest, max(parts - 1, 2)
                break
        else:
            if parts >= len(faults):
                break
            parts = min(len(faults), parts * 2)
    return with_faults(scenario, faults)


def with_faults(scenario: Scenario, faults: Sequence[Fault]) -> Scenario:
    """The scenario with these faults only; it ends some steps behind the last of them."""
    last = max((each.step + each.lasts for each in faults), default=0) + 4
    return replace(scenario, faults=tuple(faults), minutes=scenario.minutes[:last])
