"""The stress world's demand: what each event would sell on each day, and what advertising adds to it.

Sizes from a handful of tickets to thousands, presale spikes, late surges, weeks that go well or badly, halls that are
too small, and advertising whose returns diminish: it brings pull * roubles ** ELASTICITY orders a day. All is invented.
Belongs here: expectations and draws of one event's day. Does not: orders (`driven`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from random import Random

from zakaz_dagster.dev.sandbox.world.chance import shuffled, stream
from zakaz_dagster.dev.sandbox.world.moments import shift
from zakaz_dagster.dev.sandbox.world.tours import Event

ELASTICITY = 0.6
USUAL = 90  # orders of a stop at 40 orders a day
SIZES = (0.15, 0.6, 1.5, 4.0)  # of a production's stops beside that, from tiny to huge
PARTY = 2.4  # tickets of an average order, to size halls by
Spend = Callable[[Event, date], int]  # kopecks that advertising cost on a day


@dataclass(frozen=True, slots=True)
class Taste:
    """Habits of one event: orders without advertising, their part in the first two days, how the last days swell."""

    size: float
    presale: float
    surge: float
    pull: float
    places: int


class Demand:
    """Demand of all events of one seed; `spend` must not depend on corrections made by hand."""

    def __init__(self, seed: int, orders_per_day: int, spend: Spend) -> None:
        self.seed, self.orders_per_day, self.spend = seed, orders_per_day, spend
        self.taste = lru_cache(maxsize=4096)(self._taste)
        self._weights = lru_cache(maxsize=4096)(self._make_weights)

    def _taste(self, event: Event) -> Taste:
        own = stream(self.seed, "taste", event.id)
        usual = shuffled(SIZES, self.seed, "sizes")[event.project.number % len(SIZES)]
        size = max(2.0, self.orders_per_day / 40 * USUAL * usual * math.exp(own.uniform(-0.7, 0.7)))
        presale, surge = (habit * own.uniform(0.85, 1.15) for habit in self._habits(event.project.number))
        length = (event.last_date - event.opens).days + 1
        spent = self.orders_per_day * 22.0  # roubles a day of an event of average appeal
        pull = own.uniform(0.15, 0.6) * size / length / spent**ELASTICITY
        shows = max(1, sum(show.deleted is None for show in event.shows))  # all of them may have been called off
        places = max(12, round(PARTY * size / shows * own.choice((0.9, 1.7, 2.2, 3.0, 4.0))))
        return Taste(size, presale, surge, pull, places)

    def _habits(self, project: int) -> tuple[float, float]:
        """How a production sells wherever it goes; its stops differ from it by a third or so."""
        own = stream(self.seed, "habits", project)
        return own.choice((0.1, 0.18, 0.25)), own.choice((8.0, 11.0, 15.0))

    def _make_weights(self, event: Event) -> tuple[float, ...]:
        taste, length = self.taste(event), (event.last_date - event.opens).days + 1
        usual = [(1 + taste.surge * math.exp(-(length - 1 - n) / 4)) * self._weather(event, n) for n in range(length)]
        whole, first = sum(usual), min(2, length)
        return tuple(
            (1 - taste.presale) * weight / whole + (taste.presale / first if n < first else 0.0)
            for n, weight in enumerate(usual)
        )

    def _weather(self, event: Event, n: int) -> float:
        """How this week goes: within a half and double of the usual."""
        return math.exp(0.25 * stream(self.seed, "weather", event.id, n // 7).gauss(0, 1))

    def expected(self, event: Event, day: date) -> tuple[float, float]:
        """Orders of a day: those that would come anyway, and those that advertising brings."""
        taste = self.taste(event)
        organic = taste.size * self._weights(event)[(day - event.opens).days]
        return organic, taste.pull * (self.spend(event, day) / 100) ** ELASTICITY

    def drawn(self, event: Event, day: date) -> list[bool]:
        """One flag an order that somebody would make on this day: whether advertising moved it."""
        organic, moved = self.expected(event, day)
        own = stream(self.seed, "demand", event.id, day)
        return [False] * _poisson(own, organic) + [True] * _poisson(own, moved)

    def marginal_rub(self, event: Event, day: date, paid_per_order: float) -> float | None:
        """What one more paid ticket costs at the spend of the last seven days; None without any."""
        spent = [self.spend(event, shift(day, -back)) / 100 for back in range(7) if shift(day, -back) >= event.opens]
        mean = sum(spent) / len(spent) if spent else 0.0
        if mean <= 0 or paid_per_order <= 0:
            return None
        return float(mean ** (1 - ELASTICITY) / (ELASTICITY * self.taste(event).pull * paid_per_order))


def _poisson(own: Random, mean: float) -> int:
    if mean > 60:
        return max(0, round(own.gauss(mean, math.sqrt(mean))))
    count, chance, limit = 0, own.random(), math.exp(-mean)
    while chance > limit:
        count, chance = count + 1, chance * own.random()
    return count
