"""The engine of a simulation, which does at chosen statements what the world does to servers and workers.

Belongs here: what happens at a statement. Does not: when and why (`faults`), runs and ticks (`simulation`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.exceptions import DatabaseError

from zakaz_dagster_tests.engines.in_process import Engine

NOW, TODAY = re.compile(r"\bnow\(\s*(?:'[^']*')?\s*\)"), re.compile(r"\btoday\(\s*\)")
STARTED = "toUnixTimestamp(now()) - uptime()"
DEFINES = re.compile(r"(--[^\n]*\n|\s)*CREATE|SELECT formatQuery")  # DDL, and its comparison with the files
WRITES = re.compile(r"(ALTER TABLE|INSERT INTO|CREATE TABLE)")
NOT_ENOUGH_SPACE = 243


class Killed(KeyboardInterrupt):
    """The run's process is gone: nothing after this line happens. Dagster takes anything else for a step that failed."""


@dataclass
class Trap:
    """Does `act` at a statement that `on` matches from its beginning, after passing over `skip` of them."""

    on: re.Pattern[str]
    act: Callable[[], None]
    skip: int = 0


class Stage(Engine):
    """Statements are sent with the simulated clock in place of the server's; DDL keeps its own."""

    def __init__(self, python: Path, folder: Path, database: str) -> None:
        self.traps: list[Trap] = []
        self.read_after: re.Pattern[str] = re.compile("(?!)")  # the statements after which the reader looks
        self.reader: Callable[[], None] = lambda: None
        self.worker_dead = self.full = self.alive = self.returns_at_once = False
        self.dies_after: float | None = None
        self.hours_pass = False  # for the disk, whose clock is the machine's
        self.busy = False  # within a trap or the reader, whose own statements pass
        self.restarts = 0
        super().__init__(python, folder, database)

    def start(self) -> None:
        self.alive, self.began = True, int(time.time())
        self._alone(super().start)  # what an engine asks itself at its start is no statement of a worker

    def die(self) -> None:
        """kill -9, between statements."""
        self.alive = False
        self.kill()

    def back(self) -> None:
        if not self.alive:
            self.restarts += 1
            self.start()

    def asked(self, ask: dict[str, Any]) -> str:
        if self.dies_after is None:
            return super().asked(ask)
        self.write(ask)
        time.sleep(self.dies_after)
        self.dies_after = None
        self.die()
        return ""

    def _ask(self, sql: str, parameters: Any = None, settings: Any = None, form: str = "TabSeparated") -> bytes:
        if self.busy:
            return super()._ask(self._timed(sql), parameters, settings, form)
        self._before(sql)
        answer = super()._ask(self._timed(sql), parameters, settings, form)
        if self.read_after.match(sql) and self.alive:
            self._alone(self.reader)
        return answer

    def _before(self, sql: str) -> None:
        if self.worker_dead:
            raise Killed
        for trap in [trap for trap in self.traps if trap.on.match(sql)]:
            trap.skip -= 1
            if trap.skip < 0:
                self.traps.remove(trap)
                trap.act()
        if self.worker_dead:
            raise Killed
        if not self.alive and self.returns_at_once:
            self.back()
        if not self.alive:
            raise ConnectionResetError("the engine is gone")
        if self.full and WRITES.match(sql):
            full = DatabaseError("Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space")
            full.code = NOT_ENOUGH_SPACE
            raise full

    @contextmanager
    def unharmed(self) -> Iterator[None]:
        """No trap closes within: what happens here is no part of the run or the tick that it was laid for."""
        traps, self.traps = self.traps, []
        try:
            yield
        finally:
            self.traps = traps

    def _alone(self, act: Callable[[], None]) -> None:
        before, self.busy = self.busy, True
        try:
            act()
        finally:
            self.busy = before

    def _timed(self, sql: str) -> str:
        if DEFINES.match(sql):
            return sql
        if STARTED in sql:
            return sql.replace(STARTED, str(self.began))
        if (
            "metadata_modification_time" in sql
        ):  # the disk's clock: who left a lease is surely dead when it is looked at
            return sql.replace("INTERVAL 1 HOUR" if self.hours_pass else "INTERVAL 15 SECOND", "INTERVAL 0 SECOND")
        at = int(time.time())
        return TODAY.sub(f"toDate(toDateTime({at}))", NOW.sub(f"toDateTime({at})", sql))
