"""`zakaz smoke`: every check now, the same ones the UI shows, as a table and as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
from rich.console import Console

from zakaz_dagster.cli.watch_options import exit_code, show, watch
from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.health.look import Depth
from zakaz_dagster.health.wire import document
from zakaz_dagster.resources import watch as watching
from zakaz_dagster.settings import Settings


@click.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the results as JSON here.")
@click.option("--all", "everything", is_flag=True, help="Show what is ok as well.")
@click.option("--quick", is_flag=True, help="Leave out schema, rights, backups and the checks in SQL.")
def smoke(output: Path | None, everything: bool, quick: bool) -> None:
    """Run every check: infrastructure, data, processes. Exit code 0 ok, 1 warnings, 2 failures."""
    settings = Settings()
    if output is not None:
        _write(output, "")  # now, for the checks take a minute
    look = watch(settings, Depth.QUICK if quick else Depth.FULL).look()
    if output is not None:
        began = {name: incident.opened for name, incident in watching.alerts(settings).incidents().items()}
        _write(output, json.dumps(document(look, began), ensure_ascii=False, indent=2) + "\n")
    show(Console(), look.verdicts, everything=everything)
    sys.exit(exit_code(look.verdicts))


def _write(output: Path, text: str) -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigFault(
            f"{output} cannot be written: {error.strerror}", source="smoke", next_step="choose another --output"
        ) from None
