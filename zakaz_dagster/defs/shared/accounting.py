"""The check that every record was accounted for, and that no day had to put too many aside.

Each day is judged by itself: a bad day must not hide behind a month of good ones.
Belongs here: the check and its words. Does not: counting, and refusing days that do not add up (`ingest.days`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from zakaz_dagster.ingest.days import Counted


NAME = "every_record_accounted"
SHOWN_DAYS = 31


def spec(table: str, limit: float) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        NAME, asset=table, description=f"received = accepted + rejected; at most {limit:.1%} of any day rejected"
    )


def result(
    table: str, source: str, limit: float, days: Mapping[date, Counted], reasons: Mapping[str, int]
) -> dg.AssetCheckResult:
    """Red when too large a share of any day's records had to be put aside. `source` is their name in stg_rejects."""
    over = {day: counted for day, counted in sorted(days.items()) if counted.share > limit}
    worst = max(days.values(), key=lambda counted: counted.share, default=None)
    return dg.AssetCheckResult(
        asset_key=table,
        check_name=NAME,
        passed=not over,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "received": sum(counted.received for counted in days.values()),
            "rejected": sum(counted.rejected for counted in days.values()),
            "share": worst.share if worst else 0.0,
            "limit": limit,
            "days over the limit": _shown(over),
            "reasons": dict(reasons),
            "what to do": f"read stg_rejects where source = '{source}'; the day is loaded without these records",
        },
    )


def _shown(over: Mapping[date, Counted]) -> str:
    listed = [f"{day}: {counted.rejected} of {counted.received}" for day, counted in over.items()]
    more = f" and {len(listed) - SHOWN_DAYS} more" if len(listed) > SHOWN_DAYS else ""
    return ", ".join(listed[:SHOWN_DAYS]) + more if listed else "none"
