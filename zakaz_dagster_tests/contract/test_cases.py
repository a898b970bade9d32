"""Every recorded case (an input and the outcomes that are right for it) reaches one of them; read in place.

A case's `kind` is one of `zakaz inspect`, or a name in KINDS: whoever adds a kind of input adds its reader there.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from zakaz_dagster.cli.inspect import KINDS as INSPECTED
from zakaz_dagster.errors import Failure
from zakaz_dagster.sources.base import Inspection
from zakaz_dagster.sources.plan.inspect import plan
from zakaz_dagster.sources.plan.rows import Event
from zakaz_dagster_tests.plugins.recorded import PROJECT

ROOT = Path(os.environ.get("ZAKAZ_CASES") or PROJECT.parent / "shared" / "cases")
CASES = sorted(ROOT.glob("*/expected.json"))
CATALOGUE = (Event(40, "Цирк", "томск"), Event(41, "Цирк", "омск"))
KINDS: dict[str, Callable[[bytes], Inspection]] = {"plan": lambda raw: plan(raw, {}, CATALOGUE)}


def inspected(kind: str, raw: bytes) -> Inspection:
    """What the loader makes of the input; a file that is refused whole gives no rows."""
    if kind in KINDS:
        return KINDS[kind](raw)
    module, name = INSPECTED[kind].split(":")
    return getattr(importlib.import_module(f"zakaz_dagster.sources.{module}"), name)(raw, {})


def is_met(result: Inspection, answer: Mapping[str, Any]) -> bool:
    return all(_value(result, name) == _comparable(wanted) for name, wanted in answer.items() if name != "note")


def _value(result: Inspection, name: str) -> Any:
    if name == "rows":
        return len(result.rows)
    if name == "row0":
        return result.rows[0] if result.rows else {}
    return _comparable(result.totals.get(name))


def _comparable(value: Any) -> Any:
    return Subset(value) if isinstance(value, dict) else str(value) if not isinstance(value, int) else value


class Subset(dict[str, Any]):
    """Equal to any record that has these values."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and all(other.get(name) == value for name, value in self.items())

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_a_case_reaches_an_accepted_outcome(path: Path) -> None:
    case = json.loads(path.read_text("utf-8"))
    try:
        result = inspected(case["kind"], (path.parent / case["input"]).read_bytes())
    except Failure as failure:
        result = Inspection(rows=[], rejects=[{"reason": str(failure)}], totals={})
    assert any(is_met(result, answer) for answer in case["accept"]), f"{dict(result.totals)} {list(result.rejects)}"
    assert result.rows or result.rejects or result.totals, "nothing is said about it"


def test_the_recorded_cases_are_where_they_are_looked_for() -> None:
    if not ROOT.is_dir():
        pytest.skip(f"no recorded cases at {ROOT}; set ZAKAZ_CASES")
    assert CASES
