"""What an account spent stays when the settings name another one; under another label it does not count twice."""

from __future__ import annotations

from functools import partial

import pytest

from zakaz_dagster.ingest.days import Load, load_days
from zakaz_dagster.sources.vk_ads.description import DESCRIPTION, TABLE
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.sql_files import load as load_sql
from zakaz_dagster.warehouse.stored_days import stored_days
from zakaz_dagster_tests.contract.vk_ads.account import FIRST, LAST, source_on


@pytest.fixture
def loaded(sandbox, tmp_path, warehouse):
    """`loaded("label")` loads the sandbox's account under a label, and gives what was reported."""

    def load(account, run):
        earlier = partial(stored_days, warehouse, TABLE, "ad_group_id")
        source = source_on(sandbox.url, tmp_path, account=account, earlier=earlier)
        return load_days(source, DESCRIPTION, warehouse, FIRST, LAST, Load(run, DESCRIPTION.drop_guard))

    return load


def spent(warehouse):
    rows = warehouse.rows(f"SELECT account, sum(spent_rub) AS money FROM {TABLE} FINAL GROUP BY account")  # noqa: S608
    return {row["account"]: row["money"] for row in rows}


def agrees(warehouse):
    return evaluate(warehouse, load_sql("checks")[f"{TABLE}__groups_equal_vendor"]).status.value


def test_another_account_takes_nothing_away(loaded, warehouse):
    loaded("first", "one")
    before = spent(warehouse)["first"]
    # The groups of an account whose keys are no longer in the settings: no list has them.
    warehouse.command(
        f"INSERT INTO {TABLE} SELECT * REPLACE (ad_group_id + 900000000 AS ad_group_id) FROM {TABLE}"  # noqa: S608
    )
    report = loaded("first", "two")
    assert spent(warehouse) == {"first": 2 * before}
    assert (report.kept, agrees(warehouse)) == ({"ad groups of first that no list has"}, "ok")


def test_conversions_of_a_day_without_advertising_stay(loaded, warehouse):
    """VK counts a conversion on its own day, on which the group may have had nothing else."""
    loaded("first", "one")
    warehouse.command(
        f"""INSERT INTO {TABLE} SELECT * REPLACE (ad_group_id + 900000000 AS ad_group_id,
            0 AS spent_rub, 0 AS spend_rub, 0 AS impressions, 0 AS clicks, 3 AS conversions) FROM {TABLE} LIMIT 1"""  # noqa: S608
    )
    report = loaded("first", "two")
    kept = f"SELECT sum(conversions) FROM {TABLE} FINAL WHERE ad_group_id > 900000000"  # noqa: S608
    assert (warehouse.scalar(kept), agrees(warehouse)) == (3, "ok")
    assert report.kept == {"ad groups of first that no list has"}


def test_an_account_under_another_label_is_the_same_account(loaded, warehouse):
    loaded("first", "one")
    before = spent(warehouse)["first"]
    report = loaded("second", "two")
    assert spent(warehouse) == {"second": before}
    assert (report.kept, agrees(warehouse)) == (set(), "ok")


def test_a_group_that_a_list_named_by_mistake_leaves_no_row_of_zeros(loaded, warehouse):
    loaded("first", "one")
    before = warehouse.scalar(f"SELECT count() FROM {TABLE} FINAL")  # noqa: S608
    warehouse.command(
        f"""INSERT INTO {TABLE} SELECT * REPLACE
            (ad_group_id + 900000000 AS ad_group_id, 0 AS spent_rub, 0 AS impressions, 0 AS clicks, 0 AS conversions)
            FROM {TABLE} LIMIT 3"""  # noqa: S608
    )
    report = loaded("first", "two")
    assert warehouse.scalar(f"SELECT count() FROM {TABLE} FINAL") == before  # noqa: S608
    assert (report.kept, agrees(warehouse)) == (set(), "ok")
