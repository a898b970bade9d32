"""Limits by calendar second, minute, hour and day: counters, headers, the flat 429 body and throttling.json.

Belongs here: counting requests by real time (the world's clock may stand still). Does not: what a request is for.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from zakaz_dagster.dev.sandbox.faults import Faults
from zakaz_dagster.dev.sandbox.vk.answers import Refusal

DEFAULT = {"1": 200, "3600": 50_000, "86400": 500_000}
NAMES = {"1": "RPS", "60": "Minutely", "3600": "Hourly", "86400": "Daily"}
MOSCOW_OFFSET = 3 * 3600


@dataclass
class Limits:
    """Requests counted per window since the window began."""

    faults: Faults
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    throttled: int = 0

    def spend(self) -> dict[str, str]:
        """Count one request; the headers of its answer, or Refusal 429."""
        limits = self.limits()
        if self.faults.get("zero_limits"):
            nothing = dict.fromkeys(limits, 0)
            raise self._refusal(nothing, nothing)
        left = {window: limit - self._used(window) for window, limit in limits.items()}
        if self._told_to_throttle():
            first = min(left, key=int)
            raise self._refusal(limits, {**left, first: 0})
        if any(count <= 0 for count in left.values()):
            raise self._refusal(limits, left)
        for window in limits:
            self._count(window)
        return self._headers(limits, {window: count - 1 for window, count in left.items()})

    def limits(self) -> dict[str, int]:
        """`limits` is a switch; a window may be absent."""
        return {str(window): int(limit) for window, limit in self.faults.get("limits", DEFAULT).items()}

    def remaining(self) -> dict[str, int]:
        return {window: limit - self._used(window) for window, limit in self.limits().items()}

    def _told_to_throttle(self) -> bool:
        """`throttle: N` refuses the next N requests."""
        if self.throttled >= int(self.faults.get("throttle", 0)):
            return False
        self.throttled += 1
        return True

    def _refusal(self, limits: dict[str, int], remaining: dict[str, int]) -> Refusal:
        remaining = {window: max(0, count) for window, count in remaining.items()}
        headers = self._headers(limits, remaining)
        if (wait := self.faults.get("wait")) is not None:
            headers["Retry-After"] = str(wait)
        return Refusal(429, {"limits": limits, "remaining": remaining}, headers)

    def _headers(self, limits: dict[str, int], remaining: dict[str, int]) -> dict[str, str]:
        told = {f"X-RateLimit-{NAMES[window]}-Limit": str(limit) for window, limit in limits.items()}
        left = {f"X-RateLimit-{NAMES[window]}-Remaining": str(count) for window, count in remaining.items()}
        return told | left

    def _window(self, window: str) -> int:
        return (int(time.time()) + MOSCOW_OFFSET) // int(window)

    def _used(self, window: str) -> int:
        began, count = self.counts.get(window, (0, 0))
        return count if began == self._window(window) else 0

    def _count(self, window: str) -> None:
        self.counts[window] = (self._window(window), self._used(window) + 1)
