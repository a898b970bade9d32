"""Why a figure of a view is what it is: its formula, the rows of facts and staging behind it, and whether they agree.

    view row ── the view's own SQL again, over the chosen rows only ── facts ── their builds again ── staging ── ledger

Every step is compared with the one above it. What is chosen is read from the SQL (`provenance`); where keys cannot be
followed, more rows are chosen than the figure has, and the view's own SQL over them still has to give the figure.
Belongs here: choosing, adding up, comparing. Does not: filters that people type (`cli.explain`), the vendors' names.
"""

# ruff: noqa: S608  (names come from our own files; values are literals of what the database itself answered)
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from zakaz_dagster.errors import BadData
from zakaz_dagster.warehouse import lineage
from zakaz_dagster.warehouse.chosen_rows import (
    Base,
    Value,
    Where,
    beneath,
    builds,
    declared,
    is_number,
    joined,
    keys_of,
    literal,
    may_be,
    statements,
    where_of,
)
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.drift import quoted
from zakaz_dagster.warehouse.explanation import Check, Explanation, Source, Step, same
from zakaz_dagster.warehouse.formula import formulas
from zakaz_dagster.warehouse.sql_files import Statement, tables

SOURCE = "explain"
Filters = Mapping[str, Sequence[str]]  # column -> the values it may have, as text
READ_ONLY: Mapping[str, object] = {"readonly": 2}
SERVICE = {"_loaded_at", "_ver", "_run_id", "_recorded_ns"}
HIDDEN = {"payload", "totals", "client_hash"}  # long, or about people
MOST_DAYS = 400  # of a build that is run again
SHOWN_RUNS, SHOWN_DAYS = 5, 40


class Explainer:
    """`reader` sees views as DataLens does; `store` sees what is beneath, and changes nothing.

    `sources` are the staging tables that a vendor's ledger proves; `most_rows` of each table are shown.
    """

    def __init__(self, reader: Warehouse, store: Warehouse, sources: Mapping[str, Source], most_rows: int = 0) -> None:
        self._reader, self._store = reader.tagged(statement=SOURCE), store.tagged(statement=SOURCE)
        self._sources, self._most_rows = sources, most_rows

    def rows(self, view: str, filters: Filters, most: int) -> list[dict[str, Any]]:
        """The rows of a view whose columns have one of these values, as its reader sees them; the values are bound."""
        if view not in views():
            raise BadData(f"no view {view}", source=SOURCE, expected=", ".join(views()), next_step="name one")
        types = declared(view)
        if unknown := sorted(filters.keys() - types.keys()):
            raise BadData(f"{view} has no column {', '.join(unknown)}", source=SOURCE, expected=", ".join(types))
        if wrong := [
            f"{name}={value}" for name, values in filters.items() for value in values if not may_be(types[name], value)
        ]:
            kinds = ", ".join(sorted({types[each.partition("=")[0]] for each in wrong}))
            raise BadData(
                f"{', '.join(wrong)} cannot be in {view}",
                source=SOURCE,
                expected=f"{kinds}: a day as 2026-06-15, a number as 12.5, a moment as 2026-06-15 10:00:00",
                next_step="write the value so",
            )
        tests = [f"has({{value_{at}:Array(String)}}, toString(v.{name}))" for at, name in enumerate(filters)]
        bound = {f"value_{at}": list(values) for at, values in enumerate(filters.values())}
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        return self._reader.rows(f"SELECT {_list(types)} FROM {view} AS v{where} LIMIT {most:d}", bound)

    def explain(
        self, view: str, rows: Sequence[Mapping[str, Any]], filters: Iterable[str], columns: Sequence[str] = ()
    ) -> Explanation:
        """The rows that `rows` has found by these filters, together, down to the ledger.

        `columns` are explained, by default every figure. One row is looked for by all that says what it is about.
        """
        types = declared(view)
        names = keys_of(types) if len(rows) == 1 else [name for name in filters if name in keys_of(types)]
        chosen = tuple(columns) or tuple(name for name in types if name not in keys_of(types))
        if unknown := sorted({*chosen} - types.keys()):
            raise BadData(f"{view} has no column {', '.join(unknown)}", source=SOURCE, expected=", ".join(types))
        keys: Where = ({name: tuple(dict.fromkeys(row[name] for row in rows)) for name in names},)
        statement, still = statements()[view], [name for name in chosen if name not in moves_with_the_clock(view)]
        found = self._reader.rows(f"SELECT {_list(types)} FROM {view} AS v WHERE {where_of(keys)}")
        again = self._ask(f"SELECT {_list(types)} FROM ({lineage.select_of(statement)}) AS v WHERE {where_of(keys)}")
        checks = [same(f"{name} by sql/views/{view}.sql", _column(again, name), _column(found, name)) for name in still]
        bases = self._beneath(statement, keys, frozenset(chosen))
        checks += self._over_chosen(view, keys, still, found, bases)
        steps = [self._step(table, where, wanted) for table, (where, wanted) in sorted(bases.items())]
        told = {name: found[0][name] if len(found) == 1 else _total(found, name, types[name]) for name in types}
        explained = formulas(lineage.parsed(statement), chosen, told)
        return Explanation(view, len(found), told, chosen, explained, checks, steps)

    def _over_chosen(
        self, view: str, keys: Where, columns: Sequence[str], found: Sequence[Mapping[str, Any]], bases: dict[str, Base]
    ) -> list[Check]:
        """The view over the chosen rows alone gives the figures; where it does not, every row is chosen."""
        for attempt in (True, False):
            filters = {table: where_of(where) for table, (where, _) in bases.items() if all(where)}
            if not attempt or not filters:
                bases.update({table: (({},), wanted) for table, (_, wanted) in bases.items()})
                filters = {}
            text = "{" + ", ".join(f"{quoted(name)}: {quoted(test)}" for name, test in filters.items()) + "}"
            settings = {"additional_table_filters": text} if filters else {}
            over = self._ask(f"SELECT {_list(declared(view))} FROM {view} AS v WHERE {where_of(keys)}", settings)
            checks = [
                same(f"{name} over the rows below", _column(found, name), _column(over, name)) for name in columns
            ]
            if all(check.ok for check in checks) or not filters:
                break
        return checks

    def _beneath(self, statement: Statement, where: Where, wanted: frozenset[str]) -> dict[str, Base]:
        """Tables with figures that the wanted columns are made of, through views; their rows and columns."""
        found: dict[str, Base] = {}
        for name, (under, columns) in beneath(statement, where, wanted).items():
            deeper = self._beneath(statements()[name], under, columns) if name in views() else {name: (under, columns)}
            for table, (one, own) in deeper.items():
                before, others = found.get(table, ((), frozenset()))
                found[table] = (joined(before, one), others | own)
        return found

    def _step(self, table: str, where: Where, wanted: frozenset[str]) -> Step:
        statement = tables()[table]
        types = {column.name: column.type for column in lineage.columns(statement)}
        test, final = where_of(where), " FINAL" if "ReplacingMergeTree" in statement.sql else ""
        added = [name for name in sorted(wanted) if is_number(types[name])]
        sums = "".join(f", sum({name}) AS sum_of_{name}" for name in added)
        runs = f", arraySort(groupUniqArray({SHOWN_RUNS})(_run_id)) AS runs" if "_run_id" in types else ""
        [total] = self._ask(f"SELECT count() AS number_of_rows{sums}{runs} FROM {table}{final} WHERE {test}")
        step = Step(table, statement.title, test, total["number_of_rows"], runs=list(total.get("runs", ())))
        step.sums = {name: total[f"sum_of_{name}"] for name in added}
        if self._most_rows:
            shown = [name for name in types if name not in HIDDEN]
            step.sample = self._ask(
                f"SELECT {_list(shown)} FROM {table} AS v{final} WHERE {test} LIMIT {self._most_rows:d}"
            )
        if table in builds():
            build = builds()[table]
            step.checks += self._built_again(build, where, types)
            for name, (under, columns) in self._beneath(build, where, wanted).items():
                step.beneath.append(self._step(name, under, columns))
        if table in self._sources:
            self._prove(step, self._sources[table], final)
        return step

    def _built_again(self, build: Statement, where: Where, types: Mapping[str, str]) -> list[Check]:
        """The fact's rows as its build makes them now; nothing, when it is built whole or the days are too many."""
        table, test = build.name, where_of(where)
        day = tables()[table].meta.get("day")
        if day is None:
            return []
        days = self._ask(f"SELECT min({day}) AS first, max({day}) AS last, count() AS n FROM {table} WHERE {test}")[0]
        named = sorted(value for each in where for value in each.get(day, ()) if isinstance(value, date))
        first, last = min([days["first"], *named] if days["n"] else named, default=None), None
        if first is not None:
            last = max([days["last"], *named] if days["n"] else named)
        if first is None or last is None or last - first > timedelta(days=MOST_DAYS):
            return []
        numbers = [name for name, kind in types.items() if is_number(kind) and name not in (*SERVICE, *keys_of(types))]
        sums = ", ".join(["count() AS sum_of_rows", *(f"sum({name}) AS sum_of_{name}" for name in numbers)])
        within = f"({test}) AND {day} BETWEEN {literal(first)} AND {literal(last)}"
        stored = self._ask(f"SELECT {sums} FROM {table} WHERE {within}")
        bound = {"first": first, "last": last}
        again = self._store.rows(f"SELECT {sums} FROM ({build.sql}) AS b WHERE {within}", bound, READ_ONLY)
        names = ["rows", *numbers]
        return [
            same(f"{name} by sql/builds/{table}.sql", again[0][f"sum_of_{name}"], stored[0][f"sum_of_{name}"])
            for name in names
        ]

    def _prove(self, step: Step, source: Source, final: str) -> None:
        """The days of the rows as the ledger of loads has them: totals of the vendor, and the run that brought them."""
        day = tables()[step.table].meta["day"]
        own = " AND ".join(
            [f"({step.where})", *(f"{name} = {quoted(value)}" for name, value in source.partition.items())]
        )
        days = f"SELECT DISTINCT {day} FROM {step.table}{final} WHERE {own} ORDER BY {day} LIMIT {SHOWN_DAYS}"
        said = ", ".join(
            f"toDecimal64OrNull(JSONExtractString(totals, {quoted(name)}), 2) AS {name}" for name in source.controls
        )
        step.ledger = self._ask(
            f"SELECT source, day, received, accepted, rejected, covered_until, _run_id, {said}"
            f" FROM meta_day_loads FINAL WHERE source = {quoted(source.name)} AND day IN ({days}) ORDER BY day"
        )
        whole = " AND ".join(["1", *(f"{name} = {quoted(value)}" for name, value in source.partition.items())])
        sums = ", ".join(f"sum({name}) AS sum_of_{name}" for name in source.controls)
        within = f"{whole} AND {day} IN ({days})"
        held = self._ask(f"SELECT {day} AS own_day, {sums} FROM {step.table}{final} WHERE {within} GROUP BY own_day")
        stored = {each["own_day"]: each for each in held}
        for line in step.ledger:
            mine = stored.get(line["day"], {})
            step.checks += [
                same(f"{name} of {line['day']} by the ledger", line[name], mine.get(f"sum_of_{name}", 0))
                for name in source.controls
                if line[name] is not None
            ]

    def _ask(self, sql: str, settings: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        return self._store.rows(sql, None, {**READ_ONLY, **(settings or {})})


def views() -> list[str]:
    return [name for name, statement in statements().items() if statement.kind == "views"]


@lru_cache(maxsize=64)
def moves_with_the_clock(view: str) -> frozenset[str]:
    """Columns that may be other a second later: their formula asks for the present moment."""
    statement = statements()[view]
    if "now(" not in statement.sql:
        return frozenset()
    kinds = declared(view)
    return frozenset(name for name in kinds if "Float" in kinds[name] and "hour" in name)


def _total(rows: Sequence[Mapping[str, Any]], name: str, kind: str) -> Value:
    """What the rows share, or their sum; a ratio (it may be empty) has none."""
    values = {row[name] for row in rows}
    if len(values) == 1:
        return values.pop()
    is_figure = is_number(kind) and "Nullable" not in kind and not name.startswith("is_") and not keys_of({name: kind})
    return sum(row[name] for row in rows) if is_figure else None


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"v.{name} AS {name}" for name in names)


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Value:
    """The value of one row, or those of several in order: rows of equal keys are told together."""
    found = sorted((row[name] for row in rows), key=str)
    return found[0] if len(found) == 1 else found
