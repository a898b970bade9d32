"""Sensors that reload the past days a vendor changed, until each reload has succeeded.

    cursor = how far the vendor was asked ("mark") + reloads asked for and not yet seen to succeed ("asked")
             + the restore of the warehouse that is known ("restored")

The first mark is the moment of the oldest reading that the warehouse holds; after a restore from a backup the mark goes
back to what the backup held, for the reloads made since are gone with the data.
A reload that failed, was cancelled or never came is asked for again, later each time. The mark goes on only over what
became a request, and a request stays in the cursor until a run of it succeeded: no change is forgotten.
Belongs here: this memory. Does not: asking a vendor (`sources`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.partitions import Days, ranges
from zakaz_dagster.defs.shared.requests import RUN_KEY, is_due
from zakaz_dagster.errors import ConfigFault, Failure

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

MOST_RUNS = 20  # of one look; nearby days are joined, for a run of many days costs little more than one of a single day
RELOADED = timedelta(days=1)  # so long after a change was found its reload may have come
LOOK_SECONDS = 25.0  # of one request: a tick is cut off after a minute, and its last request begins in the first 20 s


@dataclass(frozen=True)
class Found:
    """What a look found: days whose figures changed, the mark to go on from, and whether there is more beyond it."""

    days: Sequence[date]
    mark: str
    more: bool = False


@dataclass(frozen=True)
class Asked:
    """A reload that a look (its timestamp) made necessary, asked for the last time at `at`."""

    first: str
    last: str
    look: int
    at: int
    attempt: int = 1

    def request(self, sensor: str) -> dg.RunRequest:
        span = Days(date.fromisoformat(self.first), date.fromisoformat(self.last))
        return dg.RunRequest(run_key=self.key(sensor), tags=span.tags)

    def key(self, sensor: str) -> str:
        again = f":{self.attempt}" if self.attempt > 1 else ""
        return f"{sensor}:{self.first}:{self.last}:{self.look}{again}"


@dataclass(frozen=True)
class Memory:
    """The sensor's cursor."""

    mark: str
    asked: tuple[Asked, ...] = ()
    restored: int = 0

    @classmethod
    def of(cls, cursor: str) -> Memory:
        if not cursor.startswith("{"):
            return cls(cursor)  # the mark alone, as cursors were before they remembered requests
        found = json.loads(cursor)
        return cls(found["mark"], tuple(Asked(**each) for each in found["asked"]), found.get("restored", 0))

    def cursor(self) -> str:
        kept = {"mark": self.mark, "asked": [asdict(each) for each in self.asked], "restored": self.restored}
        return json.dumps(kept, ensure_ascii=False)


@dataclass(frozen=True)
class Restored:
    """The newest restore of the warehouse (seconds since 1970, 0 for none), which lacks changes after `since`."""

    at: int = 0
    since: datetime | None = None

    def back(self, known: int, mark: str) -> str:
        """The mark to go on from, where that is `mark` unless this restore is news and took away what was asked."""
        if self.at <= known or self.since is None or self.since >= datetime.fromisoformat(mark.partition(" ")[0]):
            return mark
        return self.since.isoformat()


@dataclass(frozen=True)
class Holding:
    """Marks from what the warehouse holds of a source, which is asked for no change older than `most`."""

    source: str
    store: Callable[[], Warehouse]
    most: timedelta = timedelta.max

    def begin(self, now: datetime) -> str:
        """What changed since the oldest reading may be missing; nothing is before the first load."""
        from zakaz_dagster.ingest.changes import oldest_reading

        since = oldest_reading(self.store(), self.source) or now
        return (since if now - since < self.most else now - self.most).isoformat()

    def restored(self) -> Restored:
        """A day before the newest reading of the backup: what was found by then may have been reloaded after it."""
        from zakaz_dagster.ingest.changes import last_restore, newest_reading

        store = self.store()
        at = last_restore(store)
        newest = newest_reading(store, self.source, at) if at else None
        return Restored(at, newest - RELOADED if newest else None)


@dataclass(frozen=True)
class Watch:
    """What differs between two such sensors. `look` asks the vendor from a mark on; `begin` is the very first mark;
    `restored` tells the newest restore of the warehouse.

    `one_at_a_time`: while a run of its own is under way it does not look, and what arises meanwhile is one run later.
    """

    name: str
    job: str
    seconds: int
    description: str
    look: Callable[[str], Found]
    begin: Callable[[datetime], str] = datetime.isoformat
    restored: Callable[[], Restored] = Restored
    one_at_a_time: bool = False


def changes_sensor(watch: Watch, start: date) -> dg.SensorDefinition:
    """Days before `start` are no partitions and are left out."""

    @dg.sensor(
        name=watch.name,
        job_name=watch.job,
        minimum_interval_seconds=watch.seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=watch.description,
    )
    @explained()
    def changed(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        now = datetime.now(UTC)
        if context.cursor is None:
            try:
                memory = Memory(watch.begin(now), restored=watch.restored().at)
            except Failure as failure:  # ClickHouse is away, which has its own alert
                return dg.SkipReason(str(failure))
            context.update_cursor(memory.cursor())
            return dg.SkipReason(f"watching for changes from {memory.mark or 'the beginning'} on")
        memory = Memory.of(context.cursor)
        if watch.one_at_a_time and (busy := _under_way(context.instance, watch.name, memory.asked)):
            return dg.SkipReason(f"run {busy} is under way; what came since is asked for after it")
        try:
            found = watch.look(memory.mark)
        except ConfigFault as fault:
            return dg.SkipReason(str(fault))
        try:
            restored = watch.restored()
        except Failure as failure:
            return dg.SkipReason(str(failure))
        waiting, again = settle(context.instance, watch.name, memory.asked, now)
        new = tuple(_asked([day for day in found.days if day >= start], int(now.timestamp())))
        requests = [each.request(watch.name) for each in (*again, *new)]
        mark = restored.back(memory.restored, found.mark)
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else dg.SkipReason(_idle(found, waiting)),
            cursor=Memory(mark, (*waiting, *again, *new), max(restored.at, memory.restored)).cursor(),
        )

    return changed


def settle(
    instance: dg.DagsterInstance, sensor: str, asked: Iterable[Asked], now: datetime
) -> tuple[tuple[Asked, ...], tuple[Asked, ...]]:
    """(still waited for, to be asked for again): those whose run succeeded are forgotten."""
    waiting, again = [], []
    for each in asked:
        runs = instance.get_runs(dg.RunsFilter(tags={RUN_KEY: each.key(sensor)}))
        if any(run.is_success for run in runs):
            continue
        if any(not run.is_finished for run in runs) or not is_due(each.at, each.attempt, now):
            waiting.append(each)
        else:
            again.append(replace(each, at=int(now.timestamp()), attempt=each.attempt + 1))
    return tuple(waiting), tuple(again)


def _under_way(instance: dg.DagsterInstance, sensor: str, asked: Iterable[Asked]) -> str:
    """The id of a run of these that is not finished; '' for none."""
    runs = (run for each in asked for run in instance.get_runs(dg.RunsFilter(tags={RUN_KEY: each.key(sensor)})))
    return next((run.run_id for run in runs if not run.is_finished), "")


def _asked(days: Sequence[date], now: int) -> Iterator[Asked]:
    for span in ranges(days, at_most=MOST_RUNS):
        yield Asked(span.first.isoformat(), span.last.isoformat(), now, now)


def _idle(found: Found, waiting: Sequence[Asked]) -> str:
    said = "more was changed than one look reads; the next one goes on" if found.more else "no older day was changed"
    return f"{said}; {len(waiting)} reloads are waited for" if waiting else said
