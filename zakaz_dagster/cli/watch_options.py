"""What the watch's verbs share: looking with Dagster's facts, and the table of verdicts.

Belongs here: glue for `smoke`, `health` and `alerts`. Does not: a verb.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace

from rich.console import Console
from rich.markup import escape

from zakaz_dagster import timezone
from zakaz_dagster.cli.terminal import table
from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.health.facts import DagsterFacts
from zakaz_dagster.health.look import Depth, Watch
from zakaz_dagster.resources import watch as watching
from zakaz_dagster.settings import Settings
from zakaz_dagster.verdicts import ORDER, Status, Verdict, worst

COLOURS = {Status.OK: "green", Status.WARNING: "yellow", Status.ERROR: "red"}
EXIT = {Status.OK: 0, Status.WARNING: 1, Status.ERROR: 2}


def watch(settings: Settings, depth: Depth) -> Watch:
    """The watch over everything, with the instance of DAGSTER_HOME."""
    subjects = watching.subjects(settings, full=depth is Depth.FULL)
    return Watch(replace(subjects, dagster=dagster_facts(settings)), timezone.now, depth)


def dagster_facts(settings: Settings) -> Callable[[], DagsterFacts]:
    """A reader of Dagster's facts; the definitions are loaded once, the instance is opened at each look.

    They are loaded here, so that the time this takes on a busy machine is not taken for a storage that does not answer;
    if they cannot be, the reader tells why.
    """
    loaded: list[Callable[[], DagsterFacts]] = []
    with contextlib.suppress(Exception):
        loaded.append(_reader(settings))

    def read() -> DagsterFacts:
        if not os.environ.get("DAGSTER_HOME"):
            raise ConfigFault("DAGSTER_HOME is not set", source="dagster", next_step="set it to Dagster's folder")
        if not loaded:
            loaded.append(_reader(settings))
        return loaded[0]()

    return read


def _reader(settings: Settings) -> Callable[[], DagsterFacts]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of preview features, which `definitions` uses knowingly
        from zakaz_dagster.definitions import build_definitions
        from zakaz_dagster.defs.operations.run_history import reader

        return reader(build_definitions(settings), timezone.now)


def show(console: Console, verdicts: Iterable[Verdict], *, everything: bool) -> None:
    """The verdicts as a table, the gravest first; those that are ok only on demand."""
    found = sorted(verdicts, key=lambda each: (-ORDER.index(each.status), each.area, each.name))
    made = table("status", "check", "what was found", "what to do")
    for each in found:
        if everything or each.status is not Status.OK:
            detail = f"{each.detail} (because of {each.because})" if each.because else each.detail
            status = f"[{COLOURS[each.status]}]{each.status}[/]"
            made.add_row(status, each.name, escape(detail), escape(each.action))
    if made.row_count:
        console.print(made)
    counts = ", ".join(f"{sum(each.status is status for each in found)} {status}" for status in Status)
    console.print(f"{len(found)} checks: {counts}")


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """0 ok, 1 warnings, 2 failures."""
    return EXIT[worst(verdicts)]
