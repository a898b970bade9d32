"""The vendors' endpoints as external assets, and which of their fields each staging column comes from.

From staging on, lineage is read out of the SQL; only the step from a vendor's field to our column is written down,
in sql/lineage/<source>.csv (table, column, endpoint, field), and a test holds it against the tables. What no vendor
says, because we set it ourselves, stands in sql/lineage/ours.csv with the reason.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache

import dagster as dg

from zakaz_dagster.defs.shared.specs import builds
from zakaz_dagster.paths import SQL_ROOT
from zakaz_dagster.warehouse import lineage_cache

FOLDER = SQL_ROOT / "lineage"


@cache
def vendor_fields(source: str) -> list[dict[str, str]]:
    """The rows of sql/lineage/<source>.csv."""
    with (FOLDER / f"{source}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def vendor_spec(key: str, about: str, group: str) -> dg.AssetSpec:
    """An endpoint of a vendor: observed, never materialised by us."""
    fields = sorted({row["field"] for row in vendor_fields(key.partition("/")[0]) if row["endpoint"] == key})
    return dg.AssetSpec(
        dg.AssetKey(key.split("/")),
        group_name=group,
        description=about,
        kinds={"api"},
        tags={"layer": "vendor"},
        metadata={"dagster/column_schema": dg.TableSchema(columns=[dg.TableColumn(name) for name in fields])},
    )


@cache
def vendor_lineage(source: str) -> dict[str, dict[str, object]]:
    """Table to the metadata that shows its column lineage up to the vendor's fields."""
    deps: dict[str, dict[str, list[dg.TableColumnDep]]] = defaultdict(lambda: defaultdict(list))
    for row in vendor_fields(source):
        key = dg.AssetKey(row["endpoint"].split("/"))
        deps[row["table"]][row["column"]].append(dg.TableColumnDep(key, row["field"]))
    for build in builds().values():  # what another source adds to a table of this one
        target = build.meta.get("target", "").partition(",")[0]
        for column, origins in lineage_cache.column_lineage(build).items() if target in deps else ():
            deps[target][column] += [dg.TableColumnDep(dg.AssetKey(table), name) for table, name in origins]
    return {table: {"dagster/column_lineage": dg.TableColumnLineage(dict(columns))} for table, columns in deps.items()}
