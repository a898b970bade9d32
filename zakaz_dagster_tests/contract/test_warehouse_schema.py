"""The schema on a running engine: applied twice without a change, and every planted drift found and named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from zakaz_dagster.errors import Fatal
from zakaz_dagster.warehouse import schema, sql_files
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.seeds import seeded
from zakaz_dagster_tests.plugins.warehouse import Shelf

FEW = ("stg_rejects", "stg_qtickets_orders_raw", "meta_day_loads")
VIEW = """-- Counted by day.
-- grain: one row per day
CREATE OR REPLACE VIEW {name}
(
    day Date COMMENT 'День',
    n UInt64 COMMENT 'Заказы'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS (
SELECT {day} AS day, CAST(sum({n}) AS UInt64) AS n FROM {source} GROUP BY day SETTINGS join_use_nulls = 1
)
COMMENT 'По дням'
"""


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A sql/ that a test may change: a few of our tables, and two views of which the first by name reads the second."""
    for folder in ("tables", "views"):
        (tmp_path / folder).mkdir()
    for name in (*FEW, *seeded()):
        path = Path("tables", f"{name}.sql")
        (tmp_path / path).write_text((sql_files.SQL_ROOT / path).read_text(encoding="utf-8"), encoding="utf-8")
    inner = VIEW.format(name="v_z_inner", day="sale_date", n="1", source="stg_qtickets_orders_raw")
    outer = VIEW.format(name="v_a_outer", day="day", n="n", source="v_z_inner")
    (tmp_path / "views" / "v_z_inner.sql").write_text(inner, encoding="utf-8")
    (tmp_path / "views" / "v_a_outer.sql").write_text(outer, encoding="utf-8")
    monkeypatch.setattr(schema, "load", lambda kind: sql_files.load(kind, tmp_path))
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_server_without_the_database_is_told_apart(bare_warehouse: Warehouse) -> None:
    assert [(difference.kind, "apply" in difference.next_step) for difference in schema.diff(bare_warehouse)] == [
        ("missing", True)
    ]


def test_applying_twice_changes_nothing_and_leaves_no_difference(files: Path, bare_warehouse: Warehouse) -> None:
    first = schema.apply(bare_warehouse)
    assert {"stg_rejects", "dim_city_alias", "v_a_outer", "v_z_inner"} <= {change.name for change in first}
    assert schema.apply(bare_warehouse) == []
    assert schema.diff(bare_warehouse) == []


def test_our_own_files_apply_and_equal_the_server(bare_warehouse: Warehouse) -> None:
    assert schema.apply(bare_warehouse)
    assert schema.diff(bare_warehouse) == []
    assert schema.apply(bare_warehouse) == []


def test_what_a_test_leaves_behind_is_gone_before_the_next(clickhouse: Any) -> None:
    shelf = Shelf(clickhouse)
    names = []
    for left in (
        "INSERT INTO stg_rejects (source, day, reason) VALUES ('t', '2026-01-01', 'r')",
        "INSERT INTO dim_channels SELECT * FROM dim_channels LIMIT 1",
        "DROP VIEW v_sales_14d",
        "CREATE TABLE stg_rejects__side AS stg_rejects",
        "CREATE OR REPLACE VIEW v_sales_14d AS SELECT 1 AS one",
        "ALTER TABLE stg_rejects ADD COLUMN more UInt8",
    ):
        wh, state = shelf.take()
        names.append(wh.config.database)
        assert not wh.scalar("SELECT count() FROM stg_rejects")
        assert shelf.state(wh, shelf.objects(wh)) == state
        wh.command(left)
        shelf.give_back(wh, state)
    assert shelf.free == []
    assert [names.index(name) for name in names] == [0, 0, 2, 2, 2, 2], "seeds and changed tables cannot be undone"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("DROP TABLE stg_rejects", ("stg_rejects", "missing", "does not exist")),
        (
            "ALTER TABLE stg_rejects ADD INDEX by_reason reason TYPE bloom_filter GRANULARITY 4",
            ("stg_rejects", "changed", "INDEX by_reason is reason TYPE bloom_filter GRANULARITY 4, not absent"),
        ),
        ("DROP VIEW v_a_outer", ("v_a_outer", "missing", "does not exist")),
        ("CREATE TABLE scratch (a Int8) ENGINE = Memory", ("scratch", "foreign", "has no file in sql/")),
        (
            (
                "CREATE DICTIONARY words (alias String, city String) PRIMARY KEY alias"
                " SOURCE(CLICKHOUSE(TABLE 'dim_city_alias')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(60)"
            ),
            ("words", "foreign", "has no file in sql/"),
        ),
        ("ALTER TABLE stg_rejects DROP COLUMN payload", ("stg_rejects", "missing", "column payload")),
        ("ALTER TABLE stg_rejects ADD COLUMN more Int8", ("stg_rejects", "foreign", "column more Int8")),
        (
            "ALTER TABLE stg_rejects MODIFY COLUMN payload LowCardinality(String)",
            ("stg_rejects", "changed", "column payload is LowCardinality(String), not String"),
        ),
        (
            "ALTER TABLE stg_rejects COMMENT COLUMN payload 'other'",
            ("stg_rejects", "changed", "comment of column payload"),
        ),
        ("ALTER TABLE stg_rejects MODIFY COMMENT 'other'", ("stg_rejects", "changed", "comment of the table")),
        (
            "ALTER TABLE stg_qtickets_orders_raw MODIFY COLUMN payload CODEC(LZ4)",
            ("stg_qtickets_orders_raw", "changed", "column payload has CODEC(LZ4), not CODEC(ZSTD(3))"),
        ),
        (
            "CREATE OR REPLACE TABLE meta_day_loads AS meta_day_loads ENGINE = MergeTree ORDER BY day",
            ("meta_day_loads", "changed", "ORDER BY is day, not source, day"),
        ),
        (
            (
                "CREATE OR REPLACE TABLE stg_rejects AS stg_rejects ENGINE = ReplacingMergeTree(_ver)"
                " PARTITION BY day ORDER BY (source, day, place, reason)"
            ),
            ("stg_rejects", "changed", "PARTITION BY is day, not source, day"),
        ),
        (
            (
                "CREATE OR REPLACE VIEW v_z_inner (day Date COMMENT 'День', n UInt64 COMMENT 'Заказы') DEFINER ="
                " CURRENT_USER SQL SECURITY DEFINER AS SELECT toDate('2026-01-01') AS day, toUInt64(1) AS n COMMENT 'По дням'"
            ),
            ("v_z_inner", "changed", "SELECT of the view"),
        ),
        (
            "ALTER TABLE v_z_inner MODIFY SQL SECURITY INVOKER",
            ("v_z_inner", "changed", "SQL SECURITY of the view"),
        ),
        (
            "ALTER TABLE dim_city_alias DELETE WHERE alias = 'спб'",
            ("dim_city_alias", "changed", "{rows} rows differ from the {wanted} of sql/seeds/city_aliases.csv"),
        ),
    ],
)
def test_each_planted_drift_is_found(
    files: Path, bare_warehouse: Warehouse, statement: str, expected: tuple[str, str, str]
) -> None:
    schema.apply(bare_warehouse)
    bare_warehouse.command(statement, settings={"mutations_sync": 2, "alter_sync": 2})
    rows = bare_warehouse.scalar("SELECT count() FROM dim_city_alias")
    wanted = (*expected[:2], expected[2].format(rows=rows, wanted=rows + 1))
    differences = schema.diff(bare_warehouse)
    assert wanted in [(each.name, each.kind, each.what) for each in differences]
    assert all(each.next_step for each in differences)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE stg_rejects",
        "DROP VIEW v_z_inner",
        "ALTER TABLE stg_rejects DROP COLUMN payload",
        "ALTER TABLE stg_rejects COMMENT COLUMN payload 'it''s other'",
        "ALTER TABLE stg_rejects MODIFY COMMENT 'other'",
        "ALTER TABLE v_z_inner MODIFY SQL SECURITY INVOKER",
        "ALTER TABLE dim_city_alias DELETE WHERE alias = 'спб'",
    ],
)
def test_what_destroys_nothing_is_cured_by_applying(files: Path, bare_warehouse: Warehouse, statement: str) -> None:
    schema.apply(bare_warehouse)
    bare_warehouse.command(statement, settings={"mutations_sync": 2, "alter_sync": 2})
    assert len(schema.apply(bare_warehouse)) == 1
    assert schema.diff(bare_warehouse) == []


def test_a_new_column_lands_in_its_place_and_keeps_the_rows(files: Path, bare_warehouse: Warehouse) -> None:
    schema.apply(bare_warehouse)
    bare_warehouse.command("INSERT INTO stg_rejects (source, day, reason) VALUES ('x', '2026-03-01', 'r')")
    edit(
        files / "tables" / "stg_rejects.sql", "    payload String", "    kind String COMMENT 'Вид',\n    payload String"
    )
    assert [change.what for change in schema.apply(bare_warehouse)] == ["missing: column kind"]
    assert schema.diff(bare_warehouse) == []
    assert bare_warehouse.rows("SELECT source, reason, kind FROM stg_rejects") == [
        {"source": "x", "reason": "r", "kind": ""}
    ]


def test_a_changed_type_is_reported_and_never_altered(files: Path, bare_warehouse: Warehouse) -> None:
    schema.apply(bare_warehouse)
    edit(files / "tables" / "stg_rejects.sql", "    place String", "    place UInt8")
    assert schema.apply(bare_warehouse) == []
    left = schema.diff(bare_warehouse)
    assert [(one.what, one.cure) for one in left] == [("column place is String, not UInt8", ())]
    assert "exchange" in left[0].next_step


def test_a_changed_view_is_replaced_once(files: Path, bare_warehouse: Warehouse) -> None:
    schema.apply(bare_warehouse)
    edit(files / "views" / "v_z_inner.sql", "sum(1)", "count()")
    assert [change.name for change in schema.apply(bare_warehouse)] == ["v_z_inner"]
    assert schema.apply(bare_warehouse) == []


def test_only_layout_of_a_view_is_no_difference(files: Path, bare_warehouse: Warehouse) -> None:
    schema.apply(bare_warehouse)
    edit(files / "views" / "v_z_inner.sql", "GROUP BY day", "\n-- a reason\ngroup  by day")
    assert schema.diff(bare_warehouse) == []


def test_a_table_in_a_views_place_is_left_alone(files: Path, bare_warehouse: Warehouse) -> None:
    schema.apply(bare_warehouse)
    bare_warehouse.command("DROP VIEW v_a_outer")
    bare_warehouse.command("CREATE TABLE v_a_outer (a Int8) ENGINE = MergeTree ORDER BY a")
    assert schema.apply(bare_warehouse) == []
    left = [(each.name, each.kind, each.what) for each in schema.diff(bare_warehouse)]
    assert left == [("v_a_outer", "changed", "is a table, not a view")]


def test_views_that_read_each_other_are_refused_by_name(files: Path) -> None:
    edit(files / "views" / "v_z_inner.sql", "stg_qtickets_orders_raw", "v_a_outer")
    with pytest.raises(Fatal, match="v_a_outer.*v_z_inner|v_z_inner.*v_a_outer"):
        schema.in_order(sql_files.load("views", files))


def test_side_tables_of_running_loads_are_no_difference(warehouse: Warehouse) -> None:
    warehouse.command("CREATE TABLE stg_rejects__side_abc_00000000 AS stg_rejects")
    assert schema.diff(warehouse) == []
