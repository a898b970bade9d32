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
@click.option("--packages/--no-packages", default=True, help="Make APP/.venv from the lock, where there is none yet.")
@click.option("--postgres", is_flag=True, help="Dagster's state in this server's PostgreSQL; its database is made.")
@click.option("--dry-run", is_flag=True, help="Print the steps only.")
def install(
    organiser: str, number: int, app: str, root: Path | None, packages: bool, postgres: bool, dry_run: bool
) -> None:
    """Make user, folders, samples of secrets, DAGSTER_HOME, the commands zakaz and dagster, and verified systemd units.

    It may be run again, also after an update: what is filled in stays, and so does --postgres. As root, or with --root.
    The page is docs/install.md.
    """
    site = Site(Path(app), organiser, number if organiser else 0, root or Path("/"), packages, postgres)
    for step in steps(site):
        click.echo(step)
        if not dry_run:
            step.run()
    kept = " ".join(name for name in site.units() if not name.startswith(("zakaz-watchdog.service", "zakaz-webhooks")))
    zakaz = f"zakaz-{organiser}" if organiser else "zakaz"
    click.echo(
        f"# next: fill in {site.secrets}/*.env, {zakaz} doctor, {zakaz} schema apply, {zakaz} load history, then"
    )
    click.echo(f"# systemctl enable --now {kept}")
