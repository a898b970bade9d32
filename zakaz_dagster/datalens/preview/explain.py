"""The command that explains a figure of a page: `zakaz explain` for its view, period, filters and columns.

The script of the page (`page.js`) writes the same for what its reader has chosen.
"""

from __future__ import annotations

import shlex
from datetime import date

from zakaz_dagster.datalens.formulas import columns as columns_of
from zakaz_dagster.datalens.model import Chart, Field


def columns(field: Field) -> list[str]:
    """The columns of the view that a figure is made of."""
    return sorted(columns_of(field.tree))


def command(chart: Chart, field: Field, period: tuple[date, date]) -> str:
    """What to type on the server to see where the figure comes from; '' for one without columns."""
    tests = [f"{chart.dataset.date}={period[0]}..{period[1]}"] if chart.dataset.date else []
    tests += [f"{name}={value}" for name, values in chart.spec.where.items() for value in values]
    chosen = columns(field)
    options = [*(("--where", test) for test in tests), *(("--column", name) for name in chosen)]
    words = ["zakaz", "explain", chart.dataset.spec.view, *(word for option in options for word in option)]
    return shlex.join(words) if chosen else ""
