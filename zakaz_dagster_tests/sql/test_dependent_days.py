"""A day of the facts follows what it reads of other days: advertising, shows, tags and lists of ads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zakaz_dagster.errors import Retriable
from zakaz_dagster.ingest import catalogue, dictionaries
from zakaz_dagster.ingest.dependent_days import Named, Run, days_naming, days_of_changed_shows, runs
from zakaz_dagster.warehouse import build_ledger
from zakaz_dagster.warehouse.client import Warehouse
from zakaz_dagster.warehouse.side_table import Side
from zakaz_dagster_tests.sql.world import World, at, day, rows

DAYS = st.dates(date(2026, 1, 1), date(2026, 3, 31))


@pytest.fixture
def world(warehouse: Warehouse) -> World:
    """With the ledgers that facts are built by."""
    return World(warehouse)


@given(DAYS, st.integers(0, 60), DAYS)
def test_a_run_is_named_by_each_of_its_days(first, lasts, named):
    run = Run("томск", first, first + timedelta(lasts))
    seen = date(2025, 12, 1)
    inside = run.first <= named <= run.last
    assert days_naming([run], [Named(seen, "томск", named)]) == ({seen} if inside else set())
    assert days_naming([run], [Named(seen, "омск", named)]) == set()


def test_a_run_that_ends_before_it_begins_is_its_first_day():
    broken = Run("томск", date(2026, 1, 6), date(1970, 1, 1))
    tags = [Named(date(2025, 12, on), "томск", date(2026, 1, on)) for on in (5, 6, 7)]
    assert days_naming([broken], tags) == {date(2025, 12, 6)}


def test_a_moved_show_touches_the_days_that_name_its_old_or_its_new_day(world: World) -> None:
    for on, tag in (("2025-12-01", "tomsk_06_01"), ("2025-12-02", "tomsk_07_01"), ("2025-12-03", "tomsk_08_01")):
        world.direct(on, 1, 1, 1, "10", utm=f"yandex/cpc/x/{tag}")
    world.build("2025-12-01", "2025-12-03", "fact_utm_daily")
    here, there = Run("томск", day("2026-01-06"), day("2026-01-06")), Run("томск", day("2026-01-07"), day("2026-01-07"))
    assert days_of_changed_shows(world.wh, [here], [there]) == {day("2025-12-01"), day("2025-12-02")}
    assert days_of_changed_shows(world.wh, [], [Run("томск", day("2026-01-07"), day("2026-02-01"))]) == {
        day("2025-12-02"), day("2025-12-03")
    }  # fmt: skip
    assert days_of_changed_shows(world.wh, [here], [here]) == set()
    world.show(1, event=1, name="Динозавры", city="томск", on="2026-01-06")
    world.build("2026-01-06", "2026-01-06", "fact_utm_daily")
    assert runs(world.wh) == {here}


def owed(world: World) -> set[tuple[str, str]]:
    found = build_ledger.owed(world.wh, day("2025-12-01"), day("2025-12-31"))
    return {(each.fact, each.day.isoformat()) for each in found if each.because}


def other_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade that reads another day out of each tag."""
    read = dictionaries.tags.tag_of
    monkeypatch.setattr(dictionaries, "parser_version", lambda: "other rules")
    monkeypatch.setattr(
        dictionaries.tags,
        "tag_of",
        lambda utm, index: read(utm, index)._replace(day=7) if read(utm, index).day else read(utm, index),
    )


def broken_off(*_given: Any, **_named: Any) -> None:
    raise Retriable("the connection is gone")


def test_days_whose_tags_are_read_in_another_way_are_owed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.direct("2025-12-01", 1, 1, 1, "10", utm="yandex/cpc/x/tomsk_06_01")
    world.direct("2025-12-02", 1, 1, 2, "10", utm="yandex/cpc/x/label")
    world.build("2025-12-01", "2025-12-31")
    before = owed(world)
    other_rules(monkeypatch)
    dictionaries.read_tags(world.wh, day("2025-12-01"), day("2025-12-01"))
    assert owed(world) - before == {("fact_utm_daily", "2025-12-01")}


def test_a_tag_that_is_read_in_another_way_is_not_forgotten_when_the_load_breaks_off(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.direct("2025-12-01", 1, 1, 1, "10", utm="yandex/cpc/x/tomsk_06_01")
    world.direct("2025-12-31", 1, 1, 2, "10", utm="yandex/cpc/x/label")
    world.build("2025-12-01", "2025-12-31")
    before = owed(world)
    other_rules(monkeypatch)
    with monkeypatch.context() as killed:
        killed.setattr(build_ledger, "owe", broken_off)
        with pytest.raises(Retriable):
            dictionaries.read_tags(world.wh, day("2025-12-31"), day("2025-12-31"))
    dictionaries.read_tags(world.wh, day("2025-12-31"), day("2025-12-31"))
    assert owed(world) - before == {("fact_utm_daily", "2025-12-01")}
    assert dictionaries.read_tags(world.wh, day("2025-12-31"), day("2025-12-31")).texts == 0


def test_days_that_sold_by_the_number_of_an_ad_are_owed_when_it_is_listed(world: World) -> None:
    world.put("dim_vk_ads", account="кабинет", ad_id=6000, ad_group_id=60, valid_from=day("2025-11-01"))
    world.sale("2025-12-01", 1, 100, event=1, show=1, utm="vk/cpc/x/6001")
    world.sale("2025-12-02", 2, 100, event=1, show=1, utm="vk/cpc/60/x")
    world.sale("2025-12-03", 3, 100, event=1, show=1, utm="vk/cpc/x/y")
    world.build("2025-12-01", "2025-12-31")
    before = owed(world)
    world.put("dim_vk_ads", account="кабинет", ad_id=6001, ad_group_id=60, valid_from=day("2025-12-01"), _ver=2)
    assert dictionaries.list_ads(world.wh) == 2
    assert owed(world) - before == {("fact_utm_matches_daily", "2025-12-01"), ("fact_utm_matches_daily", "2025-12-02")}
    dictionaries.list_ads(world.wh)
    world.build("2025-12-01", "2025-12-31")
    assert owed(world) == before
    levels = "SELECT sale_date, match_level FROM fact_sales_attributed_daily ORDER BY sale_date"
    assert rows(world.wh, levels) == [("2025-12-01", "ad"), ("2025-12-02", "source"), ("2025-12-03", "source")]


@pytest.mark.parametrize("batch", [1, 1000])
def test_the_first_list_of_a_platform_that_is_connected_later_owes_what_sold_by_its_numbers(
    world: World, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(dictionaries, "BATCH", batch)  # the numbers travel in the address
    world.sale("2025-12-01", 1, 100, event=1, show=1, utm="vk/cpc/x/6001")
    world.sale("2025-12-02", 2, 100, event=1, show=1, utm="vk/cpc/60/x")
    world.sale("2025-12-03", 3, 100, event=1, show=1, utm="vk/cpc/x/y")
    world.build("2025-12-01", "2025-12-31")
    before = owed(world)
    world.put("dim_vk_ads", account="кабинет", ad_id=6001, ad_group_id=60, valid_from=day("2025-12-01"))
    assert dictionaries.list_ads(world.wh) == 1
    assert owed(world) - before == {("fact_utm_matches_daily", "2025-12-01"), ("fact_utm_matches_daily", "2025-12-02")}


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """`breaking(table)`: what swaps this table breaks off as soon as it has."""
    swap = Side.swap

    def break_after(table: str) -> None:
        def swapped(side: Side, *given: Any) -> Any:
            done = swap(side, *given)
            if side.shape.table == table:
                raise Retriable("the connection is gone")
            return done

        monkeypatch.setattr(Side, "swap", swapped)

    return break_after


def test_a_listed_ad_is_not_forgotten_when_the_load_breaks_off_after_its_swap(world: World, breaking) -> None:
    world.sale("2025-12-01", 1, 100, event=1, show=1, utm="vk/cpc/x/6001")
    world.build("2025-12-01", "2025-12-31")
    before = owed(world)
    world.put("dim_vk_ads", account="кабинет", ad_id=6001, ad_group_id=60, valid_from=day("2025-12-01"))
    breaking("dim_ads")
    with pytest.raises(Retriable):
        dictionaries.list_ads(world.wh)
    breaking("")
    assert dictionaries.list_ads(world.wh) == 1, "the retry sees no difference any more"
    assert owed(world) - before == {("fact_utm_matches_daily", "2025-12-01")}


@pytest.mark.parametrize("table", ["dim_cities", "dim_events", "dim_shows"])
def test_a_changed_catalogue_is_not_forgotten_when_its_build_breaks_off_after_a_swap(
    world: World, breaking, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zakaz_dagster.timezone.now", lambda: at("2025-12-20T12:00:00"))
    world.show(1, event=1, name="Динозавры", city="томск", on="2026-01-06")
    world.direct("2025-12-01", 1, 1, 1, "10", utm="yandex/cpc/x/tomsk_06_01")
    world.build("2025-12-01", "2025-12-31")
    catalogue.build_dimensions(world.wh, "test")
    assert owed(world) == set(), "nothing changed"
    world.show(2, event=2, name="Динозавры", city="атлантида", on="2026-01-06")
    world.show(1, event=1, name="Динозавры", city="томск", on="2026-01-07")
    breaking(table)
    with pytest.raises(Retriable):
        catalogue.build_dimensions(world.wh, "test")
    breaking("")
    catalogue.build_dimensions(world.wh, "test")
    again = owed(world)
    assert {on for _, on in again} == {"2025-12-01", "2025-12-20"}, "a tag names the show; what is made whole"
