"""`zakaz completion`: the shell's completion of every verb and option, as click makes it."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script for SHELL; `eval "$(zakaz completion bash)"` in the shell's start file turns it on."""
    from zakaz_dagster.cli import main

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(made(main, {}, "zakaz", "_ZAKAZ_COMPLETE").source())
