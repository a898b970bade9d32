"""Checks of facts and views: green on the theatre world, red (and by how much) when one thing is spoilt."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from zakaz_dagster.errors import Failure
from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.sql.world import World, day, rows

MUTATION = {"mutations_sync": 2}
OWN = ("fact_sales_attributed", "fact_marketing", "fact_utm", "fact_show", "dim_settings", "dim_channels", "v_")
CHECKS = {name: check for name, check in load("checks").items() if name.startswith(OWN)}


def verdict(world: World | Warehouse, name: str) -> tuple[Status, float | None]:
    wh = world.wh if isinstance(world, World) else world
    found = evaluate(wh, load("checks")[name])
    return found.status, found.figure


@pytest.mark.parametrize("name", CHECKS)
def test_the_theatre_is_green(theatre_world: Warehouse, name: str) -> None:
    found = evaluate(theatre_world, CHECKS[name])
    assert found.status is Status.OK, found.detail


def test_a_lost_row_of_sales_is_seen_by_everything_that_should_see_it(spoilt: World) -> None:
    spoilt.wh.command("ALTER TABLE fact_sales_attributed_daily DELETE WHERE match_level = 'campaign'", None, MUTATION)
    assert verdict(spoilt, "fact_sales_attributed_daily__equals_staging") == (Status.ERROR, 1.0)
    assert verdict(spoilt, "v_sales_daily__money_equals_facts")[0] is Status.ERROR  # what is shown was made before
    spoilt.wh.command("ALTER TABLE fact_sales_counted_daily DELETE WHERE match_level = 'campaign'", None, MUTATION)
    assert verdict(spoilt, "v_sales_daily__equals_sale_lines") == (Status.ERROR, 1.0)
    assert verdict(spoilt, "v_sales_daily__money_equals_facts")[0] is Status.OK  # the view is right about a wrong fact


def test_errors_of_two_sales_views_that_cancel_each_other_are_seen(theatre_world: Warehouse) -> None:
    check, sql = load("checks")["v_sales_daily__equals_sale_lines"], ""
    for view, share in (("v_sales_daily", "* 1.5"), ("v_sales_latest", "* 0.5")):
        off = f"(SELECT * REPLACE (net_revenue_rub {share} AS net_revenue_rub) FROM {view})"
        sql = (sql or check.sql).replace(f"FROM {view}", f"FROM {off}")
    assert evaluate(theatre_world, replace(check, sql=sql)).status is Status.ERROR


def test_a_doubled_row_is_seen(spoilt: World) -> None:
    for table in ("fact_sales_attributed_daily", "fact_marketing_daily", "fact_utm_daily"):
        spoilt.wh.command(f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1")
    assert verdict(spoilt, "fact_sales_attributed_daily__one_row_per_grain") == (Status.ERROR, 1.0)
    assert verdict(spoilt, "fact_marketing_daily__one_row_per_ad_and_day") == (Status.ERROR, 1.0)
    assert verdict(spoilt, "fact_utm_daily__one_row_per_utm_and_day") == (Status.ERROR, 1.0)
    assert verdict(spoilt, "fact_marketing_daily__equals_platforms") == (Status.ERROR, 1.0)


def test_spend_that_came_after_the_build_is_seen(spoilt: World) -> None:
    spoilt.direct("2025-12-02", 999, 99, 9999, "0.01", utm="yandex/cpc/late/x")
    status, days = verdict(spoilt, "fact_marketing_daily__equals_platforms")
    assert (status, days) == (Status.ERROR, 1.0)
    spoilt.build("2025-12-02", "2025-12-02")
    assert verdict(spoilt, "fact_marketing_daily__equals_platforms")[0] is Status.OK


@pytest.mark.parametrize("column", ["spend_rub", "refunds_rub"])
def test_shows_that_lag_behind_their_facts_are_seen(spoilt: World, column: str) -> None:
    spoilt.wh.command(f"ALTER TABLE fact_show_totals DELETE WHERE {column} > 0", None, MUTATION)
    assert verdict(spoilt, "fact_show_totals__equals_facts")[0] is Status.ERROR
    assert verdict(spoilt, "fact_sales_attributed_daily__equals_staging")[0] is Status.OK


@pytest.mark.parametrize(
    "view", ["v_marketing_daily", "v_campaign_performance", "v_city_performance", "v_show_performance"]
)
def test_a_view_that_multiplies_money_is_seen(spoilt: World, view: str) -> None:
    real = rows(spoilt.wh, f"SELECT sum(spend_rub), sum(revenue_rub) FROM {view}")
    assert real == [(1122.0, 5570.0)]
    spoilt.wh.command(f"RENAME TABLE {view} TO v_real")
    spoilt.wh.command(
        f"CREATE VIEW {view} AS SELECT * FROM v_real UNION ALL SELECT * FROM v_real WHERE spend_rub > 300"
    )
    status, figure = verdict(spoilt, f"{view}__money_equals_facts")
    assert status is Status.ERROR
    assert figure


INVENTED = {
    "v_sales_daily": "REPLACE (1 / 0 AS avg_ticket_rub)",
    "v_marketing_daily": "REPLACE (toDate(0) AS date)",
    "v_campaign_performance": "REPLACE ('' AS city)",
}


def test_views_that_invent_values_or_break_identities_are_seen(spoilt: World) -> None:
    for view, change in INVENTED.items():
        _changed(spoilt.wh, view, change)
        assert verdict(spoilt, f"{view}__no_invented_values")[0] is Status.ERROR, view
    (spending,) = rows(spoilt.wh, "SELECT count() FROM v_romi_kpi WHERE roas IS NOT NULL")
    _changed(spoilt.wh, "v_romi_kpi", "REPLACE (roas * 100 AS romi_pct)")  # ROAS called ROMI
    assert verdict(spoilt, "v_romi_kpi__identities_hold") == (Status.ERROR, *spending)
    for view in ("v_sales_daily", "v_attribution_quality"):
        _changed(spoilt.wh, view, "REPLACE (refunds_rub + 1 AS refunds_rub)", "v_again")
        assert verdict(spoilt, f"{view}__money_equals_facts")[0] is Status.ERROR, view


def _changed(wh: Warehouse, view: str, change: str, aside: str = "v_aside") -> None:
    wh.command(f"RENAME TABLE {view} TO {aside}_{view}")
    wh.command(f"CREATE VIEW {view} AS SELECT * {change} FROM {aside}_{view}")


def test_a_rung_that_breaks_its_word_is_seen(spoilt: World) -> None:
    spoilt.wh.command(
        "ALTER TABLE fact_sales_attributed_daily UPDATE ad_id = 0 WHERE match_level = 'ad'", None, MUTATION
    )
    assert verdict(spoilt, "fact_sales_attributed_daily__rungs_follow_the_ladder") == (Status.ERROR, 2.0)


def test_more_refunds_than_sales_are_a_warning(world: World) -> None:
    world.sale("2025-12-01", 1, 100, event=1, show=1, refunded=("2025-12-02", "150", "0"))
    world.build("2025-12-01", "2025-12-01")
    assert verdict(world, "fact_sales_attributed_daily__refunds_below_sales") == (Status.WARNING, 1.0)
    assert verdict(world, "stg_qtickets_sales_raw__figures_possible") == (Status.ERROR, 1.0)


def test_clicks_without_impressions_and_negative_spend_are_impossible(world: World) -> None:
    world.direct("2025-12-01", 1, 1, 1, "10", utm="yandex/cpc/a/b", impressions=100, clicks=300)
    world.direct("2025-12-02", 1, 1, 1, "10", utm="yandex/cpc/a/b", impressions=400, clicks=1)  # the month is right
    world.direct("2025-12-01", 2, 2, 2, "10", utm="yandex/cpc/a/b", impressions=100, clicks=300)
    world.direct("2025-12-01", 3, 3, 3, "-10", utm="yandex/cpc/a/b")
    world.build("2025-12-01", "2025-12-02")
    assert verdict(world, "fact_marketing_daily__figures_possible") == (Status.ERROR, 2.0)


def test_tickets_of_unknown_shows_are_listed(spoilt: World) -> None:
    assert verdict(spoilt, "stg_qtickets_sales_raw__event_and_show_known") == (Status.WARNING, 1.0)


@pytest.mark.parametrize(
    ("sold", "status"), [(10, Status.OK), (12, Status.OK), (30, Status.WARNING), (1, Status.WARNING)]
)
def test_a_day_is_compared_with_its_weekday(world: World, sold: int, status: Status) -> None:
    weeks = [("2025-11-03", 9), ("2025-11-10", 10), ("2025-11-17", 11), ("2025-11-24", sold)]
    for on, tickets in [*weeks, ("2025-11-22", 500)]:  # a Saturday says nothing about Mondays
        for order in range(tickets):
            world.put("stg_qtickets_sales_raw", channel="api", sale_date=day(on), line_id=f"{on}/{order}", tickets=1)
    assert verdict(world, "stg_qtickets_sales_raw__volume_as_usual") == (status, float(sold))


@pytest.mark.parametrize(("campaign", "spends", "status"), [
    (1, "100", Status.OK), (1, "0", Status.WARNING), (2, "100", Status.WARNING), (2, "10", Status.WARNING),
])  # fmt: skip
def test_a_large_campaign_that_stops_or_is_new_is_named(
    world: World, campaign: int, spends: str, status: Status
) -> None:
    for on in range(1, 8):
        world.direct(f"2025-12-0{on}", 1, 1, 1, "100", utm="yandex/cpc/a/b")
        world.direct(f"2025-12-0{on}", 3, 3, 3, "15", utm="yandex/cpc/a/b")  # too small to be told of
    world.direct("2025-12-08", campaign, campaign, campaign, spends, utm="yandex/cpc/a/b")
    world.build("2025-12-01", "2025-12-08")
    found = evaluate(world.wh, load("checks")["fact_marketing_daily__campaigns_as_usual"])
    assert found.status is status
    if status is not Status.OK:
        assert "has stopped: 0 RUB, the week before 100 a day" in found.detail
        assert ("is new" in found.detail) is (campaign == 2)


@pytest.mark.parametrize(("back", "status"), [("490", Status.OK), ("510", Status.WARNING)])
def test_sudden_refunds_are_told(world: World, back: str, status: Status) -> None:
    for on in range(1, 16):
        world.sale(f"2025-12-{on:02}", on, 1000, event=1, show=1)
    world.sale("2025-11-20", 99, 1000, event=1, show=1, refunded=("2025-12-16", back, "0"))
    assert verdict(world, "stg_qtickets_sales_raw__refunds_as_usual") == (status, float(back))


def test_a_missing_setting_stops_the_reports_aloud(world: World) -> None:
    world.wh.command("ALTER TABLE dim_settings DELETE WHERE key = 'roas_green_above'", None, MUTATION)
    assert verdict(world, "dim_settings__complete") == (Status.ERROR, 1.0)
    with pytest.raises(Failure, match="dim_settings lacks a setting"):
        world.wh.rows("SELECT * FROM v_romi_kpi")


def test_a_platform_with_two_channel_groups_is_refused(world: World) -> None:
    world.put("dim_channels", utm_source="vk2", utm_medium="*", channel_group="ВК", source="vk_ads")
    assert verdict(world, "dim_channels__one_group_per_platform") == (Status.ERROR, 1.0)


def test_the_vat_of_the_data_is_compared_with_the_stated_rate(world: World) -> None:
    world.vk("2025-12-01", 1, 1, 1, "2000", utm="vk/cpc/a/b", spend_rub=Decimal(2440))
    world.build("2025-12-01", "2025-12-01")
    assert verdict(world, "fact_marketing_daily__vat_as_set") == (Status.OK, 0.0)
    world.vk("2025-12-02", 1, 1, 1, "2000", utm="vk/cpc/a/b", spend_rub=Decimal(2000))
    world.build("2025-12-02", "2025-12-02")
    assert verdict(world, "fact_marketing_daily__vat_as_set") == (Status.WARNING, 1.0)


def test_days_of_an_earlier_rate_do_not_stand_against_the_stated_one(world: World) -> None:
    for date in ("2025-12-01", "2025-12-02"):
        world.vk(date, 1, 1, 1, "2000", utm="vk/cpc/a/b", spend_rub=Decimal(2400))
    for date in ("2025-12-03", "2025-12-04"):  # neither is enough by itself
        world.vk(date, 1, 1, 1, "600", utm="vk/cpc/a/b", spend_rub=Decimal(732))
    world.build("2025-12-01", "2025-12-04")
    assert verdict(world, "fact_marketing_daily__vat_as_set") == (Status.OK, 0.0)
    world.vk("2025-12-05", 1, 1, 1, "1100", utm="vk/cpc/a/b", spend_rub=Decimal(1320))
    world.build("2025-12-05", "2025-12-05")
    assert verdict(world, "fact_marketing_daily__vat_as_set") == (Status.WARNING, 1.0)


def test_seats_must_fit_into_the_hall(world: World) -> None:
    world.seats(1, 100, 60, when="2025-12-01 10:00")
    world.put(
        "stg_qtickets_inventory_raw",
        snapshot_date=day("2025-12-01"),
        show_id=2,
        seats_total=100,
        seats_sold=80,
        seats_free=40,
    )
    assert verdict(world, "stg_qtickets_inventory_raw__seats_possible") == (Status.WARNING, 1.0)


def test_tags_that_nobody_can_read_are_a_warning_with_their_share(world: World) -> None:
    world.sale("2025-12-01", 1, 600, event=1, show=1, utm="nobody/knows/this")
    world.sale("2025-12-01", 2, 400, event=1, show=1, utm="posev/x/y")
    world.sale("2025-12-01", 3, 5000, event=1, show=1)  # without tags: nothing to read
    world.build("2025-12-01", "2025-12-01")
    assert verdict(world, "fact_sales_attributed_daily__utm_mapped") == (Status.WARNING, 60.0)


def test_spend_without_a_city_is_a_warning_with_its_share(world: World) -> None:
    world.direct("2025-12-01", 1, 1, 1, "60", utm="yandex/cpc/a/tomsk_05_01")
    world.direct("2025-12-01", 2, 2, 2, "40", utm="yandex/cpc/a/b")
    world.build("2025-12-01", "2025-12-01")
    assert verdict(world, "fact_marketing_daily__city_recognised") == (Status.WARNING, 40.0)
