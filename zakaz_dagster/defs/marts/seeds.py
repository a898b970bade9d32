"""Hand-kept tables from sql/seeds as assets: loaded again when the file changes."""

import hashlib

import dagster as dg

from zakaz_dagster.defs.marts.views import ON_CHANGE
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.params import WarehouseParam
from zakaz_dagster.defs.shared.specs import asset_spec, tables
from zakaz_dagster.paths import SQL_ROOT
from zakaz_dagster.warehouse.sql_files import Statement

GROUP = "settings"


def seed_assets() -> list[dg.AssetsDefinition]:
    """One asset for every table whose file names a seed."""
    return [_seed(statement) for statement in tables().values() if "seed" in statement.meta]


def _seed(statement: Statement) -> dg.AssetsDefinition:
    path = SQL_ROOT / "seeds" / f"{statement.meta['seed']}.csv"
    spec = asset_spec(
        statement.name,
        group=GROUP,
        kinds=("clickhouse", "csv"),
        automation_condition=ON_CHANGE,
        code_version=hashlib.sha256(path.read_bytes()).hexdigest()[:12],
    )

    @dg.multi_asset(name=f"seed_{statement.name}", specs=[spec])
    def seed(context: dg.AssetExecutionContext, warehouse: WarehouseParam) -> dg.MaterializeResult:
        from zakaz_dagster.warehouse import seeds

        with explained():
            rows = seeds.replace(warehouse.tagged(run=context.run.run_id, asset=statement.name), statement.name)
        return dg.MaterializeResult(statement.name, metadata={"dagster/row_count": rows})

    return seed
