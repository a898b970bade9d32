"""The engine killed by kill -9 while rows come in: what it had acknowledged is there after the next start."""

from __future__ import annotations

import http.client
import threading
from pathlib import Path

import pytest

from zakaz_dagster_tests.contract.raw_http import send
from zakaz_dagster_tests.plugins.clickhouse import Endpoint, serving


def test_kill_9_loses_no_acknowledged_insert(tmp_path: Path):
    killed_again_and_again(tmp_path, 3)


@pytest.mark.slow
def test_thirty_kills_lose_no_acknowledged_insert(tmp_path: Path):
    killed_again_and_again(tmp_path, 30)


def killed_again_and_again(tmp_path: Path, times: int):
    acknowledged = 0
    for _ in range(times):
        with serving(tmp_path) as endpoint:
            assert send(endpoint, "CREATE TABLE IF NOT EXISTS t (a UInt64) ENGINE = MergeTree ORDER BY a").status == 200
            found = int(send(endpoint, "SELECT count() FROM t").text)
            assert found in (acknowledged, acknowledged + 1000)  # the insert that was under way may have landed
            acknowledged = found + _inserted_until_killed(endpoint)
    with serving(tmp_path) as endpoint:
        assert int(send(endpoint, "SELECT count() FROM t").text) in (acknowledged, acknowledged + 1000)
        assert send(endpoint, "CHECK TABLE t SETTINGS check_query_single_value_result = 1").text == "1\n"
    assert acknowledged > 0


def _inserted_until_killed(endpoint: Endpoint) -> int:
    body = "".join(f"{number}\n" for number in range(1000))
    killer = threading.Timer(0.7, endpoint.process.kill)
    killer.start()
    rows = 0
    while True:
        try:
            reply = send(endpoint, body, query="INSERT INTO t FORMAT TSV")
        except (OSError, http.client.HTTPException):
            endpoint.process.wait()
            return rows
        assert reply.status == 200, reply.text
        rows += reply.summary["written_rows"]
