"""Tours: real time zones, exhibitions of one show, theatre stops of several, deleted doubles."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from zakaz_dagster.dev.sandbox.process import FIRST_DAY
from zakaz_dagster.dev.sandbox.world.moments import days, iso
from zakaz_dagster.dev.sandbox.world.tours import Tours

TOURS = Tours(7)
YEAR = TOURS.events(date(2026, 1, 1), date(2026, 12, 31), twins=True)


def test_an_exhibition_is_one_show_of_weeks_from_local_midnight():
    exhibitions = [event for event in YEAR if event.project.exhibition]
    assert len(exhibitions) > 20
    for event in exhibitions:
        (show,) = event.shows
        local = datetime.fromtimestamp(show.starts, ZoneInfo(event.city.zone))
        assert (local.hour, local.minute, local.date()) == (0, 0, show.local_date)
        assert (event.last_date - event.first_date).days > 20


def test_the_vendors_text_of_a_local_midnight_is_the_previous_date():
    event = next(event for event in YEAR if event.project.exhibition and event.city.name == "Томск")
    assert iso(event.shows[0].starts)[:10] < event.shows[0].local_date.isoformat()
    assert iso(event.shows[0].starts).endswith("T20:00:00+03:00")


def test_a_theatre_stop_is_several_shows_a_day():
    stops = [event for event in YEAR if not event.project.exhibition]
    assert max(len(event.shows) for event in stops) >= 6
    assert any(show.deleted for event in stops for show in event.shows)


def test_ids_lead_back_to_events_and_shows():
    for event in YEAR:
        assert TOURS.event(event.id) == event
        for show in event.shows:
            assert TOURS.event_of_show(show.id) == event
            assert TOURS.show(show.id) == show


def test_unknown_ids_lead_nowhere():
    assert TOURS.event(5) is None
    assert TOURS.event_of_show(5) is None
    assert TOURS.show(5) is None


def test_deleted_doubles_are_listed_but_never_on_sale():
    twins = [event for event in YEAR if event.deleted]
    assert twins
    assert all(event.name.startswith("Удалить - ") for event in twins)
    assert not set(twins) & set(TOURS.on_sale(date(2026, 11, 22)))


def test_something_is_on_sale_on_every_day_of_every_seed():
    for seed in (1, 2, 3):
        tours = Tours(seed)
        assert all(tours.on_sale(day) for day in days(FIRST_DAY, date(2027, 12, 31)))


def test_the_route_visits_every_city_in_a_year():
    assert len({event.city.name for event in YEAR}) == 15
