"""`zakaz inspect KIND FILE`: what the loader makes of a saved payload; touches neither ClickHouse nor the network.

A kind is one function `(raw: bytes, options: Mapping[str, str]) -> Inspection` in its vendor's folder.
"""

from __future__ import annotations

import codecs
import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO

import click
from rich.console import Console
from rich.text import Text

from zakaz_dagster.cli.terminal import console, table
from zakaz_dagster.errors import Failure, ShapeChanged
from zakaz_dagster.redaction import printable
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
# What a file of each kind holds; the loader's own words speak of requests, and here somebody holds a file.
HOLDS: dict[str, str] = {
    "qtickets-orders": "a saved answer of GET /orders or /orders/<id>, or the body of a webhook",
    "qtickets-events": "a saved answer of GET /events or /events/<id>",
    "qtickets-seats": "a saved answer of GET /shows/<id>/seats, flat",
    "qtickets-barcodes": "a saved answer of GET /shows/<id>/barcodes, a list",
    "vk-statistics": "a saved answer of GET /api/v2/statistics/<objects>/day.json with the metrics base",
    "vk-banners": "a saved answer of GET /api/v2/banners.json with its fields",
    "direct-report": "a report as the service Reports gives it (TSV), or one exported by hand",
    "direct-ads": "a saved answer of the service ads, method get",
    "utm": "links, queries or tags, one a line",
    "gmail-message": "a saved answer of users.messages.get, or a mail's source (.eml)",
    "mail-file": "a sales report: .csv, .xlsx, .html, or a .zip of them",
    "plan": "a plan: .csv, .xlsx or .html with date, tickets and revenue",
}
SHOWN_ROWS = 40
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@click.command(epilog="\b\nFILE holds, by kind:\n" + "\n".join(f"  {kind:18}{what}" for kind, what in HOLDS.items()))
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: rows, rejects, totals.")
@click.option("--money", type=click.Choice(["micros", "decimal"]), help="direct-report: how money is written.")
def inspect(kind: str, file: BinaryIO, as_json: bool, money: str | None) -> None:
    """Print the rows, rejects and totals that the loader makes of FILE ("-" reads standard input)."""
    raw = _as_sent(file.read())
    try:
        result = inspected(kind, raw, {"money": money} if money else {})
    except ShapeChanged as changed:
        raise _of_file(changed, kind, raw) from None
    if as_json:
        body = {"rows": list(result.rows), "rejects": list(result.rejects), "totals": dict(result.totals)}
        click.echo(json.dumps(body, ensure_ascii=False, indent=2, default=str))
    else:
        _print(kind, result)


def inspected(kind: str, raw: bytes, options: Mapping[str, str]) -> Inspection:
    """What the loader makes of these bytes; raises its Failure."""
    module, name = KINDS[kind].split(":")
    function: Callable[[bytes, Mapping[str, str]], Inspection] = getattr(
        importlib.import_module(f"zakaz_dagster.sources.{module}"), name
    )
    return function(raw, options)


def _as_sent(raw: bytes) -> bytes:
    """The file without what an editor or a shell put before it: JSON that was saved as UTF-16, or with a mark."""
    encoding = next((name for mark, name in _MARKS.items() if raw.startswith(mark)), "")
    text = raw.decode(encoding, "replace") if encoding else ""
    return text.encode("utf-8", "replace") if text.lstrip().startswith(("{", "[")) else raw


def _of_file(failure: Failure, kind: str, raw: bytes) -> Failure:
    """The loader's failure, said to somebody who holds a file."""
    others = [other for other in KINDS if other not in (kind, "utm") and _reads(other, raw)]
    step = f"inspect it as {' or '.join(others)}, which finds something in it"
    if not others:
        step = failure.next_step if kind == "plan" else "save the whole answer as the vendor gave it"
    return ShapeChanged(failure.what, source=failure.source, expected=HOLDS[kind], next_step=step)


def _reads(kind: str, raw: bytes) -> bool:
    try:
        return bool(inspected(kind, raw, {}).rows)
    except Failure:
        return False


def _print(kind: str, result: Inspection) -> None:
    out = console()
    for title, records in ((f"{kind}: {len(result.rows)} rows", result.rows), ("rejects", result.rejects)):
        if records:
            _print_records(out, title, records)
    totals = table("total", "value", title="totals")
    for name, value in result.totals.items():
        totals.add_row(name, _plain(value))
    out.print(totals)


def _print_records(out: Console, title: str, records: Sequence[Mapping[str, object]]) -> None:
    """As many columns as the terminal is wide; what is equal in every row is said once, beneath."""
    cells = {name: [printable(str(record.get(name, ""))) for record in records[:SHOWN_ROWS]] for name in records[0]}
    same = {name: values[0] for name, values in cells.items() if len(records) > 1 and len(set(values)) == 1}
    columns, room = [], out.width - 1
    for name, values in cells.items():
        width = max(map(len, [name, *values])) + 3
        if name not in same and width <= room:
            columns.append(name)
            room -= width
    made = table(*columns, title=title)
    for row in zip(*(cells[name] for name in columns), strict=True):
        made.add_row(*map(_plain, row))
    out.print(made)
    said = {name: value for name, value in same.items() if value not in ("", "None", "0", "0.00")}
    if said:
        out.print(_plain("in every row: " + ", ".join(f"{name}={value}" for name, value in said.items())))
    hidden = len(cells) - len(columns) - len(same)
    if hidden or len(records) > SHOWN_ROWS:
        out.print(f"not shown: {hidden} columns, {max(0, len(records) - SHOWN_ROWS)} rows; --json prints all")


def _plain(value: object) -> Text:
    """What a file holds is shown, never obeyed: neither markup nor a terminal's control characters."""
    return Text(printable(str(value)))
