"""Days replaced on a running engine: atomically, guarded, idempotently."""

# ruff: noqa: S608
from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from zakaz_dagster.errors import BadData, Fatal
from zakaz_dagster.warehouse import replace_days as days
from zakaz_dagster.warehouse import side_table as sides
from zakaz_dagster.warehouse.client import Warehouse

ORDERS = "stg_qtickets_orders_raw"
FIRST = date(2026, 3, 1)
AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def orders(day: date, count: int, *, start: int = 1, payload: str = "{}") -> pa.Table:
    return pa.table(
        {
            "sale_date": pa.array([day] * count, pa.date32()),
            "order_id": pa.array(range(start, start + count), pa.uint64()),
            "updated_at": pa.array([AT] * count, pa.timestamp("s", "UTC")),
            "payload": pa.array([payload] * count, pa.string()),
        }
    )


def put(wh: Warehouse, day: date, rows: pa.Table, **about: object) -> days.DayReplaced:
    about = {"guard": 0.5, "ver": 1, "run_id": "run-1", **about}
    return days.replace_days(wh, ORDERS, {day: rows}, **about)[day]


def held(wh: Warehouse, table: str = ORDERS) -> dict[date, int]:
    found = wh.rows(f"SELECT sale_date, count() AS n FROM {table} GROUP BY sale_date ORDER BY sale_date")
    return {row["sale_date"]: row["n"] for row in found}


def leftovers(wh: Warehouse) -> list[str]:
    return [row["name"] for row in wh.rows("SHOW TABLES") if sides.MARK in row["name"]]


def test_a_day_is_replaced_and_its_neighbours_stay(warehouse: Warehouse) -> None:
    for step in range(3):
        put(warehouse, FIRST + timedelta(days=step), orders(FIRST + timedelta(days=step), 4))
    done = put(warehouse, FIRST + timedelta(days=1), orders(FIRST + timedelta(days=1), 7), ver=2, run_id="run-2")
    assert done == days.DayReplaced(rows_before=4, rows_after=7)
    assert list(held(warehouse).values()) == [4, 7, 4]
    assert leftovers(warehouse) == []


def test_service_columns_say_when_which_version_and_which_run(warehouse: Warehouse) -> None:
    put(warehouse, FIRST, orders(FIRST, 1), ver=77, run_id="run-77")
    row = warehouse.rows(f"SELECT _ver, _run_id, abs(_loaded_at - now()) < 120 AS fresh FROM {ORDERS}")[0]
    assert row == {"_ver": 77, "_run_id": "run-77", "fresh": 1}


def test_loading_the_same_day_twice_changes_nothing(warehouse: Warehouse) -> None:
    put(warehouse, FIRST, orders(FIRST, 5))
    content = f"SELECT sum(cityHash64(sale_date, order_id, updated_at, payload)) FROM {ORDERS}"
    before = warehouse.scalar(content)
    put(warehouse, FIRST, orders(FIRST, 5), ver=2)
    assert warehouse.scalar(content) == before
    assert held(warehouse) == {FIRST: 5}


def test_empty_complete_day_clears_the_partition(warehouse: Warehouse) -> None:
    put(warehouse, FIRST, orders(FIRST, 5))
    done = put(warehouse, FIRST, orders(FIRST, 0), guard=None)
    assert done == days.DayReplaced(rows_before=5, rows_after=0)
    assert held(warehouse) == {}
    assert put(warehouse, FIRST, orders(FIRST, 0)) == days.DayReplaced(0, 0)


def test_the_guard_refuses_a_day_that_shrinks_and_says_how_to_allow_it(warehouse: Warehouse) -> None:
    put(warehouse, FIRST, orders(FIRST, 40))
    with pytest.raises(BadData, match=r"2026-03-01: .* from 40 to 16 rows.*at most 50%.*drop guard off"):
        put(warehouse, FIRST, orders(FIRST, 16))
    assert held(warehouse) == {FIRST: 40}
    assert put(warehouse, FIRST, orders(FIRST, 20)).rows_after == 20
    assert put(warehouse, FIRST, orders(FIRST, 1), guard=None).rows_after == 1


def test_a_day_of_few_rows_may_lose_them_all_to_one_refund(warehouse: Warehouse) -> None:
    put(warehouse, FIRST, orders(FIRST, 19))
    assert put(warehouse, FIRST, orders(FIRST, 1)).rows_after == 1


def test_one_shrinking_day_keeps_all_days_of_the_batch(warehouse: Warehouse) -> None:
    second = FIRST + timedelta(days=1)
    put(warehouse, FIRST, orders(FIRST, 40))
    with pytest.raises(BadData):
        days.replace_days(
            warehouse, ORDERS, {FIRST: orders(FIRST, 1), second: orders(second, 3)}, guard=0.5, ver=2, run_id="r"
        )
    assert held(warehouse) == {FIRST: 40}


def test_one_channel_never_replaces_the_other(warehouse: Warehouse) -> None:
    def sales(channel: str, count: int) -> pa.Table:
        types = warehouse.rows(
            "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = 'stg_qtickets_sales_raw'"
        )
        row: dict[str, object] = {}
        for column in types:
            if column["name"].startswith("_"):
                continue
            row[column["name"]] = _sample(column["type"])
        rows = [{**row, "channel": channel, "sale_date": FIRST, "line_id": str(number)} for number in range(count)]
        return pa.Table.from_pylist(rows)

    def load(channel: str, count: int) -> days.DayReplaced:
        partition = {"channel": channel}
        rows = sales(channel, count)
        return days.replace_days(
            warehouse, "stg_qtickets_sales_raw", {FIRST: rows}, partition=partition, guard=None, ver=1, run_id="r"
        )[FIRST]

    load("api", 5)
    load("mail", 3)
    assert load("mail", 2) == days.DayReplaced(3, 2)
    assert load("api", 6) == days.DayReplaced(5, 6)
    found = warehouse.rows("SELECT channel, count() AS n FROM stg_qtickets_sales_raw GROUP BY channel ORDER BY channel")
    assert found == [{"channel": "api", "n": 6}, {"channel": "mail", "n": 2}]
    with pytest.raises(BadData, match="another channel"):
        days.replace_days(
            warehouse,
            "stg_qtickets_sales_raw",
            {FIRST: sales("api", 2)},
            partition={"channel": "mail"},
            guard=None,
            ver=1,
            run_id="r",
        )


def _sample(kind: str) -> object:
    if kind.startswith("Nullable"):
        return None
    if kind.startswith("Decimal"):
        return Decimal("10.25")
    if kind.startswith("DateTime"):
        return AT
    return FIRST if kind == "Date" else 1 if "Int" in kind else "x"


def test_a_table_whose_partitions_hold_other_days_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(Fatal, match=r"stg_qtickets_inventory_raw \(toYYYYMM.* holds other days as well"):
        days.replace_days(warehouse, "stg_qtickets_inventory_raw", {FIRST: pa.table({})}, guard=None, ver=1, run_id="r")


def test_rows_of_another_day_are_refused(warehouse: Warehouse) -> None:
    with pytest.raises(BadData, match="2 of 2 rows have another sale_date"):
        put(warehouse, FIRST, orders(FIRST + timedelta(days=1), 2))
    assert held(warehouse) == {}


def test_of_many_days_the_one_with_rows_of_another_is_named(warehouse: Warehouse) -> None:
    batch = {day: orders(day, 3) for day in (FIRST + timedelta(days=step) for step in range(5))}
    third, fourth = FIRST + timedelta(days=2), FIRST + timedelta(days=3)
    batch[third] = pa.concat_tables([orders(third, 2), orders(fourth, 2, start=9)])
    with pytest.raises(BadData, match=r"2026-03-03: 2 of 4 rows have another sale_date"):
        days.replace_days(warehouse, ORDERS, batch, guard=None, ver=1, run_id="r")
    assert held(warehouse) == {}


CODES = pa.array([2, 0, 1, 1, 2], pa.int32())


@pytest.mark.parametrize(
    ("codes", "texts"),
    [
        (CODES, ["а", "", "в"]),
        (CODES, ["а", "а", "в"]),
        (CODES.cast(pa.int8()), ["а", "б", "в"]),
    ],
    ids=["each once", "one twice", "small codes"],
)
def test_texts_that_come_as_a_dictionary_are_stored_as_they_are(
    warehouse: Warehouse, codes: pa.Array, texts: list[str]
) -> None:
    encoded = pa.DictionaryArray.from_arrays(codes, pa.array(texts))
    second = FIRST + timedelta(days=1)
    plain = orders(second, 5, start=6, payload="г")
    batch = {FIRST: orders(FIRST, 5).set_column(3, "payload", encoded), second: plain}
    days.replace_days(warehouse, ORDERS, batch, guard=None, ver=1, run_id="r")
    stored = warehouse.rows(f"SELECT payload FROM {ORDERS} ORDER BY order_id")
    assert [row["payload"] for row in stored] == [*encoded.to_pylist(), *["г"] * 5]


@pytest.mark.parametrize(
    "nulls",
    [
        pa.DictionaryArray.from_arrays(pa.array([0, None, 0], pa.int32()), pa.array(["а"])),
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 0], pa.int32()), pa.array(["а", None])),
    ],
    ids=["no code", "a code of nothing"],
)
def test_a_dictionary_hides_no_empty_value(warehouse: Warehouse, nulls: pa.DictionaryArray) -> None:
    with pytest.raises(BadData, match="payload has 1 empty values"):
        put(warehouse, FIRST, orders(FIRST, 3).set_column(3, "payload", nulls))


def test_rows_with_the_same_key_are_refused_not_collapsed(warehouse: Warehouse) -> None:
    twice = pa.concat_tables([orders(FIRST, 2), orders(FIRST, 1, payload='{"other": 1}')])
    with pytest.raises(BadData, match=r"unique rows by \(sale_date, order_id\)"):
        put(warehouse, FIRST, twice)
    assert held(warehouse) == {}
    assert leftovers(warehouse) == []


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("order_id", pa.array([-1], pa.int64()), "does not fit"),
        ("payload", pa.array([None], pa.string()), "1 empty values"),
        ("updated_at", pa.array([AT.replace(tzinfo=None)], pa.timestamp("s")), "without a zone"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(
    warehouse: Warehouse, column: str, values: pa.Array, message: str
) -> None:
    rows = orders(FIRST, 1)
    rows = rows.set_column(rows.column_names.index(column), column, values)
    with pytest.raises(BadData, match=message):
        put(warehouse, FIRST, rows)


def test_missing_and_unknown_columns_are_named(warehouse: Warehouse) -> None:
    rows = orders(FIRST, 1).rename_columns(["sale_date", "order_id", "updated_at", "body"])
    with pytest.raises(Fatal, match=r"lack the columns \['payload'\] and have unknown ones: \['body'\]"):
        put(warehouse, FIRST, rows)


def test_a_failing_insert_leaves_the_day_as_it_was(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    put(warehouse, FIRST, orders(FIRST, 5))
    send = Warehouse.insert

    def half(self: Warehouse, table: str, rows: pa.Table, **about: object) -> int:
        send(self, table, rows.slice(0, 3))
        raise Fatal("the disk is full", source="clickhouse")

    monkeypatch.setattr(Warehouse, "insert", half)
    with pytest.raises(Fatal, match="disk is full"):
        put(warehouse, FIRST, orders(FIRST, 6))
    monkeypatch.undo()
    assert held(warehouse) == {FIRST: 5}
    assert leftovers(warehouse) == []


def test_rows_lost_on_the_way_are_seen_before_the_swap(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    put(warehouse, FIRST, orders(FIRST, 5))
    send = Warehouse.insert
    monkeypatch.setattr(Warehouse, "insert", lambda self, table, rows, **_: send(self, table, rows.slice(0, 5)))
    with pytest.raises(BadData, match=r"count\(\) 6 became 5"):
        put(warehouse, FIRST, orders(FIRST, 6))
    assert held(warehouse) == {FIRST: 5}


def test_a_year_is_replaced_in_seconds(warehouse: Warehouse) -> None:
    year = {FIRST + timedelta(days=step): orders(FIRST + timedelta(days=step), 20) for step in range(365)}
    began = time.monotonic()
    done = days.replace_days(warehouse, ORDERS, year, guard=0.5, ver=1, run_id="year")
    assert time.monotonic() - began < 15  # alone on two cores: under 2 s
    assert {outcome.rows_after for outcome in done.values()} == {20}
    assert warehouse.scalar(f"SELECT count() FROM {ORDERS}") == 365 * 20
