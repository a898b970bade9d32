"""What people read on an asset's page: description, schema, lineage, owners, kinds, links — all from the SQL files.

Belongs here: turning a statement into an `AssetSpec`. Does not: loading or building anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import dagster as dg
from dagster import TableColumn, TableColumnConstraints, TableColumnDep, TableColumnLineage, TableSchema

from zakaz_dagster.paths import shown
from zakaz_dagster.warehouse import lineage_cache
from zakaz_dagster.warehouse.sql_files import Statement, load

OWNERS = ["team:marketing-data"]


@cache
def tables() -> dict[str, Statement]:
    return load("tables")


@cache
def views() -> dict[str, Statement]:
    return load("views")


@cache
def builds() -> dict[str, Statement]:
    return load("builds")


def table_schema(statement: Statement) -> TableSchema:
    """Columns with types, comments and nullability."""
    return TableSchema(
        columns=[
            TableColumn(
                column.name,
                column.type,
                description=column.comment,
                constraints=TableColumnConstraints(nullable=column.type.startswith("Nullable")),
            )
            for column in lineage_cache.columns(statement)
        ]
    )


def column_lineage(statement: Statement) -> TableColumnLineage:
    """For each column, the columns it is made of."""
    return TableColumnLineage(
        {
            column: [TableColumnDep(dg.AssetKey(table), source) for table, source in sources]
            for column, sources in lineage_cache.column_lineage(statement).items()
            if sources
        }
    )


def asset_spec(
    name: str,
    *,
    group: str,
    deps: Iterable[dg.AssetKey | str] = (),
    kinds: Iterable[str] = ("clickhouse",),
    lineage_metadata: Mapping[str, object] | None = None,
    **about: object,
) -> dg.AssetSpec:
    """The specification of the table or view `name`."""
    statement = tables().get(name) or views()[name]
    build = builds().get(name)
    paths = [each.path for each in (statement, build) if each is not None]
    metadata: dict[str, object] = {
        "dagster/table_name": f"zakaz.{name}",
        "dagster/column_schema": table_schema(statement),
        "grain": statement.meta.get("grain", ""),
        "sql": dg.MetadataValue.md("\n".join(f"- `{shown(path)}`" for path in paths)),
        **(lineage_metadata or {}),
    }
    return dg.AssetSpec(
        name,
        deps=list(deps),
        group_name=group,
        description=_description(statement, build),
        owners=OWNERS,
        kinds=set(kinds),
        metadata=metadata,
        tags={"layer": "view" if statement.kind == "views" else "fact" if build else "staging"},
        **about,  # type: ignore[arg-type]
    )


def _description(statement: Statement, build: Statement | None) -> str:
    shown = build or (statement if statement.kind == "views" else None)
    grain = statement.meta.get("grain", "")
    text = statement.title + (f"\n\nGrain: {grain}." if grain else "")
    return text + (f"\n\n```sql\n{shown.sql.strip()}\n```" if shown else "")
