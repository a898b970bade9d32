"""What every view promises DataLens, and that a broken promise of each kind is seen."""

from __future__ import annotations

from datetime import date

import pytest

from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse import schema
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster.warehouse.view_contract import check

TODAY = date(2025, 12, 10)
PATIENT = 60_000.0  # machines differ; the platform's own limit is a second


@pytest.mark.parametrize("view", load("views"))
def test_every_view_keeps_its_promise(theatre_world: Warehouse, view: str) -> None:
    found = check(theatre_world, view, TODAY, PATIENT)
    assert found.status is Status.OK, found.detail
    assert found.figure
    assert found.figure > 0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("(money Float64) AS SELECT a / 0 AS money FROM (SELECT 1 AS a)", "1 rows with nan"),
        ("(money Nullable(Float64)) AS SELECT 0 / 0 AS money FROM (SELECT 1 AS a)", "1 rows with nan"),
        ("(date Date) AS SELECT toDate(number) AS date FROM numbers(20000)", "1 rows with nan"),
        ("(as_of DateTime('Europe/Moscow')) AS SELECT toDateTime(0, 'Europe/Moscow') AS as_of", "1 January 1970"),
        (
            "(city String) AS SELECT b.city AS city FROM (SELECT 1 AS x) AS a LEFT JOIN (SELECT 2 AS x, 'я' AS city) AS b USING x",
            "cannot be read",
        ),
        ("(city String) AS SELECT city FROM gone", "cannot be read"),
    ],
)
def test_a_broken_promise_is_red(bare_warehouse: Warehouse, body: str, said: str) -> None:
    wh = bare_warehouse
    wh.command(f"CREATE DATABASE {wh.config.database}", settings=schema.ANYWHERE)
    wh.command("CREATE TABLE gone (city String) ENGINE = Memory")
    wh.command(f"CREATE VIEW v_broken {body}")
    wh.command("DROP TABLE gone")
    found = check(wh, "v_broken", TODAY, PATIENT)
    assert found.status is Status.ERROR
    assert said in found.detail
    assert found.action


def test_a_slow_view_is_a_warning_with_its_time_and_limit(theatre_world: Warehouse) -> None:
    found = check(theatre_world, "v_romi_kpi", TODAY, 0.001)
    assert found.status is Status.WARNING
    assert found.threshold == 0.001
    assert "ms of" in found.detail
