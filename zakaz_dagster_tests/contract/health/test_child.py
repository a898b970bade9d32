"""The service answers whatever the process does that looks; one that hangs, dies or is silent is started again."""

from __future__ import annotations

import asyncio
import http.client
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import quantiles

import pytest

from zakaz_dagster.health.server import keep
from zakaz_dagster_tests.contract.health.boards import get, look, serving

CHILD = """
import json, sys, time
document = json.loads(sys.argv[1])
while True:
    print(json.dumps(document), flush=True)
    end = time.time() + 0.3
    while time.time() < end:
        sum(range(1000))
"""


def test_a_thousand_requests_at_fifty_lose_none_and_are_fast_while_the_child_works(board):
    keeper = partial(keep, command=[sys.executable, "-c", CHILD, json.dumps(look())], silence_seconds=10)
    with serving(board, keeper=keeper) as port:
        wait_for(lambda: board.document is not None)

        def worker(_):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            times = []
            for _ in range(20):
                started = time.perf_counter()
                connection.request("GET", "/healthz")
                response = connection.getresponse()
                assert json.loads(response.read())["status"] == "ok"
                times.append(time.perf_counter() - started)
            connection.close()
            return times

        with ThreadPoolExecutor(50) as pool:
            times = [each for times in pool.map(worker, range(50)) for each in times]
    assert len(times) == 1000
    # The client's own fifty threads share this process; the service alone answers in about a millisecond.
    assert quantiles(times, n=100)[49] < 0.25


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


HANGING = "import time; time.sleep(60)"
TALKING_ONCE = "import json, sys, time; print(sys.argv[1], flush=True); time.sleep(60)"
BABBLING = "import sys; print('not json'); print('{}'); print(sys.argv[1], flush=True); import time; time.sleep(60)"


@pytest.mark.parametrize("code", [HANGING, "raise SystemExit(1)"])
def test_a_child_that_hangs_or_dies_does_not_stop_the_answers(board, code):
    keeper = partial(keep, command=[sys.executable, "-c", code], silence_seconds=0.3)
    with serving(board, keeper=keeper) as port:
        for _ in range(5):
            started = time.perf_counter()
            assert get(port, "/healthz")[0] == 503
            assert time.perf_counter() - started < 0.5
            time.sleep(0.1)


def test_a_silent_child_is_killed_and_started_again(board, monkeypatch):
    monkeypatch.setattr("zakaz_dagster.health.server.PAUSE_SECONDS", 0.05)
    puts = []
    monkeypatch.setattr(board, "put", puts.append)

    async def follow():
        command = [sys.executable, "-c", TALKING_ONCE, json.dumps(look())]
        task = asyncio.create_task(keep(board, command, silence_seconds=0.5))
        while len(puts) < 2:  # noqa: ASYNC110  a list has no event
            await asyncio.sleep(0.05)
        task.cancel()

    asyncio.run(asyncio.wait_for(follow(), 20))


def test_lines_that_are_no_document_are_passed_over(board):
    keeper = partial(keep, command=[sys.executable, "-c", BABBLING, json.dumps(look())], silence_seconds=10)
    with serving(board, keeper=keeper):
        wait_for(lambda: board.document is not None)


def test_the_child_ends_with_the_service(board):
    keeper = partial(
        keep, command=[sys.executable, "-c", TALKING_ONCE, json.dumps(look()), "zakaz-mark-7731"], silence_seconds=30
    )
    with serving(board, keeper=keeper):
        wait_for(lambda: board.document is not None)
    left = subprocess.run(["pgrep", "-f", "zakaz-mark-7731"], capture_output=True, text=True, check=False).stdout
    assert not left.strip()
