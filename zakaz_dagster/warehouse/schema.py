"""The schema of `sql/` on the server: applied without ever destroying data, and compared.

    database ─▶ tables, new columns, comments ─▶ seeds ─▶ views, each after those it reads

Belongs here: the order. Does not: the comparison (`drift`), access rights (`grants`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from zakaz_dagster.errors import Fatal
from zakaz_dagster.warehouse import drift, lineage, seeds, server
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.drift import Difference, Live
from zakaz_dagster.warehouse.sql_files import ANYWHERE, Statement, load


@dataclass(frozen=True)
class Change:
    """Something that was done."""

    name: str
    what: str


def apply(wh: Warehouse) -> list[Change]:
    """Bring the server to the files as far as that destroys nothing; what is left stands in `diff` afterwards.

    Raises ConfigFault for a server that is too old, or a cluster that cannot hold the tables.
    """
    wh = wh.tagged(statement="schema.apply")
    server.require_supported(wh)
    server.require_cluster(wh)
    changes = list(_create_database(wh))
    live = drift.live_objects(wh)
    changes += _cure(wh, _tables(wh, live))
    changes += [Change(table, what) for table, what in seeds.replace_changed(wh)]
    changes += _cure(wh, _views(wh, live))
    return changes


def diff(wh: Warehouse) -> list[Difference]:
    """Every difference between the files and the server."""
    wh = wh.tagged(statement="schema.diff")
    server.require_cluster(wh)
    if not _database_exists(wh):
        step = "run `zakaz schema apply`; it creates the database"
        return [Difference(wh.config.database, "missing", "the database does not exist", step)]
    live = drift.live_objects(wh)
    unknown = {name: found for name, found in live.items() if name not in load("tables") and name not in load("views")}
    return [*_tables(wh, live), *_seeds(wh, live), *_views(wh, live), *drift.foreign(unknown)]


def create_view(wh: Warehouse, view: Statement) -> None:
    """Create one view, or put its present SQL in the place of the old."""
    wh.tagged(statement=f"schema.create_view {view.name}").command(view.rendered(wh.config.place))


def in_order(views: Mapping[str, Statement]) -> list[Statement]:
    """The views, each after those it reads."""
    graph = {name: lineage.reads(view) & views.keys() for name, view in sorted(views.items())}
    try:
        return [views[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise Fatal(f"views read each other in a circle: {circle}", source="sql", next_step="break it") from None


def _create_database(wh: Warehouse) -> Iterator[Change]:
    if _database_exists(wh):
        return
    cluster = f" ON CLUSTER '{wh.config.cluster}'" if wh.config.cluster else ""
    wh.command(f"CREATE DATABASE IF NOT EXISTS {wh.config.database}{cluster}", settings=ANYWHERE)
    yield Change(wh.config.database, "created the database")


def _database_exists(wh: Warehouse) -> bool:
    query = "SELECT count() FROM system.databases WHERE name = {name:String}"
    return bool(wh.scalar(query, {"name": wh.config.database}, ANYWHERE))


def _tables(wh: Warehouse, live: Mapping[str, Live]) -> Iterator[Difference]:
    place = wh.config.place
    for name, statement in load("tables").items():
        if name in live:
            yield from drift.table_differences(statement, live[name], place)
        else:
            yield drift.missing(statement, place)


def _seeds(wh: Warehouse, live: Mapping[str, Live]) -> Iterator[Difference]:
    for table, what in seeds.changed(wh, live.keys()):
        yield Difference(table, "changed", what, "run `zakaz schema apply`")


def _views(wh: Warehouse, live: Mapping[str, Live]) -> Iterator[Difference]:
    place = wh.config.place
    for view in in_order(load("views")):
        if view.name in live:
            formatted = _formatted(wh, lineage.select_of(view))
            yield from drift.view_differences(view, live[view.name], formatted, place)
        else:
            yield drift.missing(view, place)


def _formatted(wh: Warehouse, select: str) -> str:
    """A SELECT as the server itself would write it."""
    return str(wh.scalar(f"SELECT formatQuerySingleLine({drift.quoted(select)})"))


def _cure(wh: Warehouse, differences: Iterable[Difference]) -> list[Change]:
    done = []
    for difference in differences:
        for statement in difference.cure:
            wh.command(statement)
        if difference.cure:
            verb = "created" if difference.what == "does not exist" else f"{difference.kind}: {difference.what}"
            done.append(Change(difference.name, verb))
    return done
