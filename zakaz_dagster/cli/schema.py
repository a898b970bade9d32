"""`zakaz schema apply|diff`: the tables and views of sql/ on the configured ClickHouse."""

from __future__ import annotations

import sys

import click

from zakaz_dagster import resources
from zakaz_dagster.cli.terminal import console, table, working
from zakaz_dagster.settings import Settings
from zakaz_dagster.warehouse import grants as warehouse_grants
from zakaz_dagster.warehouse import schema as warehouse_schema
from zakaz_dagster.warehouse.drift import Difference


@click.group()
def schema() -> None:
    """Create tables and views, or compare them with sql/."""


@schema.command()
def apply() -> None:
    """Create what is missing, add columns, refresh comments, seeds and views; never destroys data.

    A second run changes nothing. Exit code 1 when differences remain that a person has to settle.
    """
    wh = resources.warehouse(Settings(), patience=resources.AT_A_TERMINAL)
    with working("applying sql/"):
        changes = warehouse_schema.apply(wh)
        left = warehouse_schema.diff(wh)
    for change in changes:
        click.echo(f"{change.name}: {change.what}")
    click.echo(f"{len(changes)} changes in {wh.config.database}" if changes else f"{wh.config.database} is up to date")
    if left:
        _show(left)
        sys.exit(1)


@schema.command()
def diff() -> None:
    """Show what differs between sql/ and the server, and what to do about it. Exit code 0: equal, 1: differs."""
    wh = resources.warehouse(Settings(), patience=resources.AT_A_TERMINAL)
    with working("comparing"):
        found = warehouse_schema.diff(wh)
    if not found:
        click.echo(f"{wh.config.database} equals sql/")
        return
    _show(found)
    sys.exit(1)


@schema.command()
@click.option("--apply", "run", is_flag=True, help="Run them; CLICKHOUSE_USER must manage access.")
@click.option("--users", is_flag=True, help="Print the users that log in instead; run them with clickhouse-client.")
def grants(run: bool, users: bool) -> None:
    """Print the roles, limits and rights of sql/grants as one script, or run them.

    All names carry the name of CLICKHOUSE_DATABASE, so several organisers can share a server.
    """
    wh = resources.warehouse(Settings(), patience=resources.AT_A_TERMINAL)
    if users:
        click.echo(warehouse_grants.users(wh.config.place))
        return
    if run:
        click.echo("\n".join(warehouse_grants.apply(wh)))
        return
    for statement in warehouse_grants.in_order(wh.config.place):
        click.echo(f"{statement.rendered(wh.config.place).rstrip()};\n")


def _show(differences: list[Difference]) -> None:
    made = table("object", "kind", "difference", "next step", title="sql/ and the server differ")
    for difference in differences:
        made.add_row(difference.name, difference.kind, difference.what, difference.next_step)
    console().print(made)
