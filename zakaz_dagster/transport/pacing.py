"""Pace: at most so many requests a second, from any number of threads.

Belongs here: the token bucket. Does not: waiting that a vendor asked for (`retries`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pace:
    """A token bucket: `burst` requests at once, then one every `1 / per_second` seconds.

    A caller reserves its moment under the lock and sleeps outside it, so waiting threads keep their order.
    """

    def __init__(
        self,
        per_second: float | None,
        *,
        burst: int = 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 1.0 / per_second if per_second else 0.0
        self._credit = (burst - 1) * self._gap
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._next = float("-inf")

    def wait(self) -> float:
        """Sleep until this caller's turn; the seconds slept."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now - self._credit)
            self._next = turn + self._gap
        delay = max(0.0, turn - now)
        if delay > 0:
            self._sleep(delay)
        return delay
