"""A small bar chart of a load, as an SVG inside Markdown: people look sooner than they read.

Kept under a few kilobytes, because Dagster stores metadata with every event.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zakaz_dagster.ingest.days import LoadReport

WIDTH, HEIGHT, MARGIN = 560, 120, 18
SPEND = "spend_rub"


def spend_by_day(label: str) -> Callable[[LoadReport], str]:
    """A function from a load's report to its chart."""

    def chart(report: LoadReport) -> str:
        values = {day: float(totals.get(SPEND, 0)) for day, totals in report.totals_by_day.items()}
        return image(bars(values, f"{label}: расход по дням, руб."))

    return chart


def bars(values: dict[date, float], title: str) -> str:
    """An SVG with one bar a day, its first and last day and its highest value named."""
    top = max(values.values(), default=0) or 1
    step = (WIDTH - 2 * MARGIN) / max(1, len(values))
    scale = (HEIGHT - 2 * MARGIN - 14) / top
    days = sorted(values)
    shapes = "".join(
        f'<rect x="{MARGIN + index * step:.1f}" y="{HEIGHT - MARGIN - values[day] * scale:.1f}" '
        f'width="{max(1.0, step - 2):.1f}" height="{values[day] * scale:.1f}" fill="#3b6fb6"/>'
        for index, day in enumerate(days)
    )
    text = 'font-family="sans-serif" font-size="11" fill="#444"'
    ends = (
        f'<text x="{MARGIN}" y="{HEIGHT - 4}" {text}>{days[0]}</text>'
        f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 4}" text-anchor="end" {text}>{days[-1]}</text>'
        if days
        else ""
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{title}">'
        f'<rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{MARGIN}" y="14" {text}>{title} Наибольший: {top:,.0f}</text>{shapes}{ends}</svg>'
    )


def image(svg: str) -> str:
    """Markdown that shows the SVG without a request."""
    return f"![chart](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"
