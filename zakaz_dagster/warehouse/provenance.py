"""Which rows of the tables beneath can have made a row of a view or a fact, read from the SQL itself.

A key of the output row (its city, its day) that a query only hands through is a key of the rows that it reads. Each way
by which a table is read gives one set of such keys; a row beneath belongs to the figure if it fits one of them.
Belongs here: following keys down one statement. Does not: running SQL, values (`explain`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from zakaz_dagster.warehouse.tracing import Known

HANDING_ON = {"tonullable", "assumenotnull", "todate", "tostring"}


@dataclass(frozen=True)
class Key:
    """The output column whose value a column beneath must have; `blank` is what an empty text is shown as."""

    name: str
    blank: str = ""


Keys = Mapping[str, Key]  # column beneath -> the output column that it becomes


@dataclass
class Ways:
    """Follows keys through the SELECTs of one statement; `found` are the ways to each table, as sets of keys."""

    known: Known
    found: dict[str, list[dict[str, Key]]] = field(default_factory=dict)

    def follow(self, query: exp.Expr, keys: Keys, named: Mapping[str, exp.Expr] | None = None) -> None:
        """Add every way from the output columns in `keys` to a table."""
        if isinstance(query, exp.Subquery | exp.Paren):
            self.follow(query.this, keys, named)
            return
        named = {**(named or {}), **_named(query)}
        if isinstance(query, exp.SetOperation):
            left, right = names(query.this, self.known, named), names(query.expression, self.known, named)
            place = dict(zip(left, right, strict=False))
            self.follow(query.this, keys, named)
            self.follow(query.expression, {place[name]: key for name, key in keys.items() if name in place}, named)
        elif isinstance(query, exp.Select):
            self._select(query, keys, named)

    def _select(self, query: exp.Select, keys: Keys, named: Mapping[str, exp.Expr]) -> None:
        sources = dict(_sources(query))
        columns = {alias: names(source, self.known, named) for alias, source in sources.items()}
        wanted: dict[str, dict[str, Key]] = {alias: {} for alias in sources}
        for name, key in keys.items():
            for alias, column, blank in _handed_on(query, name, columns):
                wanted[alias][column] = Key(key.name, blank or key.blank)
        for left, right in _equalities(query, columns):
            for (alias, column), (other, twin) in ((left, right), (right, left)):
                if column in wanted[alias] and other not in _kept_whole(query, alias):
                    wanted[other].setdefault(twin, wanted[alias][column])
        for alias, source in sources.items():
            self._source(source, wanted[alias], named)
        for inner in _inner(query, sources):
            self.follow(inner, {}, named)

    def _source(self, source: exp.Expr, keys: dict[str, Key], named: Mapping[str, exp.Expr]) -> None:
        if isinstance(source, exp.Subquery):
            self.follow(source, keys, named)
        elif source.name in named:
            self.follow(named[source.name], keys, {name: tree for name, tree in named.items() if name != source.name})
        elif keys not in self.found.setdefault(source.name, []):
            self.found[source.name].append(keys)


def names(query: exp.Expr, known: Known, named: Mapping[str, exp.Expr]) -> list[str]:
    """The output columns of a query, a table, or a name of WITH, in order."""
    if isinstance(query, exp.Table):
        return names(named[query.name], known, named) if query.name in named else list(known.get(query.name, ()))
    if isinstance(query, exp.Subquery | exp.Paren):
        return names(query.this, known, named)
    named = {**named, **_named(query)}
    if isinstance(query, exp.SetOperation):
        return names(query.this, known, named)
    found: list[str] = []
    for item in query.expressions if isinstance(query, exp.Select) else ():
        star = item if isinstance(item, exp.Star) else item.this if isinstance(item, exp.Column) else None
        if isinstance(star, exp.Star):
            only = item.table if isinstance(item, exp.Column) else ""
            for alias, source in _sources(query):
                found += names(source, known, named) if only in ("", alias) else []
        else:
            found.append(item.alias_or_name)
    return found


def _named(query: exp.Expr) -> dict[str, exp.Expr]:
    with_ = query.args.get("with_")
    return {
        cte.alias: cte.this
        for cte in (with_.expressions if with_ else ())
        if isinstance(cte.this, exp.Query) and not cte.args.get("scalar")
    }


def _sources(query: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    """Every table, name of WITH and subquery that FROM and JOIN read, by alias."""
    first = query.args.get("from_")
    joins = [join.this for join in query.args.get("joins") or () if (join.args.get("kind") or "").upper() != "ARRAY"]
    for source in [*([first.this] if first else []), *joins]:
        plain = source
        while isinstance(plain, exp.Final | exp.TableSample | exp.Paren):
            plain = plain.this
        if isinstance(plain, exp.Subquery) or (isinstance(plain, exp.Table) and isinstance(plain.this, exp.Identifier)):
            yield plain.alias_or_name, plain


def _handed_on(query: exp.Select, name: str, columns: Mapping[str, list[str]]) -> Iterator[tuple[str, str, str]]:
    """(source, column, what its empty text becomes) that an output column hands through; none when it is computed."""
    items = {item.alias_or_name: item for item in query.expressions if not isinstance(item, exp.Star)}
    if name not in items:
        yield from ((alias, name, "") for alias, own in columns.items() if name in own)
        return
    column, blank = _plain(items[name].unalias())
    if column is not None:
        yield from ((alias, column.name, blank) for alias in _owners(column, columns, items))


def _owners(column: exp.Column, columns: Mapping[str, list[str]], items: Mapping[str, exp.Expr]) -> list[str]:
    if column.table:
        return [column.table] if column.name in columns.get(column.table, ()) else []
    owners = [alias for alias, own in columns.items() if column.name in own]
    return owners if owners or column.name not in items else []


def _plain(tree: exp.Expr) -> tuple[exp.Column | None, str]:
    """The column that an expression only wraps, and what it shows for an empty text."""
    if isinstance(tree, exp.Column) and not isinstance(tree.this, exp.Star):
        return tree, ""
    if isinstance(tree, exp.Cast | exp.Paren):
        return _plain(tree.this)
    if isinstance(tree, exp.Anonymous) and str(tree.this).lower() in HANDING_ON:
        return _plain(tree.expressions[0])
    if isinstance(tree, exp.If) and isinstance(tree.this, exp.EQ):
        tested, shown, (column, _) = tree.this, tree.args["true"], _plain(tree.args["false"])
        same = column is not None and _plain(tested.this)[0] == column
        if same and tested.expression.name == "" and isinstance(shown, exp.Literal):
            return column, shown.name
    return None, ""


def _equalities(
    query: exp.Select, columns: Mapping[str, list[str]]
) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Columns of two sources that a JOIN makes equal."""
    for join in query.args.get("joins") or ():
        on = join.args.get("on")
        for each in on.flatten() if isinstance(on, exp.And) else [on] if on else []:
            if isinstance(each, exp.EQ):
                sides = [_plain(each.this)[0], _plain(each.expression)[0]]
                ends = [(side.table, side.name) for side in sides if side is not None and side.table in columns]
                if len(ends) == len(sides):
                    yield ends[0], ends[1]


def _kept_whole(query: exp.Select, joined: str) -> set[str]:
    """The sources whose rows a LEFT JOIN of `joined` keeps whether they meet it or not."""
    before: set[str] = set()
    first = query.args.get("from_")
    before.add(next(iter(dict(_sources(query))), "") if first else "")
    for join in query.args.get("joins") or ():
        plain = join.this
        while isinstance(plain, exp.Final | exp.TableSample | exp.Paren):
            plain = plain.this
        if plain.alias_or_name == joined:
            return before if (join.args.get("side") or "").upper() == "LEFT" else set()
        before.add(plain.alias_or_name)
    return set()


def _inner(query: exp.Select, sources: Mapping[str, exp.Expr]) -> Iterator[exp.Expr]:
    """The queries inside expressions (IN, scalars), which no key is followed into."""
    own = {id(source) for source in sources.values()}
    parts = [part for name, part in query.args.items() if name not in ("from_", "joins", "with_")]
    parts += [join.args.get("on") for join in query.args.get("joins") or ()]
    with_ = query.args.get("with_")
    parts += [cte.this for cte in (with_.expressions if with_ else ()) if cte.args.get("scalar")]
    for part in parts:
        for node in part if isinstance(part, list) else [part]:
            for inner in node.find_all(exp.Select) if isinstance(node, exp.Expr) else ():
                if id(inner) not in own and inner.find_ancestor(exp.Select) in (query, None):
                    yield inner
