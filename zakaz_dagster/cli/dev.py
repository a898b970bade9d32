"""`zakaz dev`: the local stack and Dagster, kept running together; Ctrl-C ends all of it.

honcho is the process manager: it prefixes each process's lines, and when one ends it ends the others.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from zakaz_dagster.dev.stack import Stack, enter, environment_file, stack
from zakaz_dagster.paths import FILES, PROJECT_ROOT

UI_HOST = "127.0.0.1"


@click.command()
@click.option("--port", default=3000, show_default=True, help="Port of the Dagster UI.")
@click.option("--pages-port", default=3080, show_default=True, help="Port of the DataLens pages as HTML.")
@click.option("--health-port", default=8080, show_default=True, help="Port of the health endpoints.")
@click.option("--seed", default=7, show_default=True, help="Another seed is another organiser.")
@click.option("--history", default=60, show_default=True, help="Days of history the sandbox has.")
@click.option("--home", type=click.Path(path_type=Path), default=PROJECT_ROOT / ".zakaz" / "dev", help="Data folder.")
def dev(port: int, pages_port: int, health_port: int, seed: int, history: int, home: Path) -> None:
    """Keep the sandbox, the local ClickHouse and Dagster running; the UI is at http://127.0.0.1:3000."""
    console = Console()
    with stack(home, ["--seed", str(seed), "--days", str(history)]) as services:
        running = replace(services, ui_url=f"http://{UI_HOST}:{port}")
        enter(running)
        _prepare()
        console.print(f"[bold]Dagster UI[/]  http://{UI_HOST}:{port}   (Ctrl-C ends everything)")
        console.print(f"[bold]Pages[/]       http://{UI_HOST}:{pages_port}   (written after the first load)")
        console.print(f"[bold]Health[/]      http://{UI_HOST}:{health_port}/healthz")
        console.print(f"ClickHouse  {running.clickhouse.url}   sandbox  {running.sandbox.url}")
        console.print(f"Other shells: set -a; . {environment_file(running)}; zakaz smoke")
        sys.exit(_keep_running(running, _processes(port, pages_port, health_port, home / "preview")))


def _prepare() -> None:
    from zakaz_dagster import resources
    from zakaz_dagster.definitions import build_definitions
    from zakaz_dagster.defs.shared import execution
    from zakaz_dagster.settings import Settings
    from zakaz_dagster.warehouse import schema

    settings = Settings()
    schema.apply(resources.warehouse(settings))
    with execution.instance_at_home() as instance:
        execution.set_pool_limits(build_definitions(settings), instance)


def _keep_running(running: Stack, processes: Mapping[str, Sequence[str]]) -> int:
    """The processes under honcho until one process ends or Ctrl-C; the exit code of the first that ended."""
    from honcho.manager import Manager

    manager = Manager()
    environment = {**os.environ, **running.environment, "PYTHONUNBUFFERED": "1"}
    for name, arguments in processes.items():
        command = shlex.join([sys.executable, "-m", *arguments])
        manager.add_process(name, command, env=environment, cwd=str(PROJECT_ROOT))
    manager.loop()
    return int(manager.returncode or 0)


def _processes(port: int, pages_port: int, health_port: int, pages: Path) -> dict[str, list[str]]:
    """Name to the module and arguments of what runs beside the stack; all of it on loopback."""
    pages.mkdir(parents=True, exist_ok=True)
    workspace = str(FILES / "workspace.yaml")
    return {
        "dagster": ["dagster", "dev", "-w", workspace, "--host", UI_HOST, "--port", str(port)],
        "health": ["zakaz_dagster", "health", "serve", "--host", UI_HOST, "--port", str(health_port)],
        "pages": ["http.server", "--bind", UI_HOST, "--directory", str(pages), str(pages_port)],
    }
