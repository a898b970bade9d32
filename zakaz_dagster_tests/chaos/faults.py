"""What goes wrong in a simulated life, drawn from a seed, and how each thing is done.

A scenario is data: moments, and at each of them faults of a kind with their arguments, so that it can be printed,
replayed and cut down. What vendors do is taken from the tests that go through every switch of the contracts.

Belongs here: kinds of faults. Does not: time and ticks (`simulation`).
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.chaos.simulation import RELOAD, Simulation
from zakaz_dagster_tests.chaos.stage import Trap
from zakaz_dagster_tests.contract.direct import test_faults as direct
from zakaz_dagster_tests.contract.vk_ads import test_switches as vk
from zakaz_dagster_tests.story import test_qtickets_faults as qtickets

END = datetime(2027, 1, 10, 9, tzinfo=UTC)  # of every simulated life, so that each crosses New Year
SCENES = 3  # a week
SWITCHES: dict[str, list[dict[str, Any]]] = {
    "qtickets": [*qtickets.FAULTS.values(), *qtickets.PASSING.values()],
    "vk": [switches for switches, *_ in (*vk.RIGHT.values(), *vk.FAILS.values()) if switches],
    "direct": [*direct.WEATHERED.values(), *(switches for switches, *_ in direct.REFUSED.values())],
    "gmail": [{"revoked": True}, {"rate": 3}, {"throttle": 2}, {"backend": 3}, {"daily": 9}, {"expired_pages": 1},
              {"token_uses": 2}, {"off": True}, {"http": 500, "times": 2}, {"html": True}, {"truncated": True, "times": 1}],
}  # fmt: skip
EDITS = ("refund", "remove", "exchange", "touch")


@dataclass(frozen=True)
class Fault:
    """Begins at the step of this number and lasts so many of them."""

    step: int
    kind: str
    lasts: int = 1
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """A life: the moments of its steps in minutes since the beginning, and what goes wrong."""

    seed: int
    minutes: tuple[int, ...]
    faults: tuple[Fault, ...]

    @property
    def begin(self) -> datetime:
        return END - timedelta(days=max(7, -(-self.minutes[-1] // 1440)))

    def script(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def of(cls, script: str) -> Scenario:
        found = json.loads(script)
        return cls(found["seed"], tuple(found["minutes"]), tuple(Fault(**each) for each in found["faults"]))


def draw(seed: int, weeks: int, scenes: int = SCENES, most: int = 3) -> Scenario:
    """Some scenes a week, at any time of day and often about midnight; one to `most` things go wrong in each."""
    chance, minutes, faults = random.Random(seed), list[int](), list[Fault]()
    for scene in range(scenes * weeks):
        at = scene * 7 * 1440 // scenes + chance.randrange(30, 7 * 1440 // scenes - 120)
        if chance.random() < 0.3:
            at = at // 1440 * 1440 + 15 * 60 - chance.randrange(20)  # just before midnight in Moscow, 9 UTC being noon
        for _ in range(chance.randint(1, most)):
            faults.append(_drawn(chance, len(minutes) + chance.randrange(2)))
        for gap in (0, chance.choice([1, 5, 14]), chance.choice([10, 15])):
            at = max(at + gap, minutes[-1] + 1 if minutes else 0)
            minutes.append(at)
    return Scenario(seed, tuple(minutes), tuple(sorted(faults, key=lambda each: each.step)))


def _drawn(chance: random.Random, step: int) -> Fault:
    kind = chance.choices([*KINDS], [weight for weight, *_ in KINDS.values()])[0]
    _, arguments, _ = KINDS[kind]
    return Fault(step, kind, chance.choice([1, 1, 2]), arguments(chance))


def _vendor(chance: random.Random) -> dict[str, Any]:
    vendor = chance.choice([*SWITCHES, "qtickets"])
    return {"vendor": vendor, "switches": chance.choice(SWITCHES[vendor])}


def _statement(chance: random.Random, *wheres: str) -> dict[str, Any]:
    """A statement that writes some table, or fills or makes its side table."""
    where = chance.choice(wheres)
    with_sides = [name for name, table in load("tables").items() if "versions" not in table.meta]
    table = chance.choice(sorted(load("tables") if where == "swap" else with_sides))
    return {"table": table, "where": where, "skip": chance.randrange(2)}


def _two_runs(chance: random.Random) -> dict[str, Any]:
    job = chance.choice([RELOAD, "qtickets_reload", "vk_ads_daily", "yandex_direct_daily"])
    return {**_statement(chance, "make"), "back": chance.randrange(3), "job": job}


def _kill(chance: random.Random) -> dict[str, Any]:
    return {
        **_statement(chance, "swap", "swap", "swap", "fill", "make"),
        "after": round(chance.uniform(0, 0.006), 4),
        "at_once": chance.random() < 0.5,
    }


def pattern(about: dict[str, Any]) -> re.Pattern[str]:
    table = about["table"]
    forms = {
        "swap": rf"(ALTER TABLE|INSERT INTO) {table}\b(?!__side)",
        "fill": rf"INSERT INTO {table}__side_",
        "make": rf"CREATE TABLE {table}__side_",
    }
    return re.compile(forms[about["where"]])


def engine_killed(sim: Simulation, about: dict[str, Any]) -> Callable[[], None]:
    def act() -> None:
        sim.engine.dies_after, sim.engine.returns_at_once = about["after"], about["at_once"]
        sim.figures["engine kills inside statements"] += 1

    trap = Trap(pattern(about), act, about["skip"])
    return _armed(sim, trap)


def _armed(sim: Simulation, trap: Trap) -> Callable[[], None]:
    sim.engine.traps.append(trap)

    def over() -> None:
        if trap in sim.engine.traps:
            sim.engine.traps.remove(trap)
        sim.engine.returns_at_once = False
        sim.engine.back()

    return over


def engine_restarted(sim: Simulation, about: dict[str, Any]) -> Callable[[], None]:
    sim.engine.die()
    if about["away"]:
        return sim.engine.back
    sim.engine.back()
    return lambda: None


def worker_killed(sim: Simulation, about: dict[str, Any]) -> Callable[[], None]:
    def act() -> None:
        sim.engine.worker_dead = True
        sim.figures["workers killed"] += 1

    return _armed(sim, Trap(re.compile(""), act, about["statement"]))


def two_runs(sim: Simulation, about: dict[str, Any]) -> Callable[[], None]:
    first = sim.today - timedelta(days=about["back"])
    return _armed(sim, Trap(pattern(about), lambda: sim.meanwhile(about["job"], Days(first, sim.today)), about["skip"]))


def daemon_dead(sim: Simulation, _: dict[str, Any]) -> Callable[[], None]:
    sim.daemon = False
    return lambda: setattr(sim, "daemon", True)


def code_server_dead(sim: Simulation, _: dict[str, Any]) -> Callable[[], None]:
    sim.code = False
    return lambda: setattr(sim, "code", True)


def cursor_lost(sim: Simulation, _: dict[str, Any]) -> Callable[[], None]:
    sim.forgets = True
    return lambda: setattr(sim, "forgets", False)


def disk_full(sim: Simulation, _: dict[str, Any]) -> Callable[[], None]:
    sim.engine.full = True
    return lambda: setattr(sim.engine, "full", False)


def vendor(sim: Simulation, about: dict[str, Any]) -> Callable[[], None]:
    sim.sandbox.fault(about["vendor"], **about["switches"])
    return lambda: sim.sandbox.fault(about["vendor"], **dict.fromkeys(about["switches"]))


def corrections(sim: Simulation, about: dict[str, Any]) -> Callable[[], None]:
    sim.sandbox.correct(late=True, days=about["days"])
    return lambda: None


def edited(sim: Simulation, about: dict[str, Any]) -> Callable[[], None]:
    """An order of some days ago is refunded, removed, exchanged or touched."""
    chance, found = random.Random(about["pick"]), list[dict[str, Any]]()
    for back in range(about["back"], about["back"] + 5):
        found = found or [each for each in sim.sandbox.orders(sim.today - timedelta(days=back)) if _live(each)]
    if found:
        order = chance.choice(found)
        ticket = next(each for each in order["tickets"] if each["live"] and each["sold"])
        sim.sandbox.edit(about["edit"], order["id"] if about["edit"] == "touch" else ticket["id"])
    return lambda: None


def _live(order: dict[str, Any]) -> bool:
    return order["payed_at"] is not None and any(each["live"] and each["sold"] for each in order["tickets"])


Begin = Callable[[Simulation, dict[str, Any]], Callable[[], None]]
KINDS: dict[str, tuple[int, Callable[[random.Random], dict[str, Any]], Begin]] = {
    "vendor": (6, _vendor, vendor),
    "engine killed": (7, _kill, engine_killed),
    "engine restarted": (2, lambda chance: {"away": chance.random() < 0.5}, engine_restarted),
    "worker killed": (3, lambda chance: {"statement": chance.randrange(150)}, worker_killed),
    "two runs": (3, _two_runs, two_runs),
    "daemon dead": (1, lambda _: {}, daemon_dead),
    "code server dead": (1, lambda _: {}, code_server_dead),
    "cursor lost": (1, lambda _: {}, cursor_lost),
    "disk full": (1, lambda _: {}, disk_full),
    "late corrections": (2, lambda chance: {"days": chance.randint(2, 10)}, corrections),
    "order edited": (3, lambda chance: {"edit": chance.choice(EDITS), "back": chance.randrange(20), "pick": chance.randrange(1000)}, edited),
}  # fmt: skip


class Trouble:
    """The faults of a scenario as they come and go."""

    def __init__(self, sim: Simulation, faults: Sequence[Fault]) -> None:
        self.sim, self.faults = sim, faults
        self._over: list[tuple[int, Callable[[], None]]] = []

    def at(self, step: int) -> None:
        """End what has lasted long enough, begin what begins at this step."""
        self._end(lambda until: until <= step)
        for fault in (fault for fault in self.faults if fault.step == step):
            _, _, begin = KINDS[fault.kind]
            self.sim.figures[f"fault: {fault.kind}"] += 1
            self._over.append((step + fault.lasts, begin(self.sim, fault.about)))

    def end(self) -> None:
        self._end(lambda _: True)

    def _end(self, ripe: Callable[[int], bool]) -> None:
        ending = [over for until, over in self._over if ripe(until)]
        self._over = [(until, over) for until, over in self._over if not ripe(until)]
        for over in ending:
            over()
