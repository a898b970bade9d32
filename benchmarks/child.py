"""A measurement in a process of its own, so that what it costs is its alone.

Belongs here: starting it and reading what it cost. Does not: what is measured.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """CPU seconds of the process and of the children it waited for, and what it printed."""

    cpu: float
    output: str


def run(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """`python <arguments>` in the project, byte-compiled as an installation is; a failure ends the benchmark."""
    env = {**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONWARNINGS": "ignore", **(environment or {})}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, cwd=PROJECT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        output = process.stdout.read().decode(errors="replace") if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{output[-3000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, output)
