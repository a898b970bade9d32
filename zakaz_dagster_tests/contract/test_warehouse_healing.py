"""Partitions of two versions and side tables of dead runs: found whatever table they are of, named, and repaired."""

# ruff: noqa: S608
from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse import build_ledger, healing, side_table
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.sql_files import load

D1, D2 = date(2026, 3, 1), date(2026, 3, 2)
MARK = side_table.MARK
CASES = {
    "stg_qtickets_orders_raw": ("sale_date, order_id", f"'{D1}', {{n}}", ("load", "qtickets", D1, D1)),
    "stg_qtickets_sales_raw": ("channel, sale_date, line_id", f"'api', '{D1}', '{{n}}'", ("load", "qtickets", D1, D1)),
    "stg_rejects": ("source, day, place", f"'vk_ads', '{D2}', '{{n}}'", ("load", "vk_ads", D2, D2)),
    "fact_direct_daily": ("date, campaign_id", f"'{D2}', {{n}}", ("load", "yandex_direct", D2, D2)),
    "fact_vk_ads_daily": ("date, ad_id", f"'{D2}', {{n}}", ("load", "vk_ads", D2, D2)),
}
REPAIRED = {
    "plan_sales": ("date, event_id", f"'{D1}', {{n}}"),
    "dim_settings": ("key", "'extra {n}'"),
    "fact_sales_counted_daily": ("date, show_id", f"'{D1}', {{n}}"),
    "fact_show_totals": ("event_id", "{n}"),
    "fact_inventory_daily": ("snapshot_date, show_id", f"'{D1}', {{n}}"),
    "fact_marketing_daily": ("date, campaign_id", f"'{D1}', {{n}}"),
}


def put(wh: Warehouse, table: str, columns: str, values: str, ver: int, *numbers: int) -> None:
    rows = ", ".join(f"({values.format(n=number)}, {ver})" for number in numbers)
    wh.command(f"INSERT INTO {table} ({columns}, _ver) VALUES {rows}")


def doubled(wh: Warehouse, table: str, columns: str, values: str) -> None:
    """The old rows are back beside the new ones, and the new version has one row less."""
    put(wh, table, columns, values, 1, 1, 2, 3)
    put(wh, table, columns, values, 2, 1, 2)


def kept(wh: Warehouse, table: str) -> list[Any]:
    return [
        (row["_ver"], row["n"]) for row in wh.rows(f"SELECT _ver, count() AS n FROM {table} GROUP BY _ver ORDER BY 1")
    ]


def test_a_table_says_when_its_partitions_hold_many_versions_and_all_have_them() -> None:
    for table in load("tables").values():
        assert "_ver UInt64" in table.sql, table.name
        assert table.meta.get("versions", "many (").startswith("many ("), table.name
    by_load = {name for name, table in load("tables").items() if "versions" in table.meta}
    assert not by_load & load("builds").keys()


@pytest.mark.parametrize("table", CASES)
def test_a_doubled_day_is_red_by_name_and_left_to_its_source(warehouse: Warehouse, table: str) -> None:
    columns, values, expected = CASES[table]
    assert healing.one_version(warehouse).status is Status.OK
    doubled(warehouse, table, columns, values)
    verdict = healing.one_version(warehouse)
    assert (verdict.status, verdict.assets, verdict.figure) == (Status.ERROR, (table,), 1)
    assert f"{table} " in verdict.detail
    assert "(_ver 1, 2)" in verdict.detail
    healed = healing.heal(warehouse)
    assert [(each.kind, each.source, each.first, each.last) for each in healed.left] == [expected]


def test_a_day_of_mails_is_left_to_the_mails(warehouse: Warehouse) -> None:
    doubled(warehouse, "stg_qtickets_sales_raw", "channel, sale_date, line_id", f"'mail', '{D2}', '{{n}}'")
    assert [(each.source, each.first) for each in healing.heal(warehouse).left] == [("gmail", D2)]


NO_LOAD = {
    "a day of mails": ("stg_qtickets_sales_raw", "channel, sale_date, line_id", f"'mail', '{D1}', '{{n}}'"),
    "rejects of an earlier catalogue": ("stg_rejects", "source, day, place", f"'qtickets_catalogue', '{D1}', '{{n}}'"),
    "rejects of mails": ("stg_rejects", "source, day, place", f"'gmail', '{D1}', '{{n}}'"),
    "a day that the vendor no longer has": ("fact_vk_ads_daily", "date, ad_id", f"'{D1}', {{n}}"),
}


@pytest.mark.parametrize("case", NO_LOAD)
def test_what_no_load_writes_again_keeps_its_newest_rows_and_facts_follow(warehouse: Warehouse, case: str) -> None:
    table, columns, values = NO_LOAD[case]
    doubled(warehouse, table, columns, values)
    healed = healing.heal(warehouse, loaded=lambda _: False)
    assert [text.split(" (")[0].rpartition(" ")[0] for text in healed.done] == [f"kept the newest rows of {table}"]
    assert healed.left == ()
    assert [rows for _, rows in kept(warehouse, table)] == [2]
    owed = {(each.day, each.because) for each in build_ledger.owed(warehouse, D1, D1)}
    assert owed == (set() if table == "stg_rejects" else {(D1, "a crash left rows of two loads")})
    assert healing.heal(warehouse, loaded=lambda _: False) == healing.Healed((), ())


@pytest.mark.parametrize("table", REPAIRED)
def test_what_needs_no_vendor_is_repaired_at_once(warehouse: Warehouse, table: str) -> None:
    doubled(warehouse, table, *REPAIRED[table])
    healed = healing.heal(warehouse)
    assert (len(healed.done), healed.left) == (1, ())
    verdict = healing.one_version(warehouse)
    assert (verdict.status, verdict.figure) == (Status.WARNING, 0), "people hear of it for an hour"
    assert f"repaired: {healed.done[0]}" in verdict.detail
    assert healing.heal(warehouse) == healing.Healed((), ())
    if table == "plan_sales":
        assert [rows for _, rows in kept(warehouse, table)] == [2], (
            "the newest upload, with the row it no longer has gone"
        )
    if table == "dim_settings":
        assert not warehouse.scalar(f"SELECT count() FROM {table} WHERE key LIKE 'extra%'")


@pytest.mark.parametrize("table", ["fact_marketing_daily", "fact_show_totals"])
def test_a_fact_that_must_not_be_built_now_keeps_its_newest_rows(warehouse: Warehouse, table: str) -> None:
    doubled(warehouse, table, *REPAIRED[table])
    healed = healing.heal(warehouse, blocked=lambda name: name == table)
    assert healed.done[0].startswith(f"kept the newest rows of {table}")
    assert [rows for _, rows in kept(warehouse, table)] == [2], "a build of nothing would have left none"
    assert healing.heal(warehouse) == healing.Healed((), ())


def test_the_oldest_days_come_first_and_loads_before_the_facts_that_wait_for_them(warehouse: Warehouse) -> None:
    doubled(warehouse, "fact_vk_ads_daily", *CASES["fact_vk_ads_daily"][:2])
    doubled(warehouse, "stg_qtickets_orders_raw", *CASES["stg_qtickets_orders_raw"][:2])
    doubled(warehouse, "fact_marketing_daily", "date, campaign_id", f"'{D2}', {{n}}")
    left = healing.heal(warehouse).left
    assert [(each.kind, each.table) for each in left] == [
        ("load", "stg_qtickets_orders_raw"),
        ("load", "fact_vk_ads_daily"),
        ("build", "fact_marketing_daily"),
    ]


def test_an_interrupted_swap_is_finished_from_its_side_table(warehouse: Warehouse) -> None:
    """With the vendor away as well: what stands in the side table was proven before the swap began."""
    table, (columns, values, _) = "stg_qtickets_orders_raw", CASES["stg_qtickets_orders_raw"]
    side = f"{table}{MARK}dead_00000000"
    warehouse.command(f"CREATE TABLE {side} AS {table}")
    put(warehouse, side, columns, values, 2, 1, 2, 7)
    put(warehouse, table, columns, values, 1, 1, 2, 3)
    put(warehouse, table, columns, values, 2, 1)  # as far as the engine came
    healed = healing.heal(warehouse)
    assert "finished the swap of stg_qtickets_orders_raw" in healed.done[0]
    assert kept(warehouse, table) == [(2, 3)]
    assert healing.mixed(warehouse) == []
    assert [each.table for each in healed.left] == [table], "its ledger and its facts are still those of before"


def test_the_side_table_of_another_version_is_not_used(warehouse: Warehouse) -> None:
    table, (columns, values, _) = "stg_qtickets_orders_raw", CASES["stg_qtickets_orders_raw"]
    warehouse.command(f"CREATE TABLE {table}{MARK}other_00000000 AS {table}")
    put(warehouse, f"{table}{MARK}other_00000000", columns, values, 9, 1)
    doubled(warehouse, table, columns, values)
    assert healing.heal(warehouse).done == ()
    assert kept(warehouse, table) == [(1, 3), (2, 2)]


def test_a_row_that_somebody_added_to_a_seed_stops_no_build(warehouse: Warehouse) -> None:
    put(warehouse, "dim_settings", *REPAIRED["dim_settings"], 0, 7)
    assert rebuild(warehouse, load("builds")["fact_utm_daily"], D1, D1).rows_after == 0


def test_side_tables_of_dead_runs_are_counted_and_dropped(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"fact_sales_counted_daily{MARK}dead_{number:08}" for number in range(3)] + [f"stg_rejects{MARK}lease"]
    for name in names:
        warehouse.command(f"CREATE TABLE {name} AS {name.partition(MARK)[0]}")
    assert healing.side_tables(warehouse).status is Status.OK, "young: their runs may be alive"
    monkeypatch.setattr(side_table, "STALE", side_table.STALE.replace("- INTERVAL 1 HOUR", "+ INTERVAL 1 HOUR"))
    verdict = healing.side_tables(warehouse)
    assert (verdict.status, verdict.figure) == (Status.WARNING, 4)
    assert healing.heal(warehouse).done == tuple(f"dropped {name}" for name in sorted(names))
    assert healing.side_tables(warehouse).status is Status.OK
