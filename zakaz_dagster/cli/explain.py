"""`zakaz explain VIEW`: why a number on a page is what it is, down to the vendor's rows and the ledger of loads.

Filters are columns of the view with bound values, read as DataLens reads; everything beneath is only read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date

import click

from zakaz_dagster import resources
from zakaz_dagster.cli.terminal import working
from zakaz_dagster.errors import BadData
from zakaz_dagster.settings import Settings
from zakaz_dagster.sources.qtickets.description import DESCRIPTION as QTICKETS
from zakaz_dagster.sources.vk_ads.description import DESCRIPTION as VK_ADS
from zakaz_dagster.sources.yandex_direct.description import DESCRIPTION as DIRECT
from zakaz_dagster.timezone import days_between
from zakaz_dagster.warehouse.explain import Explainer
from zakaz_dagster.warehouse.explanation import Check, Explanation, Source, Step

SOURCE = "explain"
MOST_ROWS = 20_000  # of the view, at once
MOST_DAYS = 400
SAMPLE = 20  # rows of each table with --rows
SOURCES = {
    table: Source(about.name, about.controls, about.partition.get(table, {}))
    for about in (QTICKETS, VK_ADS, DIRECT)
    for table in [list(about.tables)[-1]]
}


@click.command()
@click.argument("view")
@click.option(
    "--where",
    "filters",
    multiple=True,
    metavar="COLUMN=VALUE",
    help="A column and its value; days: FIRST..LAST.",
)
@click.option("--column", "columns", multiple=True, help="Explain this figure only; repeat. Default: every one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--rows", "with_rows", is_flag=True, help="Show rows of each table: the vendor's numbers and the runs.")
def explain(view: str, filters: Sequence[str], columns: Sequence[str], as_json: bool, with_rows: bool) -> None:
    """Show the formula, the facts, the staging rows and the ledger behind rows of VIEW, and compare each step.

    Exit code 0: every step agrees, 1: a difference.
    """
    settings = Settings()
    explainer = Explainer(
        resources.reader(settings), resources.warehouse(settings), SOURCES, SAMPLE if with_rows else 0
    )
    wanted, columns = _filters(filters), tuple(dict.fromkeys(columns))
    rows = explainer.rows(view, wanted, MOST_ROWS + 1)
    if not rows or len(rows) > MOST_ROWS:
        raise _unfit(view, wanted, none=not rows)
    with working("comparing every step"):
        found = explainer.explain(view, rows, wanted, columns)
        if found.differences:  # a load may have come in between two steps
            found = explainer.explain(view, rows, wanted, columns)
    if as_json:
        document = {**asdict(found), "differences": found.differences}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))
    else:
        click.echo("\n".join(lines(found)))
    raise SystemExit(1 if found.differences else 0)


def _unfit(view: str, wanted: Mapping[str, Sequence[str]], *, none: bool) -> BadData:
    step = "name date, city and the like with --where, as the view has them"
    if none and not wanted:
        return BadData(
            f"{view} is empty", source=SOURCE, expected="rows to explain", next_step="load what it is made of"
        )
    what = "no row like this" if none else f"more than {MOST_ROWS} rows{' like this' if wanted else ''}"
    return BadData(f"{view} has {what}", source=SOURCE, expected="filters that leave some rows", next_step=step)


def _filters(texts: Sequence[str]) -> dict[str, list[str]]:
    """Values by column; a column that is named again may have either value, `2026-06-01..2026-06-30` is every day."""
    found: dict[str, list[str]] = {}
    for text in texts:
        name, equal, value = text.partition("=")
        if not equal or not name.strip():
            raise click.UsageError(f"--where {text!r} is not COLUMN=VALUE")
        first, dots, last = value.strip().partition("..")
        days = dots and not (first + last).strip("0123456789- ")
        found.setdefault(name.strip(), []).extend(_days(first, last) if days else [value.strip()])
    return found


def _days(first: str, last: str) -> list[str]:
    try:
        span = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as error:
        raise click.UsageError(f"--where {first}..{last} is no range of days such as 2026-06-01..2026-06-30") from error
    if not 0 <= (span[1] - span[0]).days <= MOST_DAYS:
        raise click.UsageError(f"--where {first}..{last}: the first day, then the last, {MOST_DAYS} at most")
    return [str(day) for day in days_between(*span)]


def lines(found: Explanation) -> Iterator[str]:
    """The explanation as people read it."""
    named = [
        name
        for name, value in found.row.items()
        if name not in found.columns and (found.rows == 1 or value is not None)
    ]
    keys = ", ".join(f"{name}={value}" for name, value in found.row.items() if name in named)
    yield f"{found.view}, {found.rows} rows   {keys}"
    for column in found.columns:
        yield f"  {column} = {found.row[column]}"
        yield from (f"      {line}" for line in found.formulas.get(column, ()))
    yield from _checks(found.checks, "  ")
    for step in found.steps:
        yield from _step(step, "  ")
    yield "Сверка: расхождений нет" if not found.differences else "Сверка: РАСХОЖДЕНИЯ"
    yield from (f"  ✗ {difference}" for difference in found.differences)


def _step(step: Step, indent: str) -> Iterator[str]:
    yield f"{indent}└ {step.table}: {step.rows} rows   {step.title}"
    inner = indent + "    "
    yield f"{inner}where {step.where}"
    if step.sums:
        yield f"{inner}{', '.join(f'{name} {value}' for name, value in step.sums.items())}"
    if step.runs:
        yield f"{inner}run {', '.join(step.runs)}"
    for line in step.ledger:
        yield f"{inner}ledger {', '.join(f'{name} {value}' for name, value in line.items())}"
    yield from _checks(step.checks, inner)
    for row in step.sample:
        yield f"{inner}{', '.join(f'{name}={value}' for name, value in row.items() if value not in ('', None))}"
    for each in step.beneath:
        yield from _step(each, inner)


def _checks(checks: Sequence[Check], indent: str) -> Iterator[str]:
    """What agrees in one line, each difference in its own."""
    if checks:
        yield f"{indent}{sum(check.ok for check in checks)} of {len(checks)} comparisons agree"
    for check in checks:
        if not check.ok:
            yield f"{indent}✗ {check.what}: {check.found} instead of {check.expected}"
