"""What spreadsheets do to reports (`dirty_reports`): groups with totals above or below them, a grand total first,
commas between thousands, rows that nobody sees. Every figure of such a report is right.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

from zakaz_dagster.dev.sandbox.gmail.reports import COMMAS, HIDDEN, Row, Style, header, line, table, total

FORMS = ("subtotals below", "subtotals above", "grand total first", "commas", "hidden rows")


def dirty_table(found: list[Row], style: Style, chance: int) -> list[list[str]]:
    """The report in one of the forms."""
    form = FORMS[chance % len(FORMS)]
    if form == "commas":
        return table(found, replace(style, money=COMMAS))
    if form == "hidden rows":
        hidden = [[HIDDEN, *line(row, style)] for row in found[:1]]
        return [header(style), *hidden, *(line(row, style) for row in found), total(found, style)]
    if form == "grand total first":
        return [header(style), total(found, style), *(line(row, style) for row in found)]
    rows: list[list[str]] = []
    for city, group in groupby(sorted(found, key=lambda row: str(row["city"])), key=lambda row: row["city"]):
        lines = list(group)
        if form == "subtotals above":
            rows += [total(lines, style, str(city)), *(line(row, style) for row in lines)]
        else:
            rows += [*(line(row, style) for row in lines), total(lines, style, f"Итого {city}")]
    return [header(style), *rows, total(found, style)]


def seen(cells: list[list[str]]) -> list[list[str]]:
    """The rows without those that only HTML can hide."""
    return [row for row in cells if row[0] != HIDDEN]
