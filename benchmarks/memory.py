"""The most memory that a long history takes, and that twice the history takes no more: through the race's own ring.

Half a year of a big account (700 orders a day), and a report at the vendor's limit of a million rows.
"""

from __future__ import annotations

from benchmarks.figures import Figure
from benchmarks.race_pages import PER_DAY
from benchmarks.race_ring import ring

ORDERS, ROWS = 180 * PER_DAY, 1_000_000 - 1
TICKETS_MB, REPORT_MB = 400, 500


def figures(*, quick: bool) -> list[Figure]:
    if quick:
        return []  # small inputs say nothing about memory
    with ring(ORDERS // 2, 1_000) as at:
        half = at.run("tickets", "ours").megabytes
    with ring(ORDERS, ROWS) as at:
        whole, report = at.run("tickets", "ours"), at.run("report", "ours")
        if (whole.rows, report.red) != (at.due["tickets"].rows, ""):
            raise SystemExit(f"a history was not loaded: {whole}, {report}")
    return [
        Figure("peak memory of half a year of tickets", whole.megabytes, TICKETS_MB, "MB", "what it may be", 1.0),
        Figure("peak memory of half a year of tickets", whole.megabytes, half, "MB", "that of half of it", 1.25),
        Figure("peak memory of a million rows of Direct", report.megabytes, REPORT_MB, "MB", "what it may be", 1.0),
    ]
