"""`zakaz import`: files that people exported by hand."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import click

from zakaz_dagster import resources, timezone
from zakaz_dagster.cli.params import InputFile
from zakaz_dagster.cli.terminal import working
from zakaz_dagster.errors import BadData
from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.seeds import city_index
from zakaz_dagster.settings import Settings
from zakaz_dagster.sources.plan import budget as budget_rows
from zakaz_dagster.sources.plan import rows as plan_rows
from zakaz_dagster.sources.yandex_direct.description import ADS, CAMPAIGNS, DESCRIPTION, oldest_day
from zakaz_dagster.sources.yandex_direct.description import TABLE as DIRECT_TABLE
from zakaz_dagster.sources.yandex_direct.dimensions import SCHEMAS
from zakaz_dagster.sources.yandex_direct.imports import ImportedReport
from zakaz_dagster.sources.yandex_direct.inspect import read_file
from zakaz_dagster.warehouse.replace_days import replace_days
from zakaz_dagster.warehouse.replace_table import append
from zakaz_dagster.warehouse.stored_days import stored_days, stored_rejects


@click.group("import")
def importing() -> None:
    """Load hand-exported files."""


@importing.command("direct-report")
@click.argument("file", type=InputFile())
@click.option("--login", help="The client login the report belongs to; default: the only one of DIRECT_LOGINS.")
@click.option("--money", type=click.Choice(["micros", "decimal"]), help="How a saved API report writes money.")
@click.option("--force", is_flag=True, help="Also replace days that the API still holds.")
def direct_report(file: Path, login: str | None, money: str | None, force: bool) -> None:
    """Load a report of Direct exported as CSV; replaces this login's rows of the days in the file, no other days."""
    settings = Settings()
    account = login or _only_login(settings)
    table, rejects = read_file(file.read_bytes(), money)
    store = resources.warehouse(settings, patience=resources.AT_A_TERMINAL)
    report = ImportedReport(
        table,
        rejects,
        account,
        city_index(),
        stored=resources.stored(store, ADS, SCHEMAS[ADS]),
        earlier=partial(stored_days, store, DIRECT_TABLE, "account"),
        aside=partial(stored_rejects, store, DESCRIPTION.name),
    )
    report.refuse_days_before(settings.platform.start_date)
    if not force:
        report.refuse_days_from(oldest_day(timezone.today()))
    report.refuse_one_twice()
    load = Load(run_id=f"import {file.name}", guard=None)
    campaigns = report.campaigns(resources.stored(store, CAMPAIGNS, SCHEMAS[CAMPAIGNS]))
    append(store, CAMPAIGNS, campaigns, ver=time.time_ns(), run_id=load.run_id)
    for first, last in report.stretches:
        with working(f"loading {first}..{last}"):
            done = load_days(report, DESCRIPTION, store, first, last, load)
        shown = ", ".join(f"{name} {value}" for name, value in done.totals.items())
        click.echo(f"{first}..{last}: {done.accepted} records, {done.rejected} put aside; {shown}")
    for reject in rejects:
        click.echo(f"put aside: {reject.where}: {reject.reason}", err=True)
    raise SystemExit(1 if rejects else 0)


@importing.command("plan")
@click.argument("file", type=InputFile())
@click.option("--check", is_flag=True, help="Read and report, change nothing.")
def plan(file: Path, check: bool) -> None:
    """Load a sales plan from CSV or .xlsx (date, event, city, tickets, revenue): the whole plan of every date in it."""
    store = resources.warehouse(Settings(), patience=resources.AT_A_TERMINAL)
    events = store.rows("SELECT event_id, event_name, city FROM dim_events FINAL WHERE is_deleted = 0")
    catalogue = plan_rows.Catalogue(plan_rows.events_of(events))
    found = plan_rows.plan_of(file.name, file.read_bytes(), catalogue, city_index())
    if not check:
        replace_days(store, plan_rows.TABLE, found.days, guard=None, ver=time.time_ns(), run_id=f"import {file.name}")
    span = f"{min(found.days)}..{max(found.days)}" if found.days else "no day"
    count = sum(rows.num_rows for rows in found.days.values())
    click.echo(
        f"{span}: {count} rows, {found.tickets} tickets, {found.revenue_rub} RUB{' (nothing changed)' if check else ''}"
    )
    for name in sorted(found.unknown_events):
        click.echo(f"not in the catalogue, kept by name: {name}", err=True)
    for reject in found.rejects:
        click.echo(f"put aside: {reject.where}: {reject.reason}", err=True)
    raise SystemExit(1 if found.rejects else 0)


@importing.command("budget")
@click.argument("file", type=InputFile())
@click.option("--check", is_flag=True, help="Read and report, change nothing.")
def budget(file: Path, check: bool) -> None:
    """Load budgets from CSV or .xlsx (month, account, budget, platform): the whole budget of every month in it."""
    store = resources.warehouse(Settings())
    known = store.rows("SELECT DISTINCT CAST(source AS String) AS source, account FROM fact_marketing_daily")
    found = budget_rows.budgets_of(file.name, file.read_bytes(), ((row["source"], row["account"]) for row in known))
    if not check:
        run_id = f"import {file.name}"
        replace_days(store, budget_rows.TABLE, found.months, guard=None, ver=time.time_ns(), run_id=run_id)
    months = ", ".join(f"{month:%Y-%m}" for month in found.months) or "no month"
    count = sum(rows.num_rows for rows in found.months.values())
    click.echo(f"{months}: {count} rows, {found.budget_rub} RUB{' (nothing changed)' if check else ''}")
    for name in sorted(found.unknown):
        click.echo(f"no spend is known of this account yet, kept: {name}", err=True)
    for reject in found.rejects:
        click.echo(f"put aside: {reject.where}: {reject.reason}", err=True)
    raise SystemExit(1 if found.rejects else 0)


def _only_login(settings: Settings) -> str:
    logins = settings.direct.logins
    if len(logins) != 1:
        raise BadData("which login the report belongs to is not known", source="import", next_step="say --login LOGIN")
    return logins[0]
