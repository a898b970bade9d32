"""A load changes nothing unless every day of it adds up; what it refuses, it refuses before any swap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from zakaz_dagster.errors import BadData
from zakaz_dagster.ingest import days as ingest
from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.sources.base import DayRead, Reject
from zakaz_dagster.sources.qtickets.description import DESCRIPTION
from zakaz_dagster.transport.log import Stats
from zakaz_dagster.warehouse.client import Warehouse

ORDERS = "stg_qtickets_orders_raw"
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 3)
ABOUT = replace(DESCRIPTION, tables={ORDERS: ("order_id",)}, partition={}, controls=("order_id",))


def day_read(day: date, count: int = 3, **over: object) -> DayRead:
    rows = pa.table(
        {
            "sale_date": pa.array([day] * count, pa.date32()),
            "order_id": pa.array(range(1, count + 1), pa.uint64()),
            "updated_at": pa.array([datetime(2026, 3, 1, 9, tzinfo=UTC)] * count, pa.timestamp("s", "UTC")),
            "payload": pa.array(["{}"] * count, pa.string()),
        }
    )
    totals: dict[str, Decimal | int] = {"order_id": count * (count + 1) // 2}
    return DayRead(
        **{"day": day, "tables": {ORDERS: rows}, "received": count, "accepted": count, "totals": totals, **over}
    )


@dataclass
class Source:
    """Answers what it is given."""

    reads: Sequence[DayRead]
    stats: Stats = field(default_factory=Stats)

    def read(self, first: date, last: date) -> Iterator[DayRead]:
        yield from self.reads


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def load(wh: Warehouse, reads: Sequence[DayRead], first: date = FIRST, last: date = LAST) -> None:
    load_days(Source(reads), ABOUT, wh, first, last, Load("run"))


def held(wh: Warehouse) -> dict[date, int]:
    found = wh.rows(f"SELECT sale_date, count() AS n FROM {ORDERS} GROUP BY sale_date ORDER BY sale_date")  # noqa: S608
    return {row["sale_date"]: row["n"] for row in found}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"received": 4}, "received = accepted"),
        ({"received": 3, "accepted": 3, "rejects": [Reject("odd", "line 1")]}, "received = accepted"),
        ({"totals": {"order_id": 7}}, "equal control totals"),
    ],
)
def test_a_day_that_does_not_add_up_leaves_every_day_of_its_batch_as_it_was(
    warehouse: Warehouse, wrong: dict[str, object], says: str
) -> None:
    load(warehouse, [day_read(day) for day in days_between(FIRST, LAST)])
    changed = [day_read(FIRST, 4), day_read(FIRST + timedelta(days=1), 3, **wrong), day_read(LAST, 4)]
    with pytest.raises(BadData, match=says):
        load(warehouse, changed)
    assert list(held(warehouse).values()) == [3, 3, 3]
    ledger = warehouse.scalar("SELECT count() FROM meta_day_loads FINAL WHERE source = 'qtickets'")
    assert ledger == 3, "a refused load is no load in the ledger"


@pytest.mark.parametrize(
    ("answered", "says"),
    [
        ([FIRST, FIRST + timedelta(days=1)], "stopped early"),
        ([], "stopped early"),
        ([FIRST, LAST], "every day once"),
        ([FIRST, FIRST, LAST], "every day once"),
        ([LAST, FIRST], "every day once"),
    ],
)
def test_a_source_that_leaves_days_out_changes_nothing(warehouse: Warehouse, answered: list[date], says: str) -> None:
    load(warehouse, [day_read(day) for day in days_between(FIRST, LAST)])
    with pytest.raises(BadData, match=says):
        load(warehouse, [day_read(day, 5) for day in answered])
    assert list(held(warehouse).values()) == [3, 3, 3]


def test_a_batch_before_the_refused_one_stays_loaded_and_is_in_the_report(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "FLUSH_DAYS", 1)
    report = ingest.LoadReport()
    source = Source([day_read(FIRST), day_read(FIRST + timedelta(days=1), received=9), day_read(LAST)])
    with pytest.raises(BadData):
        load_days(source, ABOUT, warehouse, FIRST, LAST, Load("run"), report)
    assert (report.days, list(held(warehouse))) == ([FIRST], [FIRST])


def test_the_ledger_says_what_each_day_received_accepted_and_put_aside(warehouse: Warehouse) -> None:
    odd = [Reject("no price", "order 7")]
    load(warehouse, [day_read(FIRST, received=4, rejects=odd)], FIRST, FIRST)
    row = warehouse.rows("SELECT received, accepted, rejected FROM meta_day_loads FINAL WHERE source = 'qtickets'")[0]
    assert (row["received"], row["accepted"], row["rejected"]) == (4, 3, 1)
