"""Roles, limits and rights of `sql/grants`, in the order they depend on each other.

Belongs here: the order and the applying. Does not: users with passwords (deploy/clickhouse), the schema (`schema`).
"""

from __future__ import annotations

from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.sql_files import ANYWHERE, Statement, load

# What exists before what: roles and users, then what is attached to them, then rights.
ORDER = ("CREATE ROLE", "CREATE USER", "CREATE SETTINGS PROFILE", "CREATE QUOTA", "GRANT")


def in_order() -> list[Statement]:
    """Every statement of sql/grants, each after those it needs."""
    return sorted(load("grants").values(), key=lambda statement: (_rank(statement), statement.name))


def apply(wh: Warehouse) -> list[str]:
    """Run them all as a user who manages access; each may be run again. Returns their names."""
    done = []
    for statement in in_order():
        wh.tagged(statement=f"grants {statement.name}").command(statement.rendered(wh.config.place), settings=ANYWHERE)
        done.append(statement.name)
    return done


def _rank(statement: Statement) -> int:
    body = next(line for line in statement.sql.splitlines() if not line.startswith("--"))
    return next(rank for rank, start in enumerate(ORDER) if body.startswith(start))
