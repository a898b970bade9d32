"""Facts: SQL files in sql/builds that turn staging days into what views read. Dependencies come from the SQL."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from zakaz_dagster.defs.shared.errors import RETRY, explained
from zakaz_dagster.defs.shared.partitions import days_of
from zakaz_dagster.defs.shared.specs import asset_spec, builds, column_lineage
from zakaz_dagster.warehouse import lineage_cache

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse


@dataclass(frozen=True)
class Dictionary:
    """A table that one fact reads and that its step brings up to date first: the fact is never built without it.

    `source` is the file of sql/builds that says what it is made of; `update(warehouse, first, last, run_id)` returns
    what the run page shows of it.
    """

    name: str
    source: str
    update: Callable[["Warehouse", date, date, str], dict[str, Any]]

    def spec(self, group: str, partitions: dg.PartitionsDefinition) -> dg.AssetSpec:
        made_of = builds()[self.source]
        return asset_spec(
            self.name,
            group=group,
            deps=sorted(lineage_cache.reads(made_of) - {self.name}),
            lineage_metadata={"dagster/column_lineage": column_lineage(made_of)},
            partitions_def=partitions,
        )


def fact(
    name: str,
    partitions: dg.PartitionsDefinition,
    *,
    pool: str,
    group: str = "facts",
    fresh: dg.FreshnessPolicy | None = None,
    needs: Dictionary | None = None,
) -> dg.AssetsDefinition:
    """The daily fact `name`, rebuilt for the run's days; the dictionary it `needs` is an asset of the same step."""
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

    specs = [spec]
    if needs is not None:
        specs.insert(0, needs.spec(group, partitions))

    @dg.multi_asset(
        name=f"build_{name}",
        specs=specs,
        can_subset=len(specs) > 1,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={"warehouse"},
        retry_policy=RETRY,
        pool=pool,
    )
    def build_days(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        from zakaz_dagster.warehouse.rebuild import rebuild

        span = days_of(context)
        selected = {key.to_user_string() for key in context.selected_asset_keys}
        warehouse: Warehouse = context.resources.warehouse.tagged(
            run=context.run.run_id, asset=name, partition=f"{span.first}..{span.last}"
        )
        if needs is not None:
            with explained():
                shown = needs.update(warehouse, span.first, span.last, context.run.run_id)
            if needs.name in selected:
                yield dg.MaterializeResult(needs.name, metadata=shown)
        if name in selected:
            with explained():
                rebuilt = rebuild(warehouse, build, span.first, span.last, run_id=context.run.run_id)
            rows = {"dagster/row_count": rebuilt.rows_after, "rows before": rebuilt.rows_before}
            yield dg.MaterializeResult(name, metadata=rows)

    return build_days
