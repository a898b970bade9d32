"""Two ways of working at the same time: reading one item ahead, and several works with one common barrier.

Belongs here: order, failures and early ends, as in plain loops. Does not: what is read or written (`days`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Barrier, BrokenBarrierError
from typing import TypeVar

T = TypeVar("T")
Ready = Callable[[], None]


def prefetch(items: Iterable[T]) -> Generator[T, None, None]:
    """The same items in the same order; the next one is made in a thread while the last one is used.

    An error is raised at the place of the item that it stands for. Closing early waits for the item being made.
    """
    iterator, end = iter(items), object()
    context = copy_context()

    def make() -> T | object:
        return context.run(lambda: next(iterator, end))

    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as pool:
        coming: Future[T | object] = pool.submit(make)
        while (item := coming.result()) is not end:
            coming = pool.submit(make)
            yield item  # type: ignore[misc]  # everything but `end` is a T


def with_barrier(names: Iterable[str], work: Callable[[str, Ready], T]) -> dict[str, T]:
    """`work(name, ready)` for each name in a thread of its own; a work calls `ready` right before its last step.

    `ready` returns when every work has called it or has ended, and raises when another failed before its own call.
    The first failure by order of names is raised after all threads have ended.
    """
    order = list(names)
    barrier = Barrier(max(1, len(order)))

    def one(name: str) -> T:
        arrived = False

        def ready() -> None:
            nonlocal arrived
            if not arrived:
                arrived = True
                barrier.wait()

        try:
            result = work(name, ready)
            ready()
        except BaseException:
            if not arrived:  # whoever has passed the barrier no longer needs the others, nor they it
                barrier.abort()
            raise
        return result

    with ThreadPoolExecutor(max(1, len(order))) as pool:
        futures = {name: pool.submit(one, name) for name in order}
    errors = [error for future in futures.values() if (error := future.exception()) is not None]
    for error in sorted(errors, key=lambda each: isinstance(each, BrokenBarrierError)):
        raise error
    return {name: future.result() for name, future in futures.items()}
