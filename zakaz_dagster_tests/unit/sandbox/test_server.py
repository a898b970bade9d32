"""The sandbox's own mistakes are loud, and nothing else is taken for one."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest

from zakaz_dagster.dev.sandbox.server import build
from zakaz_dagster.dev.sandbox.state import State
from zakaz_dagster.dev.sandbox.world import World, WorldParams

SCOPE: dict[str, Any] = {
    "type": "http", "method": "POST", "path": "/qtickets/api/rest/v1/orders", "query_string": b"", "root_path": "",
    "headers": [(b"host", b"127.0.0.1")], "client": ("127.0.0.1", 1),
}  # fmt: skip


def test_a_client_that_gave_up_is_no_mistake_of_the_sandbox(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[Any] = []

    async def gone() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    app = build(World(WorldParams(seed=7, start=date(2026, 11, 1))), State(start_now=1_795_000_000))
    asyncio.run(app(SCOPE, gone, send))
    assert caplog.records == []
    assert sent == []
