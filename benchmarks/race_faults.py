"""What each runner of the race makes of three faults, judged by the rows that a dashboard would show afterwards.

    window   a full load; then the last third is asked for again, and the vendor answers the whole account
    half     one page holds half of its records, or the report ends in the middle
    kill     the process is killed in the middle of the pages, and the load is run again

A runner that refuses is red, and must leave what stood there. Belongs here: the faults and the verdicts.
"""

from __future__ import annotations

import time
from datetime import timedelta
from textwrap import shorten

from benchmarks.race_pages import FIRST
from benchmarks.race_ring import Ring

FAULTS = {
    "tickets": {"window": "the vendor ignores the filter", "half": "half a page", "kill": "killed in the middle"},
    "report": {"half": "half a report"},
}
LONGEST = 120.0  # seconds until the middle of the pages
WORDS = 100


def verdict(at: Ring, what: str, runner: str, fault: str) -> str:
    """`right`, `red: …`, or by how much the rows are wrong while nothing says so."""
    at.place.prepare(what)
    at.place.lie("-")
    before, first = (0, 0.0), FIRST
    if fault == "window":
        whole = at.run(what, runner)
        before, first = (whole.rows, whole.roubles), at.last[what] - timedelta(days=(at.last[what] - FIRST).days // 3)
    if fault == "kill":
        _killed(at, what, runner)
    else:
        at.place.lie(fault)
    found = at.run(what, runner, first)
    if found.red:
        kept = "" if (found.rows, found.roubles) == before else f", but {found.rows:,} rows are left there"
        return f"red{kept}: {shorten(found.red, WORDS, placeholder=' …')}"
    due = at.due[what]
    if abs(found.rows - due.rows) <= due.summed and abs(found.roubles - due.roubles) < 1:
        return "right"
    return (
        f"wrong, silently: {found.rows - due.rows:+,} of {due.rows:,} rows, {found.roubles - due.roubles:+,.0f} roubles"
    )


def _killed(at: Ring, what: str, runner: str) -> None:
    at.place.lie("hang")
    child = at.begin(what, runner)
    until = time.monotonic() + LONGEST
    while at.place.requests <= at.middle:
        if child.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"{runner} never reached the middle of {what}")
        time.sleep(0.05)
    time.sleep(0.5)  # whatever it writes of what it has
    child.kill()
    child.communicate()
    at.place.lie("-")
