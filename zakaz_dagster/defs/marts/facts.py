"""Facts: SQL files in sql/builds that turn staging days into what views read. Dependencies come from the SQL."""

from typing import TYPE_CHECKING

import dagster as dg

from zakaz_dagster.defs.shared.errors import RETRY, explained
from zakaz_dagster.defs.shared.partitions import days_of
from zakaz_dagster.defs.shared.specs import asset_spec, builds, column_lineage
from zakaz_dagster.warehouse import lineage_cache

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse


def fact(
    name: str,
    partitions: dg.PartitionsDefinition,
    *,
    pool: str,
    group: str = "facts",
    fresh: dg.FreshnessPolicy | None = None,
) -> dg.AssetsDefinition:
    """The daily fact `name`, rebuilt for the run's days in time proportional to them."""
    build = builds()[name]
    spec = asset_spec(
        name,
        group=group,
        deps=sorted(lineage_cache.reads(build)),
        kinds=("clickhouse", "sql"),
        lineage_metadata={"dagster/column_lineage": column_lineage(build)},
        partitions_def=partitions,
        freshness_policy=fresh,
    )

    @dg.multi_asset(
        name=f"build_{name}",
        specs=[spec],
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"warehouse"},
        retry_policy=RETRY,
        pool=pool,
    )
    def build_days(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from zakaz_dagster.warehouse.rebuild import rebuild

        span = days_of(context)
        warehouse: Warehouse = context.resources.warehouse.tagged(
            run=context.run_id, asset=name, partition=f"{span.first}..{span.last}"
        )
        with explained():
            rebuilt = rebuild(warehouse, build, span.first, span.last, run_id=context.run_id)
        return dg.MaterializeResult(
            name, metadata={"dagster/row_count": rebuilt.rows_after, "rows before": rebuilt.rows_before}
        )

    return build_days
