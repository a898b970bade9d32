"""docs/benchmarks.md out of what `make bench` kept in build/benchmarks: `python -m benchmarks.page`.

Belongs here: the words, tables and picture of the page. Does not: measuring. A figure that was not measured is said to
be so; nothing is filled in.
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from math import log10
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from benchmarks.figures import KEPT, plain
from benchmarks.page_words import FAULT_WORDS, GOALS, HEAD, RUNNER_WORDS, SVG, WHY
from benchmarks.race_faults import FAULTS

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, PICTURE = DOCS / "benchmarks.md", DOCS / "pictures" / "race.svg"
PACKAGES = ("dlt", "duckdb", "pandas", "pydantic", "msgspec", "pyarrow", "clickhouse-connect", "chdb-core", "dagster")
NAMES = {"tickets": "60,000 QTickets tickets, 100 pages", "report": "a year of Direct, 200,000 rows"}
WIDTH, BAR, LEFT = 760, 20, 130
Kept = Mapping[str, Sequence[Mapping[str, Any]]]


def write() -> None:
    kept = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(KEPT.glob("*.json"))}
    runs, faults = kept.pop("race_runs", None), kept.pop("race_faults", None)
    parts = [HEAD, *machine(), *_goals(kept)]
    if runs:
        PICTURE.write_text(_picture(runs), encoding="utf-8")
        parts += _race(runs)
    if faults:
        parts += _faults(faults)
    if runs or faults:
        parts.append(WHY)
    parts += _all(kept)
    PAGE.write_text("\n".join(parts).rstrip() + "\n", encoding="utf-8")
    print(f"{PAGE.relative_to(DOCS.parent)} written")


def machine() -> Iterator[str]:
    """The machine in the words that tell machines apart."""
    about = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").exists() else ""
    model = re.search(r"model name\s*: (.*)", about)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield "## Where\n"
    yield f"- {datetime.now(UTC):%Y-%m-%d}; {os.cpu_count()} cores of {model[1] if model else platform.machine()}, "
    yield f"  {memory:.0f} GB; files on {_file_system()}; Python {platform.python_version()}; load average of the last"
    yield f"  15 minutes {os.getloadavg()[2]:.1f} (above the number of cores only ratios and CPU seconds are of use)"
    yield f"- {', '.join(_versions())}\n"


def _file_system() -> str:
    """Of the folder for temporary files: a memory disk is `tmpfs`."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    held = [(place, kind) for place, kind in mounts if Path(gettempdir()).is_relative_to(place)]
    return max(held, key=lambda found: len(found[0]))[1]


def _versions() -> Iterator[str]:
    for name in PACKAGES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} not installed: it did not take part"


def _goals(kept: Kept) -> Iterator[str]:
    yield "## Goals\n"
    yield "| what | goal | measured | |\n|---|---|---|---|"
    for what, goal, module, pattern, form in GOALS:
        found = [each for each in kept.get(module, []) if re.search(pattern, f"{each['name']} | {each['beside']}")]
        if not found:
            yield f"| {what} | {goal} | not measured in this run | |"
            continue
        values = [each["ratio"] if form == "ratio" else each["measured"] for each in found]
        worst = max(found, key=lambda each: each["measured"])
        unit = "×" if form == "ratio" else f" {found[0]['unit']}"
        shown = " / ".join(plain(value) + unit for value in values) if form != "range" else (
            f"{plain(min(values))}–{plain(max(values))}{unit} (slowest: {worst['name'].partition(',')[0]})"
        )  # fmt: skip
        missed = [each for each in found if each["verdict"] == "missed"]
        judged = any(each["verdict"] for each in found)
        yield f"| {what} | {goal} | {shown} | {'missed' if missed else 'met' if judged else ''} |"
    yield ""


def _race(runs: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[str]:
    yield "## The race\n"
    yield "![Rows per CPU second of every runner, on a scale of tens](pictures/race.svg)\n"
    for what, each in runs.items():
        yield f"### {NAMES[what]}\n"
        yield "| runner | what it is | CPU s | ours, times as quick | wall s | peak MB | requests |"
        yield "|---|---|---|---|---|---|---|"
        ours = each["ours"]["cpu"]
        for name, run in each.items():
            ratio = "" if name == "ours" else f"{run['cpu'] / ours:.2f}×"
            yield (
                f"| {name} | {RUNNER_WORDS[name]} | {run['cpu']:.2f} | {ratio} | {run['wall']:.1f} "
                f"| {run['megabytes']:,.0f} | {run['requests']} |"
            )
        yield ""


def _faults(faults: Mapping[str, Mapping[str, Mapping[str, str]]]) -> Iterator[str]:
    yield "## Three faults\n"
    yield FAULT_WORDS + "\n"
    for what, each in faults.items():
        yield f"| {what} | {' | '.join(FAULTS[what][fault] for fault in each)} |\n|---{'|---' * len(each)}|"
        for runner in next(iter(each.values())):
            yield f"| {runner} | {' | '.join(said[runner].replace('|', '/') for said in each.values())} |"
        yield ""


def _all(kept: Kept) -> Iterator[str]:
    yield "## Every figure\n"
    yield "| figure | beside | measured | limit | ratio | goal | |\n|---|---|---|---|---|---|---|"
    for figures in kept.values():
        for each in figures:
            sign = "≥" if each["keep"] == "at least" else "≤"
            goal = "" if each["goal"] is None else f"{sign} {each['goal']:g}"
            note = f" ({each['note']})" if each["note"] else ""
            yield (
                f"| {each['name']}{note} | {each['beside']} | {plain(each['measured'])} {each['unit']} "
                f"| {plain(each['limit'])} {each['unit']} | {each['ratio']:.2f} | {goal} | {each['verdict']} |"
            )


def _picture(runs: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Bars of rows per CPU second; the scale is of tens, for the slowest is a hundredth of the quickest."""
    rows = [(what, name, run["rows"] / run["cpu"]) for what, each in runs.items() for name, run in each.items()]
    height = BAR * (len(rows) + 2 * len(runs)) + 10
    lines = [SVG.format(width=WIDTH, height=height)]
    at, shown = 0, ""
    for what, name, rate in rows:
        if what != shown:
            at, shown = at + BAR, what
            lines.append(f'<text x="0" y="{at}" font-weight="bold">{NAMES[what]}: rows per CPU second</text>')
        at += BAR
        length = (WIDTH - LEFT - 90) * max(0.02, (log10(rate) - 3) / 3)
        color = "#1a7f37" if name == "ours" else "#8c959f"
        lines.append(f'<text x="{LEFT - 6}" y="{at}" text-anchor="end">{name}</text>')
        lines.append(f'<rect x="{LEFT}" y="{at - 12}" width="{length:.0f}" height="15" fill="{color}"/>')
        lines.append(f'<text x="{LEFT + length + 6:.0f}" y="{at}">{rate:,.0f}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


if __name__ == "__main__":
    write()
