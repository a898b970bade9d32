"""Checks of QTickets' staging: green on hand-made rows, each red when what it looks at is spoilt."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from zakaz_dagster.ingest.catalogue import build_dimensions
from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.sql.world import World, at

ASSETS = ("stg_qtickets_", "dim_shows__", "dim_events__")
CHECKS = [name for name in load("checks") if name.startswith(ASSETS)]
DAY = date.today() - timedelta(days=2)
LATER = DAY + timedelta(days=1)


def order(world: World, number: int, price: str, *, on: date = DAY, said: str = "") -> None:
    """An order of one ticket; `said` is the price the vendor gives the whole order."""
    world.sale(str(on), number, price, show=101, event=1, city="томск")
    payload = json.dumps({"price": float(said or price), "baskets": [{"price": float(price)}]})
    world.put("stg_qtickets_orders_raw", sale_date=on, order_id=number, payload=payload)


def books(world: World, on: date, accepted: int, price: str, **more: object) -> None:
    totals = json.dumps({"price_rub": str(Decimal(price))})
    counts = {"received": accepted, "accepted": accepted, "totals": totals, **more}
    world.put("meta_day_loads", **{"source": "qtickets", "day": on, **counts})


@pytest.fixture
def account(world: World) -> World:
    world.event(1, "Динозавры", "томск")
    world.show(101, event=1, name="Динозавры", city="томск", on=str(DAY))
    world.seats(101, 100, 5, when=f"{DAY} 10:00", event=1)
    order(world, 1, "500")
    order(world, 2, "0")
    books(world, DAY, 2, "500")
    build_dimensions(world.wh, "test")
    return world


def verdicts(world: World) -> dict[str, Status]:
    wh = world.wh
    return {name: evaluate(wh, load("checks")[name]).status for name in CHECKS}


SPOILT: dict[str, tuple[Status, Callable[[World], None]]] = {
    "dim_shows__event_known": (
        Status.ERROR, lambda w: w.put(
            "dim_shows", show_id=102, event_id=77, show_date=DAY, finish_date=DAY, starts_at=at(str(DAY)))),
    "dim_shows__dates_possible": (
        Status.WARNING, lambda w: w.put("dim_shows", show_id=103, event_id=1, show_date=DAY, finish_date=DAY - timedelta(9))),
    "stg_qtickets_inventory_raw__show_known": (
        Status.WARNING, lambda w: w.seats(999, 10, 1, when=f"{DAY} 11:00", event=1)),
    "stg_qtickets_orders_raw__prices_add_up": (
        Status.ERROR, lambda w: order(w, 3, "100", on=LATER, said="100.50")),
    "stg_qtickets_orders_raw__one_day_per_order": (
        Status.ERROR, lambda w: w.put("stg_qtickets_orders_raw", sale_date=LATER, order_id=1, payload="{}")),
    "stg_qtickets_sales_raw__days_equal_ledger": (
        Status.ERROR, lambda w: books(w, LATER, 1, "99")),
    "stg_qtickets_sales_raw__few_put_aside": (
        Status.ERROR, lambda w: books(w, DAY, 99, "0", source="qtickets_catalogue", rejected=1, received=100)),
    "stg_qtickets_sales_raw__filter_respected": (
        Status.ERROR, lambda w: w.sale(str(DAY), 4, 10, show=101, event=1, city="томск", paid=f"{LATER} 12:00")),
}  # fmt: skip


def test_right_rows_are_green_and_each_check_sees_what_it_is_for(account: World) -> None:
    assert verdicts(account) == dict.fromkeys(CHECKS, Status.OK)
    for name, (status, spoil) in SPOILT.items():
        assert evaluate(account.wh, load("checks")[name]).status is Status.OK, name
        spoil(account)
        found = evaluate(account.wh, load("checks")[name])
        assert found.status is status, (name, found)
        assert found.action
        assert found.figure == 1


def test_a_refund_does_not_make_prices_disagree(account: World) -> None:
    account.sale(str(DAY), 5, "700", show=101, event=1, city="томск", refunded=(str(LATER), "700", "0"))
    account.put("stg_qtickets_orders_raw", sale_date=DAY, order_id=5, payload='{"price":0,"baskets":[{"price":700}]}')
    assert verdicts(account)["stg_qtickets_orders_raw__prices_add_up"] is Status.OK


@pytest.mark.parametrize("price", ["1259.1", "1190.85", "324.46", "4999.99"])
def test_kopecks_that_a_float_cannot_hold_add_up_all_the_same(account: World, price: str) -> None:
    order(account, 6, price)
    assert verdicts(account)["stg_qtickets_orders_raw__prices_add_up"] is Status.OK
