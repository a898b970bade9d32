"""Monthly facts rebuilt for days, and whole tables replaced, on a running engine."""

# ruff: noqa: S608
from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from zakaz_dagster.errors import BadData, Fatal, Retriable
from zakaz_dagster.warehouse import replace_days as days
from zakaz_dagster.warehouse import replace_table
from zakaz_dagster.warehouse import side_table as sides
from zakaz_dagster.warehouse.client import Params, Warehouse
from zakaz_dagster.warehouse.rebuild import Rebuilt
from zakaz_dagster.warehouse.sql_files import Statement

FACT = "fact_qtickets_sales_daily"
LINES = "test_lines"
SELECT = """
SELECT sale_date, sale_date AS date, toUInt64(1) AS event_id, show_id, 'томск' AS city, '' AS utm_source,
    '' AS utm_medium, '' AS utm_campaign, '' AS utm_content, '' AS utm_term, toUInt64(count()) AS orders,
    toUInt64(count()) AS tickets_sold, toUInt64(0) AS tickets_free, toUInt64(0) AS tickets_refunded,
    toUInt64(0) AS tickets_removed, sum(price) AS revenue_rub, toDecimal64(0, 2) AS refunds_rub,
    toDecimal64(0, 2) AS deduction_rub
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


def test_only_the_asked_days_change_across_months(wh: Warehouse) -> None:
    sold(wh, date(2026, 1, 1), 5)
    sold(wh, JAN, 10)
    sold(wh, FEB, 20)
    sold(wh, date(2026, 2, 20), 7)
    assert days.rebuild(wh, build(), date(2026, 1, 1), date(2026, 2, 28)) == Rebuilt(0, 4, 2)
    sold(wh, JAN, 1)
    sold(wh, FEB, 2)
    sold(wh, date(2026, 2, 20), 100)  # not asked for: stays as it was
    assert days.rebuild(wh, build(), JAN, FEB) == Rebuilt(2, 2, 2)
    assert fact(wh) == {date(2026, 1, 1): 5, JAN: 11, FEB: 22, date(2026, 2, 20): 7}


def test_rebuilding_twice_changes_nothing(wh: Warehouse) -> None:
    sold(wh, JAN, 10, 20)
    days.rebuild(wh, build(), JAN, FEB)
    before = fact(wh)
    assert days.rebuild(wh, build(), JAN, FEB) == Rebuilt(1, 1, 2)
    assert fact(wh) == before


def test_a_month_that_became_empty_is_dropped(wh: Warehouse) -> None:
    sold(wh, JAN, 10)
    sold(wh, FEB, 20)
    days.rebuild(wh, build(), JAN, FEB)
    wh.command(f"TRUNCATE TABLE {LINES}")
    assert days.rebuild(wh, build(), JAN, JAN) == Rebuilt(1, 0, 1)
    assert fact(wh) == {FEB: 20}


def test_a_build_that_gives_other_days_changes_nothing(wh: Warehouse) -> None:
    sold(wh, JAN, 10)
    days.rebuild(wh, build(), JAN, JAN)
    wild = SELECT.replace("BETWEEN {first:Date} AND {last:Date}", "<= {last:Date} + 30 OR {first:Date} > sale_date")
    sold(wh, FEB, 20)
    with pytest.raises(BadData, match="1 rows of days that were not asked for"):
        days.rebuild(wh, build(sql=wild), JAN, JAN)
    assert fact(wh) == {JAN: 10}


def test_a_build_without_a_column_is_refused_by_name(wh: Warehouse) -> None:
    with pytest.raises(Fatal, match=r"lacks \['refunds_rub'\] and has unknown columns: \['refunds'\]"):
        days.rebuild(wh, build(sql=SELECT.replace("AS refunds_rub", "AS refunds")), JAN, JAN)


SECOND = date(2026, 1, 2)


@pytest.fixture
def interrupted(wh: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[str]]:
    """Makes another load of the same month come between reading and swapping, so many times."""
    tell, came = Warehouse.command, list[str]()

    def arm(times: int) -> list[str]:
        def other_first(self: Warehouse, sql: str, params: Params | None = None, settings: object = None) -> None:
            tell(self, sql, params, settings)  # type: ignore[arg-type]
            if "_partition_id IN" in sql and len(came) < times:
                came.append(sql)
                with monkeypatch.context() as quiet:
                    quiet.setattr(Warehouse, "command", tell)
                    days.rebuild(wh, build(), SECOND, SECOND)

        monkeypatch.setattr(Warehouse, "command", other_first)
        return came

    sold(wh, JAN, 10)
    days.rebuild(wh, build(), JAN, JAN)
    sold(wh, JAN, 1)
    sold(wh, SECOND, 5)
    return arm


def test_another_load_in_between_is_noticed_and_both_count(
    wh: Warehouse, interrupted: Callable[[int], list[str]]
) -> None:
    came = interrupted(1)
    days.rebuild(wh, build(), JAN, JAN)
    assert len(came) == 1
    assert fact(wh) == {SECOND: 5, JAN: 11}


def test_other_loads_without_end_leave_everything_as_it_is(
    wh: Warehouse, interrupted: Callable[[int], list[str]]
) -> None:
    came = interrupted(99)
    with pytest.raises(Retriable, match="changed by another load"):
        days.rebuild(wh, build(), JAN, JAN)
    assert len(came) == sides.ROUNDS
    assert fact(wh) == {SECOND: 5, JAN: 10}
    assert not [row for row in wh.rows("SHOW TABLES") if sides.MARK in row["name"]]


def shows(ids: Iterable[int]) -> pa.Table:
    records = [{"alias": f"город {number}", "city": "город"} for number in ids]
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
    sql = "SELECT toString(number) AS alias, 'томск' AS city FROM numbers(4)"
    assert replace_table.rebuild_whole(warehouse, build("dim_city_alias", sql)).rows_after == 4


def test_a_partitioned_table_is_never_replaced_whole(warehouse: Warehouse) -> None:
    with pytest.raises(Fatal, match="is partitioned by"):
        replace_table.replace_whole(warehouse, FACT, shows([]))
