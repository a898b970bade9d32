"""The rights of sql/grants as the engine enforces them: each role's own statements become the rights of a session.

The embedded engine knows users from a file only, and its session is always `default`, so each role is tested as the
rights of `default` in a users file made from the role's GRANT statements and profile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from zakaz_dagster.errors import ConfigFault, Failure
from zakaz_dagster.health.infrastructure import reader_faults, rights
from zakaz_dagster.health.look import Depth, Subjects, Watch
from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse import replace_days as days
from zakaz_dagster.warehouse import schema, seeds, sql_files
from zakaz_dagster.warehouse.client import Warehouse, WarehouseConfig
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.contract.raw_http import send
from zakaz_dagster_tests.contract.roles import users_file
from zakaz_dagster_tests.plugins.clickhouse import Endpoint, serving

VIEW = """-- Orders by day, for people.
CREATE OR REPLACE VIEW v_probe
(
    day Date COMMENT 'День',
    n UInt64 COMMENT 'Заказы'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT sale_date AS day, toUInt64(count()) AS n FROM stg_qtickets_orders_raw GROUP BY sale_date
COMMENT 'Проба'
"""
DAY = date(2026, 3, 1)


def orders(count: int) -> pa.Table:
    return pa.table(
        {
            "sale_date": pa.array([DAY] * count, pa.date32()),
            "order_id": pa.array(range(count), pa.uint64()),
            "updated_at": pa.array([0] * count, pa.timestamp("s", "UTC")),
            "payload": ["{}"] * count,
        }
    )


@pytest.fixture
def as_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AbstractContextManager[Warehouse]]:
    """A warehouse whose user has the rights of a role; `everything` has all. The data stay between the blocks."""
    for folder in ("tables", "views"):
        (tmp_path / "sql" / folder).mkdir(parents=True)
        for path in (sql_files.SQL_ROOT / folder).glob("*.sql"):
            (tmp_path / "sql" / folder / path.name).write_text(path.read_text("utf-8"), "utf-8")
    (tmp_path / "sql" / "views" / "v_probe.sql").write_text(VIEW, "utf-8")
    monkeypatch.setattr(schema, "load", lambda kind: sql_files.load(kind, tmp_path / "sql"))

    @contextmanager
    def run(role: str) -> Iterator[Warehouse]:
        with serving(tmp_path / "data", f"--users-file={users_file(tmp_path, role)}") as endpoint:
            config = WarehouseConfig(
                port=endpoint.port, password=endpoint.password, patience=2.0, views_definer="zakaz_marts_definer"
            )
            wh = Warehouse.connect(config)
            yield wh
            wh.close()

    return run


Role = Callable[[str], AbstractContextManager[Warehouse]]


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Failure) as caught:
        call()
    return str(caught.value)


def test_the_writer_can_do_all_the_platform_does(as_role: Role) -> None:
    with as_role("role_writer") as wh:
        assert schema.apply(wh)
        assert schema.diff(wh) == []
        days.replace_days(wh, "stg_qtickets_orders_raw", {DAY: orders(3)}, guard=0.5, ver=1, run_id="r")
        done = days.replace_days(wh, "stg_qtickets_orders_raw", {DAY: orders(0)}, guard=None, ver=2, run_id="r")
        assert done[DAY] == days.DayReplaced(3, 0)
        days.replace_days(wh, "stg_qtickets_orders_raw", {DAY: orders(4)}, guard=0.5, ver=3, run_id="r")
        for build in load("builds").values():
            if build.name in load("tables") and "day" in load("tables")[build.name].meta:
                rebuild(wh, build, DAY, DAY)
        wh.command("ALTER TABLE stg_rejects MODIFY COMMENT 'other'")
        wh.command("CREATE OR REPLACE VIEW v_probe AS SELECT 1 AS day")
        assert {change.name for change in schema.apply(wh)} == {"stg_rejects", "v_probe"}
        assert seeds.replace_changed(wh) == []


BEYOND_THE_WRITER = (
    "ALTER TABLE zakaz.stg_rejects MODIFY COLUMN payload UInt8",
    "ALTER TABLE zakaz.stg_rejects UPDATE payload = '' WHERE 1",
    "DROP DATABASE zakaz",
    "CREATE DATABASE other",
    "CREATE TABLE other.t (a UInt8) ENGINE = Memory",
    "INSERT INTO FUNCTION file('out.csv') SELECT 1",
    "SELECT * FROM url('http://127.0.0.1:1/', CSV, 'a String')",
    "BACKUP DATABASE zakaz TO Disk('backups', 'b')",
    "SYSTEM SHUTDOWN",
)
BEYOND_THE_READER = (
    "SELECT * FROM stg_qtickets_orders_raw",
    "DESCRIBE TABLE stg_qtickets_orders_raw",
    "SELECT * FROM meta_day_loads",
    "SELECT * FROM url('http://127.0.0.1:1/', CSV, 'a String')",
    "SELECT * FROM file('x.csv')",
    "SELECT * FROM remote('127.0.0.1', zakaz.stg_rejects)",
    "SELECT * FROM system.users",
)
LIMITS = (
    ("max_execution_time", 61, 452),
    ("max_result_rows", 2_000_000, 452),
    ("max_memory_usage", 8_000_000_000, 452),
    ("readonly", 0, 164),
    ("allow_ddl", 1, 392),
)


def test_the_writer_can_do_nothing_more(as_role: Role) -> None:
    with as_role("role_writer") as wh:
        schema.apply(wh)
        for statement in BEYOND_THE_WRITER:
            assert "error 497" in refused(lambda text=statement: wh.command(text)), statement


def test_the_reader_sees_views_and_nothing_else(as_role: Role) -> None:
    with as_role("everything") as wh:
        schema.apply(wh)
        days.replace_days(wh, "stg_qtickets_orders_raw", {DAY: orders(3)}, guard=0.5, ver=1, run_id="r")
    with as_role("role_reader") as wh:
        assert wh.rows("SELECT day, n FROM v_probe") == [{"day": DAY, "n": 3}]
        assert wh.rows("SELECT day, n FROM v_probe", settings={"join_use_nulls": 1, "readonly": 2})
        names = {row["name"] for row in wh.rows("SHOW TABLES")}
        assert names == {path.stem for path in (sql_files.SQL_ROOT / "views").glob("*.sql")} | {"v_probe"}
        for statement in BEYOND_THE_READER:
            assert "error 497" in refused(lambda text=statement: wh.rows(text)), statement
        for statement in ("INSERT INTO stg_rejects (source) VALUES ('x')", "CREATE TABLE x (a Int8) ENGINE = Memory"):
            assert re.search(r"error (164|497)", refused(lambda text=statement: wh.command(text))), statement
        for setting, value, code in LIMITS:
            lifted = f"SELECT 1 SETTINGS {setting} = {value}"
            assert f"error {code}" in refused(lambda text=lifted: wh.command(text)), setting
        assert wh.scalar("SELECT timezone()") == "Europe/Moscow"


def test_a_missing_right_is_a_fault_of_configuration(as_role: Role) -> None:
    with as_role("role_backup") as wh:
        with pytest.raises(ConfigFault, match="sql/grants"):
            wh.command("CREATE DATABASE zakaz", settings=schema.ANYWHERE)
        wh.command("CREATE DATABASE zakaz_drill", settings=schema.ANYWHERE)
        wh.command("DROP DATABASE zakaz_drill", settings=schema.ANYWHERE)


def test_the_watch_looks_with_the_writers_rights_and_misses_none(as_role: Role) -> None:
    with as_role("everything") as wh:
        schema.apply(wh)
    with as_role("role_writer") as wh:
        states = {each.name: each for each in Watch(Subjects(wh), now, Depth.THOROUGH).look().verdicts}
        assert all(each.status is Status.OK for each in states.values()), states
    with as_role("role_backup") as wh:
        assert "lacks INSERT on zakaz.*" in rights(wh, None, (), ()).detail


def test_the_watch_tells_a_reader_that_sees_too_much_or_too_little(as_role: Role) -> None:
    with as_role("everything") as wh:
        schema.apply(wh)
        tables = ["stg_qtickets_orders_raw"]
        assert "can read stg_qtickets_orders_raw" in rights(wh, wh, ["v_probe"], tables).detail
    with as_role("role_reader") as reader:
        faults = list(reader_faults(reader, ["v_probe"], tables))
        assert faults == []
        assert list(reader_faults(reader, ["v_probe", "dim_events"], [])) == ["default cannot read dim_events"]


def test_two_organisers_share_a_server_and_neither_reader_sees_the_other(tmp_path: Path) -> None:
    """Each database with its own definer and roles, on one engine."""

    @contextmanager
    def entered(role: str, database: str) -> Iterator[tuple[Warehouse, Endpoint]]:
        with serving(tmp_path / "data", f"--users-file={users_file(tmp_path, role, database)}") as endpoint:
            own = {"database": database, "views_definer": f"{database}_marts_definer"}
            wh = Warehouse.connect(WarehouseConfig(port=endpoint.port, password=endpoint.password, patience=2.0, **own))
            yield wh, endpoint
            wh.close()

    for name in ("zakaz", "opera"):
        with entered("everything", name) as (wh, _):
            wh.command(f"CREATE DATABASE {name}", settings=sql_files.ANYWHERE)
            for statement in (load("tables")["meta_job_runs"], load("views")["v_ops_runs"]):
                wh.command(statement.rendered(wh.config.place))
            wh.command(f"INSERT INTO meta_job_runs (started_at, run_id, step) VALUES (now(), '{name}', 'load')")
            wh.command(DICTIONARY)
    for mine, other in (("zakaz", "opera"), ("opera", "zakaz")):
        with entered("role_reader", mine) as (wh, endpoint):
            assert [row["run_id"] for row in wh.rows("SELECT run_id FROM v_ops_runs")] == [mine]
            told = {each: send(endpoint, each.format(other=other)).code for each in BEYOND_ITS_DATABASE}
            assert told == dict.fromkeys(BEYOND_ITS_DATABASE, "497")
            assert tells_of(endpoint, other) == []


DICTIONARY = "CREATE DICTIONARY d_cities (x UInt64, y String) PRIMARY KEY x SOURCE(NULL()) LAYOUT(FLAT()) LIFETIME(0)"
BEYOND_ITS_DATABASE = (
    "SELECT * FROM {other}.v_ops_runs",
    "SELECT * FROM {other}.meta_job_runs",
    "SELECT * FROM {other}.d_cities",
    "SELECT * FROM dictionary('{other}.d_cities')",
    "SELECT dictGet('{other}.d_cities', 'y', 1)",
    "SHOW CREATE DATABASE {other}",
    "SHOW CREATE TABLE {other}.v_ops_runs",
)
ENDLESS = {"numbers", "numbers_mt", "zeros", "zeros_mt", "generate_series", "generateSeries", "primes"}


def tells_of(endpoint: Endpoint, other: str) -> list[str]:
    """The tables of system and information_schema, and the statements of tools, in which the other's name stands."""
    listed = "SELECT database, name FROM system.tables WHERE database IN ('system', 'information_schema') FORMAT TSV"
    tables = [line.split("\t") for line in send(endpoint, listed).text.splitlines()]
    assert len(tables) > 10
    asked = [f"SELECT * FROM {database}.`{name}` LIMIT 10000" for database, name in tables if name not in ENDLESS]
    asked += ["SHOW DATABASES", "SHOW DICTIONARIES", "SELECT * FROM merge(REGEXP('.*'), '.*') LIMIT 1000"]
    found = []
    for statement in asked:
        told = send(endpoint, f"{statement} FORMAT TSV")
        if told.status == 200 and re.search(rf"\b{other}\b", told.text):
            found.append(statement)
    return found


def now() -> datetime:
    return datetime.now(UTC)
