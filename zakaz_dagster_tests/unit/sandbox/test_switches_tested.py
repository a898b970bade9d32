"""Every fault switch of the sandbox's vendors is switched on by some test: none is there for show."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from zakaz_dagster.dev.sandbox.faults import COMMON
from zakaz_dagster_tests.contract.direct import test_faults as direct
from zakaz_dagster_tests.contract.direct import test_odd as direct_odd
from zakaz_dagster_tests.contract.vk_ads import test_switches as vk
from zakaz_dagster_tests.story import test_qtickets_faults as qtickets

PROJECT = Path(__file__).resolve().parents[3]
TESTS = PROJECT / "zakaz_dagster_tests"
ASKING = {
    "faults.get",
    "call.faults.get",
    "self.faults.get",
    "self._faults.get",
    "view.on",
    "self.get",
}  # ways of asking for a switch
IN_LOOPS = {"direct": {"error", "xml_error"}}  # asked for by a variable's name
MODIFIERS = {
    "times",
    "after",
    "only",
    "retry_after",
    "wait",
    "internal_times",
    "body",
    "words",
}  # of a switch, none by themselves
TABLES: dict[str, list[Mapping[str, object]]] = {
    "vk": [vk.RIGHT, vk.FAILS],
    "direct": [direct.WEATHERED, direct.REFUSED, direct.IN_MICROS, direct_odd.ASIDE],
    "qtickets": [qtickets.FAULTS, qtickets.PASSING],
}


def calls(paths: Iterable[Path], names: set[str]) -> Iterator[ast.Call]:
    """Calls of methods with these names whose first argument is a text."""
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(ast.Attribute(attr=name), [ast.Constant(str()), *_]) if name in names:
                    yield node


def known(vendor: str) -> set[str]:
    """Switches the vendor's code asks for, and those that every vendor obeys."""
    folder = PROJECT / "zakaz_dagster" / "dev" / "sandbox" / vendor
    found = {
        call.args[0].value for call in calls(folder.glob("*.py"), {"get", "on"}) if ast.unparse(call.func) in ASKING
    }
    return found | set(COMMON) | IN_LOOPS.get(vendor, set())


def exercised(vendor: str) -> set[str]:
    """Switches in the tables of outcomes, and those of single tests: `sandbox.fault(vendor, name=…)`."""
    tables = {switch for table in TABLES[vendor] for row in table.values() for switch in switches(row)}
    single = {
        keyword.arg
        for call in calls(TESTS.rglob("test_*.py"), {"fault"})
        if call.args[0].value == vendor
        for keyword in call.keywords
        if keyword.arg
    }
    return tables | single


def switches(row: object) -> Mapping[str, object]:
    return row if isinstance(row, Mapping) else row[0]  # type: ignore[index,no-any-return]


@pytest.mark.parametrize("vendor", TABLES)
def test_every_switch_has_an_outcome(vendor):
    assert len(known(vendor)) > 15
    assert sorted(known(vendor) - exercised(vendor) - MODIFIERS) == []


@pytest.mark.parametrize("vendor", TABLES)
def test_every_tested_switch_exists(vendor):
    unknown = exercised(vendor) - known(vendor) - MODIFIERS
    assert sorted(unknown) == []
