"""`zakaz gmail authorize`: the mailbox owner's consent, also over SSH; `zakaz gmail check`: does it work."""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit

import click

from zakaz_dagster import resources
from zakaz_dagster.cli.params import ANY_PORT
from zakaz_dagster.resources import probes
from zakaz_dagster.settings import Settings
from zakaz_dagster.sources.gmail.consent import LOOPBACK, Consent

PATIENCE_SECONDS = 600
OPEN = "Open this address in a browser and let the owner of the mailbox agree:\n\n  {url}\n"


@click.group()
def gmail() -> None:
    """Authorize the mailbox of the backup channel."""


@gmail.command()
@click.option("--port", default=0, type=ANY_PORT, help="Loopback port for the browser's answer; 0 takes a free one.")
@click.option("--paste", is_flag=True, help="Do not listen: paste the address the browser ended at.")
@click.option("--patience", default=PATIENCE_SECONDS, type=click.IntRange(min=1), help="Seconds to wait for it.")
def authorize(port: int, paste: bool, patience: int) -> None:
    """Ask the owner of the mailbox for consent and keep the token (mode 0600)."""
    settings = Settings()
    access = resources.gmail_access(settings)
    _allow_plain_http_on_loopback(access.token_uri)
    consent = Consent(access, settings.gmail.auth_uri)
    port = port or _free_port()
    if paste:
        consent.pasted(
            port, lambda url: click.echo(OPEN.format(url=url)), lambda: str(click.prompt("Address after you agreed"))
        )
    else:
        click.echo(f"Over SSH, first forward the port of the answer: ssh -L {port}:{LOOPBACK}:{port} <this machine>")
        consent.listen(port, OPEN, patience)
    click.echo(f"The consent is kept in {access.token_file}.")


@gmail.command()
def check() -> None:
    """Look into the mailbox: does the access work, and are there reports."""
    for question, answer in probes.gmail(Settings()):
        click.echo(f"{question}: {answer}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _allow_plain_http_on_loopback(token_uri: str) -> None:
    """The OAuth library refuses http; a token endpoint on this very machine (the sandbox) is the one exception."""
    where = urlsplit(token_uri)
    if where.scheme == "http" and where.hostname in ("127.0.0.1", "localhost"):
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
