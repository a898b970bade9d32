"""docs/growth.md: what ten years and a hundred organisers' volume do to one server, measured on the real engine.

    python -m benchmarks.growth

Two worlds: one organiser whose history gets longer (every fact built by the platform's own builds, a partition a day
where it has one), and views over more organisers. Belongs here: the points, the measuring, the page. Does not: the
worlds (`rebuild_world`, `views_world`), the views' charts (`views_cases`).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from benchmarks.endpoint import database, serving
from benchmarks.page import DOCS, machine
from benchmarks.race_ring import cpu_of
from benchmarks.rebuild import BUILDS, LAST, build, extend
from benchmarks.views import PERIODS, chart, milliseconds
from benchmarks.views_cases import CASES
from benchmarks.views_world import fill
from zakaz_dagster.dev.stack import Service
from zakaz_dagster.warehouse.client import Warehouse

DAYS = (30, 365, 730, 1825, 3650)
SCALES = ((1, 1.0), (1, 5.0), (1, 10.0), (10, 0.5), (30, 0.5), (100, 0.5))  # organisers, years
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


@dataclass(frozen=True)
class Views:
    """Every view for 30 days, at so many organisers' volume."""

    scale: int
    years: float
    rows: int
    usual_ms: float
    slowest_ms: float
    slowest: str
    all_time_ms: float


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


def views(points: Sequence[tuple[int, float]]) -> Iterator[Views]:
    for scale, years in points:
        with database() as wh:
            fill(wh, years, scale)
            month = {case.view: milliseconds(wh, chart(case, PERIODS["30 days"]), REPEATS) for case in CASES if case.by}
            ever = max(milliseconds(wh, chart(case, None), 2) for case in CASES)
            rows = int(wh.scalar("SELECT count() FROM fact_sales_attributed_daily"))
        slowest = max(month, key=lambda name: month[name])
        yield Views(scale, years, rows, median(month.values()), month[slowest], slowest, ever)


def _resident(service: Service) -> float:
    """Megabytes of the engine's process."""
    lines = Path(f"/proc/{service.process.pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def page(history: Sequence[History], seen: Sequence[Views]) -> Iterator[str]:
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
    yield "## More organisers\n"
    yield "All of them in one database, which nobody does (`docs/sizing.md`): it shows what volume alone costs.\n"
    yield "| organisers | years | rows of sales | 30 days: usual view, ms | its slowest, ms | all time: slowest, ms |"
    yield "|---|---|---|---|---|---|"
    for each in seen:
        yield (
            f"| {each.scale} | {each.years:g} | {each.rows:,} | {each.usual_ms:,.0f} "
            f"| {each.slowest_ms:,.0f} (`{each.slowest}`) | {each.all_time_ms:,.0f} |"
        )
    yield ""
    yield from _cracks(history, seen)


def curve(title: str, points: Sequence[tuple[float, float]], width: int = 50) -> Iterator[str]:
    """A curve as bars of text: it needs no picture, and a change of it shows in a diff."""
    most = max(value for _, value in points)
    yield f"\n```text\n{title}"
    for at, value in points:
        yield f"{at:>7,.0f} | {'#' * round(width * value / most):<{width}} {value:,.0f}"
    yield "```\n"


def _cracks(history: Sequence[History], seen: Sequence[Views]) -> Iterator[str]:
    """What gives way first, reckoned from the lines above."""
    first, last, largest = history[0], history[-1], max(seen, key=lambda each: (each.scale, each.years))
    yield "## What cracks first\n"
    yield (
        f"- **Not the refresh**: after {last.days:,} days it takes {last.rebuild_ms / first.rebuild_ms:.2f} of what it "
        f"takes after {first.days}."
    )
    yield (
        f"- **Not the parts**: {last.parts:,} of them make the engine start in {last.start_s:.1f} s instead of "
        f"{first.start_s:.1f}, and hold {last.resident_mb - first.resident_mb:,.0f} MB more."
    )
    yield (
        f"- **Views at volume**: at {largest.scale} organisers the slowest for 30 days takes "
        f"{largest.slowest_ms:,.0f} ms (`{largest.slowest}`), for all time {largest.all_time_ms:,.0f} ms with "
        f"{largest.years:g} years."
    )
    yield CRACKS


HEAD = """# Growth

Written by `python -m benchmarks.growth`; do not edit. Volumes are made up inside the real engine, facts are built by
the platform's own builds.
"""
CRACKS = """- **Dagster's event log is what cracks first**: it grows with the runs, not with the tickets. How much a day
  of refreshes writes is measured in `docs/benchmarks.md`; retention (`ZAKAZ_KEEP_RUNS_DAYS`) bounds it, and PostgreSQL
  takes away SQLite's one writer (`docs/sizing.md`).
"""


def write(days: Sequence[int] = DAYS, points: Sequence[tuple[int, float]] = SCALES) -> None:
    (DOCS / "growth.md").write_text(
        "\n".join(page(list(histories(days)), list(views(points)))).rstrip() + "\n", "utf-8"
    )


if __name__ == "__main__":
    write()
