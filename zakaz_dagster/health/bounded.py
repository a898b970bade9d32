"""Work with a deadline: whatever hangs, the watcher goes on.

Belongs here: the thread and the waiting. Does not: what is worked on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Overdue(Exception):
    """The work has not come back; it is left alone and not started a second time until it has."""


class Bounded(Generic[T]):
    """One piece of work that may hang, asked again and again."""

    def __init__(self, work: Callable[[], T], seconds: float) -> None:
        self._work = work
        self._seconds = seconds
        self._thread: threading.Thread | None = None

    def __call__(self) -> T:
        """The result of the work, or its exception, or Overdue."""
        if self._thread is not None and self._thread.is_alive():
            raise Overdue("it still hangs from the last time")
        results: list[T] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(self._work())
            except BaseException as error:  # noqa: BLE001  handed to the caller below
                errors.append(error)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        self._thread.join(self._seconds)
        if errors:
            raise errors[0]
        if not results:
            raise Overdue(f"no answer in {self._seconds:.0f} s")
        return results[0]
