"""`zakaz demo`: the whole platform on a made-up organiser, from an empty folder to numbers, in one command.

The world's own books are asked at the end, so the demo does not only run: it is right, or it says where it is not.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from zakaz_dagster.dev.reconcile import compare
from zakaz_dagster.dev.stack import Stack, enter, stack
from zakaz_dagster.errors import Fatal
from zakaz_dagster.paths import PROJECT_ROOT
from zakaz_dagster.timezone import bounds, today

DAYS = 30
CHUNK = 10
JOBS = ("qtickets_refresh", "vk_ads_daily", "yandex_direct_daily", "marts_refresh")
RUNNING_DAY = "qtickets_refresh"  # the job whose source has a today
# Widths of the table: a city's column at the least, and all that is no city; without a terminal nobody narrows it.
CITY_WIDTH, OTHERS_WIDTH, MOST_CITIES = 10, 59, 6
UNBOUND_WIDTH = 140


@click.command()
@click.option("--days", default=DAYS, show_default=True, type=click.IntRange(1, 365), help="Days to materialise.")
@click.option("--seed", default=7, show_default=True, help="Another seed is another organiser.")
@click.option("--home", type=click.Path(path_type=Path), default=PROJECT_ROOT / ".zakaz" / "demo", help="Data folder.")
def demo(days: int, seed: int, home: Path) -> None:
    """Run everything on a sandbox world, check it against the world's own books, and print the result."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=UNBOUND_WIDTH)
    started = time.monotonic()
    midnight, _ = bounds(today())
    last = midnight.date() - timedelta(days=1)
    first = last - timedelta(days=days - 1)
    console.print(f"[bold]Zakaz Dagster demo[/]: {first} … {last}, seed {seed}")
    with stack(home, ["--seed", str(seed), "--now", midnight.isoformat(), "--days", str(days)]) as running:
        enter(running)
        console.print(f"ClickHouse {running.clickhouse.facts['version']} and the sandbox vendors are up on 127.0.0.1")
        outcomes = _materialise(console, first, last)
        wrong = _report(console, running, first, last, outcomes)
    console.print(f"All processes ended. {time.monotonic() - started:.0f} s.")
    sys.exit(2 if wrong else 0)


def _materialise(console: Console, first: date, last: date) -> list[Any]:
    """Schema, every source's days through Dagster, then the checks; progress is shown per chunk of days."""
    from zakaz_dagster import resources
    from zakaz_dagster.definitions import build_definitions
    from zakaz_dagster.defs.shared import execution
    from zakaz_dagster.defs.shared.partitions import Days
    from zakaz_dagster.settings import Settings
    from zakaz_dagster.warehouse import schema

    logging.disable(logging.WARNING)
    settings = Settings()
    changes = schema.apply(resources.warehouse(settings))
    console.print(f"Schema: {len(changes)} changes applied from sql/")
    definitions = build_definitions(settings)
    chunks = [
        Days(day, min(day + timedelta(days=CHUNK - 1), last))
        for day in (first + timedelta(days=offset) for offset in range(0, (last - first).days + 1, CHUNK))
    ]
    bars = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    outcomes = []
    with execution.instance_at_home() as instance, Progress(*bars, console=console) as progress:
        execution.set_pool_limits(definitions, instance)
        for job in JOBS:
            task = progress.add_task(f"{job}, days", total=(last - first).days + 1)
            today = [Days(last + timedelta(days=1), last + timedelta(days=1))] if job == RUNNING_DAY else []
            for days in [*chunks, *today]:
                outcome = execution.run_job(definitions, instance, job, days)
                outcomes.append(outcome)
                progress.advance(task, (days.last - days.first).days + 1)
                if not outcome.success:
                    raise Fatal(f"{job} {days.first}..{days.last} failed:\n{outcome.error}", source="demo")
        task = progress.add_task("checks and views", total=1)
        outcomes.append(execution.run_job(definitions, instance, "all_checks"))
        progress.advance(task)
    return outcomes


def _report(console: Console, running: Stack, first: date, last: date, outcomes: Sequence[Any]) -> list[str]:
    """Print sales by day and city, the comparison with the world, and the checks; return what is wrong."""
    from zakaz_dagster import resources
    from zakaz_dagster.settings import Settings

    warehouse = resources.warehouse(Settings())
    span = {"first": first, "last": last}
    sales = warehouse.rows(SALES, span)
    console.print(_sales_table(sales, console.width))
    wrong: list[str] = []
    for name, cells, differences in compare(warehouse, running.sandbox.url, first, last):
        wrong += differences
        verdict = f"[red]{len(differences)} differ" if differences else "[green]equal to the world's own books"
        console.print(f"{name}: {cells} cells, {verdict}")
    for difference in wrong[:20]:
        console.print(f"[red]{difference}")
    checks: dict[str, bool] = {}
    for outcome in outcomes:
        checks.update(outcome.checks)
    failed = sorted(name for name, passed in checks.items() if not passed)
    console.print(
        f"Checks: {len(checks) - len(failed)} of {len(checks)} passed"
        + (f"; red: {', '.join(failed)}" if failed else "")
    )
    console.print(
        "Next: `make dev`, then http://127.0.0.1:3000 for lineage, checks and backfills; docs/ explains the numbers."
    )
    return [*wrong, *failed]


SALES = """
SELECT date, city, sum(tickets_sold) AS tickets_sold, sum(revenue_rub) AS revenue_rub, sum(refunds_rub) AS refunds_rub
FROM fact_qtickets_sales_daily WHERE date BETWEEN {first:Date} AND {last:Date} GROUP BY date, city
"""


def _sales_table(sales: Sequence[Mapping[str, Any]], width: int) -> Table:
    """Days down, the largest cities across, as many as the width has room for."""
    by_city: dict[str, Decimal] = defaultdict(Decimal)
    cells: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    totals: dict[date, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 4)
    for row in sales:
        net = row["revenue_rub"] - row["refunds_rub"]
        by_city[row["city"]] += net
        cells[row["date"], row["city"]] += net
        figures = [Decimal(row["tickets_sold"]), row["revenue_rub"], row["refunds_rub"], net]
        totals[row["date"]] = [old + new for old, new in zip(totals[row["date"]], figures, strict=True)]
    room = max(1, min(MOST_CITIES, (width - OTHERS_WIDTH) // CITY_WIDTH))
    widest = max(CITY_WIDTH, (width - OTHERS_WIDTH) // room) - 2
    shown = sorted(by_city, key=lambda city: -by_city[city])[:room]
    title = f"Net sales by day and city, RUB (top {len(shown)} of {len(by_city)} cities)"
    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name in ("day", *shown, "others", "tickets", "revenue", "refunds", "net"):
        justify: JustifyMethod = "left" if name == "day" else "right"
        table.add_column(name, justify=justify, no_wrap=True, max_width=widest if name in shown else None)
    for day in sorted(totals):
        tickets, revenue, refunds, net = totals[day]
        of_shown = [cells[day, city] for city in shown]
        figures = [*of_shown, net - sum(of_shown), tickets, revenue, refunds, net]
        table.add_row(f"{day:%d %b}", *(f"{figure:,.0f}".replace(",", " ") for figure in figures))
    grand = [sum((values[index] for values in totals.values()), Decimal(0)) for index in range(4)]
    cities = [by_city[city] for city in shown]
    table.add_section()
    table.add_row("all", *(f"{f:,.0f}".replace(",", " ") for f in [*cities, grand[3] - sum(cities), *grand]))
    return table
