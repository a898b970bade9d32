"""The benchmarks still run: on small inputs, with ratios and without the seconds of this machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import figures, growth, page
from benchmarks.figures import Figure
from benchmarks.race_ring import RUNNERS, Run
from benchmarks.views_cases import CASES, INNER
from zakaz_dagster.paths import PROJECT_ROOT
from zakaz_dagster.warehouse.sql_files import load

FIGURES = ("tickets per CPU", "report per CPU", "requests of", "import of the definitions")


def test_every_view_that_charts_ask_is_measured() -> None:
    assert {case.view for case in CASES} | INNER == set(load("views"))


def test_quick_run_prints_ratios() -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick"]
    done = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for figure in FIGURES:
        (line, *_) = [line for line in done.stdout.splitlines() if figure in line]
        assert re.search(r"│\s*\d+\.\d\d\s*│", line), line
    assert not re.search(r"\d\s*(tickets/s|CPU s|MB|seconds)\b", done.stdout), "absolute values say nothing elsewhere"


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where figures are kept and the pages are written, instead of the project."""
    for module in (figures, page):
        monkeypatch.setattr(module, "KEPT", tmp_path)
    for name, value in {"DOCS": tmp_path, "PAGE": tmp_path / "page.md", "PICTURE": tmp_path / "race.svg"}.items():
        monkeypatch.setattr(page, name, value)
    return tmp_path


def test_the_page_shows_each_goal_beside_its_figure_and_says_what_was_not_measured(kept: Path) -> None:
    slow, quick = (Figure("tickets per CPU second", 90, limit, "rows/s", "pandas", 5, "at least") for limit in (30, 15))
    figures.keep("race", [slow])
    figures.keep(
        "views",
        [Figure(f"v_{name}, 30 days, 1×", ms, 25, "ms", "its budget", 1.0) for name, ms in [("a", 7), ("b", 31)]],
    )
    page.write()
    text = (kept / "page.md").read_text("utf-8")
    assert "| ≥ 30× / 3.5× / 5× / 0.6× | 3.00× | missed |" in text
    assert "| ≤ 25 ms | 7.00–31 ms (slowest: v_b) | missed |" in text
    assert re.search(r"zakaz demo.*not measured in this run", text)
    figures.keep("race", [quick])
    page.write()
    assert "| ≥ 30× / 3.5× / 5× / 0.6× | 6.00× | met |" in (kept / "page.md").read_text("utf-8")


def test_every_runner_of_the_race_is_in_the_tables_and_the_picture(kept: Path) -> None:
    runs = {
        what: {name: asdict(Run(1.0 + place, 2.0, 100.0, 7, 5_000, 1.0)) for place, name in enumerate(runners)}
        for what, runners in RUNNERS.items()
    }
    faults = {what: {"half": dict.fromkeys(runners, "right")} for what, runners in RUNNERS.items()}
    for name, told in {"runs": runs, "faults": faults}.items():
        (kept / f"race_{name}.json").write_text(json.dumps(told), "utf-8")
    page.write()
    text, picture = (kept / "page.md").read_text("utf-8"), (kept / "race.svg").read_text("utf-8")
    for runner in {name for runners in RUNNERS.values() for name in runners}:
        assert f"| {runner} |" in text
        assert f">{runner}</text>" in picture


def test_growth_says_how_much_longer_a_refresh_takes() -> None:
    history = [growth.History(days, 1, days, 1.0, 1.0, 300.0, ms, ms) for days, ms in ((30, 100.0), (3650, 130.0))]
    text = "\n".join(growth.page(history))
    assert "after 3,650 days it takes 1.30 of what it takes after 30" in text
