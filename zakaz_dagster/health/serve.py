"""The process of the health endpoints: a socket, uvicorn, and a line when it is ready.

Belongs here: starting and ending. Does not: the routes (`server`).
"""

from __future__ import annotations

import json
import socket

import uvicorn
from starlette.applications import Starlette

from zakaz_dagster.errors import ConfigFault

BACKLOG = 512
GRACE_SECONDS = 3


def run(application: Starlette, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    try:
        listener = socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise ConfigFault(
            f"cannot listen on {host}:{port}: {error.strerror}",
            source="health",
            next_step="set HEALTH_HOST and HEALTH_PORT, or stop what listens there",
        ) from None
    with listener:
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)  # noqa: T201 - a parent waits for it
        config = uvicorn.Config(
            application, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=GRACE_SECONDS
        )
        uvicorn.Server(config).run(sockets=[listener])
