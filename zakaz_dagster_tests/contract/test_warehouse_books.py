"""The ledger of loads, rejects and checks on a running engine."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from zakaz_dagster.errors import BadData, Fatal
from zakaz_dagster.sources.base import DayRead, Reject
from zakaz_dagster.verdicts import Status, Verdict
from zakaz_dagster.warehouse import checks, load_ledger
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.sql_files import Statement

DAY, NEXT = date(2026, 3, 1), date(2026, 3, 2)


def read(day: date = DAY, accepted: int = 5, rejects: tuple[Reject, ...] = (), **about: Any) -> DayRead:
    return DayRead(day, {}, accepted + len(rejects), accepted, rejects, **about)


def rejects(wh: Warehouse) -> list[tuple[str, date, str, str]]:
    rows = wh.rows("SELECT source, day, reason, place FROM stg_rejects ORDER BY source, day, place")
    return [(row["source"], row["day"], row["reason"], row["place"]) for row in rows]


def test_a_load_is_entered_with_its_figures(warehouse: Warehouse) -> None:
    totals = {"gross_rub": Decimal("5084.00"), "tickets": 17}
    day = read(rejects=(Reject("no price", "order 1"),), covered_until="2026-03-01T23:59:59+03:00", totals=totals)
    load_ledger.record(warehouse, "qtickets", day, 17, ver=3, run_id="run-3")
    row = warehouse.rows("SELECT * FROM meta_day_loads")[0]
    assert {key: row[key] for key in ("received", "accepted", "rejected", "rows_written", "_ver", "_run_id")} == {
        "received": 6,
        "accepted": 5,
        "rejected": 1,
        "rows_written": 17,
        "_ver": 3,
        "_run_id": "run-3",
    }
    assert row["totals"] == '{"gross_rub": "5084.00", "tickets": 17}'
    assert row["covered_until"].astimezone(UTC) == datetime(2026, 3, 1, 20, 59, 59, tzinfo=UTC)


def test_many_days_are_entered_at_once_and_the_newest_counts(warehouse: Warehouse) -> None:
    written = {"a": {DAY: 3, NEXT: 4}, "b": {DAY: 1}}
    load_ledger.record_days(warehouse, "vk_ads", [read(), read(NEXT)], written, ver=1, run_id="r")
    load_ledger.record_days(warehouse, "vk_ads", [read(accepted=9)], {"a": {DAY: 9}}, ver=2, run_id="r")
    rows = warehouse.rows("SELECT day, rows_written FROM meta_day_loads FINAL ORDER BY day")
    assert rows == [{"day": DAY, "rows_written": 9}, {"day": NEXT, "rows_written": 4}]
    load_ledger.record_days(warehouse, "vk_ads", [], {}, ver=3, run_id="r")


def test_rejects_of_a_day_are_replaced_and_those_of_others_stay(warehouse: Warehouse) -> None:
    def load(source: str, *days: DayRead, ver: int = 1) -> None:
        load_ledger.record_days(warehouse, source, days, {}, ver=ver, run_id="r")

    load("qtickets", read(rejects=(Reject("a", "1"), Reject("a", "1"), Reject("b", "2"))), read(NEXT))
    load("vk_ads", read(rejects=(Reject("c", "3"),)))
    assert rejects(warehouse) == [
        ("qtickets", DAY, "a", "1"),
        ("qtickets", DAY, "a", "1 #2"),
        ("qtickets", DAY, "b", "2"),
        ("vk_ads", DAY, "c", "3"),
    ]
    load("qtickets", read(rejects=(Reject("b", "2"),)), ver=2)
    load("vk_ads", read(), ver=2)
    assert rejects(warehouse) == [("qtickets", DAY, "b", "2")]


def test_a_day_that_does_not_add_up_is_not_entered(warehouse: Warehouse) -> None:
    wrong = DayRead(DAY, {}, received=7, accepted=5, rejects=(Reject("a", "1"),))
    with pytest.raises(BadData, match="7 records received, 5 accepted, 1 rejected"):
        load_ledger.record(warehouse, "qtickets", wrong, 5, ver=1, run_id="r")
    assert warehouse.scalar("SELECT count() FROM meta_day_loads") == 0
    assert rejects(warehouse) == []


def check(sql: str, **meta: str) -> Statement:
    facts = {"asset": "stg_a, v_b", "severity": "error", "action": "Load the day again.", **meta}
    return Statement("stg_a__rows", "checks", Path("stg_a__rows.sql"), sql, "Rows are there.", facts)


def test_a_check_becomes_a_verdict(warehouse: Warehouse) -> None:
    sql = "SELECT 'error' AS status, toDecimal64(1.5, 2) AS figure, 2 AS threshold, 'мало строк' AS detail"
    assert checks.evaluate(warehouse, check(sql)) == Verdict(
        "stg_a__rows", "data", Status.ERROR, "мало строк", "Load the day again.", 1.5, 2.0, None, ("stg_a", "v_b")
    )
    mild = checks.evaluate(warehouse, check(sql, severity="warn"))
    assert mild.status is Status.WARNING
    fine = "SELECT 'ok' AS status, NULL AS figure, NULL AS threshold, '' AS detail"
    verdicts = checks.evaluate_all(warehouse, [check(fine), check(sql)])
    assert [(one.status, one.figure, one.action) for one in verdicts] == [
        (Status.OK, None, ""),
        (Status.ERROR, 1.5, "Load the day again."),
    ]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1 AS status, 2 AS figure", "1 rows with"),
        ("SELECT 'ok' AS status, 1 AS figure, 1 AS threshold, '' AS detail FROM numbers(2)", "2 rows with"),
        ("SELECT 'ok' AS status, 1 AS figure, 1 AS threshold, '' AS detail FROM numbers(0)", "0 rows with nothing"),
        ("SELECT 'fine' AS status, 1 AS figure, 1 AS threshold, '' AS detail", "the status 'fine'"),
    ],
)
def test_a_check_that_answers_something_else_is_never_green(warehouse: Warehouse, sql: str, message: str) -> None:
    with pytest.raises(Fatal, match=message):
        checks.evaluate(warehouse, check(sql))
