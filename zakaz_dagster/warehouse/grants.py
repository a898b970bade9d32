"""Roles, limits and rights of `sql/grants`, in the order they depend on each other; names carry the database's name.

Belongs here: the order, the applying, what a role has. Does not: users with passwords (deploy/clickhouse), the schema
(`schema`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from zakaz_dagster.paths import FILES
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.sql_files import ANYWHERE, HERE, Place, Statement, load, named_after

# What exists before what: roles and users, then what is attached to them, then rights.
ORDER = ("CREATE ROLE", "CREATE USER", "CREATE SETTINGS PROFILE", "CREATE QUOTA", "GRANT")
GRANTED = re.compile(r"^GRANT (?P<rights>[^;]+?)\s+TO \w+_(?P<role>role_\w+)$", re.MULTILINE)
KNOWN = "SELECT count() FROM system.privileges WHERE privilege = {right:String}"
USERS = FILES / "deploy" / "clickhouse" / "users.sql.template"


def in_order(place: Place = HERE) -> list[Statement]:
    """Every statement of sql/grants that is needed there, each after those it needs."""
    needed = (each for each in load("grants").values() if place.cluster or each.meta.get("only_with") != "cluster")
    return sorted(needed, key=lambda statement: (_rank(statement), statement.name))


def apply(wh: Warehouse) -> list[str]:
    """Run them all as a user who manages access; each may be run again. Returns their names."""
    done = []
    for statement in in_order(wh.config.place):
        if not is_known(wh, statement):
            continue
        wh.tagged(statement=f"grants {statement.name}").command(statement.rendered(wh.config.place), settings=ANYWHERE)
        done.append(statement.name)
    return done


def is_known(wh: Warehouse, statement: Statement) -> bool:
    """Whether the server knows the right that the statement gives: older ones ask for none there."""
    right = statement.meta.get("only_where_known")
    return not right or bool(wh.scalar(KNOWN, {"right": right}, ANYWHERE))


def users(place: Place = HERE) -> str:
    """The template of the users that log in, for the place's database; passwords' hashes are still variables."""
    return named_after(USERS.read_text("utf-8"), place.database)


def rights(role: str, place: Place) -> dict[str, list[str]]:
    """What a role (`role_writer`) has there: rights by what they are ON, such as `zakaz.*` or `system.disks`.

    The right to a definer is one only where views have that definer.
    """
    found: dict[str, list[str]] = {}
    for statement in in_order(place):
        match = GRANTED.search(statement.sql)
        for where, right in _elements(match["rights"]) if match and match["role"] == role else ():
            if right != "SET DEFINER" or place.definer == named_after(where, place.database):
                found.setdefault(named_after(where, place.database), []).append(right)
    return found


def _elements(text: str) -> Iterator[tuple[str, str]]:
    """(ON what, right) of `SELECT, INSERT ON a.*, SELECT ON b.c`."""
    waiting = []
    for part in " ".join(text.split()).split(", "):
        right, _, where = part.partition(" ON ")
        waiting.append(right)
        if where:
            yield from ((where, each) for each in waiting)
            waiting = []


def _rank(statement: Statement) -> int:
    body = next(line for line in statement.sql.splitlines() if not line.startswith("--"))
    return next(rank for rank, start in enumerate(ORDER) if body.startswith(start))
