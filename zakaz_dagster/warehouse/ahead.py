"""What was entered while our clock was ahead of the present: no honest entry replaces it until that moment has come.

    loads    entered anew as of now: what reads them is built again. On the way they stand under another name, as the
             engine keeps the latest entry of a name only, and nothing is lost whatever breaks off
    builds   forgotten, for the same reason
Rows of later versions need nothing: a swap does not give way to them (`side_table`).
Belongs here: the two ledgers. Does not: telling that clocks differ (`health.infrastructure`).
"""

# ruff: noqa: S608  (names of our own files)
from __future__ import annotations

import time
from datetime import UTC, datetime

from zakaz_dagster.warehouse.build_ledger import LEDGER as BUILDS
from zakaz_dagster.warehouse.build_ledger import LOADS, PER_SECOND
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.side_table import AHEAD_NS

LATER = "greatest(_ver, _recorded_ns) > {later:UInt64}"
PARKED, PARKING = "endsWith(source, '@ahead')", "concat(source, '@ahead')"
FOUND = "SELECT count() AS n, max(greatest(_ver, _recorded_ns)) AS newest FROM"
ANEW = f"""
INSERT INTO {LOADS} SELECT * REPLACE (
    {{}} AS source, {{now:UInt64}} AS _ver, {{now:UInt64}} AS _recorded_ns,
    now('Europe/Moscow') AS _loaded_at, least(covered_until, now('Europe/Moscow')) AS covered_until
) FROM (SELECT * FROM {LOADS} FINAL WHERE {{}})
"""


def set_right(wh: Warehouse) -> list[str]:
    """Date such entries anew, or forget them; what was done, in words."""
    later = {"later": time.time_ns() + AHEAD_NS}
    loads, builds = (wh.rows(f"{FOUND} {table} WHERE {LATER}", later)[0] for table in (LOADS, BUILDS))
    if loads["n"]:
        _enter_anew(wh, PARKING, LATER)
        _forget(wh, LOADS, LATER)
    if wh.scalar(f"SELECT count() FROM {LOADS} WHERE {PARKED}"):
        _enter_anew(wh, "replaceRegexpOne(source, '@ahead$', '')", PARKED)
        _forget(wh, LOADS, PARKED)
    if builds["n"]:
        _forget(wh, BUILDS, LATER)
    if not loads["n"] and not builds["n"]:
        return []
    until = datetime.fromtimestamp(max(int(loads["newest"]), int(builds["newest"])) // PER_SECOND, UTC)
    what = f"{loads['n']} loads dated anew, {builds['n']} builds forgotten; their facts are built again"
    return [f"the clock was ahead, up to {until:%Y-%m-%d %H:%M} UTC: {what}"]


def _enter_anew(wh: Warehouse, source: str, which: str) -> None:
    now = time.time_ns()
    wh.command(ANEW.replace("{}", source, 1).replace("{}", which, 1), {"now": now, "later": now + AHEAD_NS})


def _forget(wh: Warehouse, table: str, which: str) -> None:
    later = {"later": time.time_ns() + AHEAD_NS}
    wh.command(f"ALTER TABLE {table} DELETE WHERE {which}", later, {"mutations_sync": "2"})
