"""Fixtures of the sandbox: `dev.sandbox`, one process per worker put back before each test, and own ones on demand.

The shared process has seed 7 and stands still at NOW. A test that needs other options starts its own with
`sandbox_process(orders_per_day=700, faults={"qtickets": {"http": 429}})`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

PROJECT = Path(__file__).resolve().parents[2]
NOW = "2026-11-22T12:00:00+03:00"
TODAY = date(2026, 11, 22)
TOKEN = "sandbox-token"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox and its remote controls; see zakaz_dagster/dev/sandbox/admin.py for the bodies."""

    url: str
    ready: Mapping[str, Any]
    process: subprocess.Popen[str]
    control: httpx.Client
    token: str = TOKEN

    def get(self, path: str) -> Any:
        return self.control.get(path).raise_for_status().json()

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self.control.post(path, json=body or {}).raise_for_status().json()

    def truth(self, day: date | str) -> Any:
        return self.get(f"/world/truth?day={day}")

    def truths(self, first: date | str, last: date | str) -> Any:
        """`{"sales": totals, "days": [truth of each day]}`."""
        return self.get(f"/world/truth?first={first}&last={last}")

    def orders(self, day: date | str) -> Any:
        return self.get(f"/world/orders?day={day}")

    def writes(self) -> Any:
        return self.get("/world/writes")

    def personal(self) -> list[str]:
        """Every planted marker of personal data."""
        return [marker for markers in self.get("/world/personal").values() for marker in markers]

    def clock(self, now: str | None) -> None:
        self.post("/world/clock", {"now": now})

    def fault(self, vendor: str, **switches: Any) -> None:
        self.post(f"/faults/{vendor}", switches)

    def edit(self, name: str, target: int, **details: Any) -> Any:
        """refund, remove, restore, exchange or touch an order or ticket."""
        return self.post(f"/world/{name}", {"id": target, **details})

    def correct(self, **details: Any) -> Any:
        return self.post("/world/correct", details)

    def reset(self) -> None:
        self.post("/world/reset")


@contextmanager
def running(
    *, now: str | None = NOW, faults: Mapping[str, Mapping[str, Any]] | None = None, **options: Any
) -> Iterator[Sandbox]:
    """A sandbox process of its own; options are those of the command line, with underscores."""
    arguments = [f"--now={now}"] if now else []
    arguments += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    arguments += [
        f"--fault={vendor}:{name}={json.dumps(value)}"
        for vendor, switches in (faults or {}).items()
        for name, value in switches.items()
    ]
    command = [sys.executable, "-m", "zakaz_dagster.dev.sandbox", *arguments]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, "the sandbox did not start; its own words stand above"
            ready = json.loads(line)
            with httpx.Client(base_url=ready["url"], timeout=60, trust_env=False) as control:
                yield Sandbox(ready["url"], ready, process, control)
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[Sandbox]:
    """The worker's shared process; tests want `dev.sandbox`, which is put back first."""
    with running() as server:
        yield server


@pytest.fixture
def sandbox(sandbox_server: Sandbox) -> Sandbox:
    sandbox_server.reset()
    return sandbox_server


@pytest.fixture
def sandbox_process() -> Iterator[Callable[..., Sandbox]]:
    """`sandbox_process(**options)` starts another sandbox; it ends with the test."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running(**options))
