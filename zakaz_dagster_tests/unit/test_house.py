"""The shape of the code itself: small files, short functions, nothing written twice, private doors in one place."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from statistics import median

from zakaz_dagster.paths import PACKAGE, PROJECT_ROOT

TESTS = PROJECT_ROOT / "zakaz_dagster_tests"
LONGEST_FILE, LONGEST_FUNCTION, USUAL_FUNCTION, SAME_LINES = 300, 60, 8, 10
PRIVATE_DOORS = {PACKAGE / "defs" / "_private.py", TESTS / "_private.py"}


def python_files() -> list[Path]:
    return [path for root in (PACKAGE, TESTS, PROJECT_ROOT / "benchmarks") for path in sorted(root.rglob("*.py"))]


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def test_no_file_is_longer_than_three_hundred_lines():
    files = [*python_files(), *(PROJECT_ROOT / "sql").rglob("*.sql")]
    assert not {path: len(lines(path)) for path in files if len(lines(path)) > LONGEST_FILE}


def test_functions_are_short():
    lengths = {
        (path, node.name, node.lineno): (node.end_lineno or 0) - node.lineno + 1
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not {key: length for key, length in lengths.items() if length > LONGEST_FUNCTION}
    assert median(lengths.values()) <= USUAL_FUNCTION


def test_no_ten_lines_stand_twice():
    places = defaultdict(list)
    for path in python_files():
        counted = [
            (number, line.strip())
            for number, line in enumerate(lines(path), 1)
            if re.search(r"\w", line) and not re.match(r"\s*(#|import |from \S+ import )", line)
        ]
        for start in range(len(counted) - SAME_LINES + 1):
            window = counted[start : start + SAME_LINES]
            places["\n".join(text for _, text in window)].append(f"{path}:{window[0][0]}")
    assert not {found[0]: found[1:] for found in places.values() if len(found) > 1}


def test_dagsters_private_names_come_in_through_one_door():
    pattern = re.compile(r"^\s*(?:from|import) dagster\._", re.MULTILINE)
    through = {path for path in python_files() if pattern.search(path.read_text("utf-8"))}
    assert through == PRIVATE_DOORS


def test_decisions_are_numbered_without_holes_and_every_number_that_is_named_exists():
    decisions = sorted(path.name for path in (PROJECT_ROOT / "docs" / "adr").glob("*.md"))
    numbers = [name[:4] for name in decisions]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    for name in decisions:
        assert re.match(rf"# (?:{name[:4]}|{int(name[:4])})[.:]? \w", lines(PROJECT_ROOT / "docs" / "adr" / name)[0]), (
            name
        )
    texts = [PROJECT_ROOT / "pyproject.toml", *PROJECT_ROOT.glob("*.md")]
    texts += [path for root in (PACKAGE, PROJECT_ROOT / "docs") for path in root.rglob("*.md")]
    for path in texts:
        named = re.findall(r"(?:ADR |adr/)(\d{4})(-[\w-]+)?", path.read_text("utf-8"))
        assert {number for number, _ in named} <= {*numbers}, path
        assert {f"{number}{rest}.md" for number, rest in named if rest} <= {*decisions}, path
