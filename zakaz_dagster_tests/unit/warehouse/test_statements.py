"""Reading sql/ files, taking their DDL apart, rendering it for a cluster."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from zakaz_dagster.errors import Fatal
from zakaz_dagster.paths import PACKAGE
from zakaz_dagster.table_schemas import arrow_type, schema_of
from zakaz_dagster.warehouse import ddl, drift
from zakaz_dagster.warehouse.sql_files import Place, Statement, load, on_cluster

FILE = """-- Net sales, by day; what counts: paid only.
-- grain: one row per day,
--        never two
-- day: date
-- Prose that is no fact.
--   not a continuation of it
SELECT 1;
"""
VIEW = """CREATE OR REPLACE VIEW v_x
(
    d Date COMMENT 'день',
    n Decimal(18,2) COMMENT 'it''s (net), руб.'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
WITH a AS (SELECT d, n FROM t) SELECT d, sum(n) AS n FROM a GROUP BY d SETTINGS join_use_nulls = 1
COMMENT 'вид'"""


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_title_facts_and_statement_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path / "builds", "f.sql", FILE)
    found = load("builds", tmp_path)["f"]
    assert found.title == "Net sales, by day; what counts: paid only."
    assert dict(found.meta) == {"grain": "one row per day, never two", "day": "date"}
    assert found.sql.endswith("SELECT 1\n")


def test_a_file_without_title_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "checks", "c.sql", "SELECT 1")
    with pytest.raises(Fatal, match=r"c\.sql has no title"):
        load("checks", tmp_path)


@pytest.mark.parametrize(
    ("header", "sql"),
    [
        ("-- template: once\n-- key: a, b\n", "SELECT 1 FROM t GROUP BY a, b"),
        ("-- template: twice\n-- key: a\n", "which does not exist"),
        ("-- template: once\n", "does not say key"),
    ],
)
def test_a_file_without_sql_is_a_template_with_its_facts(tmp_path: Path, header: str, sql: str) -> None:
    for name, text in {
        "checks/t__x": f"-- Every key stands once.\n-- asset: t\n{header}",
        "templates/once": "-- Keys of {{asset}}.\nSELECT 1 FROM {{asset}} GROUP BY {{key}}\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.sql").write_text(text, encoding="utf-8")
    if sql.startswith("SELECT"):
        assert load("checks", tmp_path)["t__x"].sql.endswith(f"{sql}\n")
        return
    with pytest.raises(Fatal, match=sql):
        load("checks", tmp_path)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "views", "v.sql", "-- v\nSELECT 1")
    write(tmp_path / "views" / "more", "v.sql", "-- v\nSELECT 1")
    with pytest.raises(Fatal, match=r"two files named v\.sql"):
        load("views", tmp_path)


def test_a_table_on_a_cluster_is_replicated_everywhere() -> None:
    table = load("tables")["stg_rejects"]
    text = table.rendered(Place(cluster="prod"))
    assert "CREATE TABLE IF NOT EXISTS stg_rejects ON CLUSTER 'prod'\n" in text
    assert "\nENGINE = ReplicatedReplacingMergeTree(_ver)\n" in text
    assert table.rendered() == table.sql


def test_a_view_on_a_cluster_is_made_everywhere_and_stays_a_view() -> None:
    text = on_cluster(VIEW, "prod")
    assert text.startswith("CREATE OR REPLACE VIEW v_x ON CLUSTER 'prod'\n")
    assert "Replicated" not in text


def test_a_view_runs_with_the_rights_of_the_configured_user() -> None:
    view = Statement("v_x", "views", Path("v_x.sql"), VIEW, "x", {})
    assert "\nDEFINER = marts_definer SQL SECURITY DEFINER\n" in view.rendered(Place(definer="marts_definer"))
    assert view.rendered() == VIEW


def test_grants_name_the_configured_database_and_cluster() -> None:
    grants = load("grants")
    place = Place(database="mart", cluster="prod")
    assert "GRANT ON CLUSTER 'prod' SELECT ON mart.v_* TO mart_role_reader" in grants["role_reader__views"].rendered(
        place
    )
    assert "ROLE IF NOT EXISTS mart_role_reader ON CLUSTER 'prod'" in grants["role_reader"].rendered(place)
    assert "mart.*" in grants["role_writer__rows"].rendered(place)
    assert "mart_drill.*" in grants["role_backup__drill"].rendered(place)


@pytest.mark.parametrize("name", load("grants"))
def test_two_organisers_on_one_server_share_no_name(name: str) -> None:
    sql = load("grants")[name].rendered(Place(database="second_1"))
    assert "zakaz" not in sql.lower().replace("zakaz schema", "")
    assert re.search(r"\b(second_1_(role|marts|profile|quota)_\w+)", sql)


def test_a_view_is_taken_apart_the_same_from_the_file_and_from_the_server() -> None:
    server = (
        "CREATE VIEW zakaz.v_x (`d` Date COMMENT 'день', `n` Decimal(18, 2) COMMENT 'it\\'s (net), руб.')"
        " DEFINER = default SQL SECURITY DEFINER COMMENT 'вид' AS WITH a AS (SELECT d, n FROM zakaz.t)"
        " SELECT d, sum(n) AS n FROM a GROUP BY d SETTINGS join_use_nulls = 1"
    )
    ours, theirs = ddl.parse(VIEW), ddl.parse(server)
    assert ours.columns == theirs.columns
    assert ours.columns[1] == ddl.Column("n", "Decimal(18, 2)", "it's (net), руб.")
    assert ours.comment == theirs.comment == "вид"
    assert ours.clauses["SQL SECURITY"] == theirs.clauses["SQL SECURITY"] == "DEFINER"
    assert ddl.canonical(ours.select) == ddl.without_database(theirs.select, "zakaz")


def test_a_string_that_names_the_database_is_left_alone() -> None:
    assert ddl.without_database("SELECT 'zakaz.t' AS a FROM zakaz.t", "zakaz") == "SELECT 'zakaz.t' AS a FROM t"


def test_a_view_may_have_nothing_but_its_select() -> None:
    assert ddl.parse("CREATE VIEW v AS SELECT 1 AS a") == ddl.Ddl("v", is_view=True, columns=(), select="SELECT 1 AS a")


@pytest.mark.parametrize("sql", ["SELECT 1", "CREATE TABLE t (a Int8", "DROP TABLE t", ""])
def test_what_is_not_a_whole_create_statement_is_refused(sql: str) -> None:
    with pytest.raises(Fatal):
        ddl.parse(sql)


def test_a_replicated_engine_equals_its_plain_form() -> None:
    plain = ddl.parse("CREATE TABLE t (a Int8) ENGINE = ReplacingMergeTree(v) ORDER BY a")
    replicated = ddl.parse(
        "CREATE TABLE z.t (a Int8) ENGINE = ReplicatedReplacingMergeTree('/clickhouse/{uuid}', '{replica}', v) ORDER BY a"
    )
    assert drift._clause(plain, "ENGINE") == drift._clause(replicated, "ENGINE")


def test_every_type_of_our_tables_has_an_arrow_type() -> None:
    for table in load("tables").values():
        for column in ddl.parse(table.sql).columns:
            assert arrow_type(column.type) is not None


@pytest.mark.parametrize("table", load("tables").values(), ids=lambda table: table.name)
def test_the_schema_of_a_table_is_what_its_statement_declares(table: Statement) -> None:
    declared = [(each.name, arrow_type(each.type)) for each in ddl.parse(table.sql).columns if each.name[0] != "_"]
    assert [(each.name, each.type) for each in schema_of(table.name)] == declared


def test_loads_and_rebuilds_read_no_system_table_that_needs_a_right_of_its_own() -> None:
    """With the configuration that ClickHouse ships, all others are closed to whoever was not granted them."""
    read = {
        name
        for folder in ("warehouse", "ingest")
        for path in (PACKAGE / folder).glob("*.py")
        if path.name != "grants.py"  # an administrator's
        for name in re.findall(r"\bsystem\.([a-z_]+)\b", path.read_text("utf-8"))
    }
    assert read - {"clusters", "macros"} == {"tables", "columns", "databases"}
    cluster = load("grants")["role_writer__replicas"].sql
    assert all(f"SELECT ON system.{name}" in cluster for name in read & {"clusters", "macros"})
