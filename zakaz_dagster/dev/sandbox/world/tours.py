"""Tours, events and shows: pure arithmetic from the seed, so any year is reachable without walking through others.

Exhibitions are one show that runs for weeks from local midnight; theatre stops are several shows a day. With `stress`
theatre stops open from three weeks to three months ahead, and one in ten is postponed while it sells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import lru_cache

from zakaz_dagster.dev.sandbox.world.chance import draw, shuffled
from zakaz_dagster.dev.sandbox.world.moments import DAY, midnight, shift
from zakaz_dagster.dev.sandbox.world.places import CITIES, UNKNOWN_CITIES, UNKNOWN_ID, UNKNOWN_NAME, City

ORIGIN = date(2020, 1, 3)  # a Friday: every tour counts its stops from here
EVENT_BASE, SHOW_BASE, TWIN_BASE = 24_000, 150_000, 900_000
SHOWS_PER_EVENT = 8
OPENINGS, LONGEST_DELAY = (20, 45, 60, 90), 21  # of the stress world, in days


@dataclass(frozen=True, slots=True)
class Project:
    """A production on tour: how often it moves on, how long it stays and how early it sells."""

    number: int
    title: str
    exhibition: bool
    every: int
    lasts: int
    opens: int
    offset: int


PROJECTS = (
    Project(0, "Интерактивная выставка «Планета роботов»", True, 21, 28, 30, 0),
    Project(1, "Выставка-квест «Город из кубиков»", True, 28, 24, 25, 9),
    Project(2, "Спектакль «Ночь в музее игрушек»", False, 7, 2, 45, 1),
    Project(3, "Мюзикл «Летучий корабль мечты»", False, 7, 2, 40, 4),
)


@dataclass(frozen=True, slots=True)
class Show:
    """One show: moments are epoch seconds; `local_date` is the venue's own date.

    A postponed one began, until it was `moved`, at the moment `announced`.
    """

    id: int
    event_id: int
    local_date: date
    starts: int
    finishes: int
    deleted: int | None
    announced: int | None = None
    moved: int | None = None

    def begins(self, now: int) -> int:
        """Its start as the organiser names it at `now`."""
        return self.announced if self.announced and self.moved and now < self.moved else self.starts

    def ends(self, now: int) -> int:
        return self.finishes - self.starts + self.begins(now)


@dataclass(frozen=True, slots=True)
class Event:
    """One stop of a tour. A twin is a deleted double without orders, such as cabinets collect."""

    id: int
    project: Project
    city: City
    name: str
    opens: date
    first_date: date
    last_date: date
    shows: tuple[Show, ...]
    deleted: int | None

    @property
    def created(self) -> int:
        first = self.shows[0]
        return (first.announced or first.starts) - (self.project.opens + 10) * DAY

    @property
    def sale_ends(self) -> int:
        return max(show.finishes for show in self.shows)

    def on_sale(self, day: date) -> bool:
        return self.deleted is None and self.opens <= day <= self.last_date


def _moment(day: date, hour: int, minute: int, city: City) -> int:
    return int(datetime.combine(day, time(hour, minute), tzinfo=city.tzinfo).timestamp())


def _postponed(show: Show, delay: int, at: int) -> Show:
    return replace(show, announced=show.starts - delay * DAY, moved=at)


class Tours:
    """All stops of all projects of one seed."""

    def __init__(self, seed: int, dirt: frozenset[str] = frozenset(), *, stress: bool = False) -> None:
        self.seed, self.dirt, self.stress = seed, dirt, stress
        self.corrected: dict[int, Event] = {}
        self._routes = [shuffled(CITIES, seed, "route", project.number) for project in PROJECTS]
        self._stop = lru_cache(maxsize=4096)(self._make_stop)

    def events(self, first: date, last: date, *, twins: bool = False) -> list[Event]:
        """Events that were on sale or running on any of these days, by id."""
        found = [event for project in PROJECTS for event in self._between(project, first, last)]
        if twins:
            found += [twin for event in found if (twin := self._twin(event)) is not None]
        return sorted(found, key=lambda event: event.id)

    def on_sale(self, day: date) -> list[Event]:
        return [event for event in self.events(day, day) if event.on_sale(day)]

    def correct_city(self, event_id: int, name: str) -> Event:
        """The organiser corrects the city of an event; the venue and its zone stay. Raises LookupError."""
        event = self.event(event_id)
        if event is None:
            raise LookupError(f"no event {event_id}")
        self.corrected[event_id] = replace(event, city=replace(event.city, name=name))
        return self.corrected[event_id]

    def event(self, event_id: int) -> Event | None:
        if event_id >= TWIN_BASE:
            original = self.event(event_id - TWIN_BASE)
            return None if original is None else self._twin(original)
        stop, project = divmod(event_id - EVENT_BASE, len(PROJECTS))
        found = self._stop(project, stop) if stop >= 0 else None
        return self.corrected.get(event_id, found)

    def event_of_show(self, show_id: int) -> Event | None:
        twin = TWIN_BASE if show_id >= TWIN_BASE else 0
        number = (show_id - twin - SHOW_BASE) // SHOWS_PER_EVENT
        return self.event(EVENT_BASE + number + twin) if number >= 0 else None

    def show(self, show_id: int) -> Show | None:
        event = self.event_of_show(show_id)
        return next((show for show in event.shows if show.id == show_id), None) if event else None

    def _between(self, project: Project, first: date, last: date) -> Iterator[Event]:
        origin = ORIGIN.toordinal() + project.offset
        delay, opens = (LONGEST_DELAY, max(project.opens, *OPENINGS)) if self.stress else (0, project.opens)
        low = (first.toordinal() - project.lasts - delay - origin) // project.every
        high = (last.toordinal() + opens - origin) // project.every
        for stop in range(max(0, low), high + 1):
            made = self._stop(project.number, stop)
            event = self.corrected.get(made.id, made)
            if event.opens <= last and event.last_date >= first:
                yield event

    def _make_stop(self, number: int, stop: int) -> Event:
        project = PROJECTS[number]
        city = self._routes[number][stop % len(CITIES)]
        if UNKNOWN_CITIES in self.dirt and stop % 11 == number:
            city = replace(city, id=UNKNOWN_ID, name=UNKNOWN_NAME, spellings=("ust-kem",))
        start = shift(ORIGIN, project.offset + project.every * stop)
        ordinal = stop * len(PROJECTS) + number
        opened, delay = start, 0
        if self.stress and not project.exhibition:
            chance = draw(self.seed, "stress", ordinal)
            project = replace(project, opens=OPENINGS[chance % len(OPENINGS)])
            delay = 7 + (chance >> 16) % (LONGEST_DELAY - 6) if (chance >> 8) % 10 == 0 else 0
            start = shift(start, delay)
        make = self._exhibition if project.exhibition else self._theatre
        shows = make(project, city, start, EVENT_BASE + ordinal, SHOW_BASE + ordinal * SHOWS_PER_EVENT)
        if delay:
            shows = tuple(_postponed(show, delay, midnight(shift(opened, -10))) for show in shows)
        live = [show for show in shows if show.deleted is None]
        habit = draw(self.seed, "habit", ordinal) % 3
        name = (project.title, f"{project.title}. {city.name}", f"{project.title} ({city.name})")[habit]
        last = shift(start, project.lasts - 1) if project.exhibition else live[-1].local_date
        return Event(EVENT_BASE + ordinal, project, city, name, shift(opened, -project.opens), start, last, shows, None)

    def _exhibition(self, project: Project, city: City, start: date, event: int, show: int) -> tuple[Show, ...]:
        last = shift(start, project.lasts - 1)
        return (Show(show, event, start, _moment(start, 0, 0, city), _moment(last, 20, 0, city), None),)

    def _theatre(self, project: Project, city: City, start: date, event: int, show: int) -> tuple[Show, ...]:
        chance = draw(self.seed, "theatre", event)
        hours = ((11, 14), (12, 15, 18), (10, 13, 17))[chance % 3]
        made: list[Show] = []
        for run in range(1 + (chance >> 8) % project.lasts):
            for hour in hours:
                day = shift(start, run)
                begins = _moment(day, hour, 0, city)
                made.append(Show(show + len(made), event, day, begins, begins + 5400, None))
        if (chance >> 16) % 4 == 0:  # an extra evening was announced and taken back
            begins = _moment(start, 20, 0, city)
            made.append(Show(show + len(made), event, start, begins, begins + 5400, begins - 30 * DAY))
        return tuple(made)

    def _twin(self, event: Event) -> Event | None:
        if draw(self.seed, "twin", event.id) % 9:
            return None
        gone = event.created + 2 * DAY
        shows = tuple(
            Show(s.id + TWIN_BASE, event.id + TWIN_BASE, s.local_date, s.starts, s.finishes, gone) for s in event.shows
        )
        name = f"Удалить - {event.name}"
        return Event(
            event.id + TWIN_BASE, event.project, event.city, name, event.opens, event.first_date, event.last_date,
            shows, gone,
        )  # fmt: skip
