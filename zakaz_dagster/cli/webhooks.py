"""`zakaz webhooks serve`: takes QTickets' webhooks, so that a sale is seen within a minute of its payment."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from zakaz_dagster import logs
from zakaz_dagster.cli.params import ANY_PORT
from zakaz_dagster.settings import Settings

if TYPE_CHECKING:
    from starlette.applications import Starlette


@click.group()
def webhooks() -> None:
    """Take QTickets' webhooks."""


@webhooks.command()
@click.option("--host", help="Address to listen on. Default: WEBHOOKS_HOST.")
@click.option("--port", type=ANY_PORT, help="Port; 0 takes a free one. Default: WEBHOOKS_PORT.")
def serve(host: str | None, port: int | None) -> None:
    """Serve POST /qtickets; prints one JSON line when ready. Polling stays the truth: this only makes it quicker."""
    from zakaz_dagster.ingest.webhook_server import LIMITS
    from zakaz_dagster.serving import LOOPBACK, run

    settings = Settings()
    settings.need("webhooks")
    logs.configure(json_lines=settings.platform.log_json)
    given = settings.webhooks
    hosts = {*LOOPBACK, host or given.host, *given.allowed_hosts}
    port = given.port if port is None else port
    run(application(settings, hosts), host or given.host, port, prefix="WEBHOOKS", **LIMITS)


def application(settings: Settings, hosts: Collection[str]) -> Starlette:
    """The endpoint, which answers to these Host names."""
    from zakaz_dagster.ingest.inbox import FILE, Inbox
    from zakaz_dagster.ingest.webhook_server import app

    secret = settings.webhooks.secret.get_secret_value().encode()
    return app(Inbox(settings.platform.data_dir / FILE), secret, hosts)
