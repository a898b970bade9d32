"""A dirty organiser: equal to its books, nothing of what came is lost, and the checks that should be red are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from zakaz_dagster.ingest.dictionaries import list_ads, read_tags
from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse import build_ledger
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.rebuild import rebuild
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.plugins.sandbox import running
from zakaz_dagster_tests.plugins.warehouse import Shelf
from zakaz_dagster_tests.sql import plain
from zakaz_dagster_tests.story.qtickets_account import Account

DAYS = 8
# The checks of sales that a dirty organiser makes red, and a word of what each asks for.
RED = {
    "stg_qtickets_sales_raw__few_put_aside": "stg_rejects",
    "stg_qtickets_sales_raw__event_and_show_known": "QTickets cabinet",
    "stg_qtickets_orders_raw__prices_add_up": "QTickets cabinet",
    "fact_qtickets_sales_daily__cities_known": "city_aliases.csv",
}
SALES = re.compile(r"(stg_qtickets_(sales|orders)_raw|fact_qtickets_sales_daily|dim_shows)__")
REASONS = {
    "another shape: Invalid RFC3339 encoded datetime - at `$.updated_at`",
    "another shape: Expected `int | float`, got `str` - at `$.price`",
    "currency is not RUB",
    "another shape: Expected `int`, got `str` - at `$.event_id`",
    "ticket N came N times, each time otherwise: copy N",
}


@pytest.fixture(scope="module")
def account(shelf: Shelf) -> Iterator[Account]:
    now = datetime.now(MOSCOW).replace(hour=12, minute=0, second=0, microsecond=0)
    world = running(now=now.isoformat(), days=DAYS, dirt="all", orders_per_day=40, groups=1)
    with shelf.lend() as wh, world as sandbox:
        made = Account(wh, sandbox, now)
        made.load((now - timedelta(days=DAYS)).date(), now.date())
        yield made


def test_the_books_are_equal_and_nothing_that_came_is_lost(account: Account) -> None:
    first, last = (account.now - timedelta(days=DAYS)).date(), account.now.date()
    told = account.told(first, last)
    assert len(told) > 30
    assert account.held(first, last) == told
    report = account.report
    assert report.received == report.accepted + report.rejected
    assert report.rejected > 10


def test_what_was_put_aside_says_why(account: Account) -> None:
    found = {re.sub(r"\b\d+\b", "N", reason) for reason in account.report.reasons}
    assert {reason.replace("baskets[N].", "") for reason in found} == REASONS


def test_the_checks_that_should_be_red_are_and_say_what_to_do(account: Account) -> None:
    verdicts = [evaluate(account.warehouse, check) for name, check in load("checks").items() if SALES.match(name)]
    red = {verdict.name: verdict.action for verdict in verdicts if verdict.status is not Status.OK}
    assert red.keys() == RED.keys()
    assert all(word in red[name] for name, word in RED.items())


def test_money_of_an_unknown_town_is_listed(account: Account) -> None:
    rows = account.warehouse.rows("SELECT name, what_to_do FROM v_sales_unmapped WHERE kind = 'город'")
    assert {row["name"] for row in rows} >= {"Усть-Кемь"}
    assert all(row["what_to_do"] for row in rows)


def test_what_is_kept_for_speed_shows_every_row_as_the_facts_have_it(account: Account) -> None:
    wh, days = account.warehouse, ((account.now - timedelta(days=DAYS)).date(), account.now.date())
    list_ads(wh)
    read_tags(wh, *days)
    for build in build_ledger.facts().values():
        rebuild(wh, build, *days)
    compared = {view: plain.rows_of(wh, view) for view in plain.PLAIN}
    assert all(compared[view] for view in ("v_sales_latest", "v_sales_daily", "v_campaign_performance")), compared
