"""The race: the same pages and the same report through ours, dlt, pydantic, pandas and the barest scripts.

Every runner is a process of its own, reads the recorded bodies over a loopback socket and writes to the same local
ClickHouse (dlt: to its DuckDB file); what is counted is the CPU of both, from the first request to the last row, after
imports. Runners take turns, several rounds, the best of each counts (dlt runs once). Faults are played on few rows.
TMPDIR should be a memory disk.

    python -m benchmarks.race --rounds 1 --runners "ours;bare, by day" --no-faults
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from importlib.util import find_spec

from rich.console import Console

from benchmarks.figures import KEPT, Figure, table
from benchmarks.race_faults import FAULTS, verdict
from benchmarks.race_ring import RUNNERS, Ring, Run, ring

ORDERS, ROWS, ROUNDS = 20_000, 200_000, 3
FEW_ORDERS, FEW_ROWS, FEW = 2_100, 4_000, ("ours", "bare, by day")
JUDGED_ONLY = {"dlt, merge"}  # under faults: it takes half as much again as adding does, and a minute of everybody
GOALS = {
    "tickets": {"dlt": 30.0, "pydantic rows": 3.5, "pandas": 5.0, "bare, by day": 0.6},
    "report": {"dlt": 20.0, "pydantic rows": 1.0, "bare, by day": 0.35},
}


def race(at: Ring, what: str, runners: list[str], rounds: int) -> dict[str, Run]:
    """The best run of each, on empty tables, all taking turns."""
    best: dict[str, Run] = {}
    for number in range(rounds):
        for runner in [name for name in runners if name not in JUDGED_ONLY and not (number and name.startswith("dlt"))]:
            at.place.prepare(what)
            at.place.lie("-")
            found = at.run(what, runner)
            if found.red or abs(found.roubles - at.due[what].roubles) > 1:
                raise SystemExit(f"{runner} did not load {what}: {found}, due {at.due[what]}")
            best[runner] = min(best.get(runner, found), found, key=lambda run: run.cpu)
    return best


def entered(what: str) -> list[str]:
    """Who takes part: dlt only where it is installed (`requirements/bench.lock`)."""
    return [name for name in RUNNERS[what] if find_spec("dlt") or not name.startswith("dlt")]


def ratios(what: str, runs: dict[str, Run], rows: int) -> list[Figure]:
    """Ours beside each of the others, in rows a CPU second."""
    ours = rows / runs["ours"].cpu
    return [
        Figure(f"{what} per CPU second", ours, rows / run.cpu, "rows/s", name, GOALS[what].get(name), "at least")
        for name, run in runs.items()
        if name != "ours"
    ]


def figures(*, quick: bool) -> list[Figure]:
    if quick:
        return _quick()
    with ring(ORDERS, ROWS) as at:
        found = {what: race(at, what, entered(what), ROUNDS) for what in RUNNERS}
        rows = {what: due.rows for what, due in at.due.items()}
    _keep("runs", {what: {name: asdict(run) for name, run in each.items()} for what, each in found.items()})
    _keep("faults", _faults())
    return [figure for what, each in found.items() for figure in ratios(what, each, rows[what])]


def _faults() -> dict[str, dict[str, dict[str, str]]]:
    with ring(FEW_ORDERS, FEW_ROWS) as at:
        return {
            what: {name: {runner: verdict(at, what, runner, name) for runner in entered(what)} for name in FAULTS[what]}
            for what in RUNNERS
        }


def _quick() -> list[Figure]:
    """Few rows, ours and one script; and that ours is right or red whatever happens."""
    found = []
    with ring(FEW_ORDERS, FEW_ROWS) as at:
        for what in RUNNERS:
            found += ratios(what, race(at, what, list(FEW), 1), at.due[what].rows)
            for fault in FAULTS[what]:
                said = verdict(at, what, "ours", fault)
                if not said.startswith(("right", "red:")):
                    raise SystemExit(f"{what}, {fault}: {said}")
    return found


def _keep(name: str, told: object) -> None:
    """Each by itself: what was measured stays when a later measurement breaks off."""
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"race_{name}.json").write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--runners", default="", help="names, separated by ;")
    options.add_argument("--what", choices=RUNNERS, action="append", default=[])
    options.add_argument("--no-faults", action="store_true")
    given = options.parse_args()
    chosen = set(filter(None, given.runners.split(";")))
    console = Console(width=170)
    with ring(ORDERS, ROWS) as at:
        for what in given.what or RUNNERS:
            runners = [name for name in entered(what) if not chosen or name in chosen]
            runs = race(at, what, runners, given.rounds)
            for name, run in runs.items():
                console.print(what, name, run)
            if "ours" in runs:
                console.print(table(ratios(what, runs, at.due[what].rows), absolute=True))
    if given.no_faults:
        return
    with ring(FEW_ORDERS, FEW_ROWS) as at:
        for what in given.what or RUNNERS:
            for fault in FAULTS[what]:
                for runner in [name for name in entered(what) if not chosen or name in chosen]:
                    console.print(what, fault, runner, "–", verdict(at, what, runner, fault))


if __name__ == "__main__":
    main()
