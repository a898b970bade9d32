"""The `zakaz` command: thin verbs, each of which calls one function.

Verbs are imported when they are used, so `zakaz --help` stays instant. Belongs here: arguments, tables,
progress. Does not: work.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Callable
from typing import Any

import click

from zakaz_dagster.cli import seam

# verb: (module:attribute, one line of help); the line stands here so that --help imports nothing.
VERBS: dict[str, tuple[str, str]] = {
    "demo": ("demo:demo", "Run the whole platform on a sandbox world and print the result."),
    "dev": ("dev:dev", "Keep the sandbox, the local ClickHouse and Dagster running; Ctrl-C ends all."),
    "clickhouse": ("clickhouse:clickhouse", "Serve a local ClickHouse over HTTP (development and tests)."),
    "sandbox": ("sandbox:sandbox", "Serve the vendors' protocols on a made-up organiser."),
    "install": ("install:install", "Install on a server: user, folders, secrets, units; a further organiser."),
    "schema": ("schema:schema", "Create tables and views, or compare them with sql/."),
    "settings": ("settings:settings", "Write configs/*.env.sample from the settings, or check them."),
    "utm": ("utm:utm", "Make the advertising tags of a show, and read them back."),
    "inspect": ("inspect:inspect", "Show what the loader makes of a saved vendor payload."),
    "explain": ("explain:explain", "Show why a number of a view is what it is, down to the vendor."),
    "doctor": ("doctor:doctor", "Check settings, ClickHouse, schema and, with --live, the vendors."),
    "load": ("load:load", "Load the history, a month at a time; goes on where it stopped."),
    "import": ("importing:importing", "Load hand-exported files: Direct reports, sales plans."),
    "gmail": ("gmail:gmail", "Authorize the mailbox of the backup channel."),
    "datalens": ("datalens:datalens", "Plan, apply and export DataLens objects."),
    "preview": ("preview:preview", "Write the DataLens pages as static HTML."),
    "backtest": ("backtest:backtest", "Forecast the past and compare it with what came, beside what is demanded."),
    "backup": ("backup:backup", "Back up and restore ClickHouse and the files beside it; rehearse a restore."),
    "upgrade": ("upgrade:upgrade", "Show what an upgrade has left to do, or do it."),
    "docs": ("docs:docs", "Write the generated pages of the documentation."),
    "smoke": ("smoke:smoke", "Run every check and report; exit 0 ok, 1 warnings, 2 failures."),
    "webhooks": ("webhooks:webhooks", "Take QTickets' webhooks: sales within a minute."),
    "health": ("health:health", "Serve or probe the health endpoints."),
    "alerts": ("alerts:alerts", "Evaluate, send and test alerts."),
    "support": ("support:support", "Write one file with what somebody who helps has to know, secrets masked."),
    "completion": ("completion:completion", "Print the script that completes `zakaz` in bash, zsh or fish."),
}


class Verbs(click.Group):
    """A group whose commands are imported on first use; what goes wrong in them becomes one sentence (`seam`)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module, attribute = VERBS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(f"zakaz_dagster.cli.{module}"), attribute)
        return seam.with_verbose(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], VERBS, n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]}?", ctx) from error

    def main(self, *args: Any, **extra: Any) -> Any:
        """Never returns and never shows a traceback."""
        run: Callable[..., object] = super().main
        sys.exit(seam.run(lambda: run(*args, **{"prog_name": "zakaz", **extra, "standalone_mode": False})))


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 ok, 1 warnings, 2 failures were found, 3 the command itself failed.",
)
@click.version_option(package_name="zakaz-dagster", message="%(version)s")
def main() -> None:
    """Ticket sales and advertising spend, from vendors to DataLens."""
