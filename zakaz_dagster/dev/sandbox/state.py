"""What a running sandbox remembers beside its world: clock, faults, writes that must not happen, vendors' own state.

Belongs here: state every vendor needs. Does not: a vendor's protocol; that keeps its own things in `store(vendor)`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from starlette.requests import Request

from zakaz_dagster.dev.sandbox.faults import Faults
from zakaz_dagster.dev.sandbox.world.moments import day_of


@dataclass(slots=True)
class State:
    """One per process. `options` are the vendors' switches of the command line, `vendor:name` to text."""

    start_now: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    faults: dict[str, Faults] = field(default_factory=dict)
    writes: list[dict[str, Any]] = field(default_factory=list)
    requests: dict[str, int] = field(default_factory=dict)
    _now: int | None = None
    _stores: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._now = self.start_now

    def now(self) -> int:
        """The world's moment: where the clock was set, or real time."""
        return int(time.time()) if self._now is None else self._now

    def today(self) -> date:
        """The world's Moscow date."""
        return day_of(self.now())

    def set_clock(self, now: int | None) -> None:
        self._now = now

    def fault(self, vendor: str) -> Faults:
        return self.faults.setdefault(vendor, Faults())

    def option(self, vendor: str, name: str, default: str) -> str:
        """A vendor's switch from the command line (`--option vendor:name=value`)."""
        return self.options.get(f"{vendor}:{name}", default)

    def store(self, vendor: str) -> dict[str, Any]:
        """A vendor's own state; emptied by a reset."""
        return self._stores.setdefault(vendor, {})

    async def record_write(self, vendor: str, request: Request) -> None:
        """Keep a request that a reader must never send."""
        body = (await request.body()).decode("utf-8", "replace")[:2000]
        path = request.url.path
        self.writes.append({"vendor": vendor, "method": request.method, "path": path, "body": body})

    def reset(self) -> None:
        """Back to how the process started, but for the faults it was started with."""
        self._now = self.start_now
        self.writes.clear()
        self.requests.clear()
        for store in self._stores.values():
            store.clear()
        for faults in self.faults.values():
            faults.reset()
