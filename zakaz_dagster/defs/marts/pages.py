"""The DataLens pages as static HTML, written after each refresh by the asset below.

It depends on the facts as well as on the views: within a job only assets of the job order each other, and views are
not rebuilt with every load.
"""

import time
from pathlib import Path

import dagster as dg

from zakaz_dagster import timezone
from zakaz_dagster.defs.marts.refresh import PAGES
from zakaz_dagster.defs.shared.errors import explained
from zakaz_dagster.defs.shared.params import WarehouseParam
from zakaz_dagster.defs.shared.specs import OWNERS, views
from zakaz_dagster.warehouse import build_ledger


def definitions(folder: Path) -> dg.Definitions:
    """The pages, written into `folder`."""

    @dg.asset(
        name=PAGES,
        group_name="pages",
        deps=[*build_ledger.facts(), *sorted(views())],
        description="The pages of DataLens as static HTML, read with the reader's rights and settings; `zakaz preview`",
        owners=OWNERS,
        kinds={"html"},
        metadata={
            "folder": dg.MetadataValue.path(str(folder)),
            "dagster/column_schema": dg.TableSchema(columns=[]),
        },
        tags={"layer": "page"},
    )
    def write(reader: WarehouseParam) -> dg.MaterializeResult:
        from zakaz_dagster.datalens import preview as pages

        started = time.monotonic()
        with explained():
            written = pages.write(reader, folder, timezone.now())
        return dg.MaterializeResult(
            metadata={
                "pages": dg.MetadataValue.md("\n".join(f"- `{path}`" for path in written)),
                "seconds": round(time.monotonic() - started, 2),
            }
        )

    return dg.Definitions(assets=[write])
