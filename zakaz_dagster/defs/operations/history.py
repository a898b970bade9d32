"""The history of a new installation: all that is not loaded yet, a month at a time, the newest first.

    catalogue, objects of ads ─▶ a month: days and their facts ─▶ the month before ─▶ … ─▶ facts still owed ─▶ pages

Newest first, so that what stands is unbroken up to today and nothing counts as missing that nobody has loaded yet.
The ledgers say what is loaded: that stays, and a load that was ended goes on where it stopped, after a kill as well.
Belongs here: this order, the job. Does not: loading a day (`shared.day_assets`), words on a terminal (`cli`).
"""

import os
import socket
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.defs.marts.refresh import PAGES, REFRESH, RELOAD
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.params import WarehouseParam, WatchParam
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.defs.shared.requests import UNFINISHED
from zakaz_dagster.errors import ConfigFault, Fatal
from zakaz_dagster.health import freshness, reading
from zakaz_dagster.health.freshness import Watched
from zakaz_dagster.sources.base import SourceDescription
from zakaz_dagster.warehouse import build_ledger

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

JOB = "load_history"
OWNER = "zakaz/history"  # tag of its runs: the host and process that work on them
WEEK = str(7 * 24 * 3600)  # its runs are months, so it may take as long as it does
Keys = Collection[dg.AssetKey]


@dataclass(frozen=True)
class History:
    """What is loaded, from where and since when; `tell` hears of each step."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    warehouse: "Warehouse"
    watched: Sequence[Watched]
    oldest: Mapping[str, Callable[[date], date]]  # by source: the first day it still answers
    first: date
    tell: Callable[[str], None]

    def load(self) -> int:
        """Load it all; the number of months that were loaded. Raises Fatal with what a run said."""
        self._alone()
        now = timezone.now()
        spans = months(lacking(self, now))
        if spans:
            once, monthly = parts(self.definitions)
            self._run(RELOAD, once, None, "catalogue and dimensions")
        for text, days in estimated(spans, time.monotonic):
            self.tell(text)
            self._run(RELOAD, monthly, days, str(days))
        owed = months(each.day for each in build_ledger.owed(self.warehouse, self.first, timezone.today()))
        for days in owed:
            self._run(REFRESH, None, days, f"facts {days}")
        if spans or owed:
            self._run(RELOAD, {dg.AssetKey(PAGES)}, None, "pages")
        return len(spans)

    def _run(self, job: str, keys: Keys | None, days: Days | None, what: str) -> None:
        resolved = self.definitions.resolve_job_def(job)
        if keys is not None:
            resolved = resolved.get_subset(asset_selection=set(keys))
        tags = {OWNER: _owner(), **(days.tags if days else {})}
        done = resolved.execute_in_process(instance=self.instance, tags=tags, raise_on_error=False)
        if not done.success:
            raise Fatal(
                f"{what} failed: {_said(done)}",
                source="history",
                next_step="correct that and start it again; what is loaded stays loaded",
            )

    def _alone(self) -> None:
        """One history load at a time; runs of one that was killed are closed, or they would count as under way."""
        for run in self.instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)):
            owner = run.tags.get(OWNER, "")
            if owner and owner != _owner():
                if _alive(owner):
                    raise ConfigFault(f"a history load is at work ({owner})", source="history", next_step="wait for it")
                self.instance.report_run_canceled(run, message="the history load was killed; another one goes on")


def lacking(history: History, now: datetime) -> set[date]:
    """Days that a configured source can give and that are not loaded, or only before they had ended."""
    found: set[date] = set()
    today = now.astimezone(timezone.MOSCOW).date()
    for each in history.watched:
        if each.enabled:
            answers_from = history.oldest.get(each.name)
            source = replace(each, start=max(history.first, answers_from(today) if answers_from else date.min))
            seen = reading.seen(history.warehouse, source, now)
            count = (source.expected_last(now) - source.start).days + 1
            days = (source.start + timedelta(days=n) for n in range(count))
            found |= {*(day for day in days if day not in seen.loads), *freshness.unfinished(source, seen, now)}
    return found


def months(days: Collection[date] | Iterator[date]) -> list[Days]:
    """The days by month, the newest first, each as one range."""
    by_month: dict[str, list[date]] = {}
    for day in sorted(set(days), reverse=True):
        by_month.setdefault(f"{day:%Y-%m}", []).append(day)
    return [Days(found[-1], found[0]) for found in by_month.values()]


def parts(definitions: dg.Definitions) -> tuple[Keys, Keys]:
    """What is read once, because no day decides it, and what belongs to each month."""
    layer = definitions.resolve_job_def(RELOAD).asset_layer
    graph, keys = layer.asset_graph, set(layer.selected_asset_keys)
    by_day = {key for key in keys if graph.get(key).partitions_def is not None}
    later = {key for key in keys if graph.get_ancestor_asset_keys(key) & by_day} | by_day
    once = {key for key in keys if not graph.get(key).execution_set_asset_keys & later}  # steps are whole
    return once, keys - once - {dg.AssetKey(PAGES)}


def estimated(spans: Sequence[Days], clock: Callable[[], float]) -> Iterator[tuple[str, Days]]:
    """Each range with a line about it: which one of how many it is, and how long the rest will take by those done."""
    began, done, total = clock(), 0, sum(_length(each) for each in spans)
    for number, days in enumerate(spans, 1):
        left = (clock() - began) / done * (total - done) / 60 if done else None
        rest = f", about {left:.0f} min left" if left is not None else ""
        yield f"month {number} of {len(spans)}: {days}{rest}", days
        done += _length(days)


def _length(days: Days) -> int:
    return (days.last - days.first).days + 1


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _alive(owner: str) -> bool:
    """Whether that process of this host runs; one of another host is taken to."""
    host, _, pid = owner.rpartition(":")
    if host != socket.gethostname():
        return True
    with suppress(ProcessLookupError, PermissionError):
        os.kill(int(pid), 0)
        return True
    return False


def _said(done: dg.ExecuteInProcessResult) -> str:
    failed = done.filter_events(lambda each: each.is_step_failure)
    errors = [each.step_failure_data.error for each in failed]
    return "; ".join(error.message.strip().splitlines()[0] for error in errors if error) or "it was cancelled"


class HistoryConfig(dg.Config):
    """`first_day` is the earliest day to load, such as 2024-01-01; empty: ZAKAZ_START_DATE."""

    first_day: str = ""


def first_day(text: str, start: date) -> date:
    """The day as it was written; a ConfigFault for one that cannot be."""
    try:
        day = date.fromisoformat(text) if text else start
    except ValueError:
        raise _no_day(f"{text!r} is no day", "a day such as 2024-01-31") from None
    if not start <= day <= timezone.today():
        raise _no_day(f"{day} cannot be loaded", f"a day from {start} (ZAKAZ_START_DATE) to today")
    return day


def _no_day(what: str, expected: str) -> ConfigFault:
    return ConfigFault(what, source="history", expected=expected, next_step="correct the day; nothing was loaded")


def definitions(
    start: date, sources: Sequence[SourceDescription], build: Callable[[], dg.Definitions]
) -> dg.Definitions:
    """The job; `build` gives the definitions whose jobs it runs."""

    @dg.op(name="load_months", description="Load what is missing, a month at a time")
    def load_months(
        context: dg.OpExecutionContext, config: HistoryConfig, warehouse: WarehouseParam, watch: WatchParam
    ) -> None:
        with explained():
            first = first_day(config.first_day, start)
            history = History(
                build(), context.instance, warehouse, watch.watched, limits(sources), first, context.log.info
            )
            context.log.info("%d months loaded", history.load())

    @dg.job(
        name=JOB,
        description="Catalogue and dimensions, then months of days and facts, the newest first; goes on after a stop",
        tags={"dagster/max_runtime": WEEK, "dagster/max_retries": "3"},
    )
    def load_history() -> None:
        load_months()

    return dg.Definitions(jobs=[load_history])


def limits(sources: Sequence[SourceDescription]) -> dict[str, Callable[[date], date]]:
    """What each source still answers."""
    return {each.name: each.oldest_day for each in sources if each.oldest_day}
