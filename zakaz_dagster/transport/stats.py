"""What a client's requests cost, counted from any thread.

Belongs here: the counters. Does not: their names in Dagster's metadata or in a benchmark.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Stats:
    """`retries` are requests that repeated an earlier one; `bytes_received` is what crossed the wire."""

    requests: int = 0
    retries: int = 0
    bytes_received: int = 0
    seconds_waited: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def sent(self, *, attempt: int) -> None:
        with self._lock:
            self.requests += 1
            self.retries += attempt > 1

    def received(self, size: int) -> None:
        with self._lock:
            self.bytes_received += size

    def waited(self, seconds: float) -> None:
        with self._lock:
            self.seconds_waited += seconds
