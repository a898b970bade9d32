"""What `explain` found: the rows of each table behind a figure, and what was compared on the way.

Belongs here: the shape, and when two values are equal. Does not: finding (`explain`), printing (`cli.explain`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

EQUAL = 1e-6  # of the larger one: sums of floats
Value = object


@dataclass(frozen=True)
class Source:
    """Who fills a staging table: the ledger's name, the totals it keeps, what else marks its rows."""

    name: str
    controls: Sequence[str]
    partition: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One comparison; `expected` is what the step beneath says."""

    what: str
    expected: Value
    found: Value
    ok: bool


@dataclass
class Step:
    """Rows of one table behind the figure: how many, their sums, the runs that wrote them, and what was compared."""

    table: str
    title: str
    where: str
    rows: int = 0
    sums: dict[str, Value] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    sample: list[dict[str, Any]] = field(default_factory=list)
    beneath: list[Step] = field(default_factory=list)

    def all(self) -> Iterator[Step]:
        yield self
        for step in self.beneath:
            yield from step.all()


@dataclass
class Explanation:
    """Rows of a view; of several, `row` has what they share and the sums of what can be added up."""

    view: str
    rows: int
    row: dict[str, Any]
    columns: Sequence[str]
    formulas: Mapping[str, Sequence[str]]
    checks: list[Check]
    steps: list[Step]

    @property
    def differences(self) -> list[str]:
        """Every comparison that failed, by table."""
        places = [(self.view, self.checks), *((step.table, step.checks) for top in self.steps for step in top.all())]
        return [
            f"{name}: {check.what}: {check.found} instead of {check.expected}"
            for name, checks in places
            for check in checks
            if not check.ok
        ]


def same(what: str, expected: Value, found: Value) -> Check:
    return Check(what, expected, found, _equal(expected, found))


def _equal(one: Value, other: Value) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, int | float | Decimal) and isinstance(other, int | float | Decimal):
        return math.isclose(float(one), float(other), rel_tol=EQUAL, abs_tol=EQUAL)
    return one == other
