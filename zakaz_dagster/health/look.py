"""Every verdict of the platform, gathered once: what `zakaz smoke`, the health endpoints and the alerts all look at.

    quick     ClickHouse and its version, clock, disks, freshness, missing days, versions of partitions, Dagster and its
              checks as last evaluated
    thorough  also schema, rights, side tables and backups
    full      also every check of sql/checks, evaluated now

Belongs here: the gathering; each part has a deadline and none can fail another. Does not: the rules (beside), the
checks' SQL (`sql/checks`, evaluated by the same code as in the UI).
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from zakaz_dagster.errors import Failure
from zakaz_dagster.health import infrastructure, reading
from zakaz_dagster.health.facts import DagsterFacts
from zakaz_dagster.health.freshness import FOLLOWS, Freshness, Watched, follows, freshness, missing_days
from zakaz_dagster.health.infrastructure import NAME as RIGHTS
from zakaz_dagster.health.infrastructure import Limits, rights
from zakaz_dagster.health.processes import dagster_verdicts, storage_away
from zakaz_dagster.health.reading import Disk
from zakaz_dagster.redaction import vendor_words
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.verdicts import Status, Verdict, with_causes
from zakaz_dagster.warehouse import build_ledger, healing, server
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.sql_files import Statement, load

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

Verdicts = list[Verdict]
ALERT_STORE = "platform__alert_store"
PATIENCE = (1, 6, 30)  # times the seconds of a quick look
SELDOM_SECONDS = 600.0  # reading the versions of every partition costs a tenth of a millisecond each
_seldom: dict[str, tuple[float, Verdicts]] = {}  # by server: what every look of this process shares


@dataclass(frozen=True)
class Look:
    """One look at everything at the moment `at`; each bad verdict names the one that explains it."""

    at: datetime
    verdicts: Sequence[Verdict]
    freshness: Sequence[Freshness] = ()


@dataclass(frozen=True)
class Subjects:
    """What is looked at. `dagster` reads its facts, `others` gives verdicts of parts this folder does not know.

    `working` says whether the moment is in working hours, `started` when the platform began to run (None: long ago);
    `folders` are those whose disks must not fill up.
    """

    warehouse: Warehouse
    reader: Warehouse | None = None
    watched: Sequence[Watched] = ()
    limits: Limits = field(default_factory=Limits)
    working: Callable[[datetime], bool] = lambda _: True
    started: Callable[[datetime], datetime | None] = lambda _: None
    folders: Sequence[Path] = ()
    dagster: Callable[[], DagsterFacts] | None = None
    others: Callable[[datetime], Sequence[Verdict]] = lambda _: ()
    seconds: float = 20.0


def guarded(name: str, judge: Callable[[], Verdict], check: Statement | None = None) -> Verdict:
    """The verdict; that it could not be reached is one as well."""
    try:
        return judge()
    except Failure as failure:
        return unknown(name, failure, (check.meta.get("asset", ""),) if check else ())


def unknown(name: str, failure: Failure, assets: tuple[str, ...]) -> Verdict:
    """What could not be looked at is not ok."""
    area = "infrastructure" if name.startswith("platform__") else "data"
    action = failure.next_step or "correct the statement"
    return Verdict(name, area, Status.ERROR, f"could not be looked at: {failure.what}", action, assets=assets)


def following(subjects: Subjects, now: datetime) -> list[Verdict]:
    """Whether each fact is as new as what it reads; without a source nothing was ever loaded."""
    start = min((source.start for source in subjects.watched), default=None)
    if start is None:
        return []
    try:
        owed = build_ledger.owed(subjects.warehouse, start, now.astimezone(MOSCOW).date())
    except Failure as failure:
        return [unknown(f"{fact}__{FOLLOWS}", failure, (fact,)) for fact in build_ledger.facts()]
    started = subjects.started(now)
    by_fact = {fact: [each for each in owed if each.fact == fact] for fact in build_ledger.facts()}
    return [follows(fact, own, now, started) for fact, own in by_fact.items()]


class Depth(IntEnum):
    QUICK = 0
    THOROUGH = 1
    FULL = 2


class Watch:
    """Looks again and again; parts that hang are reported and not piled up."""

    def __init__(self, subjects: Subjects, now: Callable[[], datetime], depth: Depth = Depth.QUICK) -> None:
        self._subjects, self._now, self._depth = subjects, now, depth
        self._warehouse = Bounded(self._ask_warehouse, subjects.seconds * PATIENCE[depth])
        self._dagster = Bounded(self._ask_dagster, subjects.seconds)
        self._others = Bounded(lambda: list(subjects.others(now())), subjects.seconds)

    def look(self) -> Look:
        """Everything now. Later parts win over earlier ones: what is seen live beats what Dagster remembers."""
        found: dict[str, Verdict] = {}
        ages: Sequence[Freshness] = ()
        for verdict in [*self._of_dagster(), *self._of_disks(), *self._of_others()]:
            found[verdict.name] = verdict
        verdicts, ages = self._of_warehouse()
        found.update({verdict.name: verdict for verdict in verdicts})
        return Look(self._now(), with_causes(found.values()), ages)

    def _of_warehouse(self) -> tuple[Verdicts, Sequence[Freshness]]:
        try:
            return self._warehouse()
        except Overdue as overdue:
            error = f"ClickHouse at {self._subjects.warehouse.config.address}: {overdue}"
        except Failure as failure:
            error = failure.what
        except Exception as fault:  # noqa: BLE001  whatever a half-dead server answers, the watch goes on
            error = f"what ClickHouse answered cannot be judged: {_words(fault)}"
        assets = tuple(source.table for source in self._subjects.watched)
        return [infrastructure.clickhouse_away(error, assets)], ()

    def _ask_warehouse(self) -> tuple[Verdicts, Sequence[Freshness]]:
        wh, now = self._subjects.warehouse, self._now()
        answer = reading.ping(wh)
        found = [infrastructure.clickhouse(answer), infrastructure.clock(answer)]
        room = partial(infrastructure.disk, infrastructure.CLICKHOUSE_DISK, limits=self._subjects.limits)
        found.append(guarded(infrastructure.CLICKHOUSE_DISK, lambda: room(reading.disks(wh))))
        found += self._seldom(answer.version)
        ages: list[Freshness] = []
        for source in self._subjects.watched:
            found += self._of_source(source, now, ages)
        found += following(self._subjects, now)
        if self._depth >= Depth.THOROUGH:
            found += self._thoroughly(now)
        if self._depth >= Depth.FULL:
            found += [guarded(check.name, partial(evaluate, wh, check), check) for check in load("checks").values()]
        return found, ages

    def _of_source(self, source: Watched, now: datetime, ages: list[Freshness]) -> Iterator[Verdict]:
        try:
            seen = reading.seen(self._subjects.warehouse, source, now)
        except Failure as failure:
            yield unknown(f"{source.table}__fresh", failure, (source.table,))
            return
        started = self._subjects.started(now)
        age = freshness(source, seen, now, working=self._subjects.working(now), started=started)
        gaps = missing_days(source, seen, now, started)
        if age:
            ages.append(age)
            yield age.verdict
        if gaps:
            yield gaps

    def _seldom(self, version: str) -> Verdicts:
        """The server's version, and rows of two loads in one partition: at thorough looks, else every ten minutes."""
        wh = self._subjects.warehouse
        key = f"{wh.config.address}/{wh.config.database}"
        at, verdicts = _seldom.get(key, (0.0, []))
        if not verdicts or self._depth >= Depth.THOROUGH or time.monotonic() - at >= SELDOM_SECONDS:
            mixed = guarded(healing.ONE_VERSION, lambda: healing.one_version(wh))
            verdicts = [server.verdict(server.ServerVersion(version)), mixed]
            _seldom[key] = (time.monotonic(), verdicts)
        return verdicts

    def _thoroughly(self, now: datetime) -> Iterator[Verdict]:
        from zakaz_dagster.warehouse import schema  # brings the SQL parser, which a quick look does without

        wh, reader, limits = self._subjects.warehouse, self._subjects.reader, self._subjects.limits
        hidden = [source.table for source in self._subjects.watched]
        yield guarded(infrastructure.SCHEMA, lambda: infrastructure.schema(schema.diff(wh)))
        yield guarded(RIGHTS, lambda: rights(wh, reader, list(load("views")), hidden))
        yield guarded(healing.SIDE_TABLES, lambda: healing.side_tables(wh))
        yield guarded(infrastructure.BACKUPS, lambda: infrastructure.backups(reading.backups(wh), limits, now))

    def _of_dagster(self) -> Verdicts:
        if self._subjects.dagster is None:
            return []
        try:
            return self._dagster()
        except Exception as error:  # noqa: BLE001  a broken storage raises anything; all of it is this one verdict
            return [storage_away(_words(error))]

    def _ask_dagster(self) -> Verdicts:
        assert self._subjects.dagster is not None
        now = self._now()
        started = self._subjects.started(now)
        return dagster_verdicts(self._subjects.dagster(), now, working=self._subjects.working(now), started=started)

    def _of_others(self) -> Verdicts:
        try:
            return self._others()
        except Exception as error:  # noqa: BLE001  the rest of the look is told all the same
            detail = f"could not be looked at: {_words(error)}"
            return [Verdict(ALERT_STORE, "processes", Status.ERROR, detail, "look at the disk under ZAKAZ_DATA_DIR")]

    def _of_disks(self) -> Verdicts:
        """Our own disks; a folder that does not exist yet stands on its parent's disk."""
        found = []
        for folder in self._subjects.folders:
            try:
                there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
                usage = shutil.disk_usage(there)
            except OSError as error:
                detail, action = f"{folder} cannot be looked at: {error}", "look at the disk and its mount"
                return [Verdict(infrastructure.DISK, infrastructure.AREA, Status.ERROR, detail, action)]
            found.append(Disk(str(folder), usage.free, usage.total))
        return [infrastructure.disk(infrastructure.DISK, found, self._subjects.limits)]


def _words(error: Exception) -> str:
    """What an error of any kind says, without secrets and people: verdicts are mailed."""
    return vendor_words(f"{type(error).__name__}: {error}")[:300]


T = TypeVar("T")


class Overdue(Exception):
    """The work has not come back; it is left alone and not started a second time until it has."""


class Bounded(Generic[T]):
    """One piece of work that may hang, asked again and again."""

    def __init__(self, work: Callable[[], T], seconds: float) -> None:
        self._work = work
        self._seconds = seconds
        self._thread: threading.Thread | None = None

    def __call__(self) -> T:
        """The result of the work, or its exception, or Overdue."""
        if self._thread is not None and self._thread.is_alive():
            raise Overdue("it still hangs from the last time")
        results: list[T] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(self._work())
            except BaseException as error:  # noqa: BLE001  handed to the caller below
                errors.append(error)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        self._thread.join(self._seconds)
        if errors:
            raise errors[0]
        if not results:
            raise Overdue(f"no answer in {self._seconds:.0f} s")
        return results[0]
