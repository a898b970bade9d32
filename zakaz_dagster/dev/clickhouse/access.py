"""What SQL may reach beyond the engine's own tables: nothing, unless the endpoint was started with that name.

The engine's own access control decides (rights in `users.xml`, written here). It has no right for a few names that
reach files or the network all the same, first of all the function `file`; those are looked for in the query as the
engine's own formatter writes it, so comments, quoting, escapes, views and CTEs make no difference. `landlock` holds
where SQL is hidden from both. Belongs here: names and rights. Does not: who may ask (`loopback`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from zakaz_dagster.dev.clickhouse.engine import Link, literal
from zakaz_dagster.dev.clickhouse.errors import ACCESS_DENIED, ClickHouseError
from zakaz_dagster.dev.clickhouse.statement import lexemes

FILES = frozenset({"file", "disk", "sqlite", "hive"})
PROCESSES = frozenset({"executable"})
# Sources as ClickHouse's grants name them, with the engines that belong to each.
SOURCES: dict[str, tuple[str, ...]] = {
    "file": ("File", "FileLog", "Filesystem"),
    "disk": (),
    "sqlite": ("SQLite",),
    "hive": (),
    "url": ("URL", "DataLakeCatalog"),
    "remote": ("Remote", "RemoteSecure", "Distributed"),
    "s3": ("S3", "S3Queue", "GCS", "OSS", "COSN", "Iceberg", "IcebergS3", "DeltaLake", "DeltaLakeS3", "Hudi"),
    "azure": ("AzureBlobStorage", "AzureQueue", "IcebergAzure", "DeltaLakeAzure"),
    "hdfs": ("HDFS", "IcebergHDFS"),
    "mysql": ("MySQL",),
    "postgres": ("PostgreSQL", "MaterializedPostgreSQL"),
    "mongo": ("MongoDB",),
    "redis": ("Redis",),
    "odbc": ("ODBC",),
    "jdbc": ("JDBC",),
    "kafka": ("Kafka",),
    "nats": ("NATS",),
    "rabbitmq": ("RabbitMQ",),
}
NAMES = (*SOURCES, "executable", "python")
_RIGHTS = (
    "CHECK, SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, CREATE TEMPORARY TABLE,"
    " CREATE FUNCTION, DROP FUNCTION, CREATE DICTIONARY, DROP DICTIONARY, DROP DATABASE, DROP TABLE, DROP VIEW,"
    " UNDROP TABLE, TRUNCATE, OPTIMIZE, BACKUP, KILL QUERY, MOVE PARTITION BETWEEN SHARDS, ACCESS MANAGEMENT, dictGet,"
    " CLUSTER, SYSTEM FLUSH, SYSTEM MERGES, SYSTEM TTL MERGES, SYSTEM DROP CACHE, SYSTEM SYNC REPLICA,"
    " SYSTEM RESTART REPLICA, SYSTEM RESTORE REPLICA"
)
_FAMILY = ("", "Replacing", "Summing", "Aggregating", "Collapsing", "VersionedCollapsing", "Coalescing", "Graphite")
_ENGINES = (
    *(f"{kind}{family}MergeTree" for kind in ("", "Replicated") for family in _FAMILY),
    *("Memory", "Log", "TinyLog", "StripeLog", "Null", "Set", "Join", "Buffer", "Merge", "GenerateRandom", "Alias"),
    *("View", "MaterializedView", "Atomic", "Ordinary", "Replicated"),
)
_AI = ("Generate", "Embed", "Classify", "Extract", "Translate", "Filter", "Similarity", "Redact")
# Called names (they are case-sensitive) and engines that the engine's rights do not know; each with what opens it.
_CALLS = {
    **{name: name for name in ("file", "disk", "executable", "python")},
    "eval": "executable",
    **{f"{prefix}{verb}": "url" for prefix in ("ai", "AI") for verb in _AI},
}
_LIKE = {"http": "url", "postgresql": "postgres", "mongodb": "mongo", "executable_pool": "executable"}
_STORAGES = {"executable": "executable", "executablepool": "executable", "datalakecatalog": "url"}
_HINT = re.compile(rb"file|disk|executable|python|eval|datalakecatalog|dictionary|ai[a-z]{5}|\\", re.IGNORECASE)
# A setting with a word for its value calls nothing; to ask the engine for its form costs more than most queries do.
_PLAIN_SETTING = re.compile(r"SET \w+ = '\w*(?:/\w+)*'", re.ASCII)
# Functions and settings that take a text for columns with defaults, for expressions or for a query.
_READERS_OF_TEXT = frozenset(
    {
        *("format", "values", "input", "generaterandom", "fuzzjson", "fuzzquery", "eval", "viewexplain"),
        *("additional_result_filter", "additional_table_filters", "schema_inference_hints", *_CALLS),
    }
)
LARGEST_READ = 2**20  # of VALUES whose expressions are read; beyond, expressions are off
EXPRESSIONS = "input_format_values_interpret_expressions"


def rights(allowed: Iterable[str]) -> Iterator[str]:
    """GRANT statements of the endpoint's user."""
    yield f"GRANT {_RIGHTS} ON *.*"
    yield "GRANT SET DEFINER ON *"
    for engine in _ENGINES:
        yield f"GRANT TABLE ENGINE ON {engine}"
    for name in allowed:
        if name in SOURCES:
            yield f"GRANT {name.upper()} ON *.*"
        for engine in SOURCES.get(name, ()):
            yield f"GRANT TABLE ENGINE ON {engine}"


@dataclass(frozen=True)
class Doors:
    """What is open, by name."""

    allowed: frozenset[str] = frozenset()

    @property
    def files(self) -> bool:
        """Whether the engine may open files outside its folder."""
        return bool(self.allowed & (FILES | PROCESSES))

    @property
    def network(self) -> bool:
        return bool(self.allowed - FILES - {"python"})

    def check(self, link: Link, *texts: str) -> None:
        """Refuse a statement, or a setting, that names what is closed."""
        for text in texts:
            if _HINT.search(text.encode()) and not _PLAIN_SETTING.fullmatch(text):
                self._refuse(_formatted(link, text) or text)

    def check_values(self, link: Link, chunks: Iterable[bytes], size: int) -> None:
        """The same for the data of VALUES, whose cells may be expressions."""
        if size > LARGEST_READ:
            if any(_HINT.search(chunk) for chunk in chunks):
                link.set({EXPRESSIONS: "0"})
        else:
            self.check(link, f"SELECT {b''.join(chunks).decode('utf-8', 'replace')}")

    def _refuse(self, sql: str) -> None:
        for name, door in _named(sql):
            if door not in self.allowed:
                raise ClickHouseError.refuse(
                    ACCESS_DENIED,
                    f"`{name}` reaches beyond the tables of this endpoint; it is refused unless the endpoint is started"
                    f" with --allow {door}",
                )


def _formatted(link: Link, sql: str) -> str:
    """The statement as the engine writes it; empty when it is none, and the engine will say so itself."""
    try:
        return link.query(f"SELECT formatQuerySingleLine({literal(sql)})", "TabSeparatedRaw").data.decode()
    except ClickHouseError:
        return ""


def _named(sql: str) -> Iterator[tuple[str, str]]:
    """(name as written, what opens it) for every closed name that the text calls, applies, passes on or stores by.

    A text inside of it is looked at where something reads it as SQL again.
    """
    found = [("", ""), ("", ""), *lexemes(sql), ("", ""), ("", "")]
    names = {text.lower() for kind, text in found if kind == "name"}
    for place in range(2, len(found) - 2):
        (kind, text), (_, one), (_, two) = found[place], found[place - 1], found[place - 2]
        following = found[place + 1][1]
        if kind == "string" and names & _READERS_OF_TEXT:
            yield from _named(text)
        elif kind == "name" and text in _CALLS:
            passed_on = one == "(" and two.lower().startswith(("apply", "array", "map"))
            if following == "(" or one.upper() == "APPLY" or passed_on:
                yield text, _CALLS[text]
        elif kind == "name" and one == "=" and two.upper() == "ENGINE" and text.lower() in _STORAGES:
            yield text, _STORAGES[text.lower()]
        elif kind == "name" and one == "(" and two.upper() == "SOURCE" and "dictionary" in names:
            yield from _dictionary(text, names)


def _dictionary(source: str, names: set[str]) -> Iterator[tuple[str, str]]:
    """A dictionary may read a table of this engine; every other source of it is a door."""
    low = source.lower()
    if low == "clickhouse" and "host" in names:
        yield "SOURCE(CLICKHOUSE(HOST …))", "remote"
    elif low not in ("clickhouse", "null"):
        yield f"SOURCE({source.upper()}(…))", low if low in NAMES else _LIKE.get(low, "url")
