"""Whoever has DataLens' password sees the views and nothing else, however the question is dressed.

The engine carries the rights and limits of `role_reader`; each table holds a canary that must not come back.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.contract.raw_http import send
from zakaz_dagster_tests.contract.roles import users_file
from zakaz_dagster_tests.plugins.clickhouse import Endpoint, serving

CANARY = "canary-52d1"
TABLE = "zakaz.stg_rejects"
REFUSED = {"497", "164", "452", "392"}  # no right, readonly, a limit, a setting that stays as it is
READS = [
    f"SELECT * FROM {TABLE}",
    f"SELECT payload FROM {TABLE} LIMIT 1",
    f"SELECT count() FROM {TABLE}",
    f"WITH hidden AS (SELECT * FROM {TABLE}) SELECT * FROM hidden",
    f"SELECT 1 WHERE (SELECT max(payload) FROM {TABLE}) LIKE 'c%'",
    f"SELECT 1 IN (SELECT 1 FROM {TABLE})",
    f"SELECT 1 UNION ALL SELECT count() FROM {TABLE}",
    f"SELECT v.* FROM zakaz.v_settings AS v, {TABLE} AS t",
    f"SELECT * FROM view(SELECT * FROM {TABLE})",
    f"SELECT * FROM loop({TABLE}) LIMIT 1",
    f"SELECT * FROM remote('127.0.0.1', {TABLE})",
    f"SELECT * FROM remoteSecure('127.0.0.1', {TABLE})",
    "SELECT * FROM mergeTreeIndex(zakaz, stg_rejects)",
    "SELECT hasColumnInTable('zakaz', 'stg_rejects', 'payload')",
    f"DESCRIBE TABLE {TABLE}",
    f"SHOW CREATE TABLE {TABLE}",
    f"CHECK TABLE {TABLE}",
    f"EXPLAIN PIPELINE SELECT * FROM {TABLE}",
    f"EXPLAIN ESTIMATE SELECT * FROM {TABLE}",
    "SELECT * FROM other.secrets",
    "SELECT * FROM file('x.csv', 'LineAsString')",
    "SELECT file('/etc/passwd')",
    "SELECT * FROM url('http://169.254.169.254/latest/', 'LineAsString')",
    "SELECT * FROM s3('http://127.0.0.1:9/bucket/x', NOSIGN, 'CSV', 'x String')",
    "SELECT * FROM mysql('127.0.0.1:9', 'a', 'b', 'c', 'd')",
    "SELECT * FROM postgresql('127.0.0.1:9', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mongodb('127.0.0.1:9', 'a', 'b', 'c', 'd', 'x String')",
    "SELECT * FROM sqlite('x', 'y')",
    "SELECT * FROM executable('id', 'LineAsString', 'x String')",
    "SELECT * FROM dictionary('x')",
    "SELECT * FROM azureBlobStorage('http://127.0.0.1:9/', 'c', 'b', 'a', 'YWJj', 'CSV', 'auto', 'x String')",
    "SELECT * FROM hdfs('hdfs://127.0.0.1:9/a', 'CSV', 'x String')",
    *(
        f"SELECT * FROM system.{name}"
        for name in (
            *("users", "roles", "grants", "role_grants", "settings_profiles", "settings_profile_elements", "quotas"),
            *("row_policies", "quotas_usage"),
        )
    ),
]
WRITES = [
    f"INSERT INTO {TABLE} (source) VALUES ('x')",
    f"INSERT INTO {TABLE} SELECT * FROM {TABLE}",
    "INSERT INTO FUNCTION file('out.csv') SELECT 1",
    "INSERT INTO FUNCTION url('http://127.0.0.1:9/', 'CSV', 'x String') SELECT 'a'",
    f"ALTER TABLE {TABLE} DELETE WHERE 1",
    f"ALTER TABLE {TABLE} DROP COLUMN payload",
    f"TRUNCATE TABLE {TABLE}",
    f"DROP TABLE {TABLE}",
    f"OPTIMIZE TABLE {TABLE} FINAL",
    f"RENAME TABLE {TABLE} TO zakaz.v_mine",
    "DROP VIEW zakaz.v_settings",
    f"CREATE OR REPLACE VIEW zakaz.v_settings AS SELECT * FROM {TABLE}",
    f"CREATE VIEW zakaz.v_mine DEFINER = zakaz_marts_definer SQL SECURITY DEFINER AS SELECT * FROM {TABLE}",
    f"CREATE TABLE zakaz.v_mine ENGINE = Memory AS SELECT * FROM {TABLE}",
    f"CREATE TEMPORARY TABLE mine AS SELECT * FROM {TABLE}",
    "CREATE TABLE zakaz.v_mine (x String) ENGINE = URL('http://127.0.0.1:9/', CSV)",
    "CREATE DATABASE mine",
    "CREATE FUNCTION mine AS (x) -> x",
    "CREATE NAMED COLLECTION mine AS url = 'http://127.0.0.1:9/'",
    "CREATE USER mine",
    "CREATE ROW POLICY mine ON zakaz.v_settings USING 1 TO ALL",
    "GRANT SELECT ON *.* TO default",
    "ALTER USER default SETTINGS readonly = 0",
    f"BACKUP TABLE {TABLE} TO File('/tmp/x')",
    "RESTORE DATABASE zakaz FROM File('/tmp/x')",
    "SYSTEM SHUTDOWN",
    "SYSTEM FLUSH LOGS",
    "SYSTEM DROP QUERY CACHE",
    f"SYSTEM STOP MERGES {TABLE}",
]
LIMITS = [
    ("max_execution_time", 61),
    ("max_execution_time", 0),
    ("max_memory_usage", 4_000_000_001),
    ("max_memory_usage", 0),
    ("max_result_rows", 1_000_002),
    ("max_result_rows", 0),
    ("max_threads", 5),
    ("readonly", 0),
    ("readonly", 1),
    ("allow_ddl", 1),
    ("max_concurrent_queries_for_user", 1_000),
]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A filled database, another one beside it, and an engine that knows nobody but the reader."""
    place: Path = tmp_path_factory.mktemp("reader")
    with serving(place / "data", f"--users-file={users_file(place, 'everything')}") as endpoint:
        config = WarehouseConfig(port=endpoint.port, password=endpoint.password, views_definer="zakaz_marts_definer")
        wh = Warehouse.connect(config)
        schema.apply(wh)
        wh.command(f"INSERT INTO {TABLE} (source, day, reason, payload) VALUES ('x', '2026-03-01', 'r', '{CANARY}')")
        wh.command("CREATE DATABASE other", settings=schema.ANYWHERE)
        wh.command(f"CREATE TABLE other.secrets ENGINE = MergeTree ORDER BY x AS SELECT '{CANARY}' AS x")
        wh.close()
    with serving(place / "data", f"--users-file={users_file(place, 'role_reader')}") as endpoint:
        yield endpoint


def refused(reader: Endpoint, statement: str, **settings: object) -> None:
    reply = send(reader, statement, database="zakaz", **settings)
    assert reply.status != 200, reply.text
    assert reply.code in REFUSED, (reply.code, reply.text)
    assert CANARY not in reply.text


@pytest.mark.parametrize("table", list(load("tables")))
def test_no_table_is_read(reader: Endpoint, table: str) -> None:
    refused(reader, f"SELECT * FROM zakaz.{table} LIMIT 1")


@pytest.mark.parametrize("statement", READS)
def test_nothing_but_views_is_read(reader: Endpoint, statement: str) -> None:
    refused(reader, statement)


@pytest.mark.parametrize("statement", WRITES)
def test_nothing_is_written_made_or_granted(reader: Endpoint, statement: str) -> None:
    refused(reader, statement)


@pytest.mark.parametrize(("name", "value"), LIMITS)
def test_no_limit_is_lifted(reader: Endpoint, name: str, value: int) -> None:
    refused(reader, "SELECT 1", **{name: value})
    refused(reader, f"SELECT 1 SETTINGS {name} = {value}")
    refused(reader, f"SET {name} = {value}")


@pytest.mark.parametrize(
    "statement", ["SELECT * FROM merge('zakaz', 'stg_.*')", "SELECT * FROM merge(REGEXP('.*'), '.*')"]
)
def test_tables_found_by_a_pattern_are_views_only(reader: Endpoint, statement: str) -> None:
    reply = send(reader, statement, database="zakaz")
    assert CANARY not in reply.text
    assert reply.status != 200 or "stg_" not in reply.text


def test_what_is_hidden_is_not_named_either(reader: Endpoint) -> None:
    views = set(load("views"))
    for sql in (
        "SHOW TABLES",
        "SELECT name FROM system.tables WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA')",
        "SELECT DISTINCT table FROM system.columns WHERE database = 'zakaz'",
        "SELECT DISTINCT table FROM system.parts",
        "SHOW TABLES FROM other",
        f"SHOW COLUMNS FROM {TABLE}",
        "SELECT table_name FROM information_schema.tables WHERE table_schema NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA')",
    ):
        reply = send(reader, f"{sql} FORMAT TSV", database="zakaz")
        assert reply.code in REFUSED or set(reply.text.split()) <= views, (sql, reply.text)
    assert "other" not in send(reader, "SHOW DATABASES").text


def test_the_views_themselves_answer(reader: Endpoint) -> None:
    for view in load("views"):
        assert send(reader, f"SELECT * FROM zakaz.{view} LIMIT 1", join_use_nulls=1).status == 200, view
