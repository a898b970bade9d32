"""One sandbox process: its options, its socket on the loopback, and the one line that says it is ready."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from zakaz_dagster.dev.sandbox.faults import Faults
from zakaz_dagster.dev.sandbox.server import build, present
from zakaz_dagster.dev.sandbox.state import State
from zakaz_dagster.dev.sandbox.world import World, WorldParams
from zakaz_dagster.dev.sandbox.world.ads import Scale
from zakaz_dagster.dev.sandbox.world.moments import day_of, parse, shift

FIRST_DAY = date(2020, 3, 1)
DEFAULT_DAYS = 150  # enough for a refund three months after its sale


@dataclass(frozen=True, slots=True)
class Options:
    """How a process is started; `now` None is real time."""

    port: int = 0
    seed: int = 7
    now: str | None = None
    days: int = DEFAULT_DAYS
    start: date | None = None
    scale: Scale = field(default_factory=Scale)
    vendor_options: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    dirt: frozenset[str] = frozenset()
    stress: bool = False


class _Protocol(H11Protocol):
    """Lets a fault hang up: the transport travels in the scope's state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def prepare(options: Options) -> tuple[World, State]:
    """The world and the state that the options ask for."""
    state = State(
        start_now=None if options.now is None else parse(options.now),
        options=options.vendor_options,
        faults={vendor: Faults(switches) for vendor, switches in options.faults.items()},
    )
    start = options.start or shift(day_of(state.now()), -options.days)
    if start < FIRST_DAY:
        raise ValueError(f"history cannot begin before {FIRST_DAY}: the first tours sell from then on")
    return World(WorldParams(options.seed, start, options.scale, options.dirt, options.stress)), state


def serve(options: Options) -> None:
    """Serve until interrupted. Prints one JSON line once connections are accepted."""
    world, state = prepare(options)
    app = build(world, state)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", options.port))
        listener.listen(128)
        port = listener.getsockname()[1]
        ready = {
            "port": port, "url": f"http://127.0.0.1:{port}", "seed": options.seed, "start": world.start.isoformat(),
            "today": state.today().isoformat(), "vendors": present(),
        }  # fmt: skip
        print(json.dumps(ready), flush=True)  # noqa: T201 - the line a parent process waits for
        # Silent, because hanging up is an error to the server; handlers' own errors are answers.
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="on",
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        uvicorn.Server(config).run(sockets=[listener])
