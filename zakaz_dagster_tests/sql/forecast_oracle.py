"""The forecast reckoned show by show in plain Python: what sql/builds/forecast.sql must give.

Belongs here: an independent reckoning and random worlds for it. Does not: SQL, or anything of the platform.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

T90 = (
    3.0776835, 1.8856181, 1.6377444, 1.5332063, 1.4758840, 1.4397557, 1.4149239, 1.3968153, 1.3830287, 1.3721836,
    1.3634303, 1.3562173, 1.3501713, 1.3450304, 1.3406056, 1.3367572, 1.3333794, 1.3303909, 1.3277282, 1.3253407,
    1.3231879,
)  # fmt: skip


@dataclass(frozen=True)
class Show:
    key: str
    programme: str
    opened: date
    finish: date
    curve: dict[date, int]
    is_run: bool = False
    cancelled: bool = False
    sold_out: date | None = None

    @property
    def length(self) -> int:
        return (self.finish - self.opened).days + 1

    def sold(self, day: date) -> float:
        return float(sum(count for on, count in self.curve.items() if on <= day))

    def pace(self, day: date) -> float:
        week = sum(count for on, count in self.curve.items() if day - timedelta(7) < on <= day)
        return max(0.0, week) / min(7, (day - self.opened).days + 1)


class Point(NamedTuple):
    sold: float
    final: float
    pace: float
    sold_out: bool = False


@dataclass(frozen=True)
class Forecast:
    sold: float
    pace: float
    comparables: int
    rest: float
    forecast: float
    low: float
    high: float
    log_low: float
    log_high: float
    errors: list[float] = field(default_factory=list)


def comparables(show: Show, shows: list[Show], as_of: date, least: int = 3) -> list[Show]:
    days = timedelta((show.finish - as_of).days)

    def fits(other: Show) -> bool:
        then = other.finish - days
        return (
            other.key != show.key
            and not other.cancelled
            and other.finish <= as_of
            and other.is_run == show.is_run
            and 0.5 * show.length <= other.length <= 2 * show.length
            and other.opened <= then
            and (other.sold_out is None or other.sold_out > then)
        )

    found = sorted(filter(fits, shows), key=lambda other: (other.finish, other.key), reverse=True)
    alike = [other for other in found if other.programme == show.programme][:40]
    return alike if len(alike) >= least else found[:40]


Left = float | tuple[float, float, float] | None  # paid tickets that still fit, with the bounds of it


def room(left: Left) -> tuple[float | None, float | None, float | None]:
    return left if isinstance(left, tuple) else (left, left, left)


Ways = list[float | None]  # the mean rest, by the ratio, by the pace of the others, by the own pace


def ways(sold: float, pace: float, days: int, others: list[Point]) -> Ways:
    n, rests = len(others), [other.final - other.sold for other in others]
    all_sold, all_final = sum(o.sold for o in others), sum(o.final for o in others)
    all_pace, all_rest = sum(o.pace for o in others), sum(rests)
    found: Ways = [
        all_rest / n if n else None,
        sold * all_rest / all_sold if all_final > 0 and all_sold / all_final >= 0.05 else None,
        pace * all_rest / all_pace if 7 * all_pace > 4.999999 else None,
    ]
    return [*(None if way is None else max(0.0, way) for way in found), pace * days]


def blended(said: Ways, weights: list[float]) -> float:
    spoken = [(weight, math.log(way + 1)) for way, weight in zip(said, weights, strict=True) if way is not None]
    return math.exp(sum(weight * log for weight, log in spoken) / sum(weight for weight, _ in spoken)) - 1


def even(said: Ways, n: int) -> list[float]:
    """Few comparables: the three ways share their number, the own pace weighs as two."""
    speaking = sum(way is not None for way in said[:3])
    return [n / max(1, speaking)] * 3 + [2.0]


def learned(left_out: list[Ways], points: list[Point]) -> list[float]:
    """Many comparables: what each way's mean squared error over them says."""
    weights = []
    for at in range(4):
        squares = [
            error(point, said[at] or 0.0) ** 2
            for point, said in zip(points, left_out, strict=True)
            if said[at] is not None
        ]
        speaks = 2 * len(squares) >= len(points)
        weights.append(max(0.0001, sum(squares) / len(squares)) ** -3 if speaks else 0.0)
    return weights


def error(point: Point, guess: float) -> float:
    c = max(3.0, 0.02 * point.sold)
    return math.log(max(0.0, point.final - point.sold) + c) - math.log(guess + c)


def quantile(errors: list[float], part: float) -> float:
    ordered, place = sorted(errors), part * (len(errors) + 1)
    low = ordered[int(place) - 1]
    return low + (place - int(place)) * (ordered[min(int(place), len(errors) - 1)] - low)


def bounds(errors: list[float]) -> tuple[float, float]:
    m = len(errors)
    if m >= 20:
        return quantile(errors, 0.1), quantile(errors, 0.9)
    mu = sum(errors) / m if m >= 8 else 0.0
    sd = math.sqrt((sum((error - mu) ** 2 for error in errors) + 3 * 0.36) / (m + 2))
    reach = T90[min(m + 2, 21) - 1] * math.sqrt(1 + 1 / max(m, 1)) * sd
    return mu - reach, mu + reach


def reckon(sold: float, pace: float, days: int, points: list[Point], left: Left = None, kappa: float = 1.0) -> Forecast:
    n = len(points)
    left_out = [ways(each.sold, each.pace, days, points[:at] + points[at + 1 :]) for at, each in enumerate(points)]
    by_error = learned(left_out, points) if n >= 20 else []
    said = ways(sold, pace, days, points)
    ahead = blended(said, by_error or even(said, n))
    guesses = [blended(each, by_error or even(each, n - 1)) for each in left_out]
    errors = [error(point, guess) for point, guess in zip(points, guesses, strict=True) if not point.sold_out]
    c = max(3.0, 0.02 * sold)
    least = 0.5 * 1.2816 / math.sqrt(ahead + c)
    low, high = bounds(errors)
    low, high = min(low, -least), max(high, least)
    top, least_top, most_top = (math.inf if each is None else max(0.0, sold + each) for each in room(left))
    lowest = math.floor(sold + (ahead + c) * math.exp(low * kappa) - c)
    highest = math.ceil(sold + (ahead + c) * math.exp(high * kappa) - c)
    return Forecast(
        sold, pace, len(points), ahead, max(0.0, min(sold + ahead, top)),
        min(max(0.0, lowest), least_top), min(max(0.0, highest), most_top), low, high, errors,
    )  # fmt: skip


def forecast(show: Show, shows: list[Show], as_of: date, left: Left = None, kappa: float = 1.0) -> Forecast:
    days = (show.finish - as_of).days
    points = []
    for other in comparables(show, shows, as_of):
        then = other.finish - timedelta(days)
        points.append(Point(other.sold(then), other.sold(other.finish), other.pace(then), other.sold_out is not None))
    return reckon(show.sold(as_of), show.pace(as_of), days, points, left, kappa)


def world(seed: int, shows: int = 120) -> list[Show]:
    """Shows of all sizes and lengths: spikes, late surges, days without a sale, days of refunds, sell-outs."""
    chance, made = random.Random(seed), []
    for number in range(shows):
        length, size = chance.choice([20, 30, 45, 60]), chance.choice([20, 100, 400])
        finish = date(2026, 1, 1) + timedelta(chance.randrange(300))
        opened, curve = finish - timedelta(length), {}
        for step in range(length + 1):
            if step == 0 or chance.random() < 0.7:
                mean = size / length * (1 + 2 * (step > length - 7))
                back = chance.randrange(3) if chance.random() < 0.1 else 0
                curve[opened + timedelta(step)] = max(0, int(chance.gauss(mean, size / length))) - back
        gone = finish - timedelta(chance.randrange(1, 10)) if chance.random() < 0.1 else None
        made.append(
            Show(
                f"s{number:03}", chance.choice("ABC"), opened, finish, curve,
                is_run=chance.random() < 0.1, cancelled=chance.random() < 0.05, sold_out=gone,
            )
        )  # fmt: skip
    return made
