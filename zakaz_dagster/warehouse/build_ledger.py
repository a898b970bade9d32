"""Which days of which facts are older than what they are built from.

    meta_day_loads   when each source's day was recorded     ─┐
    meta_day_builds  as of which moment each fact's day was   ├─▶ owed days, each with the input that changed
                     built, and from which SQL and seeds     ─┘

What a fact reads is taken from its own SQL, so nothing is listed by hand. An input is one of four kinds:
    another fact     its days as built; `-- reaches: <fact> <days>` in the build says how many earlier days a day reads
    a table of days  `-- source:` in its file names the sources of the load ledger that write it
    a seed           its content and the build's text make a fingerprint, which is kept with every build
    any other table  whoever changes it says which days that touches (`owe`)
A fact whose money moves on another day than its own is an input of both days (`moved_days`). A build that asks how far
a source was read says so: `-- loads: <source>`.
Belongs here: this comparison and its ledger. Does not: building (`rebuild`), deciding when (`defs`).
"""

# ruff: noqa: S608  (names come from our own files; values are parameters)
from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from zakaz_dagster.errors import Fatal
from zakaz_dagster.warehouse import lineage_cache, moved_days
from zakaz_dagster.warehouse.downstream import downstream, readers
from zakaz_dagster.warehouse.sql_files import Statement, load, tables
from zakaz_dagster.warehouse.table_info import day_column

if TYPE_CHECKING:
    from zakaz_dagster.warehouse.client import Warehouse

LEDGER = "meta_day_builds"
LOADS = "meta_day_loads"
SETTINGS = "dim_settings"
PER_SECOND = 1_000_000_000
EARLIEST = date(2000, 1, 1)  # no day of sales or spend lies before it
CONTENT = "sum(cityHash64(tuple(COLUMNS('^[^_]'))))"  # of rows without the service columns; a day without rows has 0
WITHIN = "day BETWEEN {first:Date} AND {last:Date}"
NEVER = 0  # the moment since when a day has rows that never had any
WAITING = 0  # the fingerprint of a day that was marked as owed
WHOLE = "whole"  # the word of a table's file that each build makes anew, whatever days it is asked for
Entry = tuple[date, int, int]  # a day, the fingerprint of its rows, since when it has them


@dataclass(frozen=True)
class Owed:
    """A day of a fact that has to be built again.

    `because` is the input that is newer; `since` the moment it changed, None where that is not known (other SQL, other
    seeds, a load recorded by an earlier version). What reads the fact may change up to the day `until`.
    """

    fact: str
    day: date
    because: str
    since: datetime | None = None
    until: date | None = None


@dataclass(frozen=True)
class Built:
    """A fact's day in the ledger: its inputs were read at `at` (ns), it has its present rows since `recorded`."""

    at: int
    recorded: int
    inputs: int
    reason: str = ""


@dataclass(frozen=True)
class Known:
    """What is compared: source to the moment (ns) at which each day was recorded, and fact to its days as built."""

    loads: Mapping[str, Mapping[date, int]]
    built: Mapping[str, Mapping[date, Built]]
    fingerprints: Mapping[str, int]
    settings: Mapping[str, float] = field(default_factory=dict)


@cache
def facts() -> dict[str, Statement]:
    """The builds that make a table of their own name by days, or whole for any day, each after those it reads."""
    known = {name: build for name, build in load("builds").items() if {"day", WHOLE} & _about(name).keys()}
    graph = {name: lineage_cache.reads(build) & known.keys() for name, build in known.items()}
    return {name: known[name] for name in TopologicalSorter(graph).static_order()}


def _about(table: str) -> Mapping[str, str]:
    statement = tables().get(table)
    return statement.meta if statement else {}


def reads(fact: str) -> frozenset[str]:
    """The tables that decide its rows; the load ledger tells how far a source was read and is compared by itself."""
    return lineage_cache.reads(facts()[fact]) - {LOADS}


def sources(table: str) -> list[str]:
    """The names under which the load ledger knows the loads of a table of days; none for any other table."""
    about = _about(table)
    return [name.strip() for name in about.get("source", "").split(",") if name.strip()] if "day" in about else []


def behind(tables: Collection[str]) -> list[str]:
    """The facts among these tables, and those that read them, directly or through others; in their order."""
    found = downstream(readers(facts().values()), tables)
    return [name for name in facts() if name in found]


def before(fact: str) -> frozenset[str]:
    """Every table that decides the rows of a fact, directly or through other facts."""
    direct = reads(fact)
    return direct.union(*(before(name) for name in direct & facts().keys()))


def fingerprints(wh: Warehouse, names: Collection[str]) -> dict[str, int]:
    """Of each fact's SQL and of the seeds it reads, as they are now."""
    seeds = {fact: sorted(table for table in reads(fact) if "seed" in _about(table)) for fact in names}
    wanted = sorted({table for tables in seeds.values() for table in tables})
    query = " UNION ALL ".join(f"SELECT '{table}' AS name, {CONTENT} AS content FROM {table} FINAL" for table in wanted)
    content = {row["name"]: int(row["content"]) for row in wh.rows(query)} if wanted else {}
    return {fact: _print(facts()[fact].sql, [content[table] for table in tables]) for fact, tables in seeds.items()}


def _print(sql: str, content: Sequence[int]) -> int:
    return int.from_bytes(hashlib.sha256(f"{sql}\0{content}".encode()).digest()[:8], "big") | 1


def record(wh: Warehouse, fact: str, first: date, last: date, *, at: int, inputs: int, run_id: str) -> None:
    """Enter that the days first..last of a fact hold what its inputs said at the moment `at` (ns since 1970).

    A day whose rows are the same as before keeps the moment since when it has them, and one that never had any has
    none: nothing that reads it is owed.
    """
    span: dict[str, object] = {"fact": fact, "first": first, "last": last}
    content = dict(_by_day(wh, fact, CONTENT, first, last))
    earlier = f"SELECT * FROM {LEDGER} FINAL WHERE fact = {{fact:String}} AND {WITHIN}"
    held = {row["day"]: row for row in wh.rows(earlier, span)}
    now, days = time.time_ns(), [first + timedelta(n) for n in range((last - first).days + 1)]
    entries = [(day, content.get(day, 0), _since(held.get(day), content.get(day, 0), now)) for day in days]
    _enter(wh, [fact], entries, at=at, inputs=inputs, reason="", run_id=run_id)
    for name, moved in moved_days.changed(wh, fact, first, last, CONTENT).items():
        others = [(day, content, now) for day, content in moved.items()]
        _enter(wh, [name], others, at=at, inputs=inputs, reason="", run_id=run_id)


def rows_by_day(wh: Warehouse, fact: str, first: date, last: date) -> dict[date, int]:
    """How many rows each of the days has; a day without any is left out."""
    return dict(_by_day(wh, fact, "count()", first, last))


def _by_day(wh: Warehouse, fact: str, figure: str, first: date, last: date) -> Iterator[tuple[date, int]]:
    """Each of the days that has rows, with a figure of them; a table that is made whole has no days."""
    if WHOLE in _about(fact):
        return
    day = day_column(fact)
    within = f"{day} BETWEEN {{first:Date}} AND {{last:Date}}"
    query = f"SELECT {day} AS day, {figure} AS figure FROM {fact} WHERE {within} GROUP BY day"
    for row in wh.rows(query, {"first": first, "last": last}):
        yield row["day"], int(row["figure"])


def _since(held: Mapping[str, Any] | None, content: int, now: int) -> int:
    """Since when a day has its rows: their fingerprint tells whether they are those of the entry before."""
    if held is None:
        return now if content else NEVER
    return int(held["_recorded_ns"]) if held["inputs"] != WAITING and int(held["content"]) == content else now


def noting(wh: Warehouse, fact: str, at: int, run_id: str) -> Callable[[date, date], None]:
    """To be called before a build reads anything: a function that records the days, once they stand in the table."""
    if fact not in facts():  # a build of somebody else's
        return lambda _first, _last: None
    inputs = fingerprints(wh, [fact])[fact]
    return lambda first, last: record(wh, fact, first, last, at=at, inputs=inputs, run_id=run_id)


def owe(
    wh: Warehouse, table: str, days: Collection[date], reason: str, *, run_id: str = "", whole: bool = False
) -> None:
    """Mark these days of every fact that reads `table` (`whole`: of those made whole) as not built."""
    names = [name for name in facts() if not whole or WHOLE in _about(name)]
    if days and (reading := sorted(name for name in names if table in reads(name))):
        now = time.time_ns()
        entries = [(day, 0, now) for day in sorted(days)]
        _enter(wh, reading, entries, at=now, inputs=WAITING, reason=reason, run_id=run_id)


def owed(wh: Warehouse, first: date, last: date) -> list[Owed]:
    """Every day of first..last of every fact that is older than its inputs."""
    begin = max(first, EARLIEST)
    return list(compare(_known(wh, begin, last), begin, last))


def compare(known: Known, first: date, last: date) -> Iterator[Owed]:
    """The pure rule behind `owed`."""
    for fact in facts():
        built, print_now = known.built.get(fact, {}), known.fingerprints[fact]
        changed = _changed(fact, known, first, last)
        ahead = timedelta(_ahead(fact, known.settings))
        for day in sorted(day for day in {*changed, *built} if first <= day <= last):
            at, because = changed.get(day, (0, ""))
            held, until = built.get(day), min(day + ahead, last)
            if held is None or held.at <= at:
                yield Owed(fact, day, because, _moment(at), until)
            elif held.inputs == WAITING:
                yield Owed(fact, day, held.reason, _moment(held.at), until)
            elif held.inputs != print_now:
                yield Owed(fact, day, "its SQL or the settings", None, until)


def _ahead(fact: str, settings: Mapping[str, float]) -> int:
    """How many days after a day of the fact may read it, through whatever stands between."""
    readers_of = [(name, build) for name, build in facts().items() if fact in reads(name)]
    return max((_reach(build, fact, settings) + _ahead(name, settings) for name, build in readers_of), default=0)


def _changed(fact: str, known: Known, first: date, last: date) -> dict[date, tuple[int, str]]:
    """For each day within first..last the newest moment at which something it reads changed, and what that was."""
    found: dict[date, tuple[int, str]] = {}
    build = facts()[fact]
    inputs = {name: list(_moments(name, known)) for name in reads(fact)}
    inputs |= {source: list(known.loads.get(source, {}).items()) for source in build.meta.get("loads", "").split()}
    for name in sorted(inputs):
        reach = _reach(build, name, known.settings)
        for day, at in inputs[name]:
            for step in range(reach + 1):
                touched = day + timedelta(step)
                if first <= touched <= last and at >= found.get(touched, (-1, ""))[0]:
                    found[touched] = at, name
    return found


def _moments(table: str, known: Known) -> Iterator[tuple[date, int]]:
    if table in facts():
        built = known.built.get(table, {}).items()
        yield from ((day, each.recorded) for day, each in built if each.recorded != NEVER and each.inputs != WAITING)
        yield from ((day, each.recorded) for day, each in moved_days.entries(known.built, table))
    for source in sources(table):
        yield from known.loads.get(source, {}).items()


def _reach(build: Statement, table: str, settings: Mapping[str, float]) -> int:
    """How many days before its own a day of the build reads of the table."""
    words = build.meta.get("reaches", "").replace(",", " ").split()
    stated = dict(zip(words[::2], words[1::2], strict=True)).get(table, "0")
    if stated.isdigit():
        return int(stated)
    if stated not in settings:
        step = "restore it in sql/seeds/settings.csv and run `zakaz schema apply`"
        raise Fatal(f"{SETTINGS} lacks {stated}", source="sql", expected="every setting", next_step=step)
    return int(settings[stated])


def _known(wh: Warehouse, first: date, last: date) -> Known:
    wh = wh.tagged(statement="build_ledger.owed")
    settings = {row["key"]: float(row["value"]) for row in wh.rows(f"SELECT key, value FROM {SETTINGS} FINAL")}
    loads: dict[str, dict[date, int]] = defaultdict(dict)
    longest = max(_reach(build, name, settings) for fact, build in facts().items() for name in reads(fact))
    span = {"first": first - timedelta(longest), "last": last}
    for row in wh.rows(f"SELECT source, day, _recorded_ns FROM {LOADS} FINAL WHERE {WITHIN}", span):
        loads[row["source"]][row["day"]] = int(row["_recorded_ns"])
    built: dict[str, dict[date, Built]] = defaultdict(dict)
    for row in wh.rows(f"SELECT * FROM {LEDGER} FINAL WHERE {WITHIN}", span):
        read_at, recorded, inputs = (int(row[name]) for name in ("_ver", "_recorded_ns", "inputs"))
        built[row["fact"]][row["day"]] = Built(read_at, recorded, inputs, row["reason"])
    return Known(loads, built, fingerprints(wh, facts()), settings)


def _enter(
    wh: Warehouse, names: Sequence[str], entries: Sequence[Entry], *, at: int, inputs: int, reason: str, run_id: str
) -> None:
    import pyarrow as pa  # brings numpy, which the definitions load without

    from zakaz_dagster.table_schemas import arrow_type
    from zakaz_dagster.warehouse.arrow import fit, with_service_columns
    from zakaz_dagster.warehouse.table_info import shape

    records = [
        {"fact": name, "day": day, "inputs": inputs, "reason": reason, "content": content, "_recorded_ns": since}
        for name in names
        for day, content, since in entries
    ]
    types = shape(wh, LEDGER).types
    named = {name: arrow_type(kind) for name, kind in types.items() if name in records[0]}
    rows = pa.Table.from_pylist(records, schema=pa.schema(named))
    full = with_service_columns(rows, types, loaded_at=datetime.now(UTC), ver=at, run_id=run_id)
    wh.tagged(statement="build_ledger.enter").insert(LEDGER, fit(full, types, table=LEDGER), undo=lambda: None)


def _moment(at: int) -> datetime | None:
    return datetime.fromtimestamp(at / PER_SECOND, UTC) if at else None
