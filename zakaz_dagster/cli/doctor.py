"""`zakaz doctor`: what is set, what is reachable, what differs; with --live, what the vendors really do.

Every fault is shown at once, each with its next step. Secrets are shown as set or not set, never their value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

import click
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from zakaz_dagster import resources, timezone
from zakaz_dagster.cli.terminal import console, table, working
from zakaz_dagster.errors import Failure
from zakaz_dagster.health import infrastructure, reading
from zakaz_dagster.ingest.mails import last_api_load
from zakaz_dagster.resources.probes import PROBES, Fact
from zakaz_dagster.settings import GROUPS, SOURCES, Group, Settings, has_value
from zakaz_dagster.settings.values import as_text
from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse import schema, server
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.sql_files import load

LONGEST_QUESTION = 30.0  # seconds; a load is more patient, but here somebody waits
BAD_ANSWERS = ("no answer", "not answered", "NO")  # a probe says NO in capitals when the vendor broke its contract


@click.command()
@click.option("--live", is_flag=True, help="Also ask each configured vendor, read-only, and print what it does.")
@click.option("--all", "everything", is_flag=True, help="Show every setting, not only those that differ from defaults.")
def doctor(live: bool, everything: bool) -> None:
    """Check settings, ClickHouse, schema and, with --live, the vendors.

    Exit code 0: nothing is wrong, 1: warnings, 2: something is wrong.
    """
    settings = Settings()
    problems = examine(console(), settings, everything=everything, live=live)
    raise SystemExit(2 if problems else 1 if settings.warnings else 0)


def examine(out: Console, settings: Settings, *, everything: bool = False, live: bool = False) -> list[str]:
    """Print all there is to say; every problem, in words."""
    out.print(_settings_table(settings, everything=everything))
    problems = [*settings.faults, *_unconfigured(out, settings)]
    with working("asking ClickHouse"):
        problems += _clickhouse(out, settings)
        problems += _backup(out, settings)
    for name, ask in PROBES.items() if live else ():
        with working(f"asking {name}"):
            problems += _vendor(out, settings, name, ask)
    for warning in settings.warnings:
        out.print(f"[yellow]! {escape(warning)}")
    for problem in dict.fromkeys(problems):  # ClickHouse away is noticed more than once
        out.print(f"[red]✗ {escape(problem)}")
    warned = f"; {len(settings.warnings)} warnings" if settings.warnings else ""
    out.print("[red]Something is wrong." if problems else f"[green]Nothing is wrong[/]{warned}.")
    return problems


def _unconfigured(out: Console, settings: Settings) -> list[str]:
    """What is not configured, as a note; as problems, what nothing works without."""
    for name, group in GROUPS.items():
        unset = getattr(settings, name).missing()
        if unset:
            out.print(f"{name} is not configured: {', '.join(unset)} (configs/{group.file}.env.sample)")
    if all(getattr(settings, name).missing() for name in SOURCES):
        files = ", ".join(f"secrets/{GROUPS[name].file}.env" for name in SOURCES)
        return [f"no source is configured, nothing can be loaded: copy configs/*.env.sample to {files} and fill in one"]
    if not settings.qtickets.missing() and settings.platform.missing():
        return [
            "ZAKAZ_PRIVACY_SALT is not set, so orders cannot be loaded: put a long random text into secrets/zakaz.env"
        ]
    return []


def _settings_table(settings: Settings, *, everything: bool) -> Table:
    made = table("variable", "value", title="Settings" + ("" if everything else " that differ from their default"))
    for name in GROUPS:
        group: Group = getattr(settings, name)
        for field in type(group).model_fields:
            if everything or field in group.model_fields_set:
                made.add_row(group.variable(field), escape(_masked(getattr(group, field))))
    return made


def _masked(value: object) -> str:
    if isinstance(value, SecretStr):
        return "set" if has_value(value) else "not set"
    return as_text(value)


def _clickhouse(out: Console, settings: Settings) -> list[str]:
    """Reach, version and drift, as problems; good news is printed."""
    try:
        warehouse = resources.warehouse(settings, patience=resources.AT_A_TERMINAL)
        found = server.require_supported(warehouse)
        config = warehouse.config
        out.print(f"[green]ClickHouse {found.text}[/] at {config.address}, database {config.database}")
        if found.weaker:
            out.print(f"[yellow]ClickHouse {found.text}: {found.weaker}. To be free of it: {server.UPGRADE}.")
        drift = schema.diff(warehouse)
        lacking = _rights(settings, warehouse, seen_by_reader=not drift)
    except Failure as failure:
        return [str(failure)]
    if not drift:
        out.print("[green]Schema equals sql/.")
    return [*map(str, drift), *lacking]


def _rights(settings: Settings, warehouse: Warehouse, *, seen_by_reader: bool) -> list[str]:
    """What the writer lacks, and where the reader sees too little or too much, once there is something to see."""
    asked = seen_by_reader and settings.clickhouse.reader_user
    reader = resources.reader(settings, patience=resources.AT_A_TERMINAL) if asked else None
    found = infrastructure.rights(warehouse, reader, list(load("views")), list(load("tables")))
    return [] if found.status is Status.OK else [f"{found.detail}. Next step: {found.action}"]


def _backup(out: Console, settings: Settings) -> list[str]:
    """Whether the mail can take over from QTickets, and what it replaces now."""
    if settings.gmail.missing():
        out.print("[yellow]Without gmail nothing replaces QTickets while it is away.")
        return []
    out.print(f"The mail takes over when QTickets was last loaded {settings.gmail.failover_minutes} minutes ago.")
    try:
        resources.gmail(settings)
        warehouse, now = resources.warehouse(settings, patience=resources.AT_A_TERMINAL), timezone.now()
        loaded = last_api_load(warehouse)
        days = reading.days_from_mail(warehouse, (now - timedelta(days=settings.gmail.days_back)).date())
    except Failure as failure:
        return [str(failure)]
    age = f"{(now - loaded).total_seconds() / 60:.0f} minutes ago" if loaded else "never"
    out.print(f"QTickets was loaded {age}; days from the mail: {', '.join(map(str, days)) or 'none'}")
    return []


def _vendor(out: Console, settings: Settings, name: str, ask: Callable[[Settings], Iterable[Fact]]) -> list[str]:
    if getattr(settings, name).missing():
        return []
    made = table("question", "answer", title=f"{name}, live")
    try:
        facts = list(ask(resources.in_a_hurry(settings, LONGEST_QUESTION)))
    except Failure as failure:
        return [str(failure)]
    for question, answer in facts:
        made.add_row(escape(question), escape(answer))
    out.print(made)
    return [f"{name}: {question}: {answer}" for question, answer in facts if answer.startswith(BAD_ANSWERS)]
