"""What people read on an asset's page: description, schema with origins, owners, kinds, code — all from the SQL files.

From staging on, what a column is made of is read out of the SQL; only the step from a vendor's field to our column is
written down, in sql/lineage/<source>.csv (table, column, endpoint, field), and a test holds it against the tables. What
no vendor says, because we set it ourselves, stands in sql/lineage/ours.csv with the reason.
Belongs here: turning a statement into an `AssetSpec`. Does not: loading or building anything.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import dagster as dg

from zakaz_dagster.paths import SQL_ROOT
from zakaz_dagster.warehouse import lineage_cache
from zakaz_dagster.warehouse.sql_files import Statement, load

OWNERS = ["team:marketing-data"]
LINEAGE = SQL_ROOT / "lineage"
MADE_OF = " ← "
OUTSIDE = {  # tables that no run of their own writes, with their groups
    "plan_sales": "settings",  # uploaded by `zakaz import plan`
    "plan_budgets": "settings",  # uploaded by `zakaz import budget`
    "meta_day_loads": "books",  # kept by every load
    "meta_job_runs": "books",  # kept by the audit
    "meta_backup_runs": "books",  # kept by the backup
}
Origins = Mapping[str, Sequence[tuple[str, str]]]  # column to the tables or endpoints and their columns or fields


@cache
def tables() -> dict[str, Statement]:
    return load("tables")


@cache
def views() -> dict[str, Statement]:
    return load("views")


@cache
def builds() -> dict[str, Statement]:
    return load("builds")


def asset_spec(
    name: str,
    *,
    group: str,
    deps: Iterable[dg.AssetKey | str] = (),
    kinds: Iterable[str] = ("clickhouse",),
    origins: Origins | None = None,
    **about: object,
) -> dg.AssetSpec:
    """The specification of the table or view `name`; `origins` say what its columns are made of.

    Its file may name another group than the others of its kind have.
    """
    statement = tables().get(name) or views()[name]
    build = builds().get(name)
    metadata: dict[str, object] = {
        "dagster/table_name": f"zakaz.{name}",
        "dagster/column_schema": table_schema(statement, origins or {}),
        "grain": statement.meta.get("grain", ""),
        **code_references(each for each in (build, statement) if each is not None),
    }
    return dg.AssetSpec(
        name,
        deps=list(deps),
        group_name=statement.meta.get("group", group),
        description=_description(statement, build),
        owners=OWNERS,
        kinds=set(kinds),
        metadata=metadata,
        tags={"layer": "view" if statement.kind == "views" else "fact" if build else "staging"},
        **about,  # type: ignore[arg-type]
    )


def outside_spec(name: str, group: str) -> dg.AssetSpec:
    """A table that is written by something else than a run of its own, as the origin of what reads it."""
    return asset_spec(name, group=group).merge_attributes(tags={"layer": "vendor"})


def vendor_spec(key: str, about: str, group: str) -> dg.AssetSpec:
    """An endpoint of a vendor: observed by every load, never materialised by us."""
    read_into: dict[str, dict[str, None]] = defaultdict(dict)  # each field, to the columns that it becomes
    for row in vendor_fields(key.partition("/")[0]):
        if row["endpoint"] == key:
            read_into[row["field"]][f"{row['table']}.{row['column']}"] = None
    columns = [dg.TableColumn(name, description=f"→ {', '.join(read_into[name])}") for name in sorted(read_into)]
    return dg.AssetSpec(
        dg.AssetKey(key.split("/")),
        group_name=group,
        description=about,
        kinds={"api"},
        tags={"layer": "vendor"},
        metadata={"dagster/column_schema": dg.TableSchema(columns=columns)},
    )


def table_schema(statement: Statement, origins: Origins) -> dg.TableSchema:
    """Columns with types, comments, nullability, and what each is made of."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.type,
                description=column.comment + _made_of(origins.get(column.name, ())),
                constraints=dg.TableColumnConstraints(nullable=column.type.startswith("Nullable")),
            )
            for column in lineage_cache.columns(statement)
        ]
    )


def _made_of(origins: Sequence[tuple[str, str]]) -> str:
    listed = ", ".join(f"{table}.{column}" for table, column in origins)
    return f"{MADE_OF}{listed}" if listed else ""


def code_references(statements: Iterable[Statement]) -> dict[str, object]:
    """The SQL files behind an asset, to be opened in an editor from its page."""
    references = [dg.LocalFileCodeReference(file_path=str(each.path), label=each.path.name) for each in statements]
    return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=list(references))}


@cache
def vendor_fields(source: str) -> list[dict[str, str]]:
    """The rows of sql/lineage/<source>.csv."""
    with (LINEAGE / f"{source}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def vendor_origins(source: str, table: str) -> Origins:
    """What the columns of a loaded table are made of, up to the vendor's fields."""
    return _vendor_origins(source).get(table, {})


@cache
def _vendor_origins(source: str) -> dict[str, Origins]:
    found: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for row in vendor_fields(source):
        found[row["table"]][row["column"]].append((row["endpoint"], row["field"]))
    for build in builds().values():  # what another source adds to a table of this one
        target = build.meta.get("target", "").partition(",")[0]
        for column, origins in lineage_cache.column_lineage(build).items() if target in found else ():
            found[target][column] += origins
    return {table: dict(columns) for table, columns in found.items()}


def _description(statement: Statement, build: Statement | None) -> str:
    shown = build or (statement if statement.kind == "views" else None)
    grain = statement.meta.get("grain", "")
    text = statement.title + (f"\n\nGrain: {grain}." if grain else "")
    return text + (f"\n\n```sql\n{shown.sql.strip()}\n```" if shown else "")
