"""`zakaz sandbox`: the vendors on a made-up organiser. Its options stand with the sandbox."""

from __future__ import annotations

import click

from zakaz_dagster.dev.sandbox.command import serve_command


@click.group()
def sandbox() -> None:
    """Serve the vendors' protocols on a made-up organiser."""


sandbox.add_command(serve_command)
