"""When a request may go: at most so many a second, and again until it is done, cannot help, or the deadline comes.

Belongs here: pace, and waiting between attempts (stamina does it). Does not: deciding that an answer deserves another.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import stamina
from stamina.instrumentation import set_on_retry_hooks

T = TypeVar("T")
FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
JITTER = 1.0

# The default hook prints every retry to standard output when structlog is installed, which would break `--json`;
# the request log has a line per attempt already.
set_on_retry_hooks(())


class TryAgain(Exception):
    """One attempt did not succeed; `after` is the wait the server asked for, in seconds."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


class GaveUp(Exception):
    """The deadline came, or would come during the wait that was asked for."""

    def __init__(self, reason: str, attempts: int, seconds: float, after: float | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.attempts = attempts
        self.seconds = seconds
        self.after = after


def until_done(once: Callable[[int], T], *, deadline: float, waited: Callable[[float], None]) -> T:
    """The first result of `once(attempt number)` that does not raise TryAgain; `waited` is told of every pause."""
    started = time.monotonic()
    attempts = 0
    ended: float | None = None

    def pause(error: Exception) -> bool | float:
        if not isinstance(error, TryAgain):
            return False
        if error.after is None:
            return True
        fits = time.monotonic() - started + error.after <= deadline
        return error.after + random.uniform(0, min(JITTER, error.after / 10)) if fits else False  # noqa: S311

    longest = min(LONGEST_WAIT, deadline / 4)
    try:
        for attempt in stamina.retry_context(
            on=pause, attempts=None, timeout=deadline,
            wait_initial=min(FIRST_WAIT, longest), wait_max=longest, wait_jitter=JITTER,
        ):  # fmt: skip
            with attempt:
                attempts = attempt.num
                if ended is not None:
                    waited(time.monotonic() - ended)
                try:
                    return once(attempts)
                finally:
                    ended = time.monotonic()
    except TryAgain as last:
        raise GaveUp(last.reason, attempts, time.monotonic() - started, last.after) from None
    raise AssertionError  # the loop either returns or raises


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
