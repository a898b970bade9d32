"""`python -m zakaz_dagster_tests.chaos [--weeks 8] [--seeds 20] [--from SEED] [--script FILE]`: lives with faults.

Each seed is printed with its figures. One that fails is cut down to the faults that matter, and printed as a script
that `--script` replays.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import click

from zakaz_dagster_tests.chaos.faults import Scenario, draw
from zakaz_dagster_tests.chaos.life import Outcome, live, shrunk


def told(outcome: Outcome) -> str:
    figures = ", ".join(f"{name} {number}" for name, number in sorted(outcome.figures.items()))
    wrong = "".join(f"\n  {each}" for each in (*outcome.missed[:10], *outcome.differences[:20]))
    state = "equals the clean build" if outcome.right else "FAILED"
    return f"seed {outcome.scenario.seed}: {state} in {outcome.seconds:.0f} s; {figures}{wrong}"


@click.command()
@click.option("--weeks", default=8, show_default=True, help="Simulated weeks of each life.")
@click.option("--seeds", default=20, show_default=True, help="Lives.")
@click.option("--from", "first", default=1, show_default=True, help="The first seed.")
@click.option("--script", type=click.Path(exists=True, path_type=Path), help="Replay this scenario instead.")
@click.option("--shrink/--no-shrink", default=True, show_default=True, help="Cut a failing one down.")
def main(weeks: int, seeds: int, first: int, script: Path | None, shrink: bool) -> None:
    scenarios = (
        [Scenario.of(script.read_text("utf-8"))]
        if script
        else [draw(seed, weeks) for seed in range(first, first + seeds)]
    )
    total, failed = Counter[str](), 0
    for scenario in scenarios:
        outcome = live(scenario)
        click.echo(told(outcome))
        total += outcome.figures
        if not outcome.right:
            failed += 1
            if shrink:
                click.echo(f"  shortest: {shrunk(scenario, lambda each: not live(each).right).script()}")
    click.echo(f"{len(scenarios)} lives, {failed} failed: " + ", ".join(f"{k} {v}" for k, v in sorted(total.items())))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
