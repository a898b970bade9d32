"""`zakaz backtest`: how the forecasts of «Решения» would have come true, beside simpler rules and what is demanded.

Belongs here: demands and tables. Does not: measuring (`warehouse.backtest`), histories (`dev.backtest`).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import click
from click.core import ParameterSource

from zakaz_dagster.cli.terminal import console, quiet, table, working
from zakaz_dagster.warehouse.backtest import METHODS, Measured, Outcome, measure

SINGLE = ("rate", "ratio", "mean", "pace")
MOST_SECONDS = 60.0
MOST_ORDERS = 2000  # a day; a world of them fits into memory
ENOUGH = 100  # forecasts of a horizon, to judge its intervals by
USUAL = {"stress": 60, "sandbox": 60, "warehouse": 0}
COVER, BIAS, MIDDLE = (70, 90), 10, 14  # percent in the interval, percent too high or low, and at how many days
TINY = 15  # orders a day; so small an organiser sells about twenty tickets a show


@dataclass(frozen=True)
class Demand:
    """One line of what is demanded: `kept` None where the history is too short to tell."""

    what: str
    demanded: str
    measured: str
    kept: bool | None


@click.command()
@click.option("--world", type=click.Choice(list(USUAL)), default="stress", show_default=True, help="Whose history.")
@click.option("--seed", type=click.IntRange(min=0), default=2, show_default=True, help="The first made-up organiser.")
@click.option("--seeds", type=click.IntRange(1, 20), default=1, show_default=True, help="How many organisers.")
@click.option("--orders-per-day", type=click.IntRange(1, MOST_ORDERS), help="Default: 60.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def backtest(world: str, seed: int, seeds: int, orders_per_day: int | None, as_json: bool) -> None:
    """Forecast the past and compare; exit 2 when a demand is not kept.

    `--world warehouse` judges the organiser's own history: keep `decisions_enabled` at 0 in sql/seeds/settings.csv
    while it does not pass.
    """
    quiet()
    if world == "warehouse" and any(_given(name) for name in ("seed", "seeds", "orders_per_day")):
        raise click.UsageError(
            "--seed, --seeds and --orders-per-day are of made-up organisers, not of --world warehouse"
        )
    orders = orders_per_day or USUAL[world]
    results = []
    for number in range(seed, seed + seeds if world != "warehouse" else seed + 1):
        started = time.monotonic()
        with working(f"{world}, seed {number}"):
            outcomes = _outcomes(world, number, orders)
        seconds = time.monotonic() - started
        measured = measure(outcomes)
        if not measured:
            step = "load its history, and let the job forecast_daily run once"
            raise click.ClickException(f"no finished show of the {world} can be forecast: {step}")
        results.append((number, measured, list(demands(world, orders, measured, seconds))))
    _print_json(world, results) if as_json else _print(world, results)
    sys.exit(2 if any(each.kept is False for _, _, lines in results for each in lines) else 0)


def _given(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) is not ParameterSource.DEFAULT


def _outcomes(world: str, seed: int, orders: int) -> list[Outcome]:
    from zakaz_dagster.dev import backtest as past

    if world == "warehouse":
        from zakaz_dagster import resources
        from zakaz_dagster.settings import Settings

        own = past.organisers_own(resources.warehouse(Settings()))
    else:
        own = past.made_up(seed, orders, stress=world == "stress")
    with past.engine() as engine:
        return past.outcomes(engine, own)


def demands(world: str, orders: int, measured: Sequence[Measured], seconds: float) -> Iterator[Demand]:
    """What a history must show before anybody is advised by these forecasts."""
    at = {each.days_left: each for each in measured}
    limit = {"stress": 0.45, "sandbox": 0.75 if orders <= TINY else 0.45}.get(world, 0.75)
    for days in (30, 14, 7) if world == "stress" else (14,):
        yield _ratio(f"error beside selling nothing more, {days} days", at.get(days), ("naive",), limit)
    if world == "stress":
        yield _ratio("error beside the show's own pace, 14 days", at.get(14), ("rate",), 0.65)
    elif world == "sandbox" and orders > TINY:
        yield _ratio("error beside the best single rule, 14 days", at.get(14), SINGLE, 1.10)
    for each in measured:
        if each.forecasts >= ENOUGH:
            kept = COVER[0] <= each.cover <= COVER[1]
            yield Demand(f"in the interval, {each.days_left} days", "70–90 %", f"{each.cover:.1f} %", kept)
    if middle := at.get(MIDDLE):
        yield Demand("bias, 14 days", f"≤ {BIAS} %", f"{middle.bias:+.1f} %", abs(middle.bias) <= BIAS)
    if world == "stress":
        yield _came_true("«lo ≥ goal» came true", "≥ 90 %", [each.reached for each in measured], least=90)
        yield _came_true("«hi < goal» came true", "≤ 10 %", [each.missed for each in measured], most=10)
    yield Demand("seconds", f"< {MOST_SECONDS:.0f}", f"{seconds:.1f}", seconds < MOST_SECONDS)


def _ratio(what: str, measured: Measured | None, beside: Sequence[str], limit: float) -> Demand:
    if measured is None:
        return Demand(what, f"≤ {limit:.2f}", "no such forecasts", None)
    best = min(measured.wape[name] for name in beside)
    ratio = measured.wape["blend"] / best if best else float("inf")
    return Demand(what, f"≤ {limit:.2f}", f"{ratio:.2f}", round(ratio, 2) <= limit)


def _came_true(
    what: str, demanded: str, counts: Sequence[tuple[int, int]], *, least: float = 0, most: float = 100
) -> Demand:
    true, told = (sum(each[place] for each in counts) for place in (0, 1))
    share = 100 * true / told if told else 0.0
    return Demand(what, demanded, f"{share:.0f} % of {told}", least <= share <= most if told else None)


Result = tuple[int, Sequence[Measured], Sequence[Demand]]


def _print_json(world: str, results: Sequence[Result]) -> None:
    body = [
        {"world": world, "seed": seed, "horizons": [asdict(m) for m in found], "demands": [asdict(d) for d in lines]}
        for seed, found, lines in results
    ]
    click.echo(json.dumps(body, ensure_ascii=False, indent=2))


def _print(world: str, results: Sequence[Result]) -> None:
    out = console()
    for seed, measured, lines in results:
        title = f"{world}, seed {seed}: error in % of all tickets"
        errors = table("days", "n", *METHODS, "bias", "cover %", "width %", title=title)
        for each in measured:
            figures = [f"{each.wape[name]:.1f}" for name in METHODS]
            shape = (f"{each.bias:+.0f}", f"{each.cover:.0f}", f"{each.width:.0f}")
            errors.add_row(str(each.days_left), str(each.forecasts), *figures, *shape)
        out.print(errors)
        judged = table("demand", "demanded", "measured", "", title=f"{world}, seed {seed}: what is demanded")
        for line in lines:
            judged.add_row(
                line.what, line.demanded, line.measured, {True: "ok", False: "NOT KEPT", None: "–"}[line.kept]
            )
        out.print(judged)
    click.echo("\n".join(summary(world, results)))


def summary(world: str, results: Sequence[Result]) -> Iterator[str]:
    """How many demands all histories together kept, and each that was not."""
    judged = [(seed, line) for seed, _, lines in results for line in lines if line.kept is not None]
    missed = [(seed, line) for seed, line in judged if not line.kept]
    yield f"{len(judged) - len(missed)} of {len(judged)} demands kept"
    for seed, line in missed:
        yield f"  NOT KEPT: {world}, seed {seed}: {line.what}: {line.measured}, demanded {line.demanded}"
