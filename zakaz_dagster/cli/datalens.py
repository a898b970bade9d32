"""`zakaz datalens`: the dashboard of dashboard.yaml in Yandex DataLens, by its public API."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zakaz_dagster.cli.params import Folder, OutputFile
from zakaz_dagster.cli.terminal import working
from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.settings import Settings

if TYPE_CHECKING:
    from zakaz_dagster.datalens.model import Dashboard
    from zakaz_dagster.datalens.remote.plan import Step
    from zakaz_dagster.datalens.remote.state import State
    from zakaz_dagster.datalens.remote.wanted import Target

state_option = click.option(
    "--state", type=OutputFile(), help="State file; default <data dir>/datalens/<workbook>.json. Keep it."
)


@click.group()
def datalens() -> None:
    """Plan, apply and export DataLens objects."""


@datalens.command()
@state_option
def plan(state: Path | None) -> None:
    """Show what apply would do. Nothing is changed. Exit code 0: nothing to do, 1: something."""
    from zakaz_dagster.datalens.remote import client

    settings = Settings()
    held = _state(settings, state)
    with working("comparing with DataLens"), client.opened(*_account(settings)) as opened:
        steps = _steps(opened, settings, held, prune=False)
    if _print(steps):
        click.get_current_context().exit(1)


@datalens.command()
@click.argument("file", type=OutputFile(), default="docs/metrics.ru.md")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when the file says something else.")
def glossary(file: Path, check: bool) -> None:
    """Write the definitions of all figures, in Russian, to FILE (docs/metrics.ru.md)."""
    from zakaz_dagster.datalens import glossary, model, spec
    from zakaz_dagster.warehouse.sql_files import load

    text = glossary.markdown(model.resolve(spec.load(), load("views")))
    if not check:
        file.write_text(text, encoding="utf-8")
    elif not file.is_file() or file.read_text(encoding="utf-8") != text:
        click.echo(f"{file} is not what dashboard.yaml says; run `zakaz datalens glossary`", err=True)
        click.get_current_context().exit(1)


@datalens.command()
@state_option
@click.option("--adopt", is_flag=True, help="Take over objects that already have our names; they are never deleted.")
@click.option("--prune", is_flag=True, help="Delete what was made here and dashboard.yaml no longer names.")
@click.option("--password", "renew", is_flag=True, help="Send the reader's password again, after it was changed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def apply(state: Path | None, adopt: bool, prune: bool, renew: bool, yes: bool) -> None:
    """Create and update what differs, after showing it. A second run changes nothing."""
    from zakaz_dagster.datalens.remote import client

    settings = Settings()
    held = _state(settings, state)
    with client.opened(*_account(settings)) as opened:
        from zakaz_dagster.datalens.remote.apply import Applier  # needs the extra, whose absence `opened` explains

        with working("comparing with DataLens"):
            steps = _steps(opened, settings, held, prune=prune)
        steps = [_renewed(step) if renew and step.action == "keep" else step for step in steps]
        if not _print(steps):
            return
        if not yes:
            click.confirm("Do this?", abort=True)
        password = settings.clickhouse.reader_password.get_secret_value()
        applier = Applier(opened, _dashboard(), held, _target(settings), password, adopt=adopt)
        with working("applying"):
            done = list(applier.run(steps))
    click.echo(f"{len(done)} objects done; state in {held.path}")


@datalens.command()
@state_option
@click.argument("folder", type=Folder())
def export(state: Path | None, folder: Path) -> None:
    """Write DataLens' own snapshots of our objects into FOLDER (new or empty)."""
    from zakaz_dagster.datalens.remote import client
    from zakaz_dagster.datalens.remote.export import export as write

    settings = Settings()
    held = _state(settings, state)
    with working("reading DataLens"), client.opened(*_account(settings)) as opened:
        written = write(opened, held, folder)
    click.echo(f"{len(written)} objects in {folder}")


def _steps(opened: object, settings: Settings, held: State, *, prune: bool) -> list[Step]:
    from zakaz_dagster.datalens.remote import plan as planning
    from zakaz_dagster.datalens.remote import wanted
    from zakaz_dagster.datalens.remote.apply import revisions

    objects = list(wanted.objects(_dashboard(), _target(settings)))
    present = revisions(opened, [one.id for one in held.objects.values()]) if held.objects else {}
    return planning.compare(objects, held, present, prune=prune)


def _renewed(step: Step) -> Step:
    return replace(step, action="update", changes=["password sent again"]) if step.kind == "connection" else step


def _print(steps: Iterable[Step]) -> bool:
    """The plan; True when it changes anything."""
    counted: dict[str, int] = {}
    for step in steps:
        counted[step.action] = counted.get(step.action, 0) + 1
        if step.action != "keep":
            click.echo("\n".join(step.lines()))
    click.echo(", ".join(f"{count} to {action}" for action, count in sorted(counted.items())))
    return any(action in counted for action in ("create", "update", "delete"))


def _state(settings: Settings, path: Path | None) -> State:
    from zakaz_dagster.datalens.remote.state import State

    workbook = settings.datalens.workbook_id
    return State.load(path or settings.platform.data_dir / "datalens" / f"{workbook}.json", workbook)


def _account(settings: Settings) -> tuple[str, str, str]:
    settings.need("datalens")
    given = settings.datalens
    return given.base_url, given.org_id, given.iam_token.get_secret_value()


def _target(settings: Settings) -> Target:
    from zakaz_dagster.datalens.remote.wanted import Target

    settings.need("datalens")
    given, store = settings.datalens, settings.clickhouse
    if not given.clickhouse_host or not store.reader_user:
        raise ConfigFault(
            "DATALENS_CLICKHOUSE_HOST and CLICKHOUSE_READER_USER say where and as whom DataLens reads",
            source="settings",
            next_step="set both (docs/datalens.md)",
        )
    return Target(
        given.clickhouse_host, given.clickhouse_port, given.clickhouse_secure, store.reader_user, store.database
    )


def _dashboard() -> Dashboard:
    from zakaz_dagster.datalens import model, spec
    from zakaz_dagster.warehouse.sql_files import load

    return model.resolve(spec.load(), load("views"))
