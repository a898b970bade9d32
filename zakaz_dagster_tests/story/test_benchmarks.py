"""The benchmarks still run: on small inputs, with ratios and without the seconds of this machine."""

from __future__ import annotations

import re
import subprocess
import sys

from benchmarks.views_cases import CASES, INNER
from zakaz_dagster.paths import PROJECT_ROOT
from zakaz_dagster.warehouse.sql_files import load

FIGURES = ("whole path", "peak memory", "requests of", "import of the definitions")


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
