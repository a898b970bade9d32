"""`python -m zakaz_dagster_tests.chaos [--weeks 8] [--seeds 20] [--from SEED] [--script FILE]`: lives with faults.

Each life has a process of its own, one more at once than there are cores. It is printed with its figures when it has
ended. One that fails is cut down to the faults that matter, and printed as a script that `--script` replays.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import click

from zakaz_dagster_tests.chaos.faults import SCENES, Scenario, draw
from zakaz_dagster_tests.chaos.life import Outcome, live, shrunk

JOBS = (os.cpu_count() or 1) + 1  # a fifth of a life is waiting for vendors that do not answer
SELDOM = (50_000, 50, 100)  # a life makes millions of objects, and hardly any of them in a circle


def told(outcome: Outcome) -> str:
    figures = ", ".join(f"{name} {number}" for name, number in sorted(outcome.figures.items()))
    wrong = "".join(f"\n  {each}" for each in (*outcome.missed[:10], *outcome.differences[:20]))
    state = "equals the clean build" if outcome.right else "FAILED"
    return f"seed {outcome.scenario.seed}: {state} in {outcome.seconds:.0f} s; {figures}{wrong}"


def lived(scenarios: Sequence[Scenario], jobs: int) -> Iterator[Outcome]:
    """Each as soon as it has ended; a process lives once, because a life sets the process' clock and environment.

    A life that breaks off is a failed one, and the others go on.
    """
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawned, gc.set_threshold, SELDOM, max_tasks_per_child=1) as pool:
        lives = {pool.submit(live, scenario): scenario for scenario in scenarios}
        for life in as_completed(lives):
            broken = life.exception()
            yield Outcome(lives[life], Counter(), (f"broke off: {broken!r}",), (), 0.0) if broken else life.result()


def fails(scenario: Scenario) -> bool:
    """Whether it does, or breaks off, in a process of its own."""
    return not all(outcome.right for outcome in lived([scenario], 1))


@click.command()
@click.option("--weeks", default=8, show_default=True, help="Simulated weeks of each life.")
@click.option("--scenes", default=SCENES, show_default=True, help="A week, in which things go wrong.")
@click.option("--seeds", default=20, show_default=True, help="Lives.")
@click.option("--from", "first", default=1, show_default=True, help="The first seed.")
@click.option("--jobs", default=JOBS, show_default="one more than cores", help="Lives at the same time.")
@click.option("--script", type=click.Path(exists=True, path_type=Path), help="Replay this scenario instead.")
@click.option("--shrink/--no-shrink", default=True, show_default=True, help="Cut a failing one down.")
def main(weeks: int, scenes: int, seeds: int, first: int, jobs: int, script: Path | None, shrink: bool) -> None:
    scenarios = (
        [Scenario.of(script.read_text("utf-8"))]
        if script
        else [draw(seed, weeks, scenes) for seed in range(first, first + seeds)]
    )
    total, failed = Counter[str](), 0
    for outcome in lived(scenarios, jobs):
        click.echo(told(outcome))
        total += outcome.figures
        if not outcome.right:
            failed += 1
            if shrink:
                click.echo(f"  shortest: {shrunk(outcome.scenario, fails).script()}")
    click.echo(f"{len(scenarios)} lives, {failed} failed: " + ", ".join(f"{k} {v}" for k, v in sorted(total.items())))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
