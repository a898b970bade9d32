"""Checks kept as SQL: each file gives one row (status, figure, threshold, detail), which becomes a verdict.

Belongs here: evaluating them. Does not: when they run or who is told (`defs`, `alerts`, `health`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from zakaz_dagster.errors import Fatal
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster.warehouse.sql_files import Statement

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

COLUMNS = {"status", "figure", "threshold", "detail"}


def evaluate(wh: Warehouse, check: Statement) -> Verdict:
    """The verdict of one check; an error of a check whose severity is `warn` is a warning."""
    found = wh.tagged(statement=f"check {check.name}").rows(check.sql)
    if len(found) != 1 or not found[0].keys() >= COLUMNS:
        came = f"{len(found)} rows with {sorted(found[0]) if found else 'nothing'}"
        raise Fatal(f"sql/checks/{check.name}.sql gave {came}", source="sql", expected=f"one row of {sorted(COLUMNS)}")
    row = found[0]
    try:
        status = Status(row["status"])
    except ValueError:
        raise Fatal(
            f"sql/checks/{check.name}.sql gave the status {row['status']!r}",
            source="sql",
            expected=", ".join(status.value for status in Status),
        ) from None
    if status is Status.ERROR and check.meta.get("severity") == "warn":
        status = Status.WARNING
    return Verdict(
        name=check.name,
        area="data",
        status=status,
        detail=str(row["detail"]),
        action=check.meta.get("action", "") if status is not Status.OK else "",
        figure=_number(row["figure"]),
        threshold=_number(row["threshold"]),
        assets=tuple(name.strip() for name in check.meta.get("asset", "").split(",") if name.strip()),
    )


def evaluate_all(wh: Warehouse, checks: Iterable[Statement]) -> list[Verdict]:
    """The verdicts of many checks, in their order."""
    return [evaluate(wh, check) for check in checks]


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
