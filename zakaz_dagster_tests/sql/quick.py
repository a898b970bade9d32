"""A world whose facts are put straight into their tables: what a SELECT gives is the same, and a test has a tenth of
the statements. That days are replaced whole and safely is proven where `rebuild` is tested.
"""

from __future__ import annotations

import time

from zakaz_dagster.ingest.dictionaries import list_ads, read_tags
from zakaz_dagster.sources.qtickets.description import DIMENSIONS
from zakaz_dagster.warehouse.build_ledger import WHOLE
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import Span, _whole, fill
from zakaz_dagster.warehouse.seeds import seeded
from zakaz_dagster.warehouse.side_table import Side
from zakaz_dagster.warehouse.sql_files import load, tables
from zakaz_dagster.warehouse.table_info import day_column, shape
from zakaz_dagster_tests.sql.world import BUILDS, World, day


def copied(wh: Warehouse, world: World) -> QuickWorld:
    """The same world in another database: its parts are linked there and not written again."""
    filled = "SELECT DISTINCT table FROM system.parts WHERE active AND database = currentDatabase()"
    source = world.wh
    for row in source.rows(filled):
        if row["table"] not in seeded():
            wh.command(f"ALTER TABLE {row['table']} ATTACH PARTITION ALL FROM {source.config.database}.{row['table']}")
    copy = QuickWorld(wh, first_line=1000)
    copy.events |= world.events
    return copy


class QuickWorld(World):
    """Nothing is entered into ledgers, and nothing that another load does meanwhile is noticed."""

    def build(self, first: str, last: str, *facts: str) -> None:
        for name in DIMENSIONS:
            self.wh.command(f"TRUNCATE TABLE {name}")
            self._fill(name, {})
        list_ads(self.wh)
        read_tags(self.wh, day(first), day(last))
        for name in facts or BUILDS:
            days = self.span(name, day(first), day(last))
            of_days = WHOLE not in tables()[name].meta
            span = _whole(shape(self.wh, name), day_column(name), *days) if of_days else Span(["all"], *days)
            self.wh.command(f"ALTER TABLE {name} " + ", ".join(f"DROP PARTITION ID '{one}'" for one in span.ids))
            self._fill(name, {"first": str(span.first), "last": str(span.last)})

    def _fill(self, name: str, params: dict[str, object]) -> None:
        target = Side(self.wh, shape(self.wh, name), name, time.time_ns())
        fill(target, load("builds")[name], params, run_id="test")
