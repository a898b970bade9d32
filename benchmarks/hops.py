"""How many files and functions of the package one thing passes: `python -m benchmarks.hops`.

    a VK day       from the load through the vendor's answers to swapped rows, ledger included
    a refund       QTickets' order with a refund, the same way
    an alert mail  a red verdict to an accepted mail

Functions are counted once each, in every thread; imports, settings and the local stack do not count.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from zakaz_dagster import resources
from zakaz_dagster.dev.stack import enter, stack
from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.paths import PACKAGE
from zakaz_dagster.resources import watch
from zakaz_dagster.settings import Settings
from zakaz_dagster.sources.qtickets.description import DESCRIPTION as QTICKETS
from zakaz_dagster.sources.vk_ads.description import DESCRIPTION as VK_ADS
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster.warehouse import schema

GOALS = {"a VK day": 28, "a refund": 22, "an alert mail": 24}
Seen = set[tuple[str, str]]


@contextmanager
def tracing() -> Iterator[Seen]:
    """(file, function) of every function of the package that is entered in the block, module bodies apart."""
    seen: Seen = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(str(PACKAGE)) and not code.co_name.startswith("<"):
            seen.add((str(Path(code.co_filename).relative_to(PACKAGE)), code.co_qualname))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield seen
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]


def traced(work: Callable[[], object]) -> Seen:
    """The second run is counted: the first one imports, and opens connections and memories."""
    work()
    with tracing() as seen:
        work()
    return seen


def main() -> None:
    now = datetime.now(UTC)
    day = now.date() - timedelta(days=2)
    with (
        tempfile.TemporaryDirectory() as place,
        stack(Path(place), ["--seed", "7", "--days", "8"]) as running,
    ):
        enter(running)
        schema.apply(resources.warehouse(Settings()))
        settings, load = Settings(), Load("hops", guard=None)
        warehouse = resources.warehouse(settings)
        vk_ads, qtickets, alerts = resources.vk_ads(settings), resources.qtickets(settings), watch.alerts(settings)

        def vk() -> None:
            load_days(vk_ads, VK_ADS, warehouse, day, day, load)

        def refund() -> None:
            load_days(qtickets, QTICKETS, warehouse, day, day, load)

        count = iter(range(1_000_000))

        def mail() -> None:
            verdict = Verdict(f"hops{next(count)}__red", "data", Status.ERROR, "a check is red", "do something")
            result = alerts.notify([verdict], now)
            assert result.mails, "no mail was accepted"

        for name, work in {"a VK day": vk, "a refund": refund, "an alert mail": mail}.items():
            seen = traced(work)
            files = sorted({file for file, _ in seen})
            print(f"{name}: {len(seen)} functions in {len(files)} files (goal {GOALS[name]})")
            if "-v" in sys.argv:
                print("   " + "\n   ".join(files))


if __name__ == "__main__":
    main()
