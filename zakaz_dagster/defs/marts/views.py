"""Views as assets: created again when their SQL or the columns they read change, by automation and not on a timer.

`is_virtual` is a preview feature of Dagster: a view that is not "stale" after each load of its tables. It is used
here and nowhere else, so that dropping it is one line.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.defs.shared.checks import result
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.params import WarehouseParam
from zakaz_dagster.defs.shared.specs import asset_spec, tables, views
from zakaz_dagster.sources.qtickets.description import DIMENSIONS
from zakaz_dagster.warehouse import lineage_cache, view_contract
from zakaz_dagster.warehouse.sql_files import Statement

AC: Any = dg.AutomationCondition  # its generics do not fit together for a type checker
GROUP = "datalens"

# A failed creation waits for a person: the condition does not ask again until something changes.
ON_CHANGE = (
    (AC.missing() | AC.code_version_changed().since_last_handled())
    & ~AC.any_deps_missing()
    & ~AC.in_progress()
    & ~AC.newly_requested()
    & ~AC.execution_failed()
).with_label("SQL or columns changed, or view missing")


def view_assets() -> list[dg.AssetsDefinition]:
    """Every file of sql/views as an asset that depends on what its SQL reads."""
    return [_view(statement) for statement in views().values()]


def promise_checks() -> dg.AssetChecksDefinition:
    """Each view read as DataLens reads it, in one step; each can be run from its own page."""
    limit = f"at most {view_contract.MOST_MS:,.0f} ms for {view_contract.DAYS} days"
    about = f"Types, real values and time, as DataLens reads it; {limit}"
    specs = [dg.AssetCheckSpec(view_contract.NAME, asset=name, description=about) for name in sorted(views())]

    @dg.multi_asset_check(name="check_views", specs=specs, can_subset=True)
    def check(context: dg.AssetCheckExecutionContext, reader: WarehouseParam) -> Iterator[dg.AssetCheckResult]:
        today = timezone.today()
        for key in sorted(context.selected_asset_check_keys):
            with explained():
                checked = view_contract.check(reader, key.asset_key.to_user_string(), today)
            yield result(key.asset_key.to_user_string(), view_contract.NAME, checked)

    return check


def automation() -> dg.AutomationConditionSensorDefinition:
    """The sensor that re-creates views and reloads seeds; without it Dagster's own would stand still, stopped."""
    return dg.AutomationConditionSensorDefinition(
        "views_and_seeds_on_change",
        target=dg.AssetSelection.groups("settings") | dg.AssetSelection.assets(*views(), *DIMENSIONS),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=60,
    )


def code_version(view: Statement, inputs: Mapping[str, Statement]) -> str:
    """Of the view's SQL and of the names and types of the columns that it reads: other types are other results."""
    shapes = [(name, _shape(inputs[name])) for name in sorted(lineage_cache.reads(view))]
    return hashlib.sha256(f"{view.sql}\0{shapes}".encode()).hexdigest()[:12]


def _shape(statement: Statement) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in lineage_cache.columns(statement)]


def _view(statement: Statement) -> dg.AssetsDefinition:
    spec = asset_spec(
        statement.name,
        group=GROUP,
        deps=sorted(lineage_cache.reads(statement)),
        kinds=("clickhouse", "view"),
        origins=lineage_cache.column_lineage(statement),
        automation_condition=ON_CHANGE,
        code_version=code_version(statement, {**tables(), **views()}),
        is_virtual=True,
    )

    @dg.multi_asset(name=f"create_{statement.name}", specs=[spec], pool="views")
    def create(context: dg.AssetExecutionContext, warehouse: WarehouseParam) -> dg.MaterializeResult:
        from zakaz_dagster.warehouse import schema  # brings the SQL parser, which loads do without

        with explained():
            schema.create_view(warehouse.tagged(run=context.run.run_id, asset=statement.name), statement)
        return dg.MaterializeResult(statement.name)

    return create
