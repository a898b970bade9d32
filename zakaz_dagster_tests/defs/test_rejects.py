"""What QTickets' catalogue and days had to put aside: in stg_rejects with its reason, counted, and red by the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import dagster as dg
import pytest

from zakaz_dagster.defs.marts.facts import fact
from zakaz_dagster.defs.qtickets import assets as qtickets
from zakaz_dagster.defs.qtickets import catalogue
from zakaz_dagster.defs.shared import accounting
from zakaz_dagster.defs.shared.partitions import Days
from zakaz_dagster.errors import BadData
from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.sources.base import DayRead, Reject
from zakaz_dagster.sources.qtickets.catalogue import catalogue_of
from zakaz_dagster.sources.qtickets.rows import sale_rows
from zakaz_dagster.transport.log import Stats
from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.plugins.sandbox import TODAY
from zakaz_dagster_tests.story.qtickets_account import Account

NOTHING = sale_rows([], str)
NOON = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def account(warehouse, sandbox):
    return Account(warehouse, sandbox, NOON)


@pytest.fixture
def materialise(account):
    """Load the catalogue and the seats in Dagster; gives the accounting checks by table."""

    def run(source):
        resources = {"qtickets": source, "warehouse": account.warehouse}
        bound = {name: dg.ResourceDefinition.hardcoded_resource(each) for name, each in resources.items()}
        assets = catalogue.steps()
        with dg.DagsterInstance.ephemeral() as instance:
            result = dg.materialize(assets, resources=bound, instance=instance)
        return {
            each.asset_key.to_user_string(): each
            for each in result.get_asset_check_evaluations()
            if each.check_name == "every_record_accounted"
        }

    return run


def rejects(warehouse):
    query = "SELECT source, day, reason, place, payload FROM stg_rejects FINAL ORDER BY source, place"
    return warehouse.rows(query)


def test_a_show_that_is_no_row_stands_in_the_rejects_until_it_heals(account, materialise):
    account.sandbox.fault("qtickets", replaced={"shows.start_date": None}, only="events")
    source = account.source()
    source._catalogue = catalogue_of(source.api.events_page(1).data[:5])
    checks = materialise(source)
    [row] = rejects(account.warehouse)
    assert (row["source"], row["day"], row["reason"]) == ("qtickets_catalogue", TODAY, "show without a start date")
    assert row["place"].startswith("event ")
    assert '"start_date":null' in row["payload"]
    assert not checks["stg_qtickets_shows_raw"].passed
    assert checks["stg_qtickets_shows_raw"].severity is dg.AssetCheckSeverity.ERROR
    assert checks["stg_qtickets_inventory_raw"].passed
    account.sandbox.reset()
    assert materialise(account.source())["stg_qtickets_shows_raw"].passed
    assert rejects(account.warehouse) == []


def test_a_seat_that_cannot_be_is_put_aside_and_its_show_stays(account, materialise):
    source = account.source()
    answer, asked = source.api.seats, []

    def seats(show):
        data, odd = answer(show)
        if data and not asked:
            asked.append(show)
            data["broken"] = next(iter(data.values())).__class__(-1, 0, 0, 0, 0, disabled=False)
        return data, odd

    source.api.seats = seats
    checks = materialise(source)
    [row] = rejects(account.warehouse)
    assert (row["source"], row["reason"]) == ("qtickets_inventory", "a seat quantity below zero")
    assert row["place"] == f"show {asked[0]}, seat broken"
    held = account.warehouse.scalar(
        "SELECT count() FROM stg_qtickets_inventory_raw WHERE show_id = {show:UInt64}", {"show": asked[0]}
    )
    assert held == 1
    found = checks["stg_qtickets_inventory_raw"].metadata
    assert found["rejected"].value == 1
    assert found["received"].value > 1000


class Month:
    """Thirty days of a hundred records each; one of them could not be read as a row, on one day."""

    stats = Stats()

    def read(self, first, last):
        empty = dict(zip(qtickets.DESCRIPTION.tables, (NOTHING.orders, NOTHING.lines), strict=True))
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            refused = [Reject("price below zero", "order 1, ticket 2")] if day == first + timedelta(days=3) else []
            yield DayRead(day, empty, 100 + len(refused), 100, refused, totals={"price_rub": Decimal(0)})


def test_one_bad_day_of_a_month_is_red(warehouse):
    last = datetime.now(UTC).date() - timedelta(days=1)
    report = load_days(
        Month(), qtickets.DESCRIPTION, warehouse, last - timedelta(days=29), last, Load("test", guard=None)
    )
    assert report.rejected / report.received < qtickets.DESCRIPTION.reject_share_limit
    about = qtickets.DESCRIPTION
    judged = accounting.result(
        "stg_qtickets_sales_raw", about.name, about.reject_share_limit, report.counted, report.reasons
    )
    assert not judged.passed
    assert judged.metadata["days over the limit"].value == f"{last - timedelta(days=26)}: 1 of 101"
    kept = evaluate(warehouse, load("checks")["stg_qtickets_sales_raw__few_put_aside"])
    assert (kept.status, kept.figure) == (Status.ERROR, 1.0)
    assert str(last - timedelta(days=26)) in kept.detail


def test_a_day_whose_total_disagrees_is_not_swapped_in(account):
    account.load(TODAY - timedelta(days=1), TODAY)
    before = account.snapshot()
    source = account.source()
    days = list(source.read(TODAY - timedelta(days=1), TODAY))
    wrong = [replace(day, totals={**day.totals, "price_rub": day.totals["price_rub"] + 1}) for day in days[-1:]]

    class Lying:
        stats = Stats()

        def read(self, first, last):
            return iter([*days[:-1], *wrong])

    with pytest.raises(BadData, match="add up to .* of price_rub"):
        load_days(Lying(), qtickets.DESCRIPTION, account.warehouse, days[0].day, TODAY, Load("test"))
    assert account.snapshot() == before
    sales = qtickets.definitions(days[0].day, 0.5, *[lambda: None] * 3).assets
    steps = [each for each in sales if isinstance(each, dg.AssetsDefinition) and each.op.name == "load_qtickets"]
    bound = {"qtickets": Lying(), "warehouse": account.warehouse}
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [*steps, fact("fact_qtickets_sales_daily", days[0].day)],
            instance=instance,
            resources={name: dg.ResourceDefinition.hardcoded_resource(each) for name, each in bound.items()},
            tags=Days(days[0].day, TODAY).tags,
            raise_on_error=False,
        )
    assert [event.step_key for event in result.filter_events(lambda each: each.is_step_failure)] == ["load_qtickets"]
    assert not result.get_asset_materialization_events()
