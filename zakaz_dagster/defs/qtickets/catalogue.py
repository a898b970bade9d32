"""The QTickets catalogue in Dagster: events and shows, replaced whole, and snapshots of the seats on sale.

What cannot become a row stands in stg_rejects under the day it was read on, and is counted, as with days of sales.
Belongs here: these two steps. Does not: sales, jobs and schedules (`qtickets`).
"""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg

from zakaz_dagster.defs.shared import accounting
from zakaz_dagster.defs.shared.day_assets import Results, freshness
from zakaz_dagster.defs.shared.errors import RETRY, explained
from zakaz_dagster.defs.shared.params import QTicketsParam, WarehouseParam
from zakaz_dagster.defs.shared.specs import asset_spec, vendor_origins
from zakaz_dagster.sources.base import DayRead, Reject
from zakaz_dagster.sources.qtickets.description import DESCRIPTION
from zakaz_dagster.timezone import MOSCOW

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

DROP_GUARD = 0.5  # events are never taken off the list, so half of them missing is no honest answer
CATALOGUE, INVENTORY = f"{DESCRIPTION.name}_catalogue", f"{DESCRIPTION.name}_inventory"  # as named in stg_rejects
DIMENSIONS = ("dim_events", "dim_shows")
SEATS = "stg_qtickets_inventory_raw"


def _spec(table: str, deps: Sequence[dg.AssetKey | str]) -> dg.AssetSpec:
    return asset_spec(
        table,
        group=DESCRIPTION.name,
        deps=deps,
        kinds=("clickhouse", "python"),
        origins=vendor_origins(DESCRIPTION.name, table),
        freshness_policy=freshness(DESCRIPTION),
    )


def steps() -> list[dg.AssetsDefinition]:
    """The catalogue and the seats, one step each."""
    catalogue = dg.multi_asset(
        name="load_qtickets_catalogue",
        specs=[_spec(table, [dg.AssetKey(["qtickets", "events"])]) for table in DIMENSIONS],
        check_specs=[accounting.spec("dim_shows", DESCRIPTION.reject_share_limit)],
        retry_policy=RETRY,
        pool=DESCRIPTION.name,
    )
    seats = dg.multi_asset(
        name="load_qtickets_inventory",
        specs=[_spec(SEATS, [dg.AssetKey(["qtickets", "seats"]), "dim_shows"])],
        check_specs=[accounting.spec(SEATS, DESCRIPTION.reject_share_limit)],
        retry_policy=RETRY,
        pool=DESCRIPTION.name,
    )
    return [catalogue(load_catalogue), seats(load_seats)]


def load_catalogue(context: dg.AssetExecutionContext, warehouse: WarehouseParam, qtickets: QTicketsParam) -> Results:
    from zakaz_dagster.ingest.dependent_days import days_of_changed_shows, runs
    from zakaz_dagster.warehouse import build_ledger
    from zakaz_dagster.warehouse.replace_table import replace_whole

    run_id = context.run.run_id
    tagged = warehouse.tagged(run=run_id, asset="load_qtickets_catalogue")
    with explained():
        found, before = qtickets.catalogue(), runs(tagged)
        tables = dict(zip(DIMENSIONS, (found.events, found.shows), strict=True))
        read = _read(qtickets.now(), found.received, sum(rows.num_rows for rows in tables.values()), found.rejects)
        for name, rows in tables.items():
            replace_whole(tagged, name, rows, ver=time.time_ns(), run_id=run_id, guard=DROP_GUARD)
        named = days_of_changed_shows(tagged, before, runs(tagged))
        build_ledger.owe(tagged, "dim_shows", named, "a show was added, moved or removed", run_id=run_id)
        _enter(tagged, CATALOGUE, read, read.accepted, run_id)
    for name, rows in tables.items():
        yield dg.MaterializeResult(name, metadata={"dagster/row_count": rows.num_rows, **_figures(read)})
    yield _accounted("dim_shows", CATALOGUE, read)


def load_seats(context: dg.AssetExecutionContext, warehouse: WarehouseParam, qtickets: QTicketsParam) -> Results:
    from zakaz_dagster.sources.qtickets.inventory import inventory_of
    from zakaz_dagster.warehouse.replace_table import append

    run_id = context.run.run_id
    tagged = warehouse.tagged(run=run_id, asset=SEATS)
    with explained():
        now = qtickets.now()
        halls = ((show, event, qtickets.api.seats(show).data) for show, event in qtickets.catalogue().on_sale(now))
        found = inventory_of(halls, now)
        read = _read(now, found.received, found.received - len(found.rejects), found.rejects)
        append(tagged, SEATS, found.rows, ver=time.time_ns(), run_id=run_id)
        _enter(tagged, INVENTORY, read, found.rows.num_rows, run_id)
    yield dg.MaterializeResult(
        SEATS,
        metadata={
            "dagster/row_count": found.rows.num_rows,
            "seats free": sum(found.rows["seats_free"].to_pylist()),
            "shows without seats": sum(1 for total in found.rows["seats_total"].to_pylist() if not total),
            **_figures(read),
        },
    )
    yield _accounted(SEATS, INVENTORY, read)


def _read(now: datetime, received: int, accepted: int, rejects: Sequence[Reject]) -> DayRead:
    """A reading of the present state as an entry of the books: it belongs to the day it was made on."""
    moment = now.astimezone(MOSCOW)
    return DayRead(moment.date(), {}, received, accepted, rejects, covered_until=moment.isoformat(timespec="seconds"))


def _enter(warehouse: "Warehouse", source: str, read: DayRead, rows: int, run_id: str) -> None:
    from zakaz_dagster.warehouse import load_ledger

    load_ledger.record(warehouse, source, read, rows, ver=time.time_ns(), run_id=run_id)


def _figures(read: DayRead) -> dict[str, int]:
    return {"received": read.received, "accepted": read.accepted, "rejected": len(read.rejects)}


def _accounted(table: str, source: str, read: DayRead) -> dg.AssetCheckResult:
    from zakaz_dagster.ingest.days import Counted

    counted = {read.day: Counted(read.received, len(read.rejects))}
    reasons = Counter(reject.reason for reject in read.rejects)
    return accounting.result(table, source, DESCRIPTION.reject_share_limit, counted, reasons)
