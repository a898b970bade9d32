"""Rows of `dim_direct_campaigns`: every campaign that had figures, as it is now.

Belongs here: that table's columns. Does not: ads and the history of their landings (`history`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from zakaz_dagster.sources.yandex_direct import description
from zakaz_dagster.sources.yandex_direct.catalogue import Catalogue

TABLE = description.CAMPAIGNS
SCHEMA = pa.schema(
    [
        ("account", pa.string()),
        ("campaign_id", pa.uint64()),
        ("campaign_name", pa.string()),
        ("campaign_type", pa.string()),
        ("state", pa.string()),
        ("url_params", pa.string()),
    ]
)


def rows_of(catalogues: Mapping[str, Catalogue], held: Mapping[str, pa.Table]) -> pa.Table:
    """Campaigns that are not held, or not as they are now."""
    before = held.get(TABLE)
    known = set(zip(*before.select(SCHEMA.names).to_pydict().values(), strict=True)) if before is not None else set()
    current = [
        (login, item.id, item.name, item.type, item.state, item.tracking)
        for login, catalogue in catalogues.items()
        for item in catalogue.campaigns.values()
    ]
    fresh = [row for row in current if row not in known]
    columns = list(zip(*fresh, strict=True)) or [()] * len(SCHEMA)
    return pa.table([pa.array(values, kind.type) for values, kind in zip(columns, SCHEMA, strict=True)], schema=SCHEMA)
