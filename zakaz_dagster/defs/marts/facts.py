"""Facts: SQL files in sql/builds that turn loaded days into what views read. Dependencies come from the SQL.

No fact is built over inputs that a blocking check found wrong, whoever asks for it: a job that loads and builds is
stopped by Dagster itself, every other way meets the same rule here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from zakaz_dagster.defs.shared.checks import refuse_blocked
from zakaz_dagster.defs.shared.errors import RETRY, explained
from zakaz_dagster.defs.shared.params import WarehouseParam
from zakaz_dagster.defs.shared.partitions import Days, daily, days_of
from zakaz_dagster.defs.shared.specs import asset_spec, builds, tables
from zakaz_dagster.warehouse import build_ledger, lineage_cache
from zakaz_dagster.warehouse.sql_files import Statement

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

POOL = "marts"
GROUP = "marts"


@dataclass(frozen=True)
class Dictionary:
    """A table that one fact reads and that its step brings up to date first: the fact is never built without it.

    `source` is the file of sql/builds that says what it is made of; `update(warehouse, first, last, run_id)` returns
    what the run page shows of it.
    """

    name: str
    source: str
    update: Callable[["Warehouse", date, date, str], dict[str, Any]]

    def spec(self, start: date) -> dg.AssetSpec:
        made_of = builds()[self.source]
        return asset_spec(
            self.name,
            group=GROUP,
            deps=sorted(lineage_cache.reads(made_of) - {self.name}),
            origins=lineage_cache.column_lineage(made_of),
            partitions_def=daily(start),
        )


def fact(
    name: str, start: date, *, fresh: dg.FreshnessPolicy | None = None, needs: Dictionary | None = None
) -> dg.AssetsDefinition:
    """The daily fact `name`, rebuilt by whole partitions for the run's days.

    The dictionary that it `needs` is an asset of the same step.
    """
    build = builds()[name]
    spec = asset_spec(
        name,
        group=GROUP,
        deps=sorted(lineage_cache.reads(build)),
        kinds=("clickhouse", "sql"),
        origins=lineage_cache.column_lineage(build),
        partitions_def=daily(start),
        freshness_policy=fresh,
    )

    @dg.multi_asset(
        name=f"build_{name}",
        specs=[spec] if needs is None else [needs.spec(start), spec],
        can_subset=needs is not None,
        backfill_policy=dg.BackfillPolicy.single_run(),
        retry_policy=RETRY,
        pool=POOL,
    )
    def build_days(context: dg.AssetExecutionContext, warehouse: WarehouseParam) -> Iterator[dg.MaterializeResult]:
        with explained():
            days = days_of(context)
            refuse_blocked(context.instance, build_ledger.before(name))
        run_id, selected = context.run.run_id, {key.to_user_string() for key in context.selected_asset_keys}
        tagged = warehouse.tagged(run=run_id, asset=name, partition=str(days))
        if needs is not None:
            with explained():
                shown = needs.update(tagged, days.first, days.last, run_id)
            if needs.name in selected:
                yield dg.MaterializeResult(needs.name, metadata=shown)
        if name in selected:
            yield _built(context, tagged, build, days)

    return build_days


def _built(
    context: dg.AssetExecutionContext, warehouse: "Warehouse", build: Statement, days: Days
) -> dg.MaterializeResult:
    """Rebuild the days; figures for the run, and for each of its days."""
    from zakaz_dagster.warehouse.rebuild import rebuild

    name = build.name
    with explained():
        rebuilt = rebuild(warehouse, build, days.first, days.last, run_id=context.run.run_id)
        rows = build_ledger.rows_by_day(warehouse, name, days.first, days.last)
        total = int(warehouse.scalar(f"SELECT count() FROM {name}"))  # noqa: S608  a name of our own files
    for day in () if build_ledger.WHOLE in tables()[name].meta else days:
        count = {"dagster/partition_row_count": rows.get(day, 0)}
        context.add_asset_metadata(count, asset_key=name, partition_key=day.isoformat())
    return dg.MaterializeResult(
        name,
        metadata={
            "dagster/row_count": total,
            "rows written": rebuilt.rows_after,
            "rows before": rebuilt.rows_before,
            "days rebuilt": f"{rebuilt.first} … {rebuilt.last}",
        },
    )
