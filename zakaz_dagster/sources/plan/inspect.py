"""`zakaz inspect plan FILE`: what `zakaz import plan` makes of a file; events are looked up where they are given."""

from __future__ import annotations

from collections.abc import Mapping

from zakaz_dagster.seeds import city_index
from zakaz_dagster.sources.base import Inspection
from zakaz_dagster.sources.plan.rows import Catalogue, Event, plan_of


def plan(raw: bytes, options: Mapping[str, str], events: tuple[Event, ...] = ()) -> Inspection:
    """The rows, and what is put aside; `events` are those of the catalogue, where the caller has it."""
    del options
    found = plan_of("the file", raw, Catalogue(events), city_index())
    rows = [
        {**row, "date": row["date"].isoformat(), "plan_revenue_rub": f"{row['plan_revenue_rub']:.2f}"}
        for table in found.days.values()
        for row in table.to_pylist()
    ]
    return Inspection(
        rows=rows,
        rejects=[{"reason": reject.reason, "where": reject.where, "payload": ""} for reject in found.rejects],
        totals={
            "tickets": found.tickets,
            "revenue_rub": f"{found.revenue_rub:.2f}",
            "rows": len(rows),
            "days": len(found.days),
            "events": "looked up in the catalogue"
            if events
            else "not looked up: `zakaz import plan FILE --check` does",
        },
    )
