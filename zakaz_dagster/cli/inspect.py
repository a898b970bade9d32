"""`zakaz inspect KIND FILE`: what the loader makes of a saved payload; touches neither ClickHouse nor the network.

A kind is one function `(raw: bytes, options: Mapping[str, str]) -> Inspection` in its vendor's folder.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping
from typing import BinaryIO

import click
from rich.console import Console
from rich.table import Table

from zakaz_dagster.sources.port import Inspection

KINDS: dict[str, str] = {
    "qtickets-orders": "qtickets.inspect:orders",
    "qtickets-events": "qtickets.inspect:events",
    "qtickets-seats": "qtickets.inspect:seats",
    "vk-statistics": "vk_ads.inspect:statistics",
    "vk-banners": "vk_ads.inspect:banners",
    "direct-report": "yandex_direct.inspect:report",
    "direct-ads": "yandex_direct.inspect:ads",
    "utm": "inspect_utm:utm",
    "gmail-message": "gmail.inspect:message",
    "mail-file": "gmail.inspect:file",
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
    console = Console()
    for title, records in ((f"{kind}: {len(result.rows)} rows", result.rows), ("rejects", result.rejects)):
        if not records:
            continue
        table = Table(title=title, show_lines=False)
        columns = [name for name in records[0] if any(record.get(name) not in (None, "", 0) for record in records)]
        for name in columns:
            table.add_column(name, overflow="fold")
        for record in records[:SHOWN_ROWS]:
            table.add_row(*(str(record.get(name, "")) for name in columns))
        console.print(table)
        if len(records) > SHOWN_ROWS:
            console.print(f"… {len(records) - SHOWN_ROWS} more; --json prints all")
    totals = Table(title="totals", show_header=False)
    for name, value in result.totals.items():
        totals.add_row(name, str(value))
    console.print(totals)
