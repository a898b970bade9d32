"""The formula of a view's column as its SQL has it, followed through WITH down to what is added up, with values.

Belongs here: text for people. Does not: which rows are behind a figure (`provenance`), running anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

MOST_LINES = 12


def formulas(query: exp.Expr, columns: Sequence[str], row: Mapping[str, object]) -> dict[str, list[str]]:
    """For each column the lines of its formula; what the row itself has stands behind each name in brackets."""
    with_ = query.args.get("with_")
    named = {cte.alias: cte.this for cte in (with_.expressions if with_ else ()) if isinstance(cte.this, exp.Query)}
    found = {}
    for column in columns:
        lines = list(dict.fromkeys(_lines(query, column, named, set()))) or [f"{column}: a constant of the view"]
        shown = lines[:MOST_LINES] + ([f"… {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else [])
        found[column] = [_with_values(shown[0], column, row), *shown[1:]]
    return found


def _lines(query: exp.Expr, column: str, named: Mapping[str, exp.Expr], seen: set[tuple[int, str]]) -> Iterator[str]:
    if isinstance(query, exp.SetOperation):
        yield from _lines(query.this, column, named, seen)
        yield from _lines(query.expression, column, named, seen)
    if not isinstance(query, exp.Select) or (id(query), column) in seen:
        return
    seen.add((id(query), column))
    items = {item.alias_or_name: item.unalias() for item in query.expressions}
    body = items.get(column, exp.column(column) if query.is_star else None)
    if body is None:
        return
    names = list(body.find_all(exp.Column))
    if (names or len(seen) == 1) and not isinstance(body, exp.Column):
        yield f"{column} = {body.sql('clickhouse')}"
    for name in names:
        if name.name in items and not name.table and name.name != column:
            yield from _lines(query, name.name, named, seen)
        else:
            yield from _beneath(query, name, named, seen)


def _beneath(
    query: exp.Select, name: exp.Column, named: Mapping[str, exp.Expr], seen: set[tuple[int, str]]
) -> Iterator[str]:
    """What a name means in the sources of a SELECT."""
    sources = dict(_sources(query))
    for alias, source in sources.items():
        if name.table not in ("", alias):
            continue
        inner = named.get(source.name) if isinstance(source, exp.Table) else source.this
        if inner is not None:
            yield from _lines(inner, name.name, named, seen)
        elif name.table or len(sources) == 1:
            yield f"{name.name}: {source.name}.{name.name}"


def _sources(query: exp.Select) -> Iterator[tuple[str, exp.Expr]]:
    first = query.args.get("from_")
    for each in [*([first] if first else []), *(query.args.get("joins") or ())]:
        plain = each.this
        while isinstance(plain, exp.Final | exp.Paren):
            plain = plain.this
        if isinstance(plain, exp.Table | exp.Subquery):
            yield plain.alias_or_name, plain


def _with_values(line: str, column: str, row: Mapping[str, object]) -> str:
    used = [name for name in row if name != column and _mentions(line.partition("=")[2], name)]
    said = ", ".join(f"{name} = {row[name]}" for name in used)
    return f"{line}   [{said}]" if said else line


def _mentions(text: str, name: str) -> bool:
    words = "".join(sign if sign.isalnum() or sign == "_" else " " for sign in text).split()
    return name in words
