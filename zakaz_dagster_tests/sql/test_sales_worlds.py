"""Twenty random dirty worlds of both channels: what the SQL counts is what a bookkeeper counts by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

import pytest

from zakaz_dagster.timezone import MOSCOW
from zakaz_dagster_tests.sql.bookkeeper import Bookkeeper, Event, Figures, Key, Line, Ticket
from zakaz_dagster_tests.sql.world import World, rows

WORLDS, TICKETS, LINES = 20, 30, 10
CITIES = ["Томск", "г. Томск", "ТОМСК г.", "Омск", "\u00a0омск ", "Усть-Кемь", "Усть\u2011Кемь", "усть_кемь", ""]
NAMES = ["Ёлка", "«Елка»!", "Выставка", "Цирк", "цирк", "Ночь"]
SAYS = [frozenset(), frozenset({"free", "refunded_tickets", "refunds"}), frozenset({"refunds"}), frozenset({"free"})]
COUNTED = """
SELECT date, sales_source, event_id, show_id, city, sum(tickets_sold), sum(tickets_free), sum(tickets_refunded),
    sum(tickets_removed), toFloat64(sum(revenue_rub)), toFloat64(sum(refunds_rub)), toFloat64(sum(deduction_rub))
FROM v_sales_counted GROUP BY date, sales_source, event_id, show_id, city
"""
MEASURES = ("sold", "free", "refunded", "removed", "revenue", "refunds", "deduction")


class Organiser:
    """One world: days of its own, a catalogue, tickets, some corrected later, mails, and how far the API was read."""

    def __init__(self, number: int) -> None:
        self.chance, self.number = Random(20261126 + number), number
        self.days = [date(2010, 1, 1) + timedelta(days=4 * number + offset) for offset in (0, 1, 3)]
        self.base = 1000 * (number + 1)
        self.events = [self._event(self.base + index) for index in range(5)]
        self.shows = {self.base + 100 + index: self.chance.choice(self.events).id for index in range(6)}
        self.tickets = [self._ticket() for _ in range(TICKETS)]
        self.corrected = {
            n: self._ticket(ticket.day) for n, ticket in enumerate(self.tickets) if self.chance.random() < 0.2
        }
        self.lines = [self._line() for _ in range(LINES)]
        self.read_until = {day: self._moment(day) for day in self.days if self.chance.random() < 0.7}

    def name(self, text: str) -> str:
        """Names are of one world only."""
        return f"{text} {self.number}"

    def _event(self, number: int) -> Event:
        chance = self.chance
        return Event(number, self.name(chance.choice(NAMES)), chance.choice(CITIES), chance.random() < 0.15)

    def _moment(self, day: date) -> datetime:
        hour = self.chance.choice([6, 12, 18, 30])
        return datetime(day.year, day.month, day.day, tzinfo=MOSCOW) + timedelta(hours=hour)

    def _ticket(self, day: date | None = None) -> Ticket:
        chance = self.chance
        sold = day or chance.choice(self.days)
        show = chance.choice([*self.shows, 0, self.base + 999])  # known, none, and one that the catalogue lacks
        event = chance.choice([*(each.id for each in self.events), self.base + 998])
        later = [each for each in self.days if each >= sold]
        ticket = Ticket(sold, chance.choice([0, 100, 250, 990]), event, show)
        fate = chance.random()
        if fate < 0.2:
            back = ticket.price * chance.choice([1, 0]) // 1
            return replace(ticket, refunded=chance.choice(later), back=back, kept=ticket.price - back)
        return replace(ticket, removed=chance.choice(later)) if fate < 0.35 else ticket

    def _line(self) -> Line:
        chance, day = self.chance, self.chance.choice(self.days)
        tickets = chance.randrange(1, 6)
        says = chance.choice(SAYS)
        return Line(
            day,
            self.name(chance.choice(NAMES)),
            chance.choice(CITIES),
            tickets,
            tickets * 100,
            self._moment(day),
            (1, 100) if says and chance.random() < 0.4 else (0, 0),
            chance.choice([0, 0, chance.choice(self.events).id]),
            says,
        )

    @property
    def known(self) -> list[Ticket]:
        """The tickets as they are now."""
        return [self.corrected.get(number, ticket) for number, ticket in enumerate(self.tickets)]


@pytest.fixture(scope="module")
def organisers() -> list[Organiser]:
    return [Organiser(number) for number in range(WORLDS)]


@pytest.fixture(scope="module")
def built(organisers: list[Organiser], module_world: Callable[[], World]) -> World:
    world = module_world()
    for each in organisers:
        for event in each.events:
            world.event(event.id, event.name, event.city, deleted=event.deleted)
        for show, event_id in each.shows.items():
            world.show(show, event=event_id, on="2010-06-01")
        for day, until in each.read_until.items():
            world.load("qtickets", str(day), str(until)[:16])
        _sell(world, each.base, each.tickets)
    span = str(organisers[0].days[0]), str(organisers[-1].days[-1])
    world.build(*span, "fact_qtickets_sales_daily")
    world.wh.command("TRUNCATE TABLE stg_qtickets_sales_raw")  # what was sold is said again, and some of it is another
    for each in organisers:
        _sell(world, each.base, each.known)
        _report(world, each.lines)
    world.build(*span)
    return world


def _report(world: World, lines: list[Line]) -> None:
    for line in lines:
        world.mail(
            str(line.day), line.name, line.tickets, line.price, city=line.city, reported=str(line.reported)[:16],
            refunded=(line.returned[0], str(line.returned[1])), says=" ".join(line.says), event_id=line.event,
        )  # fmt: skip


def _sell(world: World, base: int, tickets: list[Ticket]) -> None:
    for number, ticket in enumerate(tickets):
        gone = (str(ticket.refunded), str(ticket.back), str(ticket.kept)) if ticket.refunded else None
        removed = str(ticket.removed) if ticket.removed and not ticket.refunded else ""
        world.sale(
            str(ticket.day), base + number, ticket.price, event=ticket.event, show=ticket.show, removed=removed,
            refunded=gone,
        )  # fmt: skip


def test_what_counts_is_what_a_bookkeeper_counts(organisers: list[Organiser], built: World) -> None:
    found: dict[Key, Figures] = {}
    for day, source, event, show, city, *values in rows(built.wh, COUNTED):
        figures = {name: int(float(str(value))) for name, value in zip(MEASURES, values, strict=True) if value}
        if figures:
            key = (date.fromisoformat(str(day)), str(source), int(str(event)), int(str(show)), str(city))
            found[key] = figures
    chosen = set()
    for each in organisers:
        books = Bookkeeper({event.id: event for event in each.events}, each.shows, each.read_until)
        expected = books.counted(each.known, each.lines)
        own = {key: found.pop(key) for key in list(found) if key[0] in each.days}
        assert own == {key: dict(figures) for key, figures in expected.items()}, each.number
        chosen |= {(channel, name) for (_, channel, *_), figures in expected.items() for name in figures}
    assert found == {}
    assert chosen == {("api", name) for name in MEASURES} | {
        ("mail", name) for name in ("sold", "refunded", "revenue", "refunds")
    }


@pytest.mark.parametrize("view", ["v_sales_latest", "v_sales_daily", "v_city_performance"])
def test_every_view_of_sales_has_the_money_that_counts(built: World, view: str) -> None:
    query = "SELECT city, round(sum(revenue_rub)), round(sum({net})) FROM {view} GROUP BY city ORDER BY city"
    counted = rows(
        built.wh, query.format(view="v_sales_counted", net="toFloat64(revenue_rub) - toFloat64(refunds_rub)")
    )
    shown = rows(built.wh, query.format(view=view, net="net_revenue_rub"))
    nothing = (0.0, 0.0)
    assert [(c, float(r), float(n)) for c, r, n in shown if (r, n) != nothing] == [  # type: ignore[arg-type]
        (c, float(r), float(n))
        for c, r, n in counted
        if (r, n) != nothing  # type: ignore[arg-type]
    ]
