"""docs/growth.md: what ten years of one organiser do to a server, measured on the real engine.

    python -m benchmarks.growth

Every fact is built by the platform's own builds, a partition a day where it has one. Belongs here: the points, the
measuring, the page. Does not: the world (`rebuild_world`), views at more organisers' volume (`views`).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.endpoint import serving
from benchmarks.page import DOCS, machine
from benchmarks.race_ring import cpu_of
from benchmarks.rebuild import BUILDS, LAST, build, extend
from zakaz_dagster.dev.stack import Service
from zakaz_dagster.warehouse.client import Warehouse

DAYS = (30, 365, 730, 1825, 3650)
REPEATS = 5
STORED = (
    "SELECT count() AS parts, sum(rows) AS n, sum(bytes_on_disk) AS bytes FROM system.parts"
    " WHERE active AND database = currentDatabase()"
)


@dataclass(frozen=True)
class History:
    """One organiser after so many days."""

    days: int
    rows: int
    parts: int
    megabytes: float
    start_s: float
    resident_mb: float
    rebuild_ms: float
    rebuild_cpu_ms: float


def histories(days: Sequence[int]) -> Iterator[History]:
    """One database whose history grows backwards; the engine is started anew at each point."""
    with tempfile.TemporaryDirectory() as place:
        held = 0
        for length in days:
            with serving(Path(place)) as (wh, _):
                extend(wh, LAST - timedelta(days=length - 1), LAST - timedelta(days=held))
            held = length
            yield _history(Path(place), length)


def _history(place: Path, length: int) -> History:
    began = time.perf_counter()
    with serving(place) as (wh, service):
        wh.scalar("SELECT 1")
        start = time.perf_counter() - began
        took, cpu = _refresh(wh, service)
        stored = wh.rows(STORED)[0]
        return History(
            length, stored["n"], stored["parts"], stored["bytes"] / 2**20, start, _resident(service), took, cpu
        )


def _refresh(wh: Warehouse, service: Service) -> tuple[float, float]:
    """Milliseconds, and CPU of the engine, to rebuild the last day of every fact: the best of some."""
    taken = []
    for _ in range(REPEATS):
        before = cpu_of(service.process.pid)
        wall = sum(build(wh, name, LAST, LAST) for name in BUILDS)
        taken.append((wall, (cpu_of(service.process.pid) - before) * 1000))
    return min(wall for wall, _ in taken), min(cpu for _, cpu in taken)


def _resident(service: Service) -> float:
    """Megabytes of the engine's process."""
    lines = Path(f"/proc/{service.process.pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def page(history: Sequence[History]) -> Iterator[str]:
    yield HEAD
    yield from machine()
    yield "## One organiser, year after year\n"
    yield "700 lines of sales and 300 ads a day. A refresh is the rebuild of the last day of its six facts.\n"
    yield "| days | rows | parts | on disk, MB | engine starts, s | its memory, MB | refresh, ms | its CPU, ms |"
    yield "|---|---|---|---|---|---|---|---|"
    for at in history:
        yield (
            f"| {at.days:,} | {at.rows:,} | {at.parts:,} | {at.megabytes:,.0f} | {at.start_s:.1f} "
            f"| {at.resident_mb:,.0f} | {at.rebuild_ms:,.0f} | {at.rebuild_cpu_ms:,.0f} |"
        )
    yield from curve("refresh, ms, by days of history", [(at.days, at.rebuild_ms) for at in history])
    yield from curve("parts, by days of history", [(at.days, at.parts) for at in history])
    yield from _cracks(history)


def curve(title: str, points: Sequence[tuple[float, float]], width: int = 50) -> Iterator[str]:
    """A curve as bars of text: it needs no picture, and a change of it shows in a diff."""
    most = max(value for _, value in points)
    yield f"\n```text\n{title}"
    for at, value in points:
        yield f"{at:>7,.0f} | {'#' * round(width * value / most):<{width}} {value:,.0f}"
    yield "```\n"


def _cracks(history: Sequence[History]) -> Iterator[str]:
    """What gives way first, reckoned from the lines above."""
    first, last = history[0], history[-1]
    yield "## What cracks first\n"
    yield (
        f"- **Not the refresh**: after {last.days:,} days it takes {last.rebuild_ms / first.rebuild_ms:.2f} of what it "
        f"takes after {first.days}."
    )
    yield (
        f"- **Not the parts**: {last.parts:,} of them make the engine start in {last.start_s:.1f} s instead of "
        f"{first.start_s:.1f}, and hold {last.resident_mb - first.resident_mb:,.0f} MB more."
    )
    yield CRACKS


HEAD = """# Growth

Written by `python -m benchmarks.growth`; do not edit. Volumes are made up inside the real engine, facts are built by
the platform's own builds.
"""
CRACKS = """- **Not the views**: what they take at 100 organisers' volume is in `docs/benchmarks.md`,
  each beside its budget.
- **Dagster's event log is what cracks first**: it grows with the runs, not with the tickets. How much a day
  of refreshes writes is measured in `docs/benchmarks.md`; retention (`ZAKAZ_KEEP_RUNS_DAYS`) bounds it, and PostgreSQL
  takes away SQLite's one writer (`docs/sizing.md`).
"""


def write(days: Sequence[int] = DAYS) -> None:
    (DOCS / "growth.md").write_text("\n".join(page(list(histories(days)))).rstrip() + "\n", "utf-8")


if __name__ == "__main__":
    write()
