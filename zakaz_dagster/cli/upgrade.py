"""`zakaz upgrade`: packages, Dagster's storage and the schema beside the code that is installed; docs/upgrade.md.

Belongs here: the comparison and the two steps that are safe to do. Does not: packages and services, which are the
operator's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import click

from zakaz_dagster import resources
from zakaz_dagster.cli.terminal import console, table, working
from zakaz_dagster.errors import Failure
from zakaz_dagster.paths import PROJECT_ROOT
from zakaz_dagster.settings import Settings
from zakaz_dagster.warehouse import schema

LOCK = PROJECT_ROOT / "requirements" / "production.lock"
LOCKED = re.compile(r"^([A-Za-z0-9][^\\\n]*==[^\\\n]*)", re.MULTILINE)
PACKAGE = "zakaz-dagster"
SHOWN = 5


@dataclass(frozen=True)
class Step:
    """One part of an upgrade: what is left of it, and the command that does it; '' when nothing is."""

    name: str
    left: str
    command: str


@click.command()
@click.option("--check", is_flag=True, help="Only look; exit code 0: nothing is left to do, 1: something is.")
def upgrade(*, check: bool) -> None:
    """Bring Dagster's storage and the schema to the installed code, and show what is left (docs/upgrade.md).

    Stop the services first; packages are compared, never changed.
    """
    settings = Settings()
    if not check:
        with working("Dagster's storage"):
            migrate()
        with working("applying sql/"):
            schema.apply(resources.warehouse(settings, patience=resources.AT_A_TERMINAL))
    with working("comparing"):
        steps = list(_steps(settings))
    shown = table("step", "left to do", "command")
    for step in steps:
        shown.add_row(step.name, step.left or "nothing", step.command if step.left else "")
    console().print(shown)
    if any(step.left for step in steps):
        raise SystemExit(1)
    click.echo("Nothing is left to do: start code server, daemon, web server and health service, in this order.")


def _steps(settings: Settings) -> Iterator[Step]:
    packages = _listed(list(differing(LOCK)))
    yield Step("packages", packages, "pip install --require-hashes -r requirements/production.lock")
    yield Step("Dagster's storage", _listed(list(outdated())), "dagster instance migrate")
    try:
        drift = schema.diff(resources.warehouse(settings, patience=resources.AT_A_TERMINAL))
    except Failure as failure:
        yield Step("schema", str(failure), "zakaz doctor")
    else:
        yield Step("schema", _listed([f"{each.name}: {each.what}" for each in drift]), "zakaz schema apply")


def differing(lock: Path) -> Iterator[str]:
    """Packages that are installed in another version than the lock wants, or not at all; without a lock, as in an
    installed package, than the package itself wants.
    """
    from packaging.requirements import Requirement

    wanted = LOCKED.findall(lock.read_text(encoding="utf-8")) if lock.is_file() else metadata.requires(PACKAGE) or []
    for each in map(Requirement, wanted):
        if each.marker and not each.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(each.name)
        except metadata.PackageNotFoundError:
            yield f"{each.name} {each.specifier} is not installed"
        else:
            if not each.specifier.contains(found, prereleases=True):
                yield f"{each.name} is {found}, not {each.specifier}"


def outdated() -> Iterator[str]:
    """Parts of Dagster's storage whose tables are of another version than its packages expect."""
    from dagster import DagsterInstance

    with DagsterInstance.get() as instance:
        parts = {
            "runs": instance.run_storage,
            "events": instance.event_log_storage,
            "schedules": instance.schedule_storage,
        }
        for name, storage in parts.items():
            held, expected = (storage and storage.alembic_version()) or (None, None)
            if held != expected:
                yield f"{name} are at {held or 'no version'}, not {expected}"


def migrate() -> None:
    """What `dagster instance migrate` does."""
    from dagster import DagsterInstance

    with DagsterInstance.get() as instance:
        instance.upgrade()


def _listed(found: list[str]) -> str:
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return "; ".join(found[:SHOWN]) + more
