"""`zakaz demo` as people run it: right by the world's own books, and the same again when it is run again."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TIMES = re.compile(r"\d+:\d\d:\d\d|\d+ s\.|\d+ changes applied")


def demo(home: Path) -> tuple[int, list[str]]:
    """Exit code and the lines of the report, from the table of sales on."""
    command = [sys.executable, "-W", "ignore", "-m", "zakaz_dagster", "demo", "--days=3", f"--home={home}"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=900, check=False)
    assert "Traceback" not in done.stdout + done.stderr, done.stdout
    lines = done.stdout.splitlines()
    begins = next(number for number, line in enumerate(lines) if "Net sales" in line)
    return done.returncode, [TIMES.sub("…", line) for line in lines[begins:]]


@pytest.mark.slow
def test_a_second_demo_changes_no_number(tmp_path):
    first_code, first = demo(tmp_path)
    text = " ".join(first)
    assert text.count("equal to the world's own") == 3, text
    assert "differ" not in text
    assert demo(tmp_path) == (first_code, first)
