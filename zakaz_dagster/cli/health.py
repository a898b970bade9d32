"""`zakaz health serve|probe|collect`: the endpoints, the look from outside, and the process that looks."""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from zakaz_dagster import logs, timezone
from zakaz_dagster.cli.params import ANY_PORT
from zakaz_dagster.health.wire import document
from zakaz_dagster.resources import watch as watching
from zakaz_dagster.settings import Settings

if TYPE_CHECKING:
    from starlette.applications import Starlette

SILENCE = 4  # the child may be silent for so many looks, and the longest of them
LONGEST_LOOK_SECONDS = 60.0


@click.group()
def health() -> None:
    """Serve or probe the health endpoints."""


@health.command()
@click.option("--host", help="Address to listen on. Default: HEALTH_HOST.")
@click.option("--port", type=ANY_PORT, help="Port; 0 takes a free one. Default: HEALTH_PORT.")
def serve(host: str | None, port: int | None) -> None:
    """Serve /healthz, /healthz/detailed, /healthz/freshness and /metrics; prints one JSON line when ready."""
    from zakaz_dagster.serving import LOOPBACK, run

    settings = Settings()
    logs.configure(json_lines=settings.platform.log_json)
    given = settings.health
    hosts = {*LOOPBACK, host or given.host, *given.allowed_hosts}
    run(application(settings, hosts), host or given.host, given.port if port is None else port, prefix="HEALTH")


def application(settings: Settings, hosts: Collection[str]) -> Starlette:
    """The endpoints, which answer to these Host names, with the process that looks."""
    from zakaz_dagster.health.server import Board, app, keep

    given = settings.health
    silence = SILENCE * given.every_seconds + LONGEST_LOOK_SECONDS
    command = [sys.executable, "-m", "zakaz_dagster", "health", "collect"]
    keeper = functools.partial(keep, command=command, silence_seconds=silence)
    return app(Board(stale_seconds=silence), given.token.get_secret_value(), keeper, hosts)


@health.command(hidden=True)
def collect() -> None:
    """Look again and again and print each document as one line; `serve` reads them."""
    from zakaz_dagster.cli.watch_options import watch
    from zakaz_dagster.health.look import Depth

    settings = Settings()
    logs.configure(json_lines=settings.platform.log_json)
    watcher = watch(settings, Depth.QUICK)
    while True:
        click.echo(json.dumps(document(watcher.look()), ensure_ascii=False))
        time.sleep(settings.health.every_seconds)


@health.command()
@click.option("--url", help="Address of the service. Default: HEALTH_HOST and HEALTH_PORT.")
@click.option("--alert", is_flag=True, help="Tell people what is wrong, as the alerts sensor does.")
def probe(url: str | None, alert: bool) -> None:
    """Ask the service from outside; exit code 0 ok, 1 warnings, 2 errors or no answer."""
    from zakaz_dagster.cli.terminal import console
    from zakaz_dagster.cli.watch_options import exit_code, show
    from zakaz_dagster.health.probe import probe as ask

    settings = Settings()
    given = settings.health
    verdicts = ask(url or f"http://{given.host}:{given.port}", given.token.get_secret_value())
    show(console(), verdicts, everything=False)
    if alert:
        told = watching.alerts(settings).notify(verdicts, timezone.now())
        click.echo(f"{len(told.notices)} new notices, {len(told.mails)} messages sent")
    sys.exit(exit_code(verdicts))
