"""`zakaz load`: load days from here instead of from the UI."""

from __future__ import annotations

import click

from zakaz_dagster import resources
from zakaz_dagster.cli.terminal import quiet
from zakaz_dagster.settings import Settings


@click.group()
def load() -> None:
    """Load days of the configured sources."""


@load.command()
@click.option("--from", "first", default="", help="The earliest day, such as 2024-01-31. Default: ZAKAZ_START_DATE.")
def history(first: str) -> None:
    """Load all that is not loaded yet: catalogue and dimensions, then months, the newest first, with their facts.

    What is loaded stays loaded: ended with Ctrl-C or killed, it goes on where it stopped. The job load_history does the
    same. Days are those of DAGSTER_HOME's instance.
    """
    quiet()
    from zakaz_dagster.definitions import LOADS, build_definitions
    from zakaz_dagster.defs.operations import history as histories
    from zakaz_dagster.defs.shared import execution
    from zakaz_dagster.resources import watch

    settings = Settings()
    settings.need("clickhouse", "platform")
    day = histories.first_day(first, settings.platform.start_date)
    warehouse, watched = resources.warehouse(settings), list(watch.watched(settings))
    with execution.instance_at_home() as instance:
        found = histories.History(
            build_definitions(settings),
            instance,
            warehouse,
            watched,
            histories.limits([each.about for each in LOADS]),
            day,
            click.echo,
        )
        count = found.load()
    click.echo(
        f"{count} months loaded; every day from {day} on is there" if count else f"nothing is missing since {day}"
    )
