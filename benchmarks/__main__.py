"""`make bench`: every figure of this folder beside its limit, in one run.

A module with `figures(quick)` gives lines of the table; one with only a `main` is run as it is and speaks for itself.
A missed goal is said and changes no exit code, for machines differ; only a measurement that breaks off fails.
`--quick` shows in seconds that the figures still work: its inputs are too small to judge by.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from benchmarks.child import run
from benchmarks.figures import Figure, keep, table

HERE = Path(__file__).parent


def modules(function: str) -> Iterator[str]:
    """Modules of this folder that define `function`, found without importing them."""
    for path in sorted(HERE.glob("[!_]*.py")):
        if any(
            isinstance(node, ast.FunctionDef) and node.name == function for node in ast.parse(path.read_text()).body
        ):
            yield path.stem


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small inputs, ratios only: does every figure still work?")
    quick: bool = parser.parse_args().quick
    console = Console(width=None if sys.stdout.isatty() else 150)
    figures: list[Figure] = []
    measuring = list(modules("figures"))
    for name in measuring:
        console.print(f"measuring {name} …")
        found = importlib.import_module(f"benchmarks.{name}").figures(quick=quick)
        figures += found
        if not quick:
            keep(name, found)
    console.print(table(figures, absolute=not quick))
    for name in [] if quick else [each for each in modules("main") if each not in measuring]:
        console.print(f"\n[bold]{name}[/]")
        console.print(run(["-m", f"benchmarks.{name}"]).output, markup=False, highlight=False)
    if quick:
        console.print("Small inputs: that each figure works, not how good it is. `make bench` measures.")
    else:
        importlib.import_module("benchmarks.page").write()
        missed = sum(figure.verdict == "missed" for figure in figures)
        console.print(f"{missed} of {sum(figure.goal is not None for figure in figures)} goals missed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
