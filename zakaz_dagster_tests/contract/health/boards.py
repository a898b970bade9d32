"""The health service on a free port, and what its board shows."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import uvicorn

from zakaz_dagster.health.freshness import Freshness
from zakaz_dagster.health.look import Look
from zakaz_dagster.health.server import Board, app
from zakaz_dagster.health.wire import document
from zakaz_dagster.serving import LOOPBACK
from zakaz_dagster.verdicts import Status, Verdict

NOW = datetime(2023, 10, 12, 7, 0, tzinfo=UTC)


def verdict(name, status=Status.OK, **about):
    return Verdict(name, "infrastructure", Status(status), f"{name} is {status}", **about)


def look(*verdicts, fresh="ok"):
    age = Freshness("qtickets", verdict("stg__fresh", fresh), date(2023, 10, 12), 0, 12.0)
    fine = [] if any(each.name == "platform__clickhouse" for each in verdicts) else [verdict("platform__clickhouse")]
    return document(Look(NOW, [*fine, age.verdict, *verdicts], [age]))


@contextmanager
def serving(board: Board, token="", keeper=None, hosts=LOOPBACK) -> Iterator[int]:
    """The application on a free port, in a thread."""
    server = uvicorn.Server(
        uvicorn.Config(
            app(board, token, keeper, hosts),
            port=0,
            log_level="error",
            access_log=False,
            ws="none",
            server_header=False,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(5)


def get(port, path, token=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, json.loads(body) if response.headers[
        "content-type"
    ] == "application/json" else body.decode()
