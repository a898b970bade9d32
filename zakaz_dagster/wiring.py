"""Settings turned into the things that use them: the one place that knows both.

Belongs here: one function per thing. Does not: any work those things do.
"""

from __future__ import annotations

from zakaz_dagster.settings import Settings
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig


def warehouse(settings: Settings) -> Warehouse:
    """The warehouse as its writer; connects on first use."""
    settings.need("clickhouse")
    source = settings.clickhouse
    return Warehouse.connect(
        WarehouseConfig(
            host=source.host,
            port=source.port,
            user=source.user,
            password=source.password.get_secret_value(),
            database=source.database,
            secure=source.secure,
            verify=source.verify,
            ca_cert=source.ca_cert,
            cluster=source.cluster,
        )
    )
