"""`python -m zakaz_dagster.cli.dev_servers FOLDER PAGES_PORT HEALTH_PORT`: what `zakaz dev` serves beside Dagster.

The pages, the health endpoints and the webhooks in one process on loopback: each of its own held 45 MB of Python. In
production each of the last two is a service of its own. Belongs here: serving several. Does not: what they answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from zakaz_dagster import logs
from zakaz_dagster.cli import health, webhooks
from zakaz_dagster.dev import pages
from zakaz_dagster.ingest.webhook_server import LIMITS
from zakaz_dagster.serving import LOOPBACK, settled
from zakaz_dagster.settings import Settings

HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    """One of several in a process, which takes the signals for all of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(servers: Sequence[tuple[ASGIApp, int, dict[str, Any]]]) -> None:
    """Serve applications on their ports until the signal; when one ends, all end."""
    running = [_Server(settled(app, host=HOST, port=port, **limits)) for app, port, limits in servers]

    def stop() -> None:
        for each in running:
            each.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    tasks = [asyncio.ensure_future(each.serve()) for each in running]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop()
    await asyncio.gather(*tasks)


def main() -> None:
    folder, pages_port, health_port = sys.argv[1:]
    settings = Settings()
    logs.configure(json_lines=settings.platform.log_json)
    asyncio.run(
        serve(
            [
                (pages.build(Path(folder)), int(pages_port), {}),
                (health.application(settings, LOOPBACK), int(health_port), {}),
                (webhooks.application(settings, LOOPBACK), settings.webhooks.port, LIMITS),
            ]
        )
    )


if __name__ == "__main__":
    main()
