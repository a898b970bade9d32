"""Reading ahead and working behind one barrier: order, failures and early ends are those of plain loops."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from zakaz_dagster.ingest.concurrency import prefetch, with_barrier


class Torn(Exception):
    pass


def test_items_keep_their_order_and_are_made_while_the_last_is_used() -> None:
    made: list[int] = []
    second = threading.Event()

    def items() -> Iterator[int]:
        for number in range(5):
            if number:
                second.set()
            made.append(number)
            yield number

    used = []
    with closing(prefetch(items())) as numbers:
        for number in numbers:
            assert second.wait(5), "the second item is only made when it is asked for"
            used.append(number)
    assert used == made == [0, 1, 2, 3, 4]


def test_an_error_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise Torn

    numbers = prefetch(items())
    assert next(numbers) == 1
    with pytest.raises(Torn):
        next(numbers)


def test_no_more_is_made_than_may_wait_and_an_early_end_stops_the_maker() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    with closing(prefetch(items())) as numbers:
        next(numbers)
    assert len(made) <= 2, "one used, one in hand"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def test_results_come_by_name() -> None:
    assert with_barrier(["a", "b"], lambda name, ready: [ready(), name.upper()][1]) == {"a": "A", "b": "B"}


@pytest.mark.parametrize("bad", ["a", "b", "c"])
def test_no_last_step_is_taken_when_one_fails_before_its_own(bad: str) -> None:
    taken: list[str] = []

    def work(name: str, ready: Callable[[], None]) -> None:
        if name == bad:
            raise Torn(name)
        ready()
        taken.append(name)

    with pytest.raises(Torn, match=bad):
        with_barrier(["a", "b", "c"], work)
    assert taken == []


def test_a_failure_in_a_last_step_does_not_undo_the_others() -> None:
    taken: list[str] = []

    def work(name: str, ready: Callable[[], None]) -> None:
        ready()
        if name == "a":
            raise Torn
        ready()  # as when a swap is tried again
        taken.append(name)

    with pytest.raises(Torn):
        with_barrier(["a", "b"], work)
    assert taken == ["b"]


def test_a_work_without_a_last_step_keeps_nobody_waiting() -> None:
    def work(name: str, ready: Callable[[], None]) -> str:
        if name == "b":
            ready()
        return name

    assert with_barrier(["a", "b"], work) == {"a": "a", "b": "b"}
