import threading

import pytest

from zakaz_dagster.transport.retries import Pace


class Clock:
    def __init__(self):
        self.now = 100.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


def test_requests_are_spread_evenly(clock):
    pace = Pace(4, clock=clock, sleep=clock.sleep)
    waits = [pace.wait() for _ in range(5)]
    assert waits == pytest.approx([0, 0.25, 0.25, 0.25, 0.25])


def test_a_burst_is_free_and_then_the_rate_holds(clock):
    pace = Pace(2, burst=3, clock=clock, sleep=clock.sleep)
    waits = [pace.wait() for _ in range(5)]
    assert waits == pytest.approx([0, 0, 0, 0.5, 0.5])


def test_idle_time_gives_back_no_more_than_the_burst(clock):
    pace = Pace(2, burst=2, clock=clock, sleep=clock.sleep)
    for _ in range(4):
        pace.wait()
    clock.now += 60
    assert [pace.wait() for _ in range(3)] == pytest.approx([0, 0, 0.5])


def test_no_rate_means_no_waiting(clock):
    pace = Pace(None, clock=clock, sleep=clock.sleep)
    assert sum(pace.wait() for _ in range(1000)) == 0
    assert clock.slept == []


def test_threads_share_one_rate():
    slept = []
    lock = threading.Lock()

    def sleep(seconds):
        with lock:
            slept.append(round(seconds, 6))

    pace = Pace(10, clock=lambda: 5.0, sleep=sleep)
    threads = [threading.Thread(target=lambda: [pace.wait() for _ in range(25)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # With a frozen clock the reserved moments are 0, 0.1, 0.2, ... each exactly once.
    assert sorted(slept) == [round(0.1 * step, 6) for step in range(1, 100)]
