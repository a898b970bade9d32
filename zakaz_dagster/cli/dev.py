"""`zakaz dev`: the local stack and Dagster, kept running together; Ctrl-C ends all of it.

A new home gets its first days by itself; a home of `zakaz demo` opens as the demo left it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import click
from rich.console import Console

from zakaz_dagster import timezone
from zakaz_dagster.cli.params import PORT, Folder, try_ports
from zakaz_dagster.cli.seam import VERBOSE
from zakaz_dagster.cli.terminal import console
from zakaz_dagster.dev import home as homes
from zakaz_dagster.dev.home import World
from zakaz_dagster.dev.programs import Programs, listening
from zakaz_dagster.dev.stack import Stack, enter, environment_file, stack
from zakaz_dagster.errors import Fatal
from zakaz_dagster.paths import PROJECT_ROOT

HOST = "127.0.0.1"
HOME = PROJECT_ROOT / ".zakaz" / "local"
LOADED_DAYS, HISTORY_DAYS, SEED = 7, 60, 7
WORKSPACE = """load_from:
  - grpc_server:
      host: {host}
      port: {port}
      location_name: zakaz_dagster
"""
CLICK = """Three things to click:
  1. lineage     {url}/asset-groups
     from the vendors' tables to the views of DataLens
  2. a check     {url}/assets/fact_qtickets_sales_daily?view=checks
     what it compares, its SQL, what to do when it is red
  3. a backfill  {url}/locations/zakaz_dagster/jobs/reload_days
     Materialize, choose {day}: one run loads that day again, all sources, facts and pages"""


@click.command()
@click.option("--port", default=3000, show_default=True, type=PORT, help="Port of the Dagster UI.")
@click.option("--pages-port", default=3080, show_default=True, type=PORT, help="Port of the DataLens pages as HTML.")
@click.option("--health-port", default=8080, show_default=True, type=PORT, help="Port of the health endpoints.")
@click.option("--seed", type=click.IntRange(min=0), help=f"Another seed is another organiser. Default: {SEED}.")
@click.option("--days", default=LOADED_DAYS, show_default=True, type=click.IntRange(1, 365), help="For a new home.")
@click.option("--home", type=Folder(), default=HOME, help="Data folder, shared with `zakaz demo`.")
def dev(port: int, pages_port: int, health_port: int, seed: int | None, days: int, home: Path) -> None:
    """Keep the sandbox, the local ClickHouse and Dagster running; the UI is at http://127.0.0.1:3000."""
    with ExitStack() as held:
        held.enter_context(homes.locked(home, f"zakaz dev at http://{HOST}:{port}"))
        try_ports([("--port", port), ("--pages-port", pages_port), ("--health-port", health_port)])
        today = timezone.today()
        history = today - timedelta(days=max(HISTORY_DAYS, days))
        world = homes.world(home, World(seed or SEED, history, today - timedelta(days=days)), seed=seed)
        own = {**world.variables, "WEBHOOKS_PORT": str(_free_port()), "WEBHOOKS_SECRET": secrets.token_hex(16)}
        services = held.enter_context(stack(home, [*world.options, *_webhooks(own)], own))
        running = replace(services, ui_url=f"http://{HOST}:{port}")
        enter(running)
        out = console()
        out.print(f"[bold]Dagster UI[/]  {running.ui_url}   (Ctrl-C ends everything)")
        out.print(f"[bold]Pages[/]       http://{HOST}:{pages_port}")
        out.print(f"[bold]Health[/]      http://{HOST}:{health_port}/healthz")
        out.print(f"ClickHouse  {running.clickhouse.url}   sandbox  {running.sandbox.url}   logs  {home / 'logs'}")
        out.print(f"Other shells: set -a; . {environment_file(running)}; zakaz smoke")
        try:
            asyncio.run(_keep_running(out, running, world.first, (port, pages_port, health_port)))
        except (KeyboardInterrupt, asyncio.CancelledError):
            out.print("All processes ended.")


async def _keep_running(out: Console, running: Stack, first: date, ports: tuple[int, int, int]) -> None:
    """Everything beside the stack, until one of it ends or a signal comes. Runs are asked for once days are loaded."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    waiting = {"DAGSTER_BACKFILL_RETRY_DEFINITION_CHANGED_ERROR": "1"}  # while the code is restarted, backfills wait
    programs = Programs({**os.environ, **waiting, **running.environment}, running.home / "logs", verbose=VERBOSE.get())
    code_port = _free_port()
    arguments = _arguments(running.home, code_port, *ports)
    watching = asyncio.create_task(programs.until_one_ends([running.clickhouse, running.sandbox]))
    changes = asyncio.create_task(programs.restart_on_change("code", arguments["code"]))
    try:
        await programs.start("code", arguments["code"])
        await programs.start("web", arguments["web"])
        await _or_fail(watching, listening(code_port))
        await _or_fail(watching, _loaded(first))
        await _or_fail(watching, listening(ports[0]))
        for name in ("daemon", "servers"):
            await programs.start(name, arguments[name])
        out.print(CLICK.format(url=running.ui_url, day=timezone.today() - timedelta(days=1)))
        await watching
    finally:
        changes.cancel()
        watching.cancel()
        await programs.stop()


async def _or_fail(watching: asyncio.Task[None], work: object) -> None:
    """The work, unless a program ends before it is done."""
    doing: asyncio.Task[object] = asyncio.ensure_future(work)  # type: ignore[call-overload]
    await asyncio.wait({watching, doing}, return_when=asyncio.FIRST_COMPLETED)
    if watching.done():
        doing.cancel()
        await watching
    await doing


async def _loaded(first: date) -> None:
    """Load what the home lacks, in a process of its own: it takes 300 MB and gives them back. Ctrl-C is ours alone."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "zakaz_dagster.dev.loading", first.isoformat(), cwd=PROJECT_ROOT, start_new_session=True
    )
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if code:
        raise Fatal("the first days could not be loaded", source="dev", next_step="read the sentence above")


def _arguments(home: Path, code_port: int, port: int, pages_port: int, health_port: int) -> dict[str, list[str]]:
    """Name to the module and arguments of what runs beside the stack; all of it on loopback.

    Not our own code server: what it forks runs from would hold 190 MB of a laptop at rest.
    """
    workspace = home / "workspace.yaml"
    workspace.write_text(WORKSPACE.format(host=HOST, port=code_port), "utf-8")
    module = ["-m", "zakaz_dagster.definitions", "--location-name", "zakaz_dagster"]
    serving = ["--host", HOST, "--port"]
    return {
        "code": ["dagster", "api", "grpc", *module, *serving, str(code_port), "--inject-env-vars-from-instance"],
        "web": ["zakaz_dagster.dev.ui", str(code_port), "-w", str(workspace), *serving, str(port)],
        "daemon": ["dagster._daemon", "run", "-w", str(workspace)],
        "servers": ["zakaz_dagster.cli.dev_servers", str(home / "preview"), str(pages_port), str(health_port)],
    }


def _webhooks(own: Mapping[str, str]) -> list[str]:
    """The sandbox's options by which it posts its orders' changes here, as QTickets' cabinet is told to."""
    url = f"http://{HOST}:{own['WEBHOOKS_PORT']}/qtickets"
    return ["--option", f"qtickets:webhook_url={url}", "--option", f"qtickets:webhook_secret={own['WEBHOOKS_SECRET']}"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
