"""What every run pays first: `import zakaz_dagster.definitions` beside `import dagster`, in CPU seconds."""

from __future__ import annotations

from benchmarks.child import run
from benchmarks.figures import Figure

OURS, THEIRS = "import zakaz_dagster.definitions", "import dagster"


def figures(*, quick: bool) -> list[Figure]:
    ours, theirs = (cheapest(code, 1 if quick else 5) for code in (OURS, THEIRS))
    return [Figure("import of the definitions", ours, theirs, "CPU s", THEIRS, goal=1.3)]


def cheapest(code: str, times: int) -> float:
    """CPU seconds of a process that runs `code`, best of a few, byte-compiled by a run before."""
    run(["-c", code])
    return min(run(["-c", code]).cpu for _ in range(times))
