"""Where each output column comes from, through the shapes of SQL our views and builds use."""

from __future__ import annotations

from pathlib import Path

import pytest

from zakaz_dagster.errors import Fatal
from zakaz_dagster.warehouse import lineage
from zakaz_dagster.warehouse.sql_files import Statement, load

KNOWN = {
    "sales": ("day", "city", "price", "show_id", "tags"),
    "spend": ("date", "city", "cost"),
    "shows": ("show_id", "city", "title"),
}


def trace(sql: str) -> dict[str, set[str]]:
    build = Statement("b", "builds", Path("b.sql"), sql, "b", {})
    found = lineage.column_lineage(build, KNOWN)
    return {name: {".".join(origin) for origin in origins} for name, origins in found.items()}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT day, sum(price) AS price FROM sales GROUP BY day", {"day": {"sales.day"}, "price": {"sales.price"}}),
        ("SELECT day AS d, d + 1 AS next FROM sales FINAL", {"d": {"sales.day"}, "next": {"sales.day"}}),
        ("SELECT toDate(day) AS day, day + 1 AS next FROM sales", {"day": {"sales.day"}, "next": {"sales.day"}}),
        ("SELECT count() AS n, now() AS at, {first:Date} AS p FROM sales", {"n": set(), "at": set(), "p": set()}),
        (
            (
                "WITH s AS (SELECT day AS d, city, price FROM sales) SELECT a.d AS d, a.price - b.cost AS left"
                " FROM s AS a LEFT JOIN spend AS b ON a.d = b.date AND a.city = b.city"
            ),
            {"d": {"sales.day"}, "left": {"sales.price", "spend.cost"}},
        ),
        (
            (
                "SELECT d, sum(v) AS v FROM (SELECT day AS d, price AS v FROM sales UNION ALL"
                " SELECT date, -cost FROM spend) GROUP BY d"
            ),
            {"d": {"sales.day", "spend.date"}, "v": {"sales.price", "spend.cost"}},
        ),
        (
            (
                "WITH 1.5 AS green, (SELECT max(cost) FROM spend) AS top SELECT if(price > green, 'g', 'r') AS light,"
                " price / top AS share FROM sales"
            ),
            {"light": {"sales.price"}, "share": {"sales.price", "spend.cost"}},
        ),
        (
            "SELECT arrayMap(x -> x + price, [1]) AS m, arrayFirst(t -> t.1 = 1, tags) AS f FROM sales",
            {"m": {"sales.price"}, "f": {"sales.tags"}},
        ),
        ("SELECT tag AS t FROM sales ARRAY JOIN tags AS tag", {"t": {"sales.tags"}}),
        ("SELECT number + 1 AS n FROM numbers(10)", {"n": set()}),
        (
            "SELECT s.1 AS price, s.2 AS city FROM (SELECT argMax((price, city), day) AS s FROM sales)",
            {"price": {"sales.price", "sales.city", "sales.day"}, "city": {"sales.price", "sales.city", "sales.day"}},
        ),
        (
            "SELECT * EXCEPT (tags, show_id), 1 AS one FROM sales",
            {"day": {"sales.day"}, "city": {"sales.city"}, "price": {"sales.price"}, "one": set()},
        ),
        ("SELECT b.* FROM sales AS a JOIN shows AS b USING (show_id)", {c: {f"shows.{c}"} for c in KNOWN["shows"]}),
        (
            "SELECT show_id, title FROM sales JOIN shows USING (show_id)",
            {"show_id": {"sales.show_id", "shows.show_id"}, "title": {"shows.title"}},
        ),
        (
            (
                "SELECT CAST(day AS Date) AS d, price::Float64 AS p, quantileExact(0.5)(price) AS med,"
                " sum(price) OVER (PARTITION BY city ORDER BY day) AS run FROM sales SETTINGS join_use_nulls = 1"
            ),
            {
                "d": {"sales.day"},
                "p": {"sales.price"},
                "med": {"sales.price"},
                "run": {"sales.price", "sales.city", "sales.day"},
            },
        ),
        (
            "SELECT city, (SELECT max(cost) FROM spend WHERE spend.city = sales.city) AS top FROM sales",
            {"city": {"sales.city"}, "top": {"spend.cost"}},
        ),
        (
            "WITH a AS (SELECT city FROM sales), b AS (SELECT city AS c FROM a) SELECT c FROM b UNION ALL SELECT c FROM b",
            {"c": {"sales.city"}},
        ),
    ],
)
def test_each_column_is_traced_to_its_tables(sql: str, expected: dict[str, set[str]]) -> None:
    assert trace(sql) == expected


@pytest.mark.parametrize(
    "sql", ["SELECT nope FROM sales", "SELECT x.day AS d FROM sales", "SELECT a FROM unknown_table"]
)
def test_a_column_that_cannot_be_traced_fails_by_name(sql: str) -> None:
    with pytest.raises(Fatal, match=r"builds/b\.sql.*(nope|x\.day|unknown_table)"):
        trace(sql)


def test_sql_that_cannot_be_parsed_fails_with_its_file_and_line() -> None:
    with pytest.raises(Fatal, match=r"builds/b\.sql cannot be read at line 2"):
        trace("SELECT day FROM sales\nGROUP BY day, if(day = 1, 2, 3) AS x, city")


def test_reads_names_tables_but_not_what_with_defines() -> None:
    sql = "WITH a AS (SELECT 1 FROM sales) SELECT * FROM a JOIN spend USING (x) WHERE y IN (SELECT z FROM shows)"
    assert lineage.reads(Statement("b", "builds", Path("b"), sql, "b", {})) == {"sales", "spend", "shows"}


@pytest.mark.parametrize("kind", ["views", "builds"])
def test_every_column_of_our_own_sql_can_be_traced(kind: str) -> None:
    for statement in load(kind).values():  # type: ignore[arg-type]
        assert lineage.column_lineage(statement), statement.name
        assert lineage.reads(statement) <= lineage.known_columns().keys(), statement.name


def test_columns_of_a_table_carry_types_and_comments() -> None:
    first = lineage.columns(load("tables")["stg_qtickets_sales_raw"])
    assert (first[0].name, first[0].type) == ("channel", "LowCardinality(String)")
    assert {column.type for column in first} >= {"Decimal(18, 2)", "DateTime('Europe/Moscow')", "Nullable(Date)"}
    assert all(column.comment for column in first)
