"""`zakaz inspect KIND FILE`: what the loader makes of a saved payload; touches neither ClickHouse nor the network.

A kind is one function `(raw: bytes, options: Mapping[str, str]) -> Inspection` in its vendor's folder.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO

import click
from rich.console import Console

from zakaz_dagster.cli.terminal import console, table
from zakaz_dagster.sources.base import Inspection

KINDS: dict[str, str] = {
    "qtickets-orders": "qtickets.inspect:orders",
    "qtickets-events": "qtickets.inspect:events",
    "qtickets-seats": "qtickets.inspect:seats",
    "qtickets-barcodes": "qtickets.inspect:barcodes",
    "vk-statistics": "vk_ads.inspect:statistics",
    "vk-banners": "vk_ads.inspect:banners",
    "direct-report": "yandex_direct.inspect:report",
    "direct-ads": "yandex_direct.inspect:ads",
    "utm": "inspect_utm:utm",
    "gmail-message": "gmail.inspect:message",
    "mail-file": "gmail.inspect:file",
    "plan": "plan.inspect:plan",
}
SHOWN_ROWS = 40


@click.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: rows, rejects, totals.")
@click.option("--money", type=click.Choice(["micros", "decimal"]), help="direct-report: how money is written.")
def inspect(kind: str, file: BinaryIO, as_json: bool, money: str | None) -> None:
    """Print the rows, rejects and totals that the loader makes of FILE ("-" reads standard input)."""
    module, name = KINDS[kind].split(":")
    function: Callable[[bytes, Mapping[str, str]], Inspection] = getattr(
        importlib.import_module(f"zakaz_dagster.sources.{module}"), name
    )
    result = function(file.read(), {"money": money} if money else {})
    if as_json:
        body = {"rows": list(result.rows), "rejects": list(result.rejects), "totals": dict(result.totals)}
        click.echo(json.dumps(body, ensure_ascii=False, indent=2, default=str))
    else:
        _print(kind, result)


def _print(kind: str, result: Inspection) -> None:
    out = console()
    for title, records in ((f"{kind}: {len(result.rows)} rows", result.rows), ("rejects", result.rejects)):
        if records:
            _print_records(out, title, records)
    totals = table("total", "value", title="totals")
    for name, value in result.totals.items():
        totals.add_row(name, str(value))
    out.print(totals)


def _print_records(out: Console, title: str, records: Sequence[Mapping[str, object]]) -> None:
    """As many columns as the terminal is wide; what is equal in every row is said once, beneath."""
    cells = {name: [str(record.get(name, "")) for record in records[:SHOWN_ROWS]] for name in records[0]}
    same = {name: values[0] for name, values in cells.items() if len(records) > 1 and len(set(values)) == 1}
    columns, room = [], out.width - 1
    for name, values in cells.items():
        width = max(map(len, [name, *values])) + 3
        if name not in same and width <= room:
            columns.append(name)
            room -= width
    made = table(*columns, title=title)
    for row in zip(*(cells[name] for name in columns), strict=True):
        made.add_row(*row)
    out.print(made)
    said = {name: value for name, value in same.items() if value not in ("", "None", "0", "0.00")}
    if said:
        out.print("in every row: " + ", ".join(f"{name}={value}" for name, value in said.items()))
    hidden = len(cells) - len(columns) - len(same)
    if hidden or len(records) > SHOWN_ROWS:
        out.print(f"not shown: {hidden} columns, {max(0, len(records) - SHOWN_ROWS)} rows; --json prints all")
