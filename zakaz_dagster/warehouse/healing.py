"""What a crash leaves behind, found and repaired: partitions of two versions, and side tables of dead runs.

    mixed ─▶ finish the interrupted swap from its side table, if that is still there
          ─▶ facts are rebuilt, seeds replaced; what no load writes again keeps its newest version, and facts follow it;
             so does a fact that must not be built now
          ─▶ days of a source are left to its load: `Healed.left`, oldest first

Belongs here: finding, repairing inside the warehouse, and saying what is left. Does not: loading (`ingest`), when to
look (`defs`: after a failed run, after the server restarted, at the platform's start). Only repairing brings Arrow, so
that looking costs its 40 MB in no process.
"""

# ruff: noqa: S608  (names come from our own files and the catalogue; values are parameters)
from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from graphlib import TopologicalSorter
from typing import Literal, ParamSpec

from zakaz_dagster.errors import Failure
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster.warehouse import ahead, build_ledger, lineage_cache
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.errors import Away
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.side_table import MARK, Side, drop_orphans, orphans, side_table
from zakaz_dagster.warehouse.sql_files import Statement, load, tables
from zakaz_dagster.warehouse.table_info import shape

ONE_VERSION = "platform__one_version"
SIDE_TABLES = "platform__side_tables"
SIDES = "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})"
SHOWN = 5
JOB, REPAIRED = "heal", "Repaired"
RECENT = (
    "SELECT error FROM meta_job_runs FINAL WHERE job = {job:String} AND error_class = {class:String}"
    " AND started_at > now() - INTERVAL 1 HOUR ORDER BY started_at"
)
P = ParamSpec("P")
logger = logging.getLogger("zakaz_dagster.warehouse")
NOTHING_TO_DO = "nothing; if it comes often, look at why ClickHouse restarts (or upgrade it to 26.6.1.962 or newer)"


@dataclass(frozen=True)
class Mixed:
    """A partition that holds rows of more than one load. `source` writes it, or is empty; days are those of its rows,
    None in a table without days.
    """

    table: str
    partition: str
    versions: tuple[int, ...]
    source: str
    first: date | None
    last: date | None

    def __str__(self) -> str:
        return f"{self.table} {self.partition} (_ver {', '.join(map(str, self.versions))})"


@dataclass(frozen=True)
class Repair:
    """What makes a partition right. `load`: the source loads first..last (without days: its catalogue) again.
    `build`: the fact is rebuilt for them.
    """

    kind: Literal["load", "build"]
    table: str
    source: str
    first: date | None
    last: date | None


@dataclass(frozen=True)
class Healed:
    """What was repaired, in words, and what only others can do, in the order in which to do it."""

    done: tuple[str, ...]
    left: tuple[Repair, ...]


def mixed(wh: Warehouse) -> list[Mixed]:
    """Every partition with more than one version, of every table that must have one; oldest days first."""
    asked = " UNION ALL ".join(f"({_versions(table)})" for table in _one_version())
    return sorted((_mixed(row) for row in wh.rows(asked)), key=lambda each: (each.first or date.min, each.table))


def heal(
    wh: Warehouse,
    *,
    run_id: str = "heal",
    loaded: Callable[[Mixed], bool] = lambda _: True,
    blocked: Callable[[str], bool] = lambda _: False,
) -> Healed:
    """Repair what can be repaired without a vendor, and drop side tables of dead runs; safe to run at any time.

    `loaded`: whether a load obeys `left` that writes this partition of a source. `blocked`: whether a fact's inputs are
    known to be wrong. A day of staging stays in `left` also when its swap was finished here: its ledger and facts are
    still those before. So does a fact that cannot be rebuilt, for a run says why. Raises Away when the server is.
    """
    wh = wh.tagged(statement="heal")
    dropped = [f"dropped {name}" for name in drop_orphans(wh)]
    done, left = ahead.set_right(wh), []
    for each in _in_order(mixed(wh)):
        done += [f"finished the swap of {each}"] if _tried(_finish, wh, each) else []
        repair = _repair(each, loaded, blocked)
        if repair is not None and (repair.kind == "load" or not _tried(_rebuilt, wh, each, run_id)):
            left.append(repair)
        elif repair is not None:
            done.append(f"rebuilt {each}")
        elif _tried(_kept_newest, wh, each, run_id):
            done.append(f"kept the newest rows of {each}")
        if repair is None:
            _owe(wh, each, run_id)
    left.sort(key=lambda each: (each.first or date.min, each.kind != "load"))
    if done or left:
        _record(wh, done, left, run_id)
    return Healed((*dropped, *done), tuple(left))


def _record(wh: Warehouse, done: list[str], left: list[Repair], run_id: str) -> None:
    """A line of the audit, from which `one_version` tells people what was repaired."""
    from zakaz_dagster.warehouse import run_ledger

    what = "; ".join([*done, *(f"to be loaded again: {each.table} {each.first or ''}".strip() for each in left)])
    now, names = datetime.now(UTC), ", ".join(sorted({each.table for each in left}))
    attempt = run_ledger.Attempt(now, now, run_id, JOB, JOB, names, "", 1, "success", error_class=REPAIRED, error=what)
    run_ledger.record(wh, [attempt])


def one_version(wh: Warehouse) -> Verdict:
    """Red when any partition holds rows of two loads, with table, partition and versions; yellow for an hour after
    something was repaired, so that people hear what.
    """
    found = mixed(wh)
    if not found and (repaired := wh.rows(RECENT, {"job": JOB, "class": REPAIRED})):
        detail = "; ".join(row["error"] for row in repaired)
        return Verdict(ONE_VERSION, "data", Status.WARNING, f"repaired: {detail}", NOTHING_TO_DO, 0.0, 0.0)
    if not found:
        detail = f"{len(_one_version())} tables, one version in every partition"
        return Verdict(ONE_VERSION, "data", Status.OK, detail, "", 0.0, 0.0)
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    detail = f"rows of two loads in {', '.join(map(str, found[:SHOWN]))}{more}"
    action = "it is repaired at the next look; if it stays, load and build the named days again"
    assets = tuple(dict.fromkeys(each.table for each in found))
    return Verdict(ONE_VERSION, "data", Status.ERROR, detail, action, float(len(found)), 0.0, assets=assets)


def side_tables(wh: Warehouse) -> Verdict:
    """Yellow when side tables of dead runs are kept, which the next load or look drops."""
    found = orphans(wh)
    detail = f"{len(found)} side tables of dead runs" + (f": {', '.join(found[:SHOWN])}" if found else "")
    action = "the next load drops them; if they stay, DROP TABLE each of them" if found else ""
    status = Status.WARNING if found else Status.OK
    return Verdict(SIDE_TABLES, "infrastructure", status, detail, action, float(len(found)), 0.0)


def _one_version() -> list[Statement]:
    return [table for table in tables().values() if "versions" not in table.meta]


def _versions(table: Statement) -> str:
    day = table.meta.get("day")
    days = f"toNullable(min({day})) AS first, toNullable(max({day})) AS last" if day else "NULL AS first, NULL AS last"
    source = table.meta.get("writer") or f"'{table.meta.get('source', '')}'"
    return (
        f"SELECT '{table.name}' AS name, toString(_partition_id) AS id, arraySort(groupUniqArray(_ver)) AS versions,"
        f" any(toString({source})) AS writer, {days} FROM {table.name}"
        " GROUP BY _partition_id HAVING min(_ver) != max(_ver)"
    )


def _mixed(row: dict[str, object]) -> Mixed:
    return Mixed(row["name"], row["id"], tuple(row["versions"]), row["writer"], row["first"], row["last"])  # type: ignore[arg-type]


def _repair(each: Mixed, loaded: Callable[[Mixed], bool], blocked: Callable[[str], bool]) -> Repair | None:
    if each.table in load("builds"):
        return None if blocked(each.table) else Repair("build", each.table, "", each.first, each.last)
    again = bool(each.source) and loaded(each)
    return Repair("load", each.table, each.source, each.first, each.last) if again else None


def _tried(step: Callable[P, bool], *args: P.args, **named: P.kwargs) -> bool:
    """Whether a step did it; one that fails stops no other, and its partition stays red."""
    try:
        return step(*args, **named)
    except Away:
        raise
    except Failure as failure:
        logger.warning("not repaired now: %s", failure)
        return False


def _finish(wh: Warehouse, each: Mixed) -> bool:
    """Do the interrupted swap again from the side table of the run that died: what stands there was proven before."""
    newest, counted = each.versions[-1], "count() AS n, min(_ver) AS oldest, max(_ver) AS newest"
    for row in wh.rows(SIDES, {"prefix": f"{each.table}{MARK}"}):
        if row["name"].endswith(f"{MARK}lease"):
            continue
        query = f"SELECT {counted} FROM {row['name']} WHERE _partition_id = {{id:String}}"
        held = wh.rows(query, {"id": each.partition})[0]
        if held["n"] and held["oldest"] == held["newest"] == newest:
            Side(wh, shape(wh, each.table), row["name"], newest).swap([each.partition])
            return True
    return False


def _rebuilt(wh: Warehouse, each: Mixed, run_id: str) -> bool:
    """Rebuild the fact; raises MixedInput (Retriable) while its own inputs are mixed."""
    from zakaz_dagster.warehouse.replace_table import rebuild_whole

    build = load("builds")[each.table]
    if each.first is None or each.last is None:
        rebuild_whole(wh, build, run_id=run_id)
    else:
        rebuild(wh, build, each.first, each.last, run_id=run_id)
    return True


def _kept_newest(wh: Warehouse, each: Mixed, run_id: str) -> bool:
    """A seed is what its file says; what people uploaded, or nobody writes again now, is its newest version.

    That one was proven before its swap.
    """
    from zakaz_dagster.warehouse import seeds

    if each.table in seeds.seeded():
        seeds.replace(wh, each.table)
        return True
    if not any(found.table == each.table and found.partition == each.partition for found in mixed(wh)):
        return False  # its swap was finished
    about, ver = shape(wh, each.table), time.time_ns()
    columns = [name for name in about.types if name != "_ver"]
    chosen = ", ".join(columns)
    with side_table(wh, about, run_id, ver) as side:
        where = "_partition_id = {id:String} AND _ver = {newest:UInt64}"
        wh.command(
            f"INSERT INTO {side.name} ({chosen}, _ver) SELECT {chosen}, {{ver:UInt64}} FROM {each.table} WHERE {where}",
            {"id": each.partition, "newest": each.versions[-1], "ver": ver},
        )
        side.swap([each.partition])
    return True


def _owe(wh: Warehouse, each: Mixed, run_id: str) -> None:
    """Facts of the partition's days may be built from what is gone, and no load will enter these days again."""
    if each.first and each.last:
        days = [each.first + timedelta(n) for n in range((each.last - each.first).days + 1)]
        build_ledger.owe(wh, each.table, days, "a crash left rows of two loads", run_id=run_id)


def _in_order(found: Iterable[Mixed]) -> list[Mixed]:
    """Facts after those that they read; among equals the oldest first, as they came."""
    builds = load("builds")
    order = list(TopologicalSorter({name: _reads(build, builds) for name, build in builds.items()}).static_order())
    return sorted(found, key=lambda each: order.index(each.table) if each.table in builds else -1)


def _reads(build: Statement, builds: Iterable[str]) -> set[str]:
    return set(lineage_cache.reads(build)) & set(builds)
