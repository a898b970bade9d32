"""Halls: seats and zones of a show, their prices, and which seat a ticket gets. Prices are whole kopecks.

Exhibitions sell admission zones (one seat id, many places). Theatres sell numbered seats; every sale day owns a block
of them, so days can be generated alone without selling a seat twice, and what overflows stands in the fan zone.
"""

from __future__ import annotations

from dataclasses import dataclass

from zakaz_dagster.dev.sandbox.world.chance import draw
from zakaz_dagster.dev.sandbox.world.tours import Event

ROW = 25


@dataclass(frozen=True, slots=True)
class Seat:
    """A numbered seat, or with `admission` a zone whose places share this id."""

    id: str
    name: str
    zone: str
    row: str
    place: str
    price: int
    quantity: int
    admission: bool


@dataclass(frozen=True, slots=True)
class Hall:
    """All places of one show: numbered ones in the order they are sold, zones, and a row the organiser keeps closed."""

    numbered: tuple[Seat, ...]
    zones: tuple[Seat, ...]
    closed: tuple[Seat, ...]
    block: int

    @property
    def seats(self) -> tuple[Seat, ...]:
        return (*self.numbered, *self.closed, *self.zones)

    def take(self, sale_day: int, nth: int) -> Seat:
        """The seat of the nth ticket of that sale day (both from 0)."""
        place = sale_day * self.block + nth
        if nth < self.block and place < len(self.numbered):
            return self.numbered[place]
        return self.zones[nth % len(self.zones)]


def one_zone(places: int, price: int) -> Hall:
    """A hall without numbered seats."""
    return Hall((), (Seat("FAN-1;1", "Фан-зона", "FAN", "1", "1", price, places, True),), (), 0)


class Halls:
    """Halls of all events, sized by orders a day: the best shows fill two thirds of theirs, none is oversold."""

    def __init__(self, seed: int, orders_per_day: int) -> None:
        self.seed = seed
        self.orders_per_day = orders_per_day
        self._made: dict[int, Hall] = {}

    def of(self, event: Event) -> Hall:
        if event.id not in self._made:
            self._made[event.id] = self._make(event)
        return self._made[event.id]

    def _make(self, event: Event) -> Hall:
        level = draw(self.seed, "price", event.id) % 4 * 5000
        return self._admission(level) if event.project.exhibition else self._theatre(event, level)

    def _admission(self, level: int) -> Hall:
        places = 100 + self.orders_per_day * 7
        kinds = (
            ("detskij-bilet-v-budni", "Детский билет (в будни)", 39_000),
            ("detskij-bilet-v-vyhodnye", "Детский билет (в выходные)", 49_000),
            ("vzroslyj-bilet-v-budni", "Взрослый билет (будни)", 49_000),
            ("vzroslyj-bilet-v-vyhodnye", "Взрослый билет (выходные)", 59_000),
        )
        zones = tuple(
            Seat(f"{zone}-1;1", name, zone, "1", "1", price + level, places, True) for zone, name, price in kinds
        )
        return Hall((), zones, (), 0)

    def _theatre(self, event: Event, level: int) -> Hall:
        block = 2 + self.orders_per_day * 7 // 200
        count = -(-block * (event.project.opens + 2) // ROW) * ROW
        seats = [_numbered(number, count, level) for number in range(count + ROW)]
        standing = Seat("FAN-1;1", "Фан-зона", "FAN", "1", "1", 60_000 + level, 60 + self.orders_per_day * 5, True)
        return Hall(tuple(seats[:count]), (standing,), tuple(seats[count:]), block)


def _numbered(number: int, count: int, level: int) -> Seat:
    row, place = number // ROW + 1, number % ROW + 1
    zone, title, price = ("PARTERRE", "Партер", 120_000) if number < count // 2 else ("BALCONY", "Балкон", 80_000)
    name = f"{title}, ряд {row}, место {place}"
    return Seat(f"{zone}-{row};{place}", name, zone, str(row), str(place), price + level, 1, False)
