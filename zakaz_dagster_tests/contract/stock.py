"""What a server with ClickHouse's shipped configuration refuses and the embedded engine does not, before that engine.

    select_from_system_db_requires_grant             a table of `system` needs a grant, except the few named here
    select_from_information_schema_requires_grant    likewise
    on_cluster_queries_require_cluster_grant         ON CLUSTER needs CLUSTER

Belongs here: these three rules of the server. Does not: what a role may do in its database, which the engine enforces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from zakaz_dagster.warehouse import grants
from zakaz_dagster.warehouse.sql_files import Place

# Of system, whoever asks: constants, what shows everybody his own, and what hides what one may not see.
OPEN = frozenset(
    [
        "one",
        "contributors",
        "licenses",
        "time_zones",
        "collations",
        "formats",
        "privileges",
        "data_type_families",
        "database_engines",
        "table_engines",
        "table_functions",
        "aggregate_function_combinators",
        "functions",
        "databases",
        "tables",
        "columns",
        "settings",
        "current_roles",
        "enabled_roles",
        "quota_usage",
    ]
)
CLOSED = re.compile(r"\b(system|information_schema)\s*\.\s*[`\"]?(\w+)", re.IGNORECASE)
TEXT = re.compile(r"'(?:[^'\\]|\\.|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
CHECK = re.compile(r"CHECK GRANT (.+) ON (?:(\w+)\.(\*|\w+)|\*\.\*)", re.IGNORECASE)


def tables_read(sql: str) -> set[str]:
    """The tables of the server itself that a statement names, as `system.disks`."""
    return {f"{database.lower()}.{table.lower()}" for database, table in CLOSED.findall(TEXT.sub("''", sql))}


@dataclass
class Stock:
    """The judge of a proxy: an error's text, an answer of its own (bytes), or None for the engine to go on."""

    rights: dict[str, list[str]]
    refused: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, role: str, place: Place | None = None) -> Stock:
        return cls(grants.rights(role, place or Place()))

    def __call__(self, sql: str) -> str | bytes | None:
        if found := CHECK.fullmatch(sql.strip()):
            return self._checked(*found.groups())
        lacking = sorted(each for each in tables_read(sql) if not self._may_read(each))
        if "ON CLUSTER" in TEXT.sub("''", sql) and "CLUSTER" not in self.rights.get("*.*", ()):
            lacking.append("CLUSTER ON *.*")
        if not lacking:
            return None
        self.refused += lacking
        return f"DB::Exception: Not enough privileges. To execute this query, it's necessary to have {lacking}"

    def _checked(self, right: str, database: str | None, table: str | None) -> bytes | None:
        """The engine says that everybody may do what this server closes."""
        if database is None:
            return b"1\n" if right in self.rights.get("*.*", ()) else b"0\n"
        if database not in ("system", "information_schema"):
            return None
        return b"1\n" if self._may_read(f"{database}.{table}") else b"0\n"

    def _may_read(self, table: str) -> bool:
        database, name = table.split(".")
        granted = {each.lower() for each, rights in self.rights.items() if "SELECT" in rights}
        return (database == "system" and name in OPEN) or bool({table, f"{database}.*"} & granted)
