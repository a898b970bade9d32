"""Monthly facts rebuilt for days, and whole tables replaced, on a running engine."""

# ruff: noqa: S608
from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from zakaz_dagster.errors import BadData, Fatal
from zakaz_dagster.warehouse import rebuild as rebuild_module
from zakaz_dagster.warehouse import replace_table
from zakaz_dagster.warehouse import side_table as sides
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import MixedInput, Rebuilt, rebuild
from zakaz_dagster.warehouse.sql_files import ANYWHERE, Statement
from zakaz_dagster.warehouse.table_info import Shape, shape

FACT = "fact_qtickets_sales_daily"
LINES = "test_lines"
SELECT = """
SELECT sale_date, sale_date AS date, 'api' AS sales_source, toUInt64(1) AS event_id, '' AS event_name,
    '' AS event_key, show_id, 'томск' AS city, '' AS utm_source, '' AS utm_medium, '' AS utm_campaign,
    '' AS utm_content, '' AS utm_term, toUInt64(count()) AS orders, toUInt64(0) AS orders_free,
    toUInt64(count()) AS tickets_sold, toUInt64(0) AS tickets_free, toUInt64(0) AS tickets_refunded,
    toUInt64(0) AS tickets_refunded_free, toUInt64(0) AS tickets_removed, toUInt64(0) AS tickets_removed_free,
    sum(price) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub,
    toDecimal64(0, 2) AS deduction_rub, 1 AS says_free, 1 AS says_refunded_tickets, 1 AS says_refunds,
    toDateTime(sale_date) AS as_of
FROM test_lines
WHERE sale_date BETWEEN {first:Date} AND {last:Date}
GROUP BY sale_date, show_id
"""
JAN, FEB = date(2026, 1, 30), date(2026, 2, 2)


def build(name: str = FACT, sql: str = SELECT) -> Statement:
    return Statement(name, "builds", Path(f"{name}.sql"), sql, "a build of a test", {})


@pytest.fixture
def wh(warehouse: Warehouse) -> Warehouse:
    warehouse.command(
        f"CREATE TABLE {LINES} (sale_date Date, show_id UInt64, price Decimal(18, 2)) ENGINE = MergeTree ORDER BY sale_date"
    )
    return warehouse


def sold(wh: Warehouse, day: date, *prices: int) -> None:
    for price in prices:
        wh.command(
            f"INSERT INTO {LINES} VALUES ({{day:Date}}, 7, {{price:Decimal(18,2)}})", {"day": str(day), "price": price}
        )


def fact(wh: Warehouse) -> dict[date, float]:
    found = wh.rows(f"SELECT sale_date, sum(revenue_rub) AS rub FROM {FACT} GROUP BY sale_date ORDER BY sale_date")
    return {row["sale_date"]: float(row["rub"]) for row in found}


def counts(done: Rebuilt) -> tuple[int, int, int]:
    return done.rows_before, done.rows_after, done.partitions


def test_every_month_that_a_day_touches_is_rebuilt_whole(wh: Warehouse) -> None:
    sold(wh, date(2026, 1, 1), 5)
    sold(wh, JAN, 10)
    sold(wh, FEB, 20)
    sold(wh, date(2026, 3, 3), 7)
    done = rebuild(wh, build(), date(2026, 1, 1), date(2026, 3, 31))
    assert counts(done) == (0, 4, 3)
    sold(wh, date(2026, 1, 1), 1)
    sold(wh, FEB, 2)
    sold(wh, date(2026, 3, 3), 100)  # of a month that is not touched: stays as it was
    done = rebuild(wh, build(), JAN, FEB)
    assert (counts(done), done.first, done.last) == ((3, 3, 2), date(2026, 1, 1), date(2026, 2, 28))
    assert fact(wh) == {date(2026, 1, 1): 6, JAN: 10, FEB: 22, date(2026, 3, 3): 7}


@pytest.mark.parametrize(
    ("key", "first", "last", "expected"),
    [
        (
            "toYYYYMM(day)",
            date(2024, 2, 29),
            date(2024, 3, 1),
            (["202402", "202403"], date(2024, 2, 1), date(2024, 3, 31)),
        ),
        (
            "toYYYYMM(day)",
            date(2025, 12, 31),
            date(2026, 1, 1),
            (["202512", "202601"], date(2025, 12, 1), date(2026, 1, 31)),
        ),
        ("day", date(2026, 1, 31), date(2026, 2, 1), (["20260131", "20260201"], date(2026, 1, 31), date(2026, 2, 1))),
        ("toYYYYMMDD(day)", FEB, FEB, (["20260202"], FEB, FEB)),
    ],
)
def test_partitions_have_the_ids_that_the_engine_gives_them(
    bare_warehouse: Warehouse, key: str, first: date, last: date, expected: tuple[list[str], date, date]
) -> None:
    span = rebuild_module._whole(Shape("t", {}, key, ""), "day", first, last)
    assert (span.ids, span.first, span.last) == expected
    asked = f"SELECT partitionId({key}) AS id FROM (SELECT arrayJoin([{{a:Date}}, {{b:Date}}]) AS day)"
    given = bare_warehouse.rows(asked, {"a": str(first), "b": str(last)}, ANYWHERE)
    assert [row["id"] for row in given] == [span.ids[0], span.ids[-1]]


def test_a_table_of_other_partitions_is_no_fact(wh: Warehouse) -> None:
    with pytest.raises(Fatal, match="t is partitioned by toMonday"):
        rebuild_module._whole(Shape("t", {}, "toMonday(day)", ""), "day", JAN, JAN)


def test_rebuilding_twice_changes_nothing(wh: Warehouse) -> None:
    sold(wh, JAN, 10, 20)
    rebuild(wh, build(), JAN, FEB)
    before = fact(wh)
    assert counts(rebuild(wh, build(), JAN, FEB)) == (1, 1, 2)
    assert fact(wh) == before


def test_a_month_that_became_empty_is_dropped(wh: Warehouse) -> None:
    sold(wh, JAN, 10)
    sold(wh, FEB, 20)
    rebuild(wh, build(), JAN, FEB)
    wh.command(f"TRUNCATE TABLE {LINES}")
    assert counts(rebuild(wh, build(), JAN, JAN)) == (1, 0, 1)
    assert fact(wh) == {FEB: 20}


def test_a_doubled_month_is_whole_after_the_next_rebuild_of_any_of_its_days(wh: Warehouse) -> None:
    sold(wh, JAN, 10)
    rebuild(wh, build(), JAN, JAN)
    doubled(wh, FACT, "202601")
    assert fact(wh) == {JAN: 20}
    rebuild(wh, build(), date(2026, 1, 2), date(2026, 1, 2))
    assert fact(wh) == {JAN: 10}
    assert wh.scalar(f"SELECT uniqExact(_ver, _run_id) FROM {FACT}") == 1


def doubled(wh: Warehouse, table: str, partition: str) -> None:
    """What a server that dies inside REPLACE PARTITION may show after its start: the new rows beside the old."""
    columns = [row["name"] for row in wh.rows(f"DESCRIBE TABLE {table}") if row["name"] != "_ver"]
    wh.command(
        f"INSERT INTO {table} ({', '.join(columns)}, _ver) SELECT {', '.join(columns)}, _ver + 1 FROM {table}"
        f" WHERE _partition_id = '{partition}'"
    )


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("stg_rejects", "(source, day, reason, place) VALUES ('t', '2026-01-30', 'r', 'p')"),
        ("fact_vk_ads_daily", "(date, account) VALUES ('2026-01-02', 'a')"),
    ],
)
def test_a_build_never_reads_a_partition_of_two_versions(wh: Warehouse, table: str, row: str) -> None:
    sold(wh, JAN, 10)
    wh.command(f"INSERT INTO {table} {row}")
    sql = SELECT.replace("GROUP BY", f"AND (SELECT count() FROM {table}) > 0 GROUP BY")
    rebuild(wh, build(sql=sql), JAN, JAN)
    partition = wh.scalar(f"SELECT any(_partition_id) FROM {table}")
    doubled(wh, table, partition)
    sold(wh, JAN, 1)
    with pytest.raises(MixedInput, match=f"1 partitions hold rows of two loads: {table} {partition}"):
        rebuild(wh, build(sql=sql), JAN, JAN)
    assert fact(wh) == {JAN: 10}
    assert counts(rebuild(wh, build(sql=sql), FEB, FEB)) == (0, 0, 1), "another month does not wait for it"


def test_a_build_that_gives_other_days_changes_nothing(wh: Warehouse) -> None:
    sold(wh, JAN, 10)
    rebuild(wh, build(), JAN, JAN)
    wild = SELECT.replace("BETWEEN {first:Date} AND {last:Date}", "<= {last:Date} + 30 OR {first:Date} > sale_date")
    sold(wh, FEB, 20)
    with pytest.raises(BadData, match="1 rows of days that were not asked for"):
        rebuild(wh, build(sql=wild), JAN, JAN)
    assert fact(wh) == {JAN: 10}


def test_a_build_without_a_column_is_refused_by_name(wh: Warehouse) -> None:
    with pytest.raises(Fatal, match=r"lacks \['refunds_rub'\] and has unknown columns: \['refunds'\]"):
        rebuild(wh, build(sql=SELECT.replace("AS refunds_rub", "AS refunds")), JAN, JAN)


def test_a_rebuild_that_began_earlier_leaves_the_later_one_alone(wh: Warehouse) -> None:
    sold(wh, JAN, 10)
    rebuild(wh, build(), JAN, JAN, ver=9)
    sold(wh, JAN, 5)
    assert counts(rebuild(wh, build(), JAN, JAN, ver=8)) == (1, 1, 1)
    assert fact(wh) == {JAN: 10}


@pytest.mark.parametrize("rebuilds", [16, pytest.param(50, marks=pytest.mark.slow)])
def test_rebuilds_at_once_leave_one_version(wh: Warehouse, rebuilds: int) -> None:
    sold(wh, JAN, 10)
    sold(wh, date(2026, 1, 2), 5)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: rebuild(wh, build(), JAN, JAN), range(rebuilds)))
    assert fact(wh) == {JAN: 10, date(2026, 1, 2): 5}
    assert wh.scalar(f"SELECT uniqExact(_ver) FROM {FACT}") == 1
    assert not [row for row in wh.rows("SHOW TABLES") if sides.MARK in row["name"]]


NEEDS_UTM = SELECT.replace(
    "GROUP BY sale_date",
    "AND throwIf(sale_date NOT IN (SELECT date FROM fact_utm_daily), 'fact_utm_daily lacks a day: build it first') = 0 GROUP BY sale_date",
)


def utm_build(wh: Warehouse, where: str = "") -> Statement:
    """A row for each day and show that was sold, whatever else the table has."""
    given = {"date": "sale_date", "utm_campaign": "toString(show_id)"}
    columns = ", ".join(
        f"{given.get(name) or f'defaultValueOfTypeName({chr(39)}{kind}{chr(39)})'} AS {name}"
        for name, kind in shape(wh, "fact_utm_daily").types.items()
        if not name.startswith("_")
    )
    asked = f"WHERE {where} sale_date BETWEEN {{first:Date}} AND {{last:Date}} GROUP BY sale_date, show_id"
    return build("fact_utm_daily", f"SELECT {columns} FROM {LINES} {asked}")


@pytest.mark.parametrize("sales", [1, 3])
def test_a_sale_between_two_builds_of_one_refresh_fails_no_run(
    wh: Warehouse, monkeypatch: pytest.MonkeyPatch, sales: int
) -> None:
    utm, later = utm_build(wh), build(sql=NEEDS_UTM)
    monkeypatch.setattr(rebuild_module, "load", lambda _: {"fact_utm_daily": utm})
    sold(wh, JAN, 10)
    rebuild(wh, utm, JAN, JAN)
    for number in range(sales):
        sold(wh, date(2026, 1, 3 + number), 5)
    rebuild(wh, later, JAN, JAN)
    assert sum(fact(wh).values()) == 10 + 5 * sales
    assert wh.scalar("SELECT count() FROM fact_utm_daily") == 1 + sales


def test_a_build_that_still_refuses_what_it_reads_fails_with_its_own_words(
    wh: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = utm_build(wh, "0 AND")
    monkeypatch.setattr(rebuild_module, "load", lambda _: {"fact_utm_daily": empty})
    sold(wh, JAN, 10)
    with pytest.raises(Fatal, match="error 395.*fact_utm_daily lacks a day"):
        rebuild(wh, build(sql=NEEDS_UTM), JAN, JAN)
    assert fact(wh) == {}


def shows(ids: Iterable[int]) -> pa.Table:
    records = [{"alias": f"город {number}", "city": "город", "display": "Город"} for number in ids]
    return pa.Table.from_pylist(records)


def test_a_whole_table_is_replaced_in_one_swap(warehouse: Warehouse) -> None:
    replace_table.replace_whole(warehouse, "dim_city_alias", shows(range(5)))
    done = replace_table.replace_whole(warehouse, "dim_city_alias", shows(range(3)))
    assert (done.rows_before, done.rows_after) == (5, 3)
    assert replace_table.replace_whole(warehouse, "dim_city_alias", shows([]), guard=None).rows_after == 0


def test_a_whole_table_is_guarded_too(warehouse: Warehouse) -> None:
    replace_table.replace_whole(warehouse, "dim_city_alias", shows(range(40)))
    with pytest.raises(BadData, match="from 40 to 2 rows"):
        replace_table.replace_whole(warehouse, "dim_city_alias", shows(range(2)), guard=0.5)
    assert warehouse.scalar("SELECT count() FROM dim_city_alias") == 40


def test_a_whole_table_is_rebuilt_from_sql(warehouse: Warehouse) -> None:
    sql = "SELECT toString(number) AS alias, 'томск' AS city, 'Томск' AS display FROM numbers(4)"
    assert replace_table.rebuild_whole(warehouse, build("dim_city_alias", sql)).rows_after == 4


def test_a_partitioned_table_is_never_replaced_whole(warehouse: Warehouse) -> None:
    with pytest.raises(Fatal, match="is partitioned by"):
        replace_table.replace_whole(warehouse, FACT, shows([]))
