"""What is built from what, over every statement: which views show the rows of a table.

Belongs here: this pure walk. Does not: reading one statement (`lineage`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from zakaz_dagster.warehouse import lineage_cache
from zakaz_dagster.warehouse.sql_files import Statement


def readers(statements: Iterable[Statement]) -> dict[str, frozenset[str]]:
    """Each table or view to the statements that read it directly."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for statement in statements:
        for name in lineage_cache.reads(statement):
            found[name].add(statement.name)
    return {name: frozenset(those) for name, those in found.items()}


def downstream(readers_of: Mapping[str, frozenset[str]], names: Iterable[str]) -> set[str]:
    """These and everything built from them."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += readers_of.get(name, ())
    return found
