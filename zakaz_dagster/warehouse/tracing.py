"""Walking a parsed SELECT from its output columns down to the columns of tables.

ClickHouse lets an alias be used anywhere in its SELECT, names scalars in WITH and reads tuples by position; the
resolvers at hand do not know that. Belongs here: names and scopes. Does not: reading files (`lineage`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

Origin = tuple[str, str]  # (table, column)
Origins = frozenset[Origin]
Outputs = dict[str, Origins]
Known = Mapping[str, tuple[str, ...]]  # table -> columns
NONE: Origins = frozenset()


class Untraceable(Exception):
    """A name that belongs to nothing the statement reads."""


@dataclass
class Scope:
    """What names mean inside one SELECT. A source of None has columns of no origin (table functions)."""

    queries: dict[str, Outputs]  # named in WITH
    scalars: dict[str, Origins]  # WITH expression AS name
    sources: dict[str, Outputs | None] = field(default_factory=dict)
    aliases: dict[str, exp.Expr] = field(default_factory=dict)
    outer: Scope | None = None
    open: set[str] = field(default_factory=set)  # aliases being resolved, against cycles


class Tracer:
    """Resolves output columns against the known tables."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def outputs(self, tree: exp.Expr, outer: Scope | None = None) -> Outputs:
        """Each output column of a query with its origins, in order."""
        if isinstance(tree, exp.Subquery):
            return self.outputs(tree.this, outer)
        scope = self._opened(tree, outer)
        if isinstance(tree, exp.SetOperation):
            inner = Scope(scope.queries, scope.scalars, outer=outer)
            left, right = self.outputs(tree.this, inner), self.outputs(tree.expression, inner)
            if len(left) != len(right):
                raise Untraceable(f"a UNION of {len(left)} and {len(right)} columns")
            return {name: left[name] | other for name, other in zip(left, right.values(), strict=True)}
        if not isinstance(tree, exp.Select):
            raise Untraceable(f"a {type(tree).__name__} is not a query")
        self._add_sources(tree, scope)
        scope.aliases.update({item.alias: item.this for item in tree.expressions if isinstance(item, exp.Alias)})
        found: Outputs = {}
        for item in tree.expressions:
            found.update(self._projection(item, scope))
        return found

    def _opened(self, tree: exp.Expr, outer: Scope | None) -> Scope:
        """A scope with the names of WITH; those of enclosing queries stay visible."""
        scope = Scope(dict(outer.queries) if outer else {}, dict(outer.scalars) if outer else {}, outer=outer)
        with_ = tree.args.get("with_")
        for cte in with_.expressions if with_ else ():
            if isinstance(cte.this, exp.Query) and not cte.args.get("scalar"):
                scope.queries[cte.alias] = self.outputs(cte.this, scope)
            else:
                scope.scalars[cte.alias] = self._origins(cte.this, scope)
        return scope

    def _add_sources(self, tree: exp.Select, scope: Scope) -> None:
        origin = tree.args.get("from_")
        if origin:
            self._add_source(origin.this, scope)
        for join in tree.args.get("joins") or ():
            if (join.args.get("kind") or "").upper() == "ARRAY":
                for item in (join.this, *join.expressions):
                    scope.aliases[item.alias_or_name] = item.unalias()
            else:
                self._add_source(join.this, scope)

    def _add_source(self, source: exp.Expr, scope: Scope) -> None:
        if isinstance(source, exp.Final | exp.TableSample | exp.Paren):
            self._add_source(source.this, scope)
        elif isinstance(source, exp.Subquery):
            scope.sources[source.alias or f"#{len(scope.sources)}"] = self.outputs(source.this, scope)
        elif isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
            scope.sources[source.alias or source.name] = self._table(source.name, scope)
        else:
            scope.sources[source.alias or f"#{len(scope.sources)}"] = None

    def _table(self, name: str, scope: Scope) -> Outputs:
        if name in scope.queries:
            return scope.queries[name]
        if name not in self._known:
            raise Untraceable(f"{name} is neither a table nor a view of sql/")
        return {column: frozenset({(name, column)}) for column in self._known[name]}

    def _projection(self, item: exp.Expr, scope: Scope) -> Iterator[tuple[str, Origins]]:
        star = item if isinstance(item, exp.Star) else item.this if isinstance(item, exp.Column) else None
        if not isinstance(star, exp.Star):
            body = item.this if isinstance(item, exp.Alias) else item
            scope.open.add(item.alias)
            yield item.alias_or_name or item.sql("clickhouse"), self._origins(body, scope)
            scope.open.discard(item.alias)
            return
        left_out = {column.name for column in star.args.get("except_") or ()}
        only = item.table if isinstance(item, exp.Column) else ""
        for name, outputs in scope.sources.items():
            if not only or name == only:
                yield from ((key, value) for key, value in (outputs or {}).items() if key not in left_out)

    def _origins(self, tree: exp.Expr, scope: Scope, hidden: frozenset[str] = frozenset()) -> Origins:
        """The origins of everything an expression mentions; `hidden` are the parameters of lambdas around it."""
        if isinstance(tree, exp.Subquery | exp.Query):
            return frozenset().union(*self.outputs(tree, scope).values())
        if isinstance(tree, exp.Lambda):
            hidden = hidden | {parameter.name for parameter in tree.expressions}
            return self._origins(tree.this, scope, hidden)
        if isinstance(tree, exp.Column):
            first = tree.table or tree.name
            return NONE if first in hidden else self._column(tree, scope)
        children = (self._origins(child, scope, hidden) for child in tree.iter_expressions() if _computes(child))
        return NONE.union(*children)

    def _column(self, column: exp.Column, scope: Scope) -> Origins:
        found = self._named(column.name, column.table, scope)
        if found is None and column.table:  # a tuple read by position or name: tuple.1
            found = self._named(column.table, "", scope)
        if found is None:
            raise Untraceable(f"column {column.sql('clickhouse')} belongs to nothing that is read")
        return found

    def _named(self, name: str, qualifier: str, scope: Scope) -> Origins | None:
        if qualifier:
            return self._qualified(name, qualifier, scope)
        if name in scope.aliases and name not in scope.open:
            scope.open.add(name)
            try:
                return self._origins(scope.aliases[name], scope)
            finally:
                scope.open.discard(name)
        holding = [outputs[name] for outputs in scope.sources.values() if outputs is not None and name in outputs]
        if holding:
            return NONE.union(*holding)
        if name in scope.scalars:
            return scope.scalars[name]
        if None in scope.sources.values():
            return NONE
        return self._named(name, "", scope.outer) if scope.outer else None

    def _qualified(self, name: str, qualifier: str, scope: Scope) -> Origins | None:
        if qualifier not in scope.sources:
            return self._qualified(name, qualifier, scope.outer) if scope.outer else None
        outputs = scope.sources[qualifier]
        return NONE if outputs is None else outputs.get(name)


def _computes(child: Any) -> bool:
    """Whether a part of an expression takes part in its value (types, windows' frames and placeholders do not)."""
    return not isinstance(child, exp.DataType | exp.WindowSpec | exp.Placeholder)
