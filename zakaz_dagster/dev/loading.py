"""Load the made-up organiser's days through Dagster, in this process, with progress.

`zakaz demo` calls it; `zakaz dev` runs `python -m zakaz_dagster.dev.loading FIRST`, which gives back the memory it
takes. Belongs here: which jobs for which days. Does not: services, tables.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from zakaz_dagster import resources, timezone
from zakaz_dagster.errors import Fatal
from zakaz_dagster.settings import Settings
from zakaz_dagster.warehouse import forecast, schema

if TYPE_CHECKING:
    import dagster as dg

    from zakaz_dagster.defs.shared.execution import Outcome
    from zakaz_dagster.defs.shared.partitions import Days

T = TypeVar("T")
CHUNK = 62  # days in one run: a run costs as much as ten days of this world
LOAD, MAILS, TODAY = "reload_days", "gmail_load", "qtickets_refresh"
FORECASTS, CHECKS = "forecast_daily", "all_checks"


def load(out: Console, first: date, *, anew: bool) -> list[Outcome]:
    """Schema, every day from `first` on (only those that are missing, unless `anew`), forecasts, then the checks.

    Mails come first, so that the facts of the days hold both channels and none is owed in the end.
    """
    from zakaz_dagster.definitions import build_definitions
    from zakaz_dagster.defs.operations.healing import record_made
    from zakaz_dagster.defs.shared import execution
    from zakaz_dagster.defs.shared.partitions import Days

    settings, today = Settings(), timezone.today()
    warehouse = resources.warehouse(settings)
    changes = schema.apply(warehouse)
    out.print(f"Schema: {len(changes)} changes applied from sql/")
    definitions = build_definitions(settings)
    with execution.instance_at_home() as instance:
        execution.set_pool_limits(definitions, instance)
        record_made(instance, definitions.get_repository_def(), warehouse)  # what the schema brought: views, seeds
        days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
        if not anew:
            days = missing(definitions, instance, days)
        if not days:
            return []
        loads = [(LOAD, each) for each in chunks(days)]
        work = [(MAILS, None), *loads, (FORECASTS, None), (TODAY, Days(today, today)), (CHECKS, None)]
        waits = {FORECASTS: lambda: forecast.lacking(warehouse, today - timedelta(days=1))}
        return list(_run(out, definitions, instance, work, waits))


def _run(
    out: Console,
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    work: Sequence[tuple[str, Days | None]],
    waits: Mapping[str, Callable[[], object]],
) -> Iterator[Outcome]:
    """One run after the other; a job that still waits for something is passed over."""
    from zakaz_dagster.defs.shared import execution

    bars = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bars, console=out) as progress:
        task = progress.add_task("", total=len(work))
        for job, days in work:
            progress.update(task, description=f"{job} {days}" if days else job)
            if not waits.get(job, bool)():
                outcome = stoppable(partial(execution.run_job, definitions, instance, job, days))
                if not outcome.success:
                    raise Fatal(f"{job} {days or ''} failed: {outcome.error}", source="local")
                yield outcome
            progress.advance(task)


def stoppable(work: Callable[[], T]) -> T:
    """What the work gives. It is done beside the main thread, where Dagster would keep a Ctrl-C to itself and load on.

    The helpers that it starts inherit the thread's mask, so that a terminal's Ctrl-C is not theirs; they end with us.
    """
    done: Future[T] = Future()

    def do() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001  handed over to who waits
            done.set_exception(error)

    threading.Thread(target=do, daemon=True).start()
    return done.result()


def missing(definitions: dg.Definitions, instance: dg.DagsterInstance, days: Sequence[date]) -> list[date]:
    """The days that some asset of the load has never had."""
    layer = definitions.resolve_job_def(LOAD).asset_layer
    partitioned = [key for key in layer.selected_asset_keys if layer.asset_graph.get(key).partitions_def is not None]
    made = [set(instance.get_materialized_partitions(key)) for key in partitioned]
    return [day for day in days if not all(day.isoformat() in each for each in made)]


def chunks(days: Sequence[date]) -> Iterator[Days]:
    """Unbroken ranges of at most CHUNK days."""
    from zakaz_dagster.defs.shared.partitions import Days

    begun: date | None = None
    for day, following in zip(days, [*days[1:], None], strict=True):
        begun = begun or day
        if following != day + timedelta(days=1) or (day - begun).days + 1 == CHUNK:
            yield Days(begun, day)
            begun = None


def main() -> int:
    """Load what is missing; the exit code of `zakaz`."""
    from zakaz_dagster.cli import seam

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    try:
        return seam.run(lambda: bool(load(Console(), date.fromisoformat(sys.argv[1]), anew=False)) and 0)
    except KeyboardInterrupt:
        return seam.STOPPED


if __name__ == "__main__":
    sys.exit(main())
