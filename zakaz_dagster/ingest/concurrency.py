"""Several works at the same time, of which none takes its last step before all are ready for theirs.

Belongs here: that gate. Does not: what the works are (`ingest.days`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
Ready = Callable[[], None]


class OtherFailed(Exception):
    """A work that was fine itself, stopped because another failed before the last step."""


class _Gate:
    """Opens when every name has arrived, and for good; a failure before that turns all away."""

    def __init__(self, names: Iterable[str]) -> None:
        self._missing = set(names)
        self._failed = False
        self._changed = threading.Condition()

    def count_in(self, name: str) -> None:
        with self._changed:
            self._missing.discard(name)
            self._changed.notify_all()

    def arrive(self, name: str) -> None:
        self.count_in(name)
        with self._changed:
            self._changed.wait_for(lambda: self._failed or not self._missing)
            if self._missing:
                raise OtherFailed

    def fail(self) -> None:
        with self._changed:
            self._failed = True
            self._changed.notify_all()


def abreast(names: Iterable[str], work: Callable[[str, Ready], T]) -> dict[str, T]:
    """`work(name, ready)` for each name in a thread of its own; a work calls `ready` right before its last step.

    `ready` returns when all works have called it, or stops the work because another failed. The first failure by order
    of names is raised after all threads have ended.
    """
    order = list(names)
    gate = _Gate(order)

    def one(name: str) -> T:
        try:
            result = work(name, lambda: gate.arrive(name))
        except BaseException:
            gate.fail()
            raise
        gate.count_in(name)  # of a work that had nothing to do
        return result

    with ThreadPoolExecutor(max(1, len(order))) as pool:
        futures: dict[str, Future[T]] = {name: pool.submit(one, name) for name in order}
    errors = [error for future in futures.values() if (error := future.exception()) is not None]
    for error in errors:
        if not isinstance(error, OtherFailed):
            raise error
    return {name: future.result() for name, future in futures.items()}
