"""`zakaz backup`: back up, look, verify, restore, rehearse, delete what is outdated, and keep the files beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from zakaz_dagster import resources
from zakaz_dagster.cli.params import Folder, OutputFile
from zakaz_dagster.cli.terminal import console, table
from zakaz_dagster.settings import Settings

if TYPE_CHECKING:
    from zakaz_dagster.backup.engine import Progress as Follow
    from zakaz_dagster.backup.service import Backups


@click.group()
def backup() -> None:
    """Back up and restore ClickHouse, and the files beside it (docs/RUNBOOK_BACKUP_RESTORE.md)."""


@backup.command()
@click.option("--full/--incremental", default=True, help="An increment holds what changed since the newest full one.")
def create(*, full: bool) -> None:
    """Back the database up; without a full backup an increment becomes one."""
    with _progress("backup") as follow:
        made = _backups().create("full" if full else "incremental", follow)
    click.echo(f"{made.name}: {len(made.sums)} tables, {made.rows} rows, {made.bytes} bytes, {made.seconds:.1f} s")
    if made.moved:
        click.echo(f"loaded meanwhile, so compared by name only: {', '.join(made.moved)}")


@backup.command("list")
def list_() -> None:
    """Show the backups made from here, oldest first. Works without ClickHouse."""
    from zakaz_dagster.backup.records import Records

    settings = Settings()
    found = Records(resources.backup_folder(settings)).all()
    made = table("backup", "kind", "tables", "rows", "bytes", "seconds", "outcome")
    for each in found:
        figures = [len(each.sums), each.rows, each.bytes, f"{each.seconds:.1f}"]
        made.add_row(each.name, each.kind, *map(str, figures), each.error or "good")
    console().print(made)
    click.echo(f"{len(found)} backups")


@backup.command()
@click.argument("name", default="newest")
def verify(name: str) -> None:
    """Restore NAME (or the newest) into a database of its own, compare it with what was backed up, and drop that."""
    _verify(name, "verify")


@backup.command()
def drill() -> None:
    """Rehearse the restore of the newest backup; the check meta_backup_runs__restored_lately wants one a week."""
    _verify("newest", "drill")


@backup.command()
@click.argument("name", default="newest")
@click.option("--to", "target", help="The database to restore into. Default: CLICKHOUSE_DATABASE.")
@click.option("--over-live", is_flag=True, help="Set a database that holds tables aside (it keeps its rows).")
@click.option("--unrecorded", is_flag=True, help="NAME was made by another installation: it is not in the list.")
def restore(name: str, target: str | None, *, over_live: bool, unrecorded: bool) -> None:
    """Put NAME (or the newest) back. A database that holds tables is refused without --over-live."""
    backups = _backups()
    wanted = name if unrecorded else backups.records.get(name).name
    into = target or Settings().clickhouse.database
    with _progress("restore") as follow:
        aside = backups.restore(wanted, into, over_live=over_live, progress=follow)
    click.echo(f"{wanted} is restored into {into}")
    if aside:
        click.echo(f"the database that was there is {aside}; when all is well: DROP DATABASE {aside}")
    click.echo("Next: zakaz schema diff, then zakaz smoke; days loaded after the backup: the job reload_days")


@backup.command()
@click.option("--forget", is_flag=True, help="They were deleted at the destination: take them off the list.")
def prune(*, forget: bool) -> None:
    """Delete outdated backups: full ones beyond BACKUP_KEEP_FULL, and what builds on them."""
    gone = _backups().prune(forget=forget)
    for each in gone:
        click.echo(f"{'forgot' if forget else 'deleted'} {each.name}")
    click.echo(f"{len(gone)} {'forgotten' if forget else 'deleted'}")


@backup.command()
@click.argument("archive", type=OutputFile())
@click.option("--unpack", type=Folder(), help="Unpack ARCHIVE into this new folder.")
def files(archive: Path, unpack: Path | None) -> None:
    """Keep everything beside ClickHouse in ARCHIVE: Dagster's storage, tokens, alerts, DataLens' state, secrets, salt.

    It holds secrets: keep it where only you can read it.
    """
    from zakaz_dagster.backup.files import pack
    from zakaz_dagster.backup.files import unpack as unpacked

    packed = unpacked(archive, unpack) if unpack else pack(resources.kept_folders(Settings()), archive)
    for name, count in sorted(packed.files.items()):
        click.echo(f"{name}: {count} files")
    click.echo(f"{packed.bytes} bytes {f'unpacked into {unpack}' if unpack else f'kept in {archive}'}")


def _verify(name: str, kind: str) -> None:
    backups = _backups()
    with _progress("restore") as follow:
        done = backups.verify(name, kind, follow)
    made = done.backup
    click.echo(f"{made.name} restores: {len(made.sums)} tables, {made.rows} rows, equal to what was backed up")
    click.echo(backups.recovery(done))


def _backups() -> Backups:
    return resources.backups(Settings())


@contextmanager
def _progress(what: str) -> Iterator[Follow]:
    columns = (TextColumn(what), BarColumn(), TextColumn("{task.completed}/{task.total} files"), TimeElapsedColumn())
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total or None)
