"""`zakaz smoke`: every check now, the same ones the UI shows, as a table and as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from zakaz_dagster.cli.params import OutputFile
from zakaz_dagster.cli.terminal import console, working
from zakaz_dagster.cli.watch_options import exit_code, show, watch
from zakaz_dagster.health.look import Depth
from zakaz_dagster.health.wire import document
from zakaz_dagster.resources import watch as watching
from zakaz_dagster.settings import Settings


@click.command()
@click.option("--output", type=OutputFile(), help="Write the results as JSON here.")
@click.option("--all", "everything", is_flag=True, help="Show what is ok as well.")
@click.option("--quick", is_flag=True, help="Leave out schema, rights, backups and the checks in SQL.")
def smoke(output: Path | None, everything: bool, quick: bool) -> None:
    """Run every check: infrastructure, data, processes. Exit code 0 ok, 1 warnings, 2 failures."""
    settings = Settings()
    with working("running every check"):
        look = watch(settings, Depth.QUICK if quick else Depth.FULL).look()
    if output is not None:
        began = {name: incident.opened for name, incident in watching.alerts(settings).incidents().items()}
        output.write_text(json.dumps(document(look, began), ensure_ascii=False, indent=2) + "\n", "utf-8")
    show(console(), look.verdicts, everything=everything)
    sys.exit(exit_code(look.verdicts))
