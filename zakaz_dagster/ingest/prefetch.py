"""An iterator that works ahead in a thread of its own: the next items are made while the last one is used.

Order is kept, an error arrives at the place of the item it stands for, and at most `depth` finished items wait. Belongs
here: that. Does not: what is read or used (`ingest.days`).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from contextvars import copy_context
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
POLL = 0.1  # seconds until a maker with a finished item notices that nobody wants it any more


@dataclass(frozen=True)
class _End:
    """No more items; with the error that ended them, if any."""

    error: BaseException | None = None


def ahead(items: Iterable[T], *, depth: int = 1) -> Generator[T, None, None]:
    """The same items; closing this early stops the maker after the item in its hands and waits for that."""
    done: queue.Queue[T | _End] = queue.Queue(maxsize=depth)
    unwanted = threading.Event()
    context = copy_context()
    maker = threading.Thread(target=context.run, args=(_make, items, done, unwanted), name="ahead", daemon=True)
    maker.start()
    try:
        while True:
            item = done.get()
            if not isinstance(item, _End):
                yield item
            elif item.error is not None:
                raise item.error
            else:
                return
    finally:
        unwanted.set()
        maker.join()


def _make(items: Iterable[T], done: queue.Queue[T | _End], unwanted: threading.Event) -> None:
    end = _End()
    try:
        for item in items:
            if not _put(done, item, unwanted):
                return
    except BaseException as error:  # noqa: BLE001  it is raised again, where the items are used
        end = _End(error)
    _put(done, end, unwanted)


def _put(done: queue.Queue[T | _End], item: T | _End, unwanted: threading.Event) -> bool:
    """Hand over, as soon as there is room; False when nobody wants it."""
    while not unwanted.is_set():
        try:
            done.put(item, timeout=POLL)
        except queue.Full:
            continue
        return True
    return False
