"""A figure beside its limit, both measured in one run: only their ratio is worth keeping, for machines differ.

Belongs here: the figure, its verdict and its line in the table. Does not: measuring.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from rich.table import Table

KEPT = Path(__file__).resolve().parents[1] / "build" / "benchmarks"


@dataclass(frozen=True)
class Figure:
    """`measured` beside `limit`, in `unit`; `goal` bounds their ratio, None where the figure only informs."""

    name: str
    measured: float
    limit: float
    unit: str
    beside: str
    goal: float | None = None
    keep: Literal["at least", "at most"] = "at most"
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.measured / self.limit

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        good = self.ratio >= self.goal if self.keep == "at least" else self.ratio <= self.goal
        return "met" if good else "missed"


def keep(name: str, figures: list[Figure]) -> None:
    """Where the page of all figures (`benchmarks.page`) finds them."""
    KEPT.mkdir(parents=True, exist_ok=True)
    told = [{**asdict(each), "ratio": each.ratio, "verdict": each.verdict} for each in figures]
    (KEPT / f"{name}.json").write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")


def table(figures: list[Figure], *, absolute: bool) -> Table:
    """What people read; `absolute` adds the values of this very machine and whether each goal was met."""
    shown = Table("figure", "beside", *(("measured", "limit") if absolute else ()), "ratio", "goal", "")
    for each in figures:
        values = (f"{plain(each.measured)} {each.unit}", f"{plain(each.limit)} {each.unit}") if absolute else ()
        goal = "" if each.goal is None else f"{'≥' if each.keep == 'at least' else '≤'} {each.goal:g}"
        name = f"{each.name} ({each.note})" if each.note else each.name
        shown.add_row(name, each.beside, *values, f"{each.ratio:.2f}", goal, each.verdict if absolute else "")
    return shown


def plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:,.2f}"
