"""clickhouse-connect's SQLAlchemy dialect against the embedded endpoint."""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from zakaz_dagster_tests.contract.raw_http import send
from zakaz_dagster_tests.plugins.clickhouse import Endpoint


@pytest.fixture(scope="module")
def engine(clickhouse: Endpoint) -> Iterator[sa.Engine]:
    assert send(clickhouse, "CREATE DATABASE alchemy").status == 200
    assert (
        send(
            clickhouse,
            "CREATE TABLE t (day Date, city String, rub Float64) ENGINE = MergeTree ORDER BY day",
            database="alchemy",
        ).status
        == 200
    )
    assert (
        send(clickhouse, "CREATE VIEW v AS SELECT day, sum(rub) AS rub FROM t GROUP BY day", database="alchemy").status
        == 200
    )
    user = f"{clickhouse.user}:{quote(clickhouse.password)}"
    engine = sa.create_engine(f"clickhousedb://{user}@{clickhouse.host}:{clickhouse.port}/alchemy")
    yield engine
    engine.dispose()


def test_reflection_shows_tables_views_and_columns(engine: sa.Engine):
    inspector = sa.inspect(engine)
    assert set(inspector.get_table_names(schema="alchemy")) >= {"t"}
    assert {"alchemy", "system"} <= set(inspector.get_schema_names())
    columns = {column["name"]: str(column["type"]) for column in inspector.get_columns("t", schema="alchemy")}
    assert columns == {"day": "Date", "city": "String", "rub": "Float64"}
    reflected = sa.Table("v", sa.MetaData(schema="alchemy"), autoload_with=engine)
    assert [column.name for column in reflected.columns] == ["day", "rub"]


def test_statements_run_with_bound_values(engine: sa.Engine):
    table = sa.Table("t", sa.MetaData(schema="alchemy"), autoload_with=engine)
    with engine.connect() as connection:
        connection.execute(sa.text("INSERT INTO t VALUES ('2026-11-22', 'томск', 10.5), ('2026-11-22', 'омск', 2)"))
        total = (
            sa.select(sa.func.sum(table.c.rub).label("rub")).where(table.c.city != "nope; it's").group_by(table.c.day)
        )
        assert connection.execute(total).scalar_one() == 12.5
        assert connection.execute(sa.text("SELECT city FROM t WHERE rub > :low"), {"low": 5}).scalars().all() == [
            "томск"
        ]
        with pytest.raises(sa.exc.DatabaseError, match="60"):
            connection.execute(sa.text("SELECT * FROM nope"))
