"""`zakaz demo`: the whole platform on a made-up organiser, from an empty folder to numbers, in one command.

The world's own books are asked at the end, so the demo does not only run: it is right, or it says where it is not.
"""

from __future__ import annotations

import signal
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod
from rich.table import Table

from zakaz_dagster import resources
from zakaz_dagster.cli.aside import aside
from zakaz_dagster.cli.dev import HOME, SEED
from zakaz_dagster.cli.params import Folder
from zakaz_dagster.cli.terminal import console, quiet
from zakaz_dagster.dev import home as homes
from zakaz_dagster.dev.home import World
from zakaz_dagster.dev.loading import load
from zakaz_dagster.dev.reconcile import compare
from zakaz_dagster.dev.stack import Stack, enter, stack
from zakaz_dagster.settings import Settings
from zakaz_dagster.timezone import bounds, today

DAYS = 30
KINDS = ("dirty", "stress")  # of worlds that are not the usual one; each has its own home
# Widths of the table: a city's column at the least, and all that is no city; without a terminal nobody narrows it.
CITY_WIDTH, OTHERS_WIDTH, MOST_CITIES = 10, 59, 6


@click.command()
@click.option("--days", default=DAYS, show_default=True, type=click.IntRange(1, 365), help="Days a new home gets.")
@click.option("--seed", type=click.IntRange(min=0), help=f"Another seed is another organiser. Default: {SEED}.")
@click.option("--dirty", is_flag=True, help="An organiser of odd records, almost-tags and untidy reports.")
@click.option("--stress", is_flag=True, help="Sales that are hard to foretell: spikes, surges, sell-outs, moved shows.")
@click.option(
    "--home",
    type=Folder(),
    help="Data folder, shared with `zakaz dev`. Default: .zakaz/local; dirty, stress or dirty-stress beside it.",
)
def demo(days: int, seed: int | None, dirty: bool, stress: bool, home: Path | None) -> None:
    """Run everything on a sandbox world, check it against the world's own books, and print the result."""
    quiet()
    asked = "-".join(kind for kind, is_asked in zip(KINDS, (dirty, stress), strict=True) if is_asked)
    home = home or (HOME.with_name(asked) if asked else HOME)
    out = console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what it has started ends with it
    started = time.monotonic()
    midnight, _ = bounds(today())
    begins = midnight.date() - timedelta(days=days)
    with homes.locked(home, "zakaz demo"):
        world = homes.world(home, World(seed or SEED, begins, begins, dirty, stress), seed=seed)
        world = homes.keep(home, replace(world, first=world.start))  # the books are those of the whole world
        first, last = world.start, midnight.date() - timedelta(days=1)
        kinds = "".join(f", {kind}" for kind in KINDS if getattr(world, kind))
        out.print(f"[bold]Zakaz Dagster demo[/]: {first} … {last}, seed {world.seed}{kinds}, in {home}")
        options = [*world.options, "--now", midnight.isoformat()]
        with stack(home, options, world.variables) as running:
            enter(running)
            out.print(f"ClickHouse {running.clickhouse.facts['version']} and the sandbox vendors are up on 127.0.0.1")
            outcomes = load(out, first, anew=True)
            wrong, red = _report(out, running, first, last, outcomes)
            if world.dirty:
                aside(out, resources.warehouse(Settings()), red)
                out.print(f"Next: `zakaz dev --home {home}` opens this same world at http://127.0.0.1:3000.")
            else:
                out.print("Next: `make dev` opens this same world at http://127.0.0.1:3000, loaded and green.")
    out.print(f"All processes ended. {time.monotonic() - started:.0f} s.")
    sys.exit(2 if wrong or (red and not world.dirty) else 0)  # a dirty world is there to make checks red


def _report(
    out: Console, running: Stack, first: date, last: date, outcomes: Sequence[Any]
) -> tuple[list[str], dict[str, str]]:
    """Print sales by day and city, the comparison with the world, and the checks.

    Returns what differs from the books, and red checks with what to do.
    """
    warehouse = resources.warehouse(Settings())
    span = {"first": first, "last": last}
    sales = warehouse.rows(SALES, span)
    out.print(_sales_table(sales, out.width))
    wrong: list[str] = []
    for name, cells, differences in compare(warehouse, running.sandbox.url, first, last):
        wrong += differences
        verdict = f"[red]{len(differences)} differ" if differences else "[green]equal to the world's own books"
        out.print(f"{name}: {cells} cells, {verdict}")
    for difference in wrong[:20]:
        out.print(f"[red]{difference}")
    checks: dict[str, bool] = {}
    remedies: dict[str, str] = {}
    for outcome in outcomes:
        checks.update(outcome.checks)
        remedies.update(outcome.remedies)
    failed = sorted(name for name, passed in checks.items() if not passed)
    out.print(
        f"Checks: {len(checks) - len(failed)} of {len(checks)} passed"
        + (f"; red: {', '.join(failed)}" if failed else "")
    )
    return wrong, {name: remedies[name] for name in failed}


SALES = """
SELECT date, city, sum(tickets_sold) AS tickets_sold, sum(revenue_rub) AS revenue_rub, sum(refunds_rub) AS refunds_rub
FROM fact_qtickets_sales_daily
WHERE date BETWEEN {first:Date} AND {last:Date} AND sales_source = 'api' GROUP BY date, city
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
