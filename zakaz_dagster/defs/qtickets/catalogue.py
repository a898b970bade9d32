"""The QTickets catalogue in Dagster: events and shows as the vendor names them, what facts read of them, and the seats.

What cannot become a row stands in stg_rejects under the day it was read on, and is counted, as with days of sales.
Belongs here: these three steps. Does not: sales, jobs and schedules (`assets`).
"""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from zakaz_dagster.defs.shared import accounting
from zakaz_dagster.defs.shared.day_assets import LoadConfig, Results, freshness, observe_endpoints
from zakaz_dagster.defs.shared.errors import RETRY, explained
from zakaz_dagster.defs.shared.params import QTicketsParam, WarehouseParam
from zakaz_dagster.defs.shared.specs import asset_spec, builds, vendor_origins
from zakaz_dagster.sources.base import DayRead, Reject
from zakaz_dagster.sources.qtickets.description import CATALOGUE as TABLES
from zakaz_dagster.sources.qtickets.description import DESCRIPTION, DIMENSIONS
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.warehouse import lineage_cache

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

DROP_GUARD = 0.5  # events are hardly ever taken off the list, so half of them missing is no honest answer
CATALOGUE, INVENTORY = f"{DESCRIPTION.name}_catalogue", f"{DESCRIPTION.name}_inventory"  # as named in stg_rejects
SEATS = "stg_qtickets_inventory_raw"
AC: Any = dg.AutomationCondition  # its generics do not fit together for a type checker
SEED_CHANGED = (
    AC.any_deps_match(AC.newly_updated()).allow(dg.AssetSelection.assets("dim_city_alias")) & ~AC.in_progress()
).with_label("the list of cities was loaded again")


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
    """The catalogue, what facts read of it, and the seats, one step each."""
    catalogue = dg.multi_asset(
        name="load_qtickets_catalogue",
        specs=[_spec(table, [dg.AssetKey(["qtickets", "events"])]) for table in TABLES],
        check_specs=[accounting.spec(TABLES[1], DESCRIPTION.reject_share_limit)],
        retry_policy=RETRY,
        pool=DESCRIPTION.name,
    )
    dimensions = dg.multi_asset(
        name="build_dimensions",
        specs=[_dimension(name) for name in DIMENSIONS],
        retry_policy=RETRY,
        pool=DESCRIPTION.name,
    )
    seats = dg.multi_asset(
        name="load_qtickets_inventory",
        specs=[_spec(SEATS, [dg.AssetKey(["qtickets", "seats"]), TABLES[1]])],
        check_specs=[accounting.spec(SEATS, DESCRIPTION.reject_share_limit)],
        retry_policy=RETRY,
        pool=DESCRIPTION.name,
    )
    return [catalogue(load_catalogue), dimensions(make_dimensions), seats(load_seats)]


def _dimension(name: str) -> dg.AssetSpec:
    build = builds()[name]
    return asset_spec(
        name,
        group=DESCRIPTION.name,
        deps=sorted(lineage_cache.reads(build)),
        kinds=("clickhouse", "sql"),
        origins=lineage_cache.column_lineage(build),
        freshness_policy=freshness(DESCRIPTION),
        automation_condition=SEED_CHANGED,
    )


def load_catalogue(
    context: dg.AssetExecutionContext, config: LoadConfig, warehouse: WarehouseParam, qtickets: QTicketsParam
) -> Results:
    from zakaz_dagster.ingest.catalogue import replace_catalogue

    run_id = context.run.run_id
    tagged = warehouse.tagged(run=run_id, asset="load_qtickets_catalogue")
    with explained():
        found = qtickets.catalogue()
        read = _read(qtickets.now(), found.received, found.events.num_rows + found.shows.num_rows, found.rejects)
        rows = replace_catalogue(tagged, found, run_id=run_id, guard=None if config.allow_shrinking else DROP_GUARD)
        _enter(tagged, CATALOGUE, read, read.accepted, run_id)
    observe_endpoints(context, {"received": found.received})
    for name in TABLES:
        yield dg.MaterializeResult(name, metadata={"dagster/row_count": rows[name], **_figures(read)})
    yield _accounted(TABLES[1], CATALOGUE, read)


def make_dimensions(context: dg.AssetExecutionContext, warehouse: WarehouseParam) -> Results:
    """An edited city list or a moved show needs this build and that of the facts, which follow; no load."""
    from zakaz_dagster.ingest.catalogue import build_dimensions

    run_id = context.run.run_id
    with explained():
        built = build_dimensions(warehouse.tagged(run=run_id, asset="build_dimensions"), run_id)
    for name in DIMENSIONS:
        yield dg.MaterializeResult(
            name, metadata={"dagster/row_count": built.rows[name], "days of facts to rebuild": len(built.days)}
        )


def load_seats(context: dg.AssetExecutionContext, warehouse: WarehouseParam, qtickets: QTicketsParam) -> Results:
    from zakaz_dagster.warehouse.replace_table import append

    run_id = context.run.run_id
    tagged = warehouse.tagged(run=run_id, asset=SEATS)
    with explained():
        found = qtickets.inventory()
        read = _read(qtickets.now(), found.received, found.received - len(found.rejects), found.rejects)
        append(tagged, SEATS, found.rows, ver=time.time_ns(), run_id=run_id)
        _enter(tagged, INVENTORY, read, found.rows.num_rows, run_id)
    observe_endpoints(context, {"received": found.received})
    yield dg.MaterializeResult(
        SEATS,
        metadata={
            "dagster/row_count": found.rows.num_rows,
            "seats free": sum(found.rows["seats_free"].to_pylist()),
            "shows without seats": sum(1 for total in found.rows["seats_capacity"].to_pylist() if not total),
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
