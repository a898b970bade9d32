"""`zakaz alerts check|test|list`: the same round as the sensor's, by hand."""

from __future__ import annotations

import sys

import click

from zakaz_dagster import timezone
from zakaz_dagster.alerts.mail import moment
from zakaz_dagster.cli.terminal import console, working
from zakaz_dagster.cli.watch_options import exit_code, show, watch
from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.health.look import Depth
from zakaz_dagster.resources import watch as watching
from zakaz_dagster.settings import Settings
from zakaz_dagster.verdicts import Verdict

AGE = ("fresh", "no_missing_days", "loaded_in_time")


@click.group()
def alerts() -> None:
    """Evaluate, send and test alerts."""


@alerts.command()
@click.option("--errors", is_flag=True, help="Failed runs and checks.")
@click.option("--freshness", is_flag=True, help="Stale data and missing days.")
@click.option("--health", is_flag=True, help="ClickHouse, Dagster, disks, clocks, alerts themselves.")
@click.option("--send", is_flag=True, help="Tell people, as the sensor does. Without it, nothing is sent or kept.")
def check(errors: bool, freshness: bool, health: bool, send: bool) -> None:
    """Look at everything, or at the named parts; exit code 0 ok, 1 warnings, 2 errors."""
    settings = Settings()
    with working("looking"):
        look = watch(settings, Depth.QUICK).look()
    wanted = {kind for kind, chosen in {"errors": errors, "freshness": freshness, "health": health}.items() if chosen}
    verdicts = [each for each in look.verdicts if not wanted or kind_of(each) in wanted]
    show(console(), verdicts, everything=False)
    if send:
        with working("sending"):
            told = watching.alerts(settings).notify(verdicts, timezone.now())
        for mail in told.mails:
            click.echo(f"sent: {mail.subject}")
        click.echo(f"{len(told.notices)} new notices, {len(told.mails)} messages sent")
    sys.exit(exit_code(verdicts))


@alerts.command()
def test() -> None:
    """Send a test message through every channel."""
    channels = watching.alerts(Settings())
    if not channels.channels:
        raise ConfigFault(
            "no channel is configured",
            source="alerts",
            next_step="set ALERT_SMTP_HOST and ALERT_EMAIL_TO, or ALERT_APPRISE_URLS",
        )
    with working("sending"):
        results = channels.test(timezone.now())
    for name, problem in results.items():
        click.echo(f"{name}: {problem or 'accepted'}")
    sys.exit(2 if any(results.values()) else 0)


@alerts.command("list")
def list_() -> None:
    """Show the open incidents of the platform whose data is in ZAKAZ_DATA_DIR."""
    incidents = watching.alerts(Settings()).open_incidents()
    for name, incident in sorted(incidents.items(), key=lambda item: item[1].opened):
        click.echo(f"{incident.verdict.status} {name} since {moment(incident.opened)}: {incident.verdict.detail}")
    click.echo(f"{len(incidents)} open incidents")


def kind_of(verdict: Verdict) -> str:
    """Which of the command's three parts a verdict belongs to."""
    asset, _, name = verdict.name.partition("__")
    if asset == "platform":
        return "health"
    return "freshness" if name in AGE else "errors"
