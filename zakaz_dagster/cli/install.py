"""`zakaz install`: the steps of docs/install.md, on this server or into a folder."""

from __future__ import annotations

from pathlib import Path

import click

from zakaz_dagster.cli.params import Folder
from zakaz_dagster.installation import Site, steps


@click.command()
@click.option("--organiser", default="", help="A further organiser: own user, folders, database, ports and units.")
@click.option("--number", default=1, show_default=True, type=click.IntRange(1, 50), help="Its ports are N*100 higher.")
@click.option("--app", default="/opt/zakaz", show_default=True, help="The folder of the code.")
@click.option("--root", type=Folder(), help="A folder to install into instead of this server; no user is made.")
@click.option("--packages/--no-packages", default=True, help="Make the virtual environment from production.lock.")
@click.option("--dry-run", is_flag=True, help="Print the steps only.")
def install(organiser: str, number: int, app: str, root: Path | None, packages: bool, dry_run: bool) -> None:
    """Make user, folders, environment, samples of secrets, DAGSTER_HOME and systemd units, which are verified.

    It may be run again: what is filled in stays. As root, or with --root.
    """
    site = Site(Path(app), organiser, number if organiser else 0, root or Path("/"), packages)
    for step in steps(site):
        click.echo(step)
        if not dry_run:
            step.run()
    kept = " ".join(name for name in site.units() if not name.startswith(("zakaz-watchdog.service", "zakaz-webhooks")))
    if organiser:
        click.echo(f"# for zakaz in a shell: set -a; . {site.conf}; set +a")
    click.echo(f"# next: fill in {site.secrets}/*.env, zakaz doctor, zakaz schema apply, zakaz load history, then")
    click.echo(f"# systemctl enable --now {kept}")
