"""Whose sale it is: city, event and show are resolved once, by the catalogue and the seed as they are now."""

# ruff: noqa: S608
from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from zakaz_dagster.ingest.catalogue import build_dimensions, outdated_days
from zakaz_dagster.timezone import today
from zakaz_dagster.verdicts import Status
from zakaz_dagster.warehouse import build_ledger
from zakaz_dagster.warehouse.checks import evaluate
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.sql_files import load
from zakaz_dagster_tests.sql.quick import copied
from zakaz_dagster_tests.sql.world import World, day, rows

ON, LATER = "2026-11-18", "2026-11-21"
FIRST, LAST = "2026-11-01", "2026-11-30"
SALES_FACTS = tuple(name for name in build_ledger.facts() if "inventory" not in name)
# Every view with a city and sales, and the column of its money.
MONEY = {
    "v_sales_latest": "revenue_rub",
    "v_sales_attributed": "revenue_rub",
    "v_sales_daily": "revenue_rub",
    "v_marketing_daily": "revenue_rub",
    "v_campaign_performance": "revenue_rub",
    "v_city_performance": "revenue_rub",
    "v_show_performance": "revenue_rub",
    "v_attribution_quality": "revenue_rub",
    "v_plan_vs_fact": "fact_revenue_rub",
    "v_sales_curve": "net_revenue_rub",  # without a refund, the same
}


def by_city(world: World) -> dict[str, float]:
    """Roubles by city, which every view must say alike."""
    told = {
        view: {city: float(money) for city, money in rows(world.wh, f"SELECT city, sum({column}) FROM {view} GROUP BY city")
               if money}
        for view, column in MONEY.items()
    }  # fmt: skip
    for view, cities in told.items():
        assert cities == told["v_sales_latest"], view
    return told["v_sales_latest"]


@pytest.fixture(scope="module")
def three_tickets(module_world: Callable[[], World]) -> World:
    """Three tickets: of a show in Tomsk, of one in Omsk, and one more in Tomsk."""
    world = module_world()
    world.show(11, event=1, name="Ёлка", city="Томск", on="2026-12-20")
    world.show(21, event=2, name="Выставка", city="Омск", on="2026-12-20")
    world.sale(ON, 1, 500, event=1, show=11)
    world.sale(ON, 2, 700, event=2, show=21)
    world.sale(ON, 3, 100, event=1, show=11)
    world.load("qtickets", ON, f"{LATER} 03:00")
    world.build(FIRST, LAST)
    assert by_city(world) == {"томск": 600.0, "омск": 700.0}
    return world


@pytest.fixture
def sold(three_tickets: World, warehouse: Warehouse) -> World:
    """Those tickets, in a copy that a test may change."""
    return copied(warehouse, three_tickets)


def test_a_ticket_belongs_to_its_show_and_not_to_the_event_of_its_order(sold: World) -> None:
    sold.sale(ON, 4, 900, event=2, show=11)  # ordered with the exhibition, moved to the show in Tomsk
    sold.build(FIRST, LAST)
    assert by_city(sold) == {"томск": 1500.0, "омск": 700.0}
    assert rows(
        sold.wh, "SELECT event_id, sum(revenue_rub) FROM v_sales_daily GROUP BY event_id ORDER BY event_id"
    ) == [
        (1, 1500.0),
        (2, 700.0),
    ]


def test_an_unknown_show_leaves_the_sale_to_the_orders_event(sold: World) -> None:
    sold.sale(ON, 4, 900, event=2, show=99)
    sold.build(FIRST, LAST)
    shown = rows(sold.wh, "SELECT city, sum(revenue_rub) FROM v_sales_latest GROUP BY city ORDER BY city")
    assert shown == [("омск", 1600.0), ("томск", 600.0)]


def rebuilt_days(world: World) -> list[str]:
    """What the catalogue's change calls for, done: dimensions, and only the facts that say something else now."""
    build_dimensions(world.wh, "test")
    days = [str(each) for each in outdated_days(world.wh)]
    if days:
        world.build(days[0], days[-1], *SALES_FACTS)
    return days


def test_a_moved_show_needs_a_rebuild_and_no_load(sold: World) -> None:
    sold.show(11, event=2, on="2026-12-20", ver=2)
    assert rebuilt_days(sold) == [ON]
    assert by_city(sold) == {"омск": 1300.0}


def test_an_event_whose_city_was_corrected_needs_a_rebuild_and_no_load(sold: World) -> None:
    sold.event(1, "Ёлка", "Новосибирск", ver=2)
    assert rebuilt_days(sold) == [ON]
    assert by_city(sold) == {"новосибирск": 600.0, "омск": 700.0}
    assert rows(sold.wh, "SELECT city_name FROM v_sales_latest WHERE city = 'новосибирск'") == [("Новосибирск",)]


def test_an_edited_seed_needs_a_rebuild_and_no_load(sold: World) -> None:
    sold.event(3, "Цирк", "Усть-Кемь")
    sold.sale(ON, 5, 50, event=3, show=31)
    sold.build(FIRST, LAST)
    assert by_city_name(sold) == {"Томск": 600.0, "Омск": 700.0, "Усть-Кемь": 50.0}
    version = sold.wh.scalar("SELECT max(_ver) FROM dim_city_alias")
    sold.put("dim_city_alias", alias="усть кемь", city="лесосибирск", display="Лесосибирск", _ver=version)
    assert rebuilt_days(sold) == [ON]
    assert by_city_name(sold) == {"Томск": 600.0, "Омск": 700.0, "Лесосибирск": 50.0}


def by_city_name(world: World) -> dict[str, float]:
    return dict(rows(world.wh, "SELECT city_name, sum(revenue_rub) FROM v_sales_daily GROUP BY city_name"))


def test_a_show_that_becomes_known_moves_its_sales(sold: World) -> None:
    sold.sale(ON, 4, 900, event=9, show=91)
    sold.build(FIRST, LAST)
    assert by_city_name(sold)["Не указано"] == 900.0
    sold.show(91, event=9, name="Новое", city="Чита", on="2026-12-25")
    assert rebuilt_days(sold) == [ON]
    assert by_city_name(sold)["Чита"] == 900.0


def test_a_mailed_name_that_becomes_known_moves_its_sales(sold: World) -> None:
    sold.mail(LATER, "«НОВОЕ ШОУ»", 2, 300, city="Чита г.", reported=f"{LATER} 20:00")
    sold.build(FIRST, LAST)
    query = f"SELECT event_id, event_name FROM v_sales_daily WHERE date = '{LATER}'"
    assert rows(sold.wh, query) == [(0, "«НОВОЕ ШОУ»")]
    sold.event(8, "Новое шоу", "Чита")
    assert LATER in rebuilt_days(sold)
    assert rows(sold.wh, query) == [(8, "Новое шоу")]


def test_a_catalogue_that_says_the_same_leaves_every_day_alone(sold: World) -> None:
    sold.wh.command("ALTER TABLE dim_events UPDATE changed_ns = 1 WHERE 1 SETTINGS mutations_sync = 2")
    sold.wh.command("ALTER TABLE dim_shows UPDATE changed_ns = 1 WHERE 1 SETTINGS mutations_sync = 2")
    sold.event(1, "Ёлка", "г. Томск", ver=2)  # another spelling of the same city
    sold.show(12, event=1, on="2026-12-21")  # a show nobody bought
    assert rebuilt_days(sold) == []


def test_sales_that_stay_behind_the_catalogue_are_red(sold: World) -> None:
    check = load("checks")["fact_qtickets_sales_daily__follows_catalogue"]
    sold.wh.command("ALTER TABLE dim_shows UPDATE changed_ns = 2 WHERE 1 SETTINGS mutations_sync = 2")
    sold.wh.command("ALTER TABLE dim_events UPDATE changed_ns = 2 WHERE 1 SETTINGS mutations_sync = 2")
    sold.wh.command("ALTER TABLE fact_qtickets_sales_daily UPDATE _ver = 1 WHERE 1 SETTINGS mutations_sync = 2")
    found = evaluate(sold.wh, check)
    assert (found.status, found.figure) == (Status.ERROR, 1.0)
    assert ON in found.detail
    sold.build(FIRST, LAST, *SALES_FACTS)
    assert evaluate(sold.wh, check).status is Status.OK


def test_every_spelling_of_an_unknown_city_is_one_city(world: World) -> None:
    for event, written in enumerate(
        ("Усть-Кемь", "Усть Кемь", "Усть\u2011Кемь", "усть_кемь г.", "г. УСТЬ\u2013КЕМЬ"), 1
    ):
        world.event(event, f"Шоу {event}", written)
        world.sale(ON, event, 100, event=event, show=event)
    world.build(FIRST, LAST)
    assert rows(world.wh, "SELECT DISTINCT city FROM v_sales_latest") == [("усть кемь",)]
    assert (
        rows(world.wh, "SELECT kind, name, city, revenue_rub FROM v_sales_unmapped WHERE kind = 'город'")
        == [
            ("город", "Усть-Кемь", "усть кемь", 100.0),
        ]
        * 5
    )


def test_unknown_cities_events_and_shows_stand_in_a_view_with_their_money(sold: World) -> None:
    sold.event(3, "Цирк", "Усть-Кемь")
    sold.sale(ON, 4, 40, event=3, show=31)
    sold.sale(ON, 5, 50, event=77, show=11)  # the show is known, so the event is
    sold.sale(ON, 6, 60, event=77, show=78)
    sold.mail(LATER, "Кто-то", 2, 300, city="томск", reported=f"{LATER} 20:00")
    sold.build(FIRST, LAST)
    query = """SELECT kind, name, city, event_id, show_id, sales_source, tickets_sold, revenue_rub FROM v_sales_unmapped
        ORDER BY kind, name"""
    assert rows(sold.wh, query) == [
        ("город", "Усть-Кемь", "усть кемь", 3, 0, "api", 1, 40.0),
        ("город", "не указано", "не указано", 77, 0, "api", 1, 60.0),
        ("мероприятие", "77", "не указано", 77, 0, "api", 1, 60.0),
        ("мероприятие", "Кто-то", "томск", 0, 0, "mail", 2, 300.0),
        ("показ", "31", "усть кемь", 3, 31, "api", 1, 40.0),
        ("показ", "78", "не указано", 77, 78, "api", 1, 60.0),
    ]
    assert all(text for (text,) in rows(sold.wh, "SELECT what_to_do FROM v_sales_unmapped"))
    found = evaluate(sold.wh, load("checks")["fact_qtickets_sales_daily__cities_known"])
    assert (found.status, found.figure) == (Status.WARNING, 2.0)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 3))])
def test_whatever_moves_every_view_says_the_same_city_for_the_same_rouble(world: World, seed: int) -> None:
    chance = random.Random(seed)
    cities = ["Томск", "г. Омск", "Чита", "Усть-Кемь", "усть кемь", "Новое‑Место", ""]
    events, shows = range(1, 7), range(11, 31)
    for version in (1, 2, 3):
        for event in events:
            world.event(event, chance.choice(["Ёлка", "Цирк", f"Шоу {event}"]), chance.choice(cities), ver=version)
        for show in shows:
            if chance.random() < 0.7:
                world.show(show, event=chance.choice(events), on="2026-12-20", ver=version)
        for number in range(30):
            world.sale(f"2026-11-{chance.randint(1, 30):02}", 100 * version + number, chance.randint(1, 900),
                       event=chance.choice(events), show=chance.choice(shows))  # fmt: skip
        world.mail("2026-11-05", "цирк", version, 100, city=chance.choice(cities), reported="2026-11-06 20:00")
        world.build(FIRST, LAST)
        totals = by_city_without_curve(world)
        assert sum(totals.values()) == world.wh.scalar("SELECT toFloat64(sum(revenue_rub)) FROM v_sales_counted")


def by_city_without_curve(world: World) -> dict[str, float]:
    """The curve leaves out sales of unknown shows."""
    told = {
        view: dict(
            rows(world.wh, f"SELECT city, toFloat64(sum({column})) AS m FROM {view} GROUP BY city HAVING m != 0")
        )
        for view, column in MONEY.items()
        if view != "v_sales_curve"
    }
    for view, cities in told.items():
        assert cities == told["v_sales_latest"], view
    return told["v_sales_latest"]


PLAN = "SELECT date, plan_scope, event_id, event_name, city_name, plan_tickets, fact_tickets, done_tickets_pct FROM v_plan_vs_fact"


def test_a_plan_is_compared_at_its_own_grain(sold: World) -> None:
    """For the city, for an event of it by name in quotes, and for a day as a whole."""
    sold.event(3, "Цирк", "Томск")
    sold.sale(ON, 4, 40, event=3, show=31)
    sold.sale("2026-11-19", 5, 50, event=3, show=31)
    sold.sale("2026-11-20", 6, 60, event=3, show=31)
    sold.sale("2026-11-20", 7, 70, event=2, show=21)
    sold.plan(ON, 10, 1000, city="г. Томск")
    sold.plan(ON, 4, 100, name="«ЦИРК»", city="tomsk")
    sold.plan("2026-11-19", 2, 100, name="цирк!")
    sold.plan("2026-11-20", 4, 1000)
    sold.build(FIRST, LAST)
    assert rows(sold.wh, f"{PLAN} ORDER BY date, plan_scope, event_id") == [
        (ON, "без плана", 2, "Выставка", "Омск", 0, 1, None),
        (ON, "город", 0, "все мероприятия", "Томск", 10, 2, 20.0),
        (ON, "мероприятие", 3, "Цирк", "Томск", 4, 1, 25.0),
        ("2026-11-19", "мероприятие", 3, "Цирк", "Томск", 2, 1, 50.0),
        ("2026-11-20", "все города", 0, "все мероприятия", "Все города", 4, 2, 50.0),
    ]
    whole = "SELECT sum(fact_revenue_rub) FROM v_plan_vs_fact"
    assert sold.wh.scalar(whole) == sold.wh.scalar("SELECT sum(revenue_rub) FROM v_sales_latest")


def test_a_plan_for_an_unknown_event_meets_the_mails_sales_of_that_name(sold: World) -> None:
    sold.mail(LATER, "Новое шоу", 3, 300, city="томск", reported=f"{LATER} 20:00")
    sold.plan(LATER, 6, 900, name="«Новое Шоу»", city="Томск")
    sold.build(FIRST, LAST)
    assert rows(sold.wh, f"{PLAN} WHERE date = '{LATER}'") == [
        (LATER, "мероприятие", 0, "Новое шоу", "Томск", 6, 3, 50.0)
    ]


def test_a_plan_ahead_has_no_fact_and_is_not_due(sold: World) -> None:
    ahead = str(today().replace(year=today().year + 1))
    sold.plan(ahead, 6, 900, city="Чита")
    sold.build(FIRST, LAST)
    found = rows(sold.wh, f"SELECT is_due, plan_due_tickets, fact_tickets FROM v_plan_vs_fact WHERE date = '{ahead}'")
    assert found == [(0, 0, 0)]
    assert day(ahead) > today()
